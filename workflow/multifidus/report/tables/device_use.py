"""Tables of device use: over the years, every measure with its bounds, against outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.report.html_table import DASH, ReportTable
from multifidus.report.tables.groups import measure

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = [
    "adherence_by_year_table",
    "adherence_table",
    "device_use_table",
    "exposure_response_table",
    "persistence_table",
    "use_by_visit_table",
]

_POPULATIONS = (("exposed", "All exposed"), ("continuers", "Continuers"))
_BOUNDS = (
    "Bounds: time that no log shows counts as no therapy, or as all that was prescribed. They are "
    "printed where a measure has them."
)
_CLOCK = (
    "Sessions twelve hours apart lie opposite on the clock: a large circular SD can be regular use."
)


def _years(study: StudyConfig) -> list[str]:
    rules = study.device_use
    return [f"year{year}" for year in range(1, (rules.years if rules is not None else 0) + 1)]


def _heads(study: StudyConfig) -> list[str]:
    return [f"Year {year[4:]}" for year in _years(study)]


def _quartiles(table: ReportTable, stem: str, display: str | None = None) -> str:
    if f"{stem}.median" not in table.results:
        return DASH
    middle, low, high = (
        table.number(f"{stem}.{name}", display=display) for name in ("median", "q1", "q3")
    )
    return f"{middle} ({low} to {high})"


def device_use_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return device use by year since the start of therapy."""
    years = _years(study)
    table = ReportTable(results, ["Measure", *_heads(study)])
    ids = [f"device_use.continued.{year}.exposed.all.percent" for year in years]
    table.row("Exposed", [results.people(one, "N") for one in ids])
    for outcome, population, label in (
        ("utilisation", "exposed", "Share of prescribed time, all exposed"),
        ("utilisation", "continuers", "Share of prescribed time, continuers"),
        ("hours", "exposed", "Hours of therapy, all exposed"),
    ):
        stems = [f"device_use.{outcome}.{year}.{population}.all" for year in years]
        table.row(label, [_quartiles(table, stem) for stem in stems])
    for outcome, population, label in (
        ("hours", "exposed", "Mean hours, all exposed"),
        ("exposure_days", "exposed", "Mean days of exposure, all exposed"),
    ):
        stems = [f"device_use.{outcome}.{year}.{population}.all" for year in years]
        table.row(label, [table.number(f"{stem}.mean") for stem in stems])
    stems = [f"device_use.continued.{year}.exposed.all" for year in years]
    table.row("Continued use", [table.number(f"{stem}.percent") for stem in stems])
    stems = [f"device_use.coverage.{year}.exposed.all" for year in years]
    table.row("Days observed in the logs", [table.number(f"{stem}.mean") for stem in stems])
    table.note(
        "Median (quartiles), mean or per cent. Years count from the start of therapeutic "
        "stimulation."
    )
    return table


def _measures(results: Results) -> list[tuple[str, str, str]]:
    """Return outcome, label with unit, and display code of the measures, in printing order."""
    rows = results.select(analysis="device_use", visit="overall", population="exposed")
    rows = rows[(rows["statistic"] == "median") & ~rows["outcome"].str.startswith("persistence")]
    own = rows.set_index("outcome")
    order = [name for name in own.index if not name.endswith(("_lower", "_upper"))]
    found = []
    for name in sorted(order, key=_place):
        unit, display = str(own.loc[name, "unit"]), str(own.loc[name, "display"])
        label = f"{own.loc[name, 'label']}{f', {unit}' if unit else ''}"
        found.append((name, label, display.replace("pct", "f")))
    return found


_ORDER = (
    "exposure_days",
    "coverage",
    "hours",
    "utilisation",
    "capped_utilisation",
    "delivered_share",
    "completion",
    "days_covered_any",
    "days_covered_50",
    "days_covered_80",
    "days_covered_100",
    "both_session_days",
    "longest_gap_days",
    "start_time_sd_hours",
    "contractions",
    "on_time_hours",
)


def _place(outcome: str) -> tuple[int, str]:
    return (_ORDER.index(outcome) if outcome in _ORDER else len(_ORDER), outcome)


def _bounds(table: ReportTable, outcome: str, tail: str, display: str) -> str:
    low, high = (f"device_use.{outcome}_{name}.{tail}.median" for name in ("lower", "upper"))
    if low not in table.results:
        return ""
    return f"{table.number(low, display=display)} to {table.number(high, display=display)}"


def _printed_alike(results: Results, outcome: str, tail: str, display: str) -> bool:
    """Whether median and bounds of the median are one and the same in print."""
    names = (f"device_use.{outcome}{ending}.{tail}.median" for ending in ("", "_lower", "_upper"))
    return len({results.text(name, display=display) for name in names}) == 1


def adherence_table(results: Results, study: StudyConfig) -> ReportTable:  # noqa: ARG001
    """Return every measure over all years of therapy: quartiles, and bounds of the median."""
    table = ReportTable(
        results,
        ["Measure", *(("Median (quartiles)", "Bounds") * len(_POPULATIONS))],
        [("", 1), *((label, 2) for _, label in _POPULATIONS)],
    )
    for outcome, label, display in _measures(results):
        cells = []
        for population, _ in _POPULATIONS:
            tail = f"overall.{population}.all"
            cells.append(_quartiles(table, f"device_use.{outcome}.{tail}", display))
            cells.append(_bounds(table, outcome, tail, display))
        table.row(label, cells)
    table.note(f"Bounds of the median. {_BOUNDS} {_CLOCK}")
    return table


