"""Whether the products of a run say the same: results, scorecard and documents, number by number.

A hash tells that a file is the one that was listed; these checks tell that the listed ones agree,
so that a changed number needs the same change in every product that prints it.
"""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

from multifidus.base.files import csv_text
from multifidus.results.formatting import MINUS, format_value
from multifidus.results.table import Results

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PRODUCTS_OF_TABLES", "compare_products"]

PRODUCTS_OF_TABLES = ("results.csv", "scorecard.json")
"""Products whose comparison is exact; a run in which they differ gets no manifest."""
_NUMBER = re.compile(rf"[{MINUS}+]?\d+(?:[.,]\d+)*")
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_UNREAD = frozenset({"head", "nav", "script", "style"})
_DISPLAYS = (*(f"{head}{digits}" for head in ("f", "pct") for digits in range(5)), "d0", "p")


def compare_products(folder: Path | str) -> dict[str, bool]:
    """Compare the products in a results folder with each other.

    Parameters
    ----------
    folder
        The results folder.

    Returns
    -------
    dict of str to bool
        Paths, relative to the folder, of the products that can be compared with another one, and
        whether they agree with it: ``results.csv`` and ``scorecard.csv`` with ``results.parquet``,
        ``scorecard.json`` and ``scorecard.html`` with ``scorecard.csv``, each HTML document with
        ``results.parquet``, each Word document with its HTML document.

    Notes
    -----
    A PDF is not read. A number in an HTML document may be printed without its sign and in another
    number of decimals than the results table displays; numbers in words are passed over.
    """
    folder = Path(folder)
    table, card = folder / "results.parquet", folder / "scorecard.csv"
    results = _read_results(table)
    pairs: list[tuple[Path, Callable[[], bool]]] = [
        (folder / "scorecard.json", lambda: _same_card(card, folder / "scorecard.json")),
        (folder / "scorecard.html", lambda: _same_page(card, folder / "scorecard.html")),
    ]
    pairs = [(path, check) for path, check in pairs if card.is_file()]
    if results is not None:
        pairs += [
            (folder / "results.csv", lambda: _same_table(results, folder / "results.csv")),
            (card, lambda: _card_fits(results, card)),
        ]
    for page in sorted(folder.glob("*/*.html")):
        if page.stem == page.parent.name:
            word = page.with_suffix(".docx")
            pairs.append((word, lambda page=page, word=word: _same_numbers(page, word)))  # type: ignore[misc]
            if results is not None:
                pairs.append((page, lambda page=page: _page_fits(results, page)))  # type: ignore[misc]
    return {
        path.relative_to(folder).as_posix(): _holds(check)
        for path, check in pairs
        if path.is_file()
    }


def _holds(check: Callable[[], bool]) -> bool:
    """Run a check; a product that cannot be read in its own form does not agree."""
    try:
        return check()
    except (ValueError, KeyError, TypeError, ET.ParseError, zipfile.BadZipFile):
        return False


def _read_results(table: Path) -> Results | None:
    """Return the results; none where there are none or the table cannot be read."""
    try:
        return Results.read(table)
    except (OSError, ValueError, KeyError):
        return None


def _same_table(results: Results, path: Path) -> bool:
    return csv_text(results.frame) == path.read_text(encoding="utf-8")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _same_card(card: Path, path: Path) -> bool:
    listed = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return _plain(_rows(card), leave_out="tier") == _plain(listed, leave_out="tier")


def _plain(rows: list[dict[str, Any]], leave_out: str) -> list[dict[str, str]]:
    return [
        {
            name: "" if value is None else str(value).removeprefix("'")
            for name, value in row.items()
            if name != leave_out
        }
        for row in rows
    ]


def _same_page(card: Path, page: Path) -> bool:
    """Whether each row of the scorecard has its own on the page, with its verdict and numbers."""
    rows = {row.get("id"): (row, cells) for row, cells in _Page.read(page).rows}
    for listed in _rows(card):
        row, cells = rows[f"{listed['claim_id']}-{listed['part']}"]
        texts = [" ".join(cell.split()).replace(MINUS, "-") for cell in cells]
        pairs = zip((listed["printed"], listed["reproduced"]), texts, strict=False)
        if row.get("class") != listed["verdict"] or any(
            ours not in ("", text) for ours, text in pairs
        ):
            return False
    return True


def _card_fits(results: Results, card: Path) -> bool:
    numbers = _numbers(results)
    return all(
        _prints(row["reproduced"], numbers[row["result_id"]])
        for row in _rows(card)
        if row["result_id"] in numbers and _NUMBER.search(row["reproduced"])
    )


def _page_fits(results: Results, page: Path) -> bool:
    numbers = _numbers(results)
    return all(
        _prints(text, numbers[result_id])
        for result_id, text in _Page.read(page).numbers
        if _NUMBER.search(text)
    )


def _numbers(results: Results) -> dict[str, _Number]:
    columns = (results.frame[name] for name in ("result_id", "value", "display", "n", "N"))
    return {result_id: _Number(*rest) for result_id, *rest in zip(*columns, strict=True)}


class _Number(NamedTuple):
    value: float
    display: str
    n: object
    total: object


def _prints(text: str, number: _Number) -> bool:
    """Whether a text is how a document may print a result, its absolute value or its counts."""
    text = _bare(text)
    if text in (str(number.n), str(number.total)):
        return True
    return any(
        text == _bare(format_value(value, display, sign=sign))
        for display in (number.display, *_DISPLAYS)
        for value in (number.value, abs(number.value))
        for sign in (False, True)
    )


def _bare(text: str) -> str:
    """Return a printed number without spaces and per cent sign, with a true minus sign."""
    return "".join(text.split()).removesuffix("%").replace("-", MINUS)


def _same_numbers(page: Path, word: Path) -> bool:
    with zipfile.ZipFile(word) as archive:
        # Expat itself bounds the expansion of entities.
        body = ET.fromstring(archive.read("word/document.xml"))  # noqa: S314
    lines = (
        "".join(run.text or "" for run in part.iter(f"{_WORD}t")) for part in body.iter(f"{_WORD}p")
    )
    ours = Counter(_NUMBER.findall(_Page.read(page).text))
    return ours == Counter(number for line in lines for number in _NUMBER.findall(line))


class _Page(HTMLParser):
    """What is compared of an HTML page: its text, numbers with their ids, rows of tables."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[tuple[str, str]] = []
        self.rows: list[tuple[dict[str, str | None], list[str]]] = []
        self._text: list[str] = []
        self._skipped = 0
        self._spans: list[tuple[str | None, int]] = []
        self._cell: int | None = None

    @classmethod
    def read(cls, path: Path) -> _Page:
        """Read a page."""
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        return page

    @property
    def text(self) -> str:
        """Text that readers see, without navigation."""
        return "".join(self._text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._skipped += 1
        elif tag == "span":
            self._spans.append((dict(attrs).get("data-id"), len(self._text)))
        elif tag == "tr":
            self.rows.append((dict(attrs), []))
        elif tag == "td":
            self._cell = len(self._text)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._skipped -= 1
        elif tag == "span" and self._spans:
            result_id, start = self._spans.pop()
            if result_id:
                self.numbers.append((result_id, "".join(self._text[start:])))
        elif tag == "td" and self._cell is not None and self.rows:
            self.rows[-1][1].append("".join(self._text[self._cell :]))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._text.append(data)
