"""Every check of the tables: stable id, sentence in protocol terms, likely cause and remedy.

Ids are never reused. ``docs/errors.md`` is generated from this catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RULES", "CheckRule", "rule_named"]


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
        What must hold, in protocol terms.
    remedy
        How to mend it.
    """

    id: str
    name: str
    sentence: str
    remedy: str


RULES: tuple[CheckRule, ...] = (
    CheckRule(
        "DAT-101",
        "file_present",
        "a required file is missing",
        "put it into the data folder under this name, with its header row",
    ),
    CheckRule(
        "DAT-102",
        "delimiter",
        "the file does not look comma-separated",
        "export it again as CSV with commas between the fields and UTF-8 encoding",
    ),
    CheckRule(
        "DAT-103",
        "column_present",
        "a required column is missing",
        "add the column, even if it is empty, or mend the spelling of its name",
    ),
    CheckRule(
        "DAT-104",
        "column_unknown",
        "a column is not part of the table",
        "remove the column or mend the spelling of its name",
    ),
    CheckRule(
        "DAT-105",
        "encoding",
        "the file is not UTF-8 text",
        "export it again with UTF-8 encoding",
    ),
    CheckRule(
        "DAT-106",
        "row_shape",
        "a row has more or fewer fields than the header",
        "quote fields that contain commas and remove stray line ends",
    ),
    CheckRule(
        "DAT-107",
        "column_repeated",
        "a column stands twice in the header",
        "keep one of the two columns",
    ),
    CheckRule(
        "DAT-201",
        "is_number",
        "the value must be a number",
        "write numbers with a decimal point and no unit",
    ),
    CheckRule(
        "DAT-202",
        "is_integer",
        "the value must be a whole number",
        "write whole numbers without decimals",
    ),
    CheckRule(
        "DAT-203",
        "is_date",
        "the value must be an ISO date (YYYY-MM-DD)",
        "check the order of day and month and write the date as YYYY-MM-DD",
    ),
    CheckRule(
        "DAT-204",
        "is_partial_date",
        "the value must be an ISO date, complete or cut after month or year",
        "write YYYY-MM-DD, YYYY-MM or YYYY",
    ),
    CheckRule(
        "DAT-205",
        "is_boolean",
        "the value must be true or false",
        "write true or false",
    ),
    CheckRule(
        "DAT-206",
        "not_missing",
        "the value must not be missing",
        "fill in the value or remove the row",
    ),
    CheckRule(
        "DAT-210",
        "vas_in_range",
        "VAS must lie between 0 and 100 mm",
        "check the unit: the column is in millimetres",
    ),
    CheckRule(
        "DAT-211",
        "odi_level",
        "an ODI section is scored 0 to 5",
        "correct the answer or leave the section empty",
    ),
    CheckRule(
        "DAT-212",
        "eq5d_level",
        "an EQ-5D-5L dimension has levels 1 to 5",
        "correct the answer or leave the dimension empty",
    ),
    CheckRule(
        "DAT-213",
        "age_in_range",
        "age must lie between 18 and 120 years",
        "check the date of birth that it was computed from",
    ),
    CheckRule(
        "DAT-214",
        "dose_positive",
        "a dose and its number per day must be positive",
        "correct the prescription or remove the row",
    ),
    CheckRule(
        "DAT-215",
        "known_word",
        "the word is not one of those the table allows",
        "use one of the words listed in docs/data.md",
    ),
    CheckRule(
        "DAT-216",
        "characteristic_in_range",
        "a baseline characteristic lies outside the range that the study file declares",
        "check the unit and the value, or widen the range in the study file",
    ),
    CheckRule(
        "DAT-217",
        "known_drug",
        "the drug, route or unit has no conversion factor",
        "use a generic name of literature/mme/factors.csv or add the factor with its citation",
    ),
    CheckRule(
        "DAT-218",
        "attendance_reason",
        "a missed visit carries a reason and an attended one carries a date and no reason",
        "fill in reason_missed for missed visits and visit_date for attended ones",
    ),
    CheckRule(
        "DAT-301",
        "unique_key",
        "the key of a row stands more than once",
        "keep one row for each key",
    ),
    CheckRule(
        "DAT-302",
        "participant_known",
        "a participant is not in the participants table",
        "add the participant or mend the identifier",
    ),
    CheckRule(
        "DAT-303",
        "visit_known",
        "a visit is not one of the study file",
        "use a visit id of the study file",
    ),
    CheckRule(
        "DAT-304",
        "arm_known",
        "an arm is not one of the study file",
        "use an arm id of the study file",
    ),
    CheckRule(
        "DAT-305",
        "date_order",
        "two dates stand in the wrong order",
        "check the two dates against each other",
    ),
    CheckRule(
        "DAT-306",
        "seen_when_answered",
        "answers are recorded at a visit that the participant did not attend",
        "correct the attendance or the visit of the answers",
    ),
    CheckRule(
        "DAT-307",
        "assessment_outside_windows",
        "an assessment lies outside every visit window and is not analysed",
        "check its date; unscheduled assessments may stay",
    ),
    CheckRule(
        "DAT-308",
        "characteristic_known",
        "a baseline characteristic is not one of the study file",
        "use a characteristic id of the study file",
    ),
)


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
