"""Report the licence of every locked package from its installed metadata; fail on an unknown one.

A package passes when each licence it may be used under is on the list below, or when one of several
offered is. Packages whose metadata name no licence are listed with the file that does. Run by
``make check``; ``docs/supply-chain.md`` says what the list means for a site.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = frozenset(
    {
        "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-CMU",
        "MPL-2.0", "PSF-2.0", "Zlib",
    }
)  # fmt: skip
"""SPDX ids of the licences that the project accepts in its environment."""

# Words of older metadata, in small letters, to SPDX ids. "BSD" alone does not say which clauses.
WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "2-clause bsd": "BSD-2-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
# No licence, or a wider one, in the metadata; read in the named file of the distribution.
READ = {
    "conda-inject": ("MIT", "LICENSE"),
    "docutils": (
        "BSD-2-Clause AND BSD-3-Clause",
        "COPYING: most of it is in the public domain; a GPL-3.0 editor mode is not in the wheel",
    ),
    "snakemake-interface-common": ("MIT", "licenses/LICENSE"),
    "snakemake-interface-logger-plugins": ("MIT", "licenses/LICENSE"),
    "snakemake-interface-report-plugins": ("MIT", "licenses/LICENSE"),
    "snakemake-interface-scheduler-plugins": ("MIT", "licenses/LICENSE"),
    "snakemake-interface-storage-plugins": ("MIT", "licenses/LICENSE"),
}
CARRIED = {
    "pypandoc-binary": "carries the program pandoc, GPL-2.0-or-later, which is run and not linked"
}
"""Packages that bring a work of others under another licence."""


def stated(package: metadata.Distribution) -> list[str]:
    """Return the licences that a package's metadata name, most exact source first, as written."""
    fields = package.metadata
    if expression := fields.get("License-Expression"):
        return [expression]
    names = [
        line.rpartition(" :: ")[2]
        for line in fields.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    first = (fields.get("License") or "").strip().split("\n")[0]
    known = first.lower() in WORDS or accepted(first)
    return [first] if known else names or [first]


def accepted(expression: str) -> bool:
    """Whether an SPDX expression can be met with accepted licences only."""
    for offer in re.split(r"\s+OR\s+", expression.strip("() ")):
        parts = re.split(r"\s+AND\s+", offer.strip("() "))
        if all(WORDS.get(part.lower(), part) in ACCEPTED for part in parts):
            return True
    return False


def licence_of(package: metadata.Distribution) -> tuple[str, bool]:
    """Return a package's licence in words and whether it is accepted."""
    name = canonicalize_name(package.metadata["Name"])
    if name in READ:
        licence, where = READ[name]
        return f"{licence} ({where})", accepted(licence)
    names = stated(package)
    # Several classifiers: a package may be used under any one of them only when all are accepted.
    spelled = " AND ".join(WORDS.get(text.lower(), text) for text in names)
    return spelled or "none named", bool(spelled) and accepted(spelled)


def main() -> int:
    """Print the report; return 1 when a licence is unknown or not accepted."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {canonicalize_name(name) for name in re.findall(r"(?m)^([\w.-]+)==", lock)}
    installed = {canonicalize_name(one.metadata["Name"]): one for one in metadata.distributions()}
    count: Counter[str] = Counter()
    refused = []
    for name in sorted(locked & set(installed)):
        licence, good = licence_of(installed[name])
        count[licence] += 1
        if not good:
            refused.append(f"{name}: {licence}")
    for licence, packages in sorted(count.items()):
        print(f"{packages:4d}  {licence}")
    for name, words in CARRIED.items():
        print(f"note: {name} {words}")
    absent = sorted(locked - set(installed))
    print(f"not installed on this platform, so not read: {', '.join(absent) or 'none'}")
    for line in refused:
        print(f"not on the list of accepted licences: {line}; see tools/licences.py")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
