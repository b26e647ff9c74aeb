"""One CSV file as text: encoding, delimiter, records, and a user's columns as keys and numbers.

CSV is read as RFC 4180 describes it: double quotes round fields that hold a delimiter, a quote or a
line end. A byte-order mark is accepted. Rows are numbered as a spreadsheet shows them, the header
being row 1; blank rows count and are left out.

Every cell stays text until a column is asked for as numbers. Only an empty cell is missing, so a
group may be called "NA" or "None", and "01" and "1" are two participants.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "CsvError",
    "CsvRecord",
    "UserCsv",
    "csv_records",
    "decode_csv",
    "near_name",
    "read_user_csv",
    "rows_named",
]

FaultKind = Literal["file", "column", "cell"]

_DELIMITERS = (",", ";", "\t", "|")
_FIELD_LIMIT = 1 << 24
_POINT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_ROWS_NAMED = 5


class CsvError(Exception):
    """A file that cannot be used as it is.

    Attributes
    ----------
    kind
        ``"file"``: it cannot be read as a table; ``"column"``: a column is absent, repeated or
        named twice; ``"cell"``: a cell is not what its column needs.
    sentence
        What is wrong, where and how to fix it, without any value of the file.
    """

    def __init__(self, kind: FaultKind, sentence: str) -> None:
        self.kind = kind
        self.sentence = sentence
        super().__init__(sentence)


class CsvRecord(NamedTuple):
    """The fields of one record and the spreadsheet row in which it starts counting."""

    row: int
    fields: list[str]


def decode_csv(content: bytes) -> str:
    """Return the text of a CSV file.

    Raises
    ------
    ValueError
        With words on what it is instead, when it is not text in UTF-8.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("it is UTF-16")
    if content.startswith(b"PK\x03\x04"):
        raise ValueError("it is a spreadsheet or another zipped file")
    if b"\x00" in content:
        line = content[: content.index(b"\x00")].count(b"\n") + 1
        raise ValueError(f"line {line} holds a NUL byte")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"the first such byte is in line {line}") from None


def csv_records(text: str, delimiter: str = ",") -> tuple[list[CsvRecord], int | None]:
    """Split text into records and leave out blank lines, which count as rows.

    Returns
    -------
    tuple
        The records, and the row from which on quotation marks are wrong (``None`` when they are
        not); records end there.
    """
    records: list[CsvRecord] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    csv.field_size_limit(_FIELD_LIMIT)
    row = 0
    try:
        for row, fields in enumerate(reader, start=1):
            if fields:
                records.append(CsvRecord(row, fields))
    except csv.Error:
        return records, row + 1
    return records, None


