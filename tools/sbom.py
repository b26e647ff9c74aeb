"""Write the software bill of materials from the lock: CycloneDX 1.6, as JSON.

``sbom.py`` writes ``sbom.cdx.json``, ``sbom.py --check`` compares it and fails when it differs. The
same lock gives the same bytes: no time, no random number, no look at what is installed.

What is in it: every package of ``requirements.lock`` and the two tools of set-up with version,
package URL and environment marker, the direct dependencies of the project, and the program that a
wheel carries (pandoc). The hashes of the files are in the locks, whose own hash is in the bill.
Which package needs which other is not in the locks, so the graph is declared incomplete.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "sbom.cdx.json"
LOCKS = ("requirements.lock", "requirements-uv.lock", "requirements-build.lock")
CARRIED = {
    "pypandoc-binary": {
        "name": "pandoc",
        "version": "3.9",
        "description": "Document converter; the wheel carries its program.",
        "licenses": [{"license": {"id": "GPL-2.0-or-later"}}],
    }
}
"""Programs inside wheels that are works of others, under a licence of their own."""
_ENTRY = re.compile(r"([A-Za-z0-9][\w.-]*)==([^\s;]+)(?:\s*;\s*([^\\\n]+))?")
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 9562, names that are URLs


def components(lock: str) -> list[dict[str, Any]]:
    """Return one component for each package of a lock, in its order.

    Parameters
    ----------
    lock
        Text of a lock: ``name==version ; marker`` lines, and hashes, which are left alone.
    """
    found = []
    for entry in re.split(r"\n(?=\S)", lock):
        if (head := _ENTRY.match(entry)) is None:
            continue
        name, version = canonicalize_name(head[1]), head[2]
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
        }
        if marker := (head[3] or "").strip():
            component["properties"] = [{"name": "multifidus:marker", "value": marker}]
        if name in CARRIED:
            inner = CARRIED[name]
            ref = f"{component['bom-ref']}#{inner['name']}"
            component["components"] = [{"type": "application", "bom-ref": ref, **inner}]
        found.append(component)
    return found


def bill(root: Path) -> dict[str, Any]:
    """Return the bill of materials of a project folder."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [(root / name).read_text(encoding="utf-8") for name in LOCKS]
    parts = {part["bom-ref"]: part for text in texts for part in components(text)}
    by_name = {part["name"]: ref for ref, part in parts.items()}
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    direct = sorted(by_name[canonicalize_name(Requirement(text).name)] for text in wanted)
    digest = hashlib.sha256("".join(texts).encode()).hexdigest()
    own = f"{project['name']}@{project['version']}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
                "properties": [{"name": "multifidus:locks-sha256", "value": digest}],
            }
        },
        "components": [parts[ref] for ref in sorted(parts)],
        "dependencies": [{"ref": own, "dependsOn": direct}],
        "compositions": [{"aggregate": "incomplete", "dependencies": [own]}],
    }


def main(arguments: list[str]) -> int:
    """Write the bill, or check it; return the exit code."""
    text = json.dumps(bill(ROOT), indent=1, ensure_ascii=False) + "\n"
    if "--check" not in arguments:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != text:
        print("sbom.cdx.json does not fit the locks: run `make lock` or tools/sbom.py.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
