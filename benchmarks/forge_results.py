"""Change values in a finished run, one at a time, and count how many of the changes are noticed.

``forge_results.py RESULTS [--count 200] [--seed 1]``

RESULTS is the results folder of a finished run; it is left as it was. Each change is of one random
number (of one byte where a file holds no text) in a file that the manifest lists, and is made by
three forgers in turn: the first changes the file alone, the second also its hash in the manifest,
the third also both hashes in the ledger. Noticed means that ``multifidus verify`` reports it; of
the third forger's it is also counted whether the printed hash of the manifest tells.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import re
import sys
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from multifidus.package.errors import PackageError  # noqa: E402 - needs the path above
from multifidus.package.ledger import FOLDER  # noqa: E402
from multifidus.package.manifest import read_manifest  # noqa: E402
from multifidus.package.verify import verify_manifest  # noqa: E402

FORGERS = ("file", "file, manifest", "file, manifest, ledger")
TEXT = {
    ".csv": rb"(?<=,)[+-]?\d+(?:\.\d+)?(?=[,\n])",
    ".json": rb"(?<=[:\" ])\d+(?:\.\d+)?",
    ".html": rb"(?<=>)\d+(?:\.\d+)?(?=<)",
    ".svg": rb"(?<=>)[^<]*\d[^<]*(?=<)",
    ".ipynb": rb"(?<=[ \">])\d+(?:\.\d+)?",
}


def other_digit(text: bytes, draw: random.Random) -> bytes:
    """Change one digit of a number."""
    at = draw.choice([index for index, byte in enumerate(text) if 0x30 <= byte <= 0x39])
    digit = draw.choice([d for d in b"0123456789" if d != text[at]])
    return text[:at] + bytes([digit]) + text[at + 1 :]


def forge_text(content: bytes, pattern: bytes, draw: random.Random) -> bytes | None:
    """Change one of the numbers that a pattern finds; none where it finds none."""
    found = list(re.finditer(pattern, content))
    if not found:
        return None
    match = draw.choice(found)
    return content[: match.start()] + other_digit(match[0], draw) + content[match.end() :]


def forge_table(content: bytes, draw: random.Random) -> bytes | None:
    """Change one number of a Parquet table and keep everything else of it."""
    table = pq.read_table(io.BytesIO(content))
    frame = table.to_pandas()
    names = [
        name
        for name in frame
        if pd.api.types.is_numeric_dtype(frame[name])
        and not pd.api.types.is_bool_dtype(frame[name])
        and frame[name].notna().any()
    ]
    if not names:
        return None
    name = draw.choice(names)
    row = draw.choice(list(frame.index[frame[name].notna()]))
    frame.loc[row, name] = frame.loc[row, name] + draw.choice([-1, 1])
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, schema=table.schema), stream, compression="zstd")
    return stream.getvalue()


def forge_word(content: bytes, draw: random.Random) -> bytes | None:
    """Change one number of a Word document's text."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [(item, archive.read(item)) for item in archive.infolist()]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for item, part in parts:
            text: bytes | None = part
            if item.filename == "word/document.xml":
                text = forge_text(part, rb"(?<=>)\d+(?:\.\d+)?(?=</w:t>)", draw)
            if text is None:
                return None
            archive.writestr(item, text)
    return stream.getvalue()


def forge(path: Path, draw: random.Random) -> bytes | None:
    """Return a file's content with one value changed; none where there is no value."""
    content = path.read_bytes()
    if path.suffix == ".parquet":
        return forge_table(content, draw)
    if path.suffix == ".docx":
        return forge_word(content, draw)
    if path.suffix in TEXT:
        return forge_text(content, TEXT[path.suffix], draw)
    at = draw.randrange(len(content) // 4, len(content) // 2)
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def rehash(results: Path, path: Path, *, ledger: bool) -> None:
    """Write a file's new hash into the manifest, and into the ledger with the manifest's own."""
    name, target = path.relative_to(results).as_posix(), results / "manifest.json"
    content = json.loads(target.read_text(encoding="utf-8"))
    for item in (*content["outputs"], *content["working"]):
        if item["path"] == name:
            item["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            item["bytes"] = path.stat().st_size
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    target.write_text(text, encoding="utf-8")
    for record in (results / FOLDER).glob("*.json") if ledger else ():
        entry = json.loads(record.read_text(encoding="utf-8"))
        for changed in (path, target):
            known = changed.relative_to(results).as_posix()
            if known in entry["outputs"]:
                entry["outputs"][known] = hashlib.sha256(changed.read_bytes()).hexdigest()
        record.write_text(json.dumps(entry, indent=2), encoding="utf-8")


def is_noticed(results: Path) -> bool:
    """Whether verification reports anything."""
    try:
        return bool(verify_manifest(read_manifest(results / "manifest.json"), results))
    except PackageError:
        return True


def kind_of(path: str) -> str:
    """Return the kind of a file: its folder, where it lies in one, and its ending."""
    parts = Path(path).parts
    return f"{parts[0]}/*{Path(path).suffix}" if len(parts) > 1 else path


def count_noticed(
    results: Path, kinds: dict[str, list[str]], wanted: int, draw: random.Random
) -> dict[str, Counter[str]]:
    """Forge, verify and restore; return by kind of file how many changes were noticed."""
    printed = hashlib.sha256((results / "manifest.json").read_bytes()).hexdigest()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    kept = [results / "manifest.json", *(results / FOLDER).glob("*.json")]
    while sum(count["changes"] for count in counts.values()) < wanted:
        kind = draw.choice(sorted(kinds))
        path = results / draw.choice(kinds[kind])
        before = {file: file.read_bytes() for file in (path, *kept)}
        changed = forge(path, draw)
        if changed is None or changed == before[path]:
            continue
        counts[kind]["changes"] += 1
        for forger in FORGERS:
            path.write_bytes(changed)
            if forger != FORGERS[0]:
                rehash(results, path, ledger=forger == FORGERS[2])
            counts[kind][forger] += is_noticed(results)
            own = hashlib.sha256((results / "manifest.json").read_bytes()).hexdigest()
            counts[kind][f"{forger}: printed hash"] += own != printed
            for file, bytes_before in before.items():
                file.write_bytes(bytes_before)
    return counts


def main() -> int:
    """Forge, verify, restore, and print the counts by kind of file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    results, draw = options.results, random.Random(options.seed)
    if is_noticed(results):
        sys.exit("the run does not verify as it is")
    content = read_manifest(results / "manifest.json")
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in [f.path for f in content.outputs] + [f.path for f in content.working]:
        kinds[kind_of(name)].append(name)
    counts = count_noticed(results, kinds, options.count, draw)
    total: Counter[str] = Counter()
    print(f"{'kind of file':<30}{'changes':>9}{'1':>6}{'2':>6}{'3':>6}{'3, printed hash':>17}")
    columns = ("changes", *FORGERS, f"{FORGERS[2]}: printed hash")
    for kind, count in [*sorted(counts.items()), ("all", total)]:
        total.update(count if kind != "all" else {})
        numbers = [count[column] for column in columns]
        print(f"{kind:<30}{numbers[0]:>9}" + "".join(f"{n:>6}" for n in numbers[1:4]), end="")
        print(f"{numbers[4]:>17}")
    print("noticed of those by: " + "; ".join(f"{i} {who}" for i, who in enumerate(FORGERS, 1)))
    if is_noticed(results):
        sys.exit("the run does not verify after all has been restored")
    caught = [total[FORGERS[0]], total[FORGERS[1]], total[columns[4]]]
    return 0 if caught == [options.count] * 3 else 1


if __name__ == "__main__":
    sys.exit(main())