def near_name(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that is nearest to a misspelt one, if any is near."""
    cleaned = name.strip().lower().replace(" ", "_").replace("-", "_")
    lowered = {each.lower(): each for each in known}
    found = difflib.get_close_matches(cleaned, lowered, n=1, cutoff=0.75)
    return lowered[found[0]] if found else None


def rows_named(rows: Sequence[int]) -> str:
    """Return "row 5" or "rows 5, 9 and 3 more"."""
    named = ", ".join(str(row) for row in rows[:_ROWS_NAMED])
    if len(rows) == 1:
        return f"row {named}"
    more = len(rows) - _ROWS_NAMED
    return f"rows {named}" + (f" and {more} more" if more > 0 else "")


@dataclass
class UserCsv:
    """A user's file as text.

    Attributes
    ----------
    name
        The file's name, for messages.
    frame
        Text, one column a header name, indexed by spreadsheet row; ``""`` for an empty cell.
    delimiter
        The delimiter found.
    notes
        What was read otherwise than it is written, one sentence each.
    """

    name: str
    frame: pd.DataFrame
    delimiter: str
    notes: list[str] = field(default_factory=list)

    def need(self, columns: Iterable[str]) -> None:
        """Refuse the file when it lacks a column; names that are near are repeated."""
        for column in columns:
            if column not in self.frame.columns:
                near = near_name(column, list(self.frame.columns))
                hint = f"did you mean '{near}'?" if near else "its header has other names."
                raise CsvError("column", f"{self.name} has no column '{column}'; {hint}")

    def keys(self, column: str) -> pd.Series[str]:
        """Return a column of names as text without blanks around them; empty cells are missing.

        Blanks, and names that differ in case or in invisible characters alone, are noted.
        """
        self.need([column])
        raw = self.frame[column]
        text = raw.map(str.strip)
        blank = raw.index[(text != raw) & (text != "")]
        if len(blank):
            self.notes.append(
                f"Column '{column}' has blanks around {len(blank)} names "
                f"({rows_named(list(blank))}); they are read without them."
            )
        distinct = [name for name in text.unique() if name]
        alike = len(distinct) - len({_folded(name) for name in distinct})
        if alike:
            self.notes.append(
                f"Column '{column}' has {alike} names that differ from another in case or "
                "invisible characters alone; they count as different."
            )
        return text.where(text != "").astype(object)

    def numbers(self, *columns: str) -> pd.DataFrame:
        """Return columns as numbers; empty cells are missing, and a decimal comma is read.

        Raises
        ------
        CsvError
            A cell that is no number, decimal commas beside decimal points, or commas that could
            separate thousands as well.
        """
        self.need(columns)
        text = self.frame[list(columns)].map(str.strip)
        point = text.map(lambda cell: _POINT.fullmatch(cell) is not None)
        comma = text.map(lambda cell: _COMMA.fullmatch(cell) is not None)
        for column in columns:
            wrong = text.index[~(point[column] | comma[column] | (text[column] == ""))]
            if len(wrong):
                raise CsvError(
                    "cell",
                    f"{self.name}: {len(wrong)} cells of column '{column}' are not numbers "
                    f"({rows_named(list(wrong))}); correct them, and leave a cell empty where the "
                    "value is missing.",
                )
        if comma.to_numpy().any():
            self._decimal_comma(text, comma)
            text = text.apply(lambda column: column.str.replace(",", ".", regex=False))
        return text.where(text != "", "nan").astype(float)

    def _decimal_comma(self, text: pd.DataFrame, comma: pd.DataFrame) -> None:
        """Refuse commas whose meaning is not certain; note that the others are decimal."""
        if text.map(lambda cell: "." in cell).to_numpy().any():
            raise CsvError(
                "cell",
                f"{self.name} has numbers with a decimal comma and numbers with a decimal point; "
                "write them in one way.",
            )
        cells = text.to_numpy()[comma.to_numpy()]
        if all(_THOUSANDS.fullmatch(cell) for cell in cells):
            raise CsvError(
                "cell",
                f"{self.name} has numbers whose comma may separate thousands or decimals; write "
                "them with a decimal point.",
            )
        self.notes.append(f"{self.name}: {len(cells)} numbers are read with a decimal comma.")

    def values(self, column: str) -> pd.Series[float] | pd.Series[str]:
        """Return a column as numbers when all its cells are, as text when none is.

        Raises
        ------
        CsvError
            A column that mixes both, which may be a factor or hold words for missing values.
        """
        self.need([column])
        text = self.frame[column].map(str.strip)
        given = text[text != ""]
        number = given.map(lambda cell: bool(_POINT.fullmatch(cell) or _COMMA.fullmatch(cell)))
        if given.empty or number.all():
            return self.numbers(column)[column]
        if not number.any():
            return self.keys(column)
        words = list(given.index[~number])
        raise CsvError(
            "cell",
            f"{self.name}: column '{column}' has numbers and {len(words)} other cells "
            f"({rows_named(words)}); leave a cell empty where the value is missing, or declare the "
            "column a factor.",
        )


def _folded(name: str) -> str:
    """Return a name without what the eye does not see."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    kept = [letter for letter in plain if unicodedata.category(letter) != "Cf"]
    return " ".join("".join(kept).split())


def read_user_csv(path: Path, columns: Mapping[str, str] | None = None) -> UserCsv:
    """Read a user's CSV file as text.

    Parameters
    ----------
    path
        The file: UTF-8, fields separated by commas, semicolons, tabs or vertical bars.
    columns
        Names to use, each with the name in the file's header.

    Raises
    ------
    CsvError
        The file cannot be read, its header repeats a name, or rows differ from it in length.
    """
    text = _text_of(path)
    delimiter, text, skipped = _separator_hint(text)
    if delimiter is None:
        delimiter = _delimiter_of(text, path.name)
    records, broken = csv_records(text, delimiter)
    records = [CsvRecord(record.row + skipped, record.fields) for record in records]
    if broken is not None:
        raise CsvError(
            "file",
            f"{path.name}: a quotation mark in or before row {broken + skipped} is not closed or "
            "not doubled; correct it.",
        )
    if not records:
        raise CsvError("file", f"{path.name} is empty; the first row must name the columns.")
    notes: list[str] = []
    rows = _whole_rows(records, path.name, notes)
    frame = _frame(records[0].fields, rows, path.name, notes)
    return UserCsv(path.name, _renamed(frame, columns or {}, path.name), delimiter, notes)


def _text_of(path: Path) -> str:
    try:
        return decode_csv(path.read_bytes())
    except FileNotFoundError:
        raise CsvError("file", f"There is no file {path.name}; check the path.") from None
    except OSError:
        raise CsvError(
            "file", f"{path.name} cannot be read; check that it is a file you may open."
        ) from None
    except ValueError as error:
        raise CsvError(
            "file", f"{path.name} is not a CSV file in UTF-8 ({error}); save it as one."
        ) from None


def _separator_hint(text: str) -> tuple[str | None, str, int]:
    """Return the delimiter that a spreadsheet's first line ``sep=;`` names, and the rest."""
    line, _, rest = text.partition("\n")
    hint = re.fullmatch(r"sep=(.)", line.rstrip("\r"), re.IGNORECASE)
    return (hint[1], rest, 1) if hint and hint[1] in _DELIMITERS else (None, text, 0)


def _delimiter_of(text: str, name: str) -> str:
    """Return the delimiter under which the header has names and all rows its length."""
    fitting, widest, width = [], ",", 1
    for delimiter in _DELIMITERS:
        records, broken = csv_records(text, delimiter)
        here = len(records[0].fields) if records else 0
        if here > width:
            widest, width = delimiter, here
        filled = [record for record in records if any(cell.strip() for cell in record.fields)]
        if here > 1 and broken is None and all(len(each.fields) == here for each in filled):
            fitting.append(delimiter)
    if len(fitting) > 1:
        raise CsvError(
            "file",
            f"{name} can be read with two delimiters; write it with commas, and text that holds a "
            "comma in quotation marks.",
        )
    return fitting[0] if fitting else widest


def _whole_rows(records: list[CsvRecord], name: str, notes: list[str]) -> list[CsvRecord]:
    """Return the data rows; blank ones are left out, others must be as long as the header."""
    width = len(records[0].fields)
    filled = [record for record in records[1:] if any(cell.strip() for cell in record.fields)]
    blank = len(records) - 1 - len(filled)
    if blank:
        notes.append(f"{name} has {blank} rows without any value; they are left out.")
    ragged = [record.row for record in filled if len(record.fields) != width]
    if ragged:
        raise CsvError(
            "file",
            f"{name}: {len(ragged)} rows do not have the {width} fields of the header "
            f"({rows_named(ragged)}); put text or numbers that hold the delimiter in quotation "
            "marks.",
        )
    return filled


def _frame(
    header: Sequence[str], rows: Sequence[CsvRecord], name: str, notes: list[str]
) -> pd.DataFrame:
    names = [text.strip() for text in header]
    repeated = sum(names.count(text) > 1 for text in set(names) - {""})
    if repeated:
        places = [str(k) for k, text in enumerate(names, 1) if text and names.count(text) > 1]
        raise CsvError(
            "column",
            f"{name}: the header repeats {repeated} names (columns {', '.join(places[:6])}); give "
            "each column its own.",
        )
    if names != list(header):
        notes.append(f"{name}: blanks around names in the header are left out.")
    index = pd.Index([record.row for record in rows], name="row", dtype="int64")
    columns = {}
    for place, text in enumerate(names):
        cells = [record.fields[place] for record in rows]
        if text:
            columns[text] = pd.Series(cells, index=index, dtype=object)
        elif any(cell.strip() for cell in cells):
            raise CsvError("column", f"{name}: column {place + 1} has no name; give it one.")
    return pd.DataFrame(columns, index=index, dtype=object)


def _renamed(frame: pd.DataFrame, columns: Mapping[str, str], name: str) -> pd.DataFrame:
    """Return the frame with the user's names in place of the header's."""
    UserCsv(name, frame, ",").need(columns.values())
    if len(set(columns.values())) < len(columns):
        raise CsvError("column", "Two names are given for one column of the file; give one.")
    taken = [ours for ours in columns if ours in set(frame.columns) - set(columns.values())]
    if taken:
        raise CsvError("column", f"{name} has a column '{taken[0]}' already; use another name.")
    return frame.rename(columns={theirs: ours for ours, theirs in columns.items()})