def adherence_by_year_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the median of every measure by year with the bounds of the median."""
    table = ReportTable(results, ["Measure", *_heads(study)])
    for population, title in _POPULATIONS:
        table.group(title)
        for outcome, label, display in _measures(results):
            cells = []
            for year in _years(study):
                tail = f"{year}.{population}.all"
                point = f"device_use.{outcome}.{tail}.median"
                bounds = _bounds(table, outcome, tail, display)
                shown = table.number(point, display=display)
                same = not bounds or _printed_alike(results, outcome, tail, display)
                cells.append(shown if same else f"{shown} ({bounds})")
            table.row(label, cells, indent=True)
    table.note(
        "Median, with the bounds of the median in brackets where the three do not print "
        f"the same. {_BOUNDS}"
    )
    return table


def persistence_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return persistence and continued use by year, with intervals and bounds."""
    table = ReportTable(results, ["Measure", *_heads(study)])
    years = _years(study)

    def add(outcome: str, population: str, label: str) -> None:
        stems = [f"device_use.{outcome}.{year}.{population}.all" for year in years]
        shown = [
            f"{table.number(f'{stem}.percent')} ({table.interval(stem)})"
            if f"{stem}.percent" in results
            else DASH
            for stem in stems
        ]
        table.row(label, shown, indent=True)
        for bound in ("lower", "upper"):
            tails = [f"{outcome}_{bound}.{year}.{population}.all.percent" for year in years]
            cells = [table.number(f"device_use.{tail}") for tail in tails]
            table.row(f"{bound.capitalize()} bound", cells, indent=True)

    for population, title in _POPULATIONS:
        table.group(f"No thirty days without therapy yet, {title.lower()}")
        add("persistence", population, "Kaplan-Meier (95 % CI)")
        ids = [f"device_use.persistence.{year}.{population}.all.percent" for year in years]
        table.row("At risk", [results.people(one) for one in ids], indent=True)
    table.group("A completed session in the year, all exposed")
    add("continued", "exposed", "Share (95 % CI)")
    table.note(_BOUNDS)
    return table


def exposure_response_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the change at the last visit by thirds of use, with slope and rank correlation."""
    visit = study.visits[-1].id
    doses = (
        ("hours", "By hours of therapy", "h"),
        ("share", "By share of the prescribed time", "%"),
    )
    table = ReportTable(
        results,
        [
            "Use before the visit",
            *(
                head
                for _, _, unit in doses
                for head in (f"Mean use, {unit} (n)", "Change (95 % CI)")
            ),
        ],
        [("", 1), *((title, 2) for _, title, _ in doses)],
    )
    groups = (
        ("third1", "Lowest third"),
        ("third2", "Middle third"),
        ("third3", "Highest third"),
        ("slope", "Change per 100 h, or per 10 points"),
        ("spearman", "Spearman rank correlation"),
    )
    for outcome in study.outcomes:
        table.group(measure(outcome))
        for group, label in groups:
            cells = []
            for dose, _, _ in doses:
                stem = f"exposure_response.{outcome.id}.{visit}.{dose}.{group}"
                third = group.startswith("third")
                point = f"{stem}.{'mean' if third else 'estimate'}"
                shown = f"{table.number(point, sign=True)} ({table.interval(stem, sign=True)})"
                cells.append(_use(table, stem) if third else "")
                cells.append(shown if point in results else DASH)
            table.row(label, cells, indent=True)
    table.note(
        "Exploratory and not adjusted for multiplicity. Use may have fallen because benefit did: "
        "an association here is not an effect of use."
    )
    return table


def _use(table: ReportTable, stem: str) -> str:
    """Return the mean use of a third and how many are in it."""
    if f"{stem}.use" not in table.results:
        return DASH
    count = table.results.people(f"{stem}.use")
    return f"{table.number(f'{stem}.use')}\N{NO-BREAK SPACE}({count})"


def use_by_visit_table(results: Results, study: StudyConfig) -> ReportTable:
    """Return the rank correlation of change with hours of therapy at every yearly visit."""
    rows = results.select(analysis="exposure_response", population="hours", group="spearman")
    visits = [visit for visit in study.visits if visit.id in set(rows["visit"])]
    table = ReportTable(results, ["Outcome", *(visit.label for visit in visits)])
    for outcome in study.outcomes:
        table.group(outcome.label)
        ids = [f"exposure_response.{outcome.id}.{v.id}.hours.spearman.estimate" for v in visits]
        table.row("Participants", [results.people(one) for one in ids], indent=True)
        for dose, label in (
            ("hours", "Change with hours (95 % CI)"),
            ("hours_lower", "Change with lower bound of hours"),
            ("hours_upper", "Change with upper bound of hours"),
        ):
            cells = []
            for visit in visits:
                stem = f"exposure_response.{outcome.id}.{visit.id}.{dose}.spearman"
                point = table.number(f"{stem}.estimate", sign=True)
                limits = f" ({table.interval(stem, sign=True)})" if dose == "hours" else ""
                cells.append(f"{point}{limits}" if f"{stem}.estimate" in results else DASH)
            table.row(label, cells, indent=True)
    table.note("Spearman rank correlation; exploratory, and not an effect of use.")
    return table
