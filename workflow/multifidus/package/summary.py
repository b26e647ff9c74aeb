"""The closing lines of a run: its documents, the scorecard's verdicts, the time taken."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

from multifidus.base.errors import ExitCode
from multifidus.base.files import sha256_of
from multifidus.config.run import Tier
from multifidus.package.manifest import Manifest, read_manifest

__all__ = ["summarise", "summary_command"]

_DOCUMENTS = (".html", ".pdf", ".docx")
_KILOBYTE = 1000
_MINUTE = 60


def summarise(manifest: Manifest, folder: Path | str, seconds: float | None = None) -> str:
    """Write the summary of a run.

    Parameters
    ----------
    manifest
        The run's manifest.
    folder
        Its results folder.
    seconds
        Elapsed time to print, in seconds.

    Returns
    -------
    str
        A few plain lines: tier, documents, counts of verdicts, data report, narratives, the
        manifest's own hash, time.
    """
    folder, run = Path(folder), manifest.run
    lines = [
        f"Multifidus {run['multifidus']}: study {run['study']}, tier {run['tier']}",
        f"{Tier(run['tier']).banner}.",
        "",
        *_document_lines(manifest, folder),
        *_verdict_lines(folder),
        *_page_line("Data report", folder / "data_report" / "index.html"),
        *_page_line("Narratives", folder / "narratives" / "index.html"),
    ]
    if engine := run.get("engine"):
        lines.append(f"Rendered by  {engine['name']} {engine['version']}")
        lines += [f"{'':<12} {note}" for note in _render_notes(folder)]
    if (path := folder / "manifest.json").is_file():
        lines.append(f"Manifest     {path}, SHA-256 {sha256_of(path)}")
    if seconds is not None:
        lines.append(f"Time taken   {_duration(seconds)}")
    return "\n".join(lines) + "\n"


def summary_command(results: Path | str, seconds: float | None = None) -> int:
    """Print the summary of a results folder and return the exit code.

    Raises
    ------
    PackageError
        ``PKG-010`` to ``PKG-012`` when the manifest cannot be read.
    """
    folder = Path(results)
    print(summarise(read_manifest(folder / "manifest.json"), folder, seconds), end="")
    return ExitCode.OK


def _document_lines(manifest: Manifest, folder: Path) -> list[str]:
    """List the rendered documents: files in a folder of their own name, in the usual order."""
    documents = [
        output
        for output in manifest.outputs
        if Path(output.path).suffix in _DOCUMENTS
        and Path(output.path).parent.name == Path(output.path).stem
    ]
    documents.sort(key=lambda output: _DOCUMENTS.index(Path(output.path).suffix))
    sizes = [f"{folder / output.path}  ({_size(output.bytes)})" for output in documents]
    return [f"{'Document' if not index else '':<12} {text}" for index, text in enumerate(sizes)]


def _render_notes(folder: Path) -> list[str]:
    """Say why a document was not rendered by the engine that was to do it."""
    records = (json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*/render.json")))
    return [record["note"] for record in records if record.get("note")]


def _verdict_lines(folder: Path) -> list[str]:
    table = folder / "scorecard.csv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as stream:
        counts = Counter(row["verdict"].replace("_", " ") for row in csv.DictReader(stream))
    words = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    figures = f"Scorecard    {counts.total()} published figures: {words}"
    return [figures, *_page_line("", folder / "scorecard.html")]


def _page_line(label: str, page: Path) -> list[str]:
    return [f"{label:<12} {page}"] if page.is_file() else []


def _size(count: int) -> str:
    if count < _KILOBYTE**2:
        return f"{max(1, round(count / _KILOBYTE))} kB"
    return f"{count / _KILOBYTE**2:.1f} MB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
