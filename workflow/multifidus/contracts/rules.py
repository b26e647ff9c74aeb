"""Every check of the tables: stable id, term, sentence in protocol terms, likely cause and remedy.

Ids are never reused. The data error report and the data dictionary are made from this catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["RULES", "CheckRule", "rule_named"]

_ACRONYMS = MappingProxyType({"vas": "VAS", "odi": "ODI", "eq5d": "EQ-5D"})


@dataclass(frozen=True, slots=True)
class CheckRule:
    """One check of the contracts.

    Parameters
    ----------
    id
        Stable id, ``DAT-1xx`` structure, ``DAT-2xx`` values, ``DAT-3xx`` keys and cross-table.
    name
        Name of the check in the pandera models.
    sentence
        What is wrong, in protocol terms.
    cause
        The likely cause, for the data error report.
    remedy
        How to fix it.
    """

    id: str
    name: str
    sentence: str
    cause: str
    remedy: str

    @property
    def term(self) -> str:
        """The name in plain words, as a heading."""
        words = (_ACRONYMS.get(word, word) for word in self.name.split("_"))
        text = " ".join(words)
        return text[0].upper() + text[1:]


_STRUCTURE: tuple[CheckRule, ...] = (
    CheckRule(
        "DAT-101", "file_present",
        "a required file is missing",
        "the export left it out, or its name is spelt differently",
        "put it into the data folder under this name, with its header row",
    ),
    CheckRule(
        "DAT-102", "delimiter",
        "the file does not look comma-separated",
        "a spreadsheet saved it with the list separator of its region",
        "export it again as CSV with commas between the fields and UTF-8 encoding",
    ),
    CheckRule(
        "DAT-103", "column_present",
        "a required column is missing",
        "the column was dropped by the export or its name is spelt differently",
        "add the column, even if it is empty, or correct the spelling of its name",
    ),
    CheckRule(
        "DAT-104", "column_unknown",
        "a column is not part of the table",
        "a misspelt name, or a column of another system left in the export",
        "remove the column or correct the spelling of its name",
    ),
    CheckRule(
        "DAT-105", "encoding",
        "the file is not UTF-8 text",
        "a spreadsheet saved it in the encoding of its region, or the file is not text at all",
        "export it again with UTF-8 encoding",
    ),
    CheckRule(
        "DAT-106", "row_shape",
        "a row has more or fewer fields than the header",
        "a field holds a comma or a line end and is not quoted, or a quotation mark is not closed",
        "quote fields that contain commas and remove stray line ends",
    ),
    CheckRule(
        "DAT-107", "column_repeated",
        "a column appears twice in the header",
        "two exports were joined side by side",
        "keep one of the two columns",
    ),
    CheckRule(
        "DAT-108", "row_blank",
        "a row holds no value and is ignored",
        "rows were cleared in a spreadsheet instead of deleted",
        "delete the blank rows; nothing else is lost",
    ),
    CheckRule(
        "DAT-109", "header_present",
        "the first row holds none of the column names of the table",
        "the header row was left out, or a title is above it",
        "make the header row the first row of the file",
    ),
    CheckRule(
        "DAT-110", "file_unknown",
        "a file in the data folder is not a table of the contract and is not read",
        "a misspelt file name, or a file that belongs elsewhere",
        "correct the spelling of its name or move it out of the folder",
    ),
    CheckRule(
        "DAT-111", "transport_file",
        "the file is not a SAS transport file that can be read",
        "the transfer cut it short or changed its bytes, or it is another format under this name",
        "export the domain again as SAS transport (XPT version 5 or 8) and copy it as binary",
    ),
    CheckRule(
        "DAT-112", "variable_present",
        "a variable that the mapping names is missing from its domain",
        "the domain follows another version of SDTM, or the mapping is misspelt",
        "correct the study's mapping.yaml or add the variable to the domain",
    ),
)  # fmt: skip

_VALUES: tuple[CheckRule, ...] = (
    CheckRule(
        "DAT-201", "is_number",
        "the value must be a number",
        "the field holds a decimal comma, a unit or a word",
        "write numbers with a decimal point and no unit",
    ),
    CheckRule(
        "DAT-202", "is_integer",
        "the value must be a whole number",
        "the field holds an average or a computed score instead of a raw answer",
        "write whole numbers without decimals",
    ),
    CheckRule(
        "DAT-203", "is_date",
        "the value must be an ISO date (YYYY-MM-DD)",
        "day and month are swapped, or a spreadsheet rewrote the dates",
        "check the order of day and month and write the date as YYYY-MM-DD",
    ),
    CheckRule(
        "DAT-204", "is_partial_date",
        "the value must be an ISO date, complete or cut after month or year",
        "day and month are swapped, the day does not exist, or an unknown part was filled in",
        "write YYYY-MM-DD, YYYY-MM or YYYY",
    ),
    CheckRule(
        "DAT-205", "is_boolean",
        "the value must be true or false",
        "the field holds codes of another system",
        "write true or false",
    ),
    CheckRule(
        "DAT-206", "not_missing",
        "the value must not be missing",
        "the field was not entered or the export left it out",
        "fill in the value or remove the row",
    ),
    CheckRule(
        "DAT-210", "vas_in_range",
        "VAS must lie between 0 and 100 mm",
        "a typing error, or another unit",
        "check the unit: the column is in millimetres",
    ),
    CheckRule(
        "DAT-211", "odi_level",
        "an ODI section is scored 0 to 5",
        "sections were coded 1 to 6, or a typing error",
        "correct the answer or leave the section empty",
    ),
    CheckRule(
        "DAT-212", "eq5d_level",
        "an EQ-5D-5L dimension has levels 1 to 5",
        "levels were coded 0 to 4, or missing answers were coded 9",
        "correct the answer or leave the dimension empty",
    ),
    CheckRule(
        "DAT-213", "age_in_range",
        "age must lie between 18 and 120 years",
        "a wrong date of birth, or another unit than years",
        "check the date of birth that it was computed from",
    ),
    CheckRule(
        "DAT-214", "dose_positive",
        "a dose and its number per day must be positive",
        "zero or a negative number was entered for an unknown dose",
        "correct the prescription or remove the row",
    ),
    CheckRule(
        "DAT-215", "known_word",
        "the word is not one of those the table allows",
        "another spelling, capital letters, or a code of another system",
        "use one of the words listed in docs/data.md",
    ),
    CheckRule(
        "DAT-216", "characteristic_in_range",
        "a baseline characteristic lies outside the range that the study file declares",
        "another unit, or a typing error",
        "check the unit and the value, or widen the range in the study file",
    ),
    CheckRule(
        "DAT-217", "known_drug",
        "the drug, route or unit has no conversion factor",
        "a trade name, a misspelling, or a unit that does not go with the route",
        "use a generic name of literature/mme/factors.csv or add the factor with its citation",
    ),
    CheckRule(
        "DAT-218", "attendance_reason",
        "a missed visit carries a reason and an attended one carries a date and no reason",
        "the attendance was changed without its date or reason",
        "fill in reason_missed for missed visits and visit_date for attended ones",
    ),
    CheckRule(
        "DAT-219", "date_plausible",
        "a date lies outside the years 1900 to 2100",
        "a typing error in the year, or a code for an unknown date",
        "correct the year or leave the date empty",
    ),
    CheckRule(
        "DAT-220", "unit_expected",
        "the unit in the source is not the one that the mapping expects",
        "the sponsor recorded some values in another unit",
        "convert the values in the source or correct the unit in the study's mapping.yaml",
    ),
    CheckRule(
        "DAT-221", "value_mapped",
        "a code of the source has no entry in the study's mapping",
        "the source uses a code that the mapping does not name",
        "add the code to mapping.yaml, or to its list of codes that mean missing",
    ),
    CheckRule(
        "DAT-222", "date_incomplete",
        "an incomplete date of the source was left missing, as the mapping asks",
        "the day or month was not known at the site",
        "complete the date in the source if it is known",
    ),
    CheckRule(
        "DAT-223", "vas_in_millimetres",
        "no VAS of the whole table is above 10, so the column seems to be in centimetres",
        "the scores were exported in centimetres",
        "multiply them by 10: the column is in millimetres",
    ),
    CheckRule(
        "DAT-224", "answer_in_range",
        "an answer lies outside the scale of its instrument",
        "a typing error, or another coding of the answers",
        "check the coding of the column against the limits in the data dictionary",
    ),
    CheckRule(
        "DAT-225", "plain_text",
        "the text holds a control character or one that turns the direction of writing",
        "the text was pasted from another program, or was made to read otherwise than it is stored",
        "remove the characters that cannot be seen",
    ),
)  # fmt: skip

_KEYS: tuple[CheckRule, ...] = (
    CheckRule(
        "DAT-301", "unique_key",
        "the key of a row appears more than once",
        "a record was entered or exported twice",
        "keep one row for each key",
    ),
    CheckRule(
        "DAT-302", "participant_known",
        "a participant is not in the participants table",
        "a misspelt identifier, or exports of different days",
        "add the participant or correct the identifier",
    ),
    CheckRule(
        "DAT-303", "visit_known",
        "a visit is not one of the study file",
        "a visit name of another system, or an unscheduled visit",
        "use a visit id of the study file",
    ),
    CheckRule(
        "DAT-304", "arm_known",
        "an arm is not one of the study file",
        "an arm code of the randomisation system",
        "use an arm id of the study file",
    ),
    CheckRule(
        "DAT-305", "date_order",
        "two dates are in the wrong order",
        "day and month, or the years, of one of the two are wrong",
        "check the two dates against each other",
    ),
    CheckRule(
        "DAT-306", "seen_when_answered",
        "answers are recorded at a visit that the participant did not attend",
        "the answers belong to another visit, or the attendance was not updated",
        "correct the attendance or the visit of the answers",
    ),
    CheckRule(
        "DAT-307", "assessment_outside_windows",
        "an assessment lies outside every visit window and is not analysed",
        "an unscheduled assessment, or a wrong date",
        "check its date; unscheduled assessments may stay",
    ),
    CheckRule(
        "DAT-308", "characteristic_known",
        "a baseline characteristic is not one of the study file",
        "a misspelt name, or a characteristic that the study file does not declare",
        "use a characteristic id of the study file",
    ),
    CheckRule(
        "DAT-309", "before_death",
        "a date is after the participant's death",
        "a wrong date, or a record completed after the death",
        "check the date against the date of death",
    ),
    CheckRule(
        "DAT-310", "visit_matches_window",
        "the date of an assessment lies in the window of another visit than the one recorded",
        "a late or early visit, or a wrong visit name or date",
        "check visit and date; the analysis goes by the date",
    ),
    CheckRule(
        "DAT-311", "attendance_recorded",
        "answers are recorded at a visit without a row in the visits table",
        "the attendance was not entered",
        "add the row to the visits table",
    ),
    CheckRule(
        "DAT-312", "after_birth",
        "a date is before the participant's birth, as the age implies it",
        "a wrong year, or a wrong age",
        "check the date against the age",
    ),
    CheckRule(
        "DAT-313", "observed_until",
        "a record is after the last day of observation",
        "last_contact_date was not updated",
        "set last_contact_date to the last day on which the participant was observed",
    ),
    CheckRule(
        "DAT-314", "repeated_record",
        "rows differ in nothing but their identifier",
        "an event was entered twice, or continued on a second page of the form",
        "check whether they are one event; all rows are kept",
    ),
    CheckRule(
        "DAT-315", "treated_in_an_arm",
        "a participant was treated and has no arm",
        "the arm was not entered",
        "fill in the arm; without it the participant is in no arm of the tables",
    ),
)  # fmt: skip

RULES: tuple[CheckRule, ...] = (*_STRUCTURE, *_VALUES, *_KEYS)
"""All checks in the order of their ids."""


def rule_named(name: str) -> CheckRule:
    """Return the rule of a named check.

    Raises
    ------
    KeyError
        When no rule has that name.
    """
    for rule in RULES:
        if rule.name == name:
            return rule
    raise KeyError(name)
