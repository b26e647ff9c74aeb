"""The flow diagram, drawn from the flow rows of the results: enrolment, arms, follow-up."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from multifidus.report.figures.style import ACCENT, INK, SOFT, WIDTH
from multifidus.results.table import hidden_mark

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = ["draw_flow"]

# Inches.
_LINE, _PAD, _GAP = 0.14, 0.12, 0.2
_MAIN_X, _MAIN_W = 0.29 * WIDTH, 2.3
_SIDE_X, _SIDE_W = 0.775 * WIDTH, 2.9
_SIDE_CHARACTERS, _SHORT = 56, 34
_MAIN_CHARACTERS = 40


@dataclass(frozen=True)
class _Box:
    """A box of text with its centre and width, in inches from the upper left."""

    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    strong: bool = True

    @property
    def height(self) -> float:
        return _LINE * len(self.lines) + _PAD

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2


class _Counts:
    """Counts of the flow by stage, visit and group, in words: a suppressed count says so."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows

    def of(self, stage: str, group: str = "all", visit: str = "overall") -> str | None:
        """Return a count in words, and none where there is no such row."""
        rows = self.rows
        found = rows[(rows.outcome == stage) & (rows.group == group) & (rows.visit == visit)]
        return _count(found.iloc[0]) if len(found) else None

    def some(self, stage: str, group: str = "all", visit: str = "overall") -> str | None:
        """Return a count in words where it is not zero."""
        count = self.of(stage, group, visit)
        return None if count == "0" else count

    def reasons(self, prefix: str, group: str, visit: str) -> list[str]:
        """Lines of the reasons under a prefix that somebody had, most frequent first."""
        rows = self.rows
        found = rows[
            rows.outcome.str.startswith(f"{prefix}_")
            & (rows.group == group)
            & (rows.visit == visit)
        ]
        found = found[found["value"] != 0].sort_values("value", ascending=False, kind="stable")
        return [
            f"{row['label'].partition(': ')[2] or row['label']}: {_count(row)}"
            for _, row in found.iterrows()
        ]


def _count(row: pd.Series[Any]) -> str:
    """Return a count as it is printed; one that is hidden is never taken for none."""
    return hidden_mark(row) or str(int(row["value"]))


def draw_flow(results: Results, study: StudyConfig) -> Figure:
    """Draw a CONSORT flow diagram.

    Enrolment is on top, the arms beside each other, then one box for each visit of the cohort
    with those not seen and their reasons beside it. Studies without visits show completion in the
    arms' boxes.
    """
    counts = _Counts(results.select(analysis="flow", statistic="count"))
    boxes, arrows = _enrolment(counts)
    arms = _arms(counts, study, boxes[0].bottom + _GAP + 0.1)
    arrows += [((boxes[0].x, boxes[0].bottom), (arm.x, arm.top)) for arm in arms]
    boxes += arms
    y = max(arm.bottom for arm in arms)
    starts = [(arm.x, arm.bottom) for arm in arms]
    for main, side in _follow_up(counts, study, y + _GAP):
        arrows += [(start, (main.x, main.top)) for start in starts]
        starts = [(main.x, main.bottom)]
        boxes.append(main)
        if side is not None:
            boxes.append(side)
            arrows.append(((main.x + main.width / 2, main.y), (side.x - side.width / 2, main.y)))
    if study.visits:
        last = _analysis(counts, boxes)
        arrows += [(start, (last.x, last.top)) for start in starts]
        boxes.append(last)
    return _draw(boxes, arrows)


def _enrolment(counts: _Counts) -> tuple[list[_Box], list[tuple[tuple[float, float], ...]]]:
    screened, randomised = counts.of("screened"), counts.of("randomised")
    failures = counts.some("screen_failure")
    reasons = _wrap(counts.reasons("screen_failure", "all", "overall"), _SHORT)
    if not failures:
        return [_Box((f"Randomised: {randomised}",), WIDTH / 2, 0.2, _MAIN_W)], []
    first = _Box((f"Screened: {screened}", f"Randomised: {randomised}"), WIDTH / 2, 0.25, _MAIN_W)
    lines = (f"Not randomised: {failures}", *reasons)
    side = _Box(lines, WIDTH - 0.95, 0.25, 1.8, strong=False)
    return [first, side], [((first.x + first.width / 2, 0.25), (side.x - side.width / 2, 0.25))]


def _arms(counts: _Counts, study: StudyConfig, top: float) -> list[_Box]:
    width = min(2.9, WIDTH / len(study.arms) - 0.2)
    boxes = []
    for number, arm in enumerate(study.arms):
        stages = [("randomised", "Allocated")]
        stages += [("implanted", "Implanted")] if counts.some("implanted", arm.id) else []
        stages += [("treated", "Treated")] if not counts.some("implanted", arm.id) else []
        stages += [("not_treated", "Not treated"), ("crossed_over", "Switched to therapy")]
        lines = [arm.label]
        for stage, label in stages:
            if count := counts.some(stage, arm.id):
                lines.append(f"{label}: {count}")
            if stage == "not_treated":
                lines += _wrap(counts.reasons(stage, arm.id, "overall"), _SHORT)
        if first := next((visit for visit in study.visits if visit.target_day > 0), None):
            lines.append(f"Seen at {first.label}: {counts.of('attended', arm.id, first.id)}")
        if not study.visits:
            lines.append(f"Completed: {counts.of('completed', arm.id)}")
            lines.append(f"Discontinued: {counts.of('discontinued', arm.id)}")
            lines += [f"  {line}" for line in counts.reasons("discontinued", arm.id, "overall")]
            lines += _analysed(counts, arm.id, _SHORT)
        x = WIDTH * (number + 0.5) / len(study.arms)
        boxes.append((tuple(lines), x))
    return [_Box(lines, x, top + (_LINE * len(lines) + _PAD) / 2, width) for lines, x in boxes]


def _follow_up(counts: _Counts, study: StudyConfig, top: float) -> list[tuple[_Box, _Box | None]]:
    pairs = []
    for visit in study.visits:
        seen = counts.of("attended", visit=visit.id)
        if seen is None or visit.target_day <= 0:
            continue
        missed = counts.some("missed", visit=visit.id)
        reasons = counts.reasons("missed", "all", visit.id)
        lines = (f"Not seen: {missed}", *_wrap(reasons, _SIDE_CHARACTERS)) if missed else ()
        height = _LINE * max(1, len(lines)) + _PAD
        y = top + height / 2
        main = _Box((f"{visit.label}: {seen} seen",), _MAIN_X, y, _MAIN_W)
        side = _Box(lines, _SIDE_X, y, _SIDE_W, strong=False) if lines else None
        pairs.append((main, side))
        top = y + height / 2 + _GAP * 0.8
    return pairs


def _analysed(counts: _Counts, group: str, width: int) -> list[str]:
    """Lines of the analysis sets, and of those outside of them, that fit so many characters."""
    rows = counts.rows
    sets = rows[rows.outcome.str.startswith("set_") & (rows.group == group)]
    lines = []
    for _, row in sets.iterrows():
        out = counts.some(f"outside_{row['outcome'].removeprefix('set_')}", group)
        line = f"{row['label']}: {_count(row)}" + (f" (not in it: {out})" if out else "")
        lines += textwrap.wrap(line, width)
    return lines


def _analysis(counts: _Counts, boxes: list[_Box]) -> _Box:
    """Return the closing box: how many were analysed in which set."""
    lines = ("Analysed", *_analysed(counts, "all", _MAIN_CHARACTERS))
    top = max(box.bottom for box in boxes) + _GAP
    return _Box(lines, _MAIN_X, top + (_LINE * len(lines) + _PAD) / 2, _MAIN_W)


def _wrap(items: list[str], width: int) -> list[str]:
    """Join short reasons into lines that fit a box of so many characters."""
    whole = [item.replace(" ", "\N{NO-BREAK SPACE}") for item in items]
    return textwrap.wrap(", ".join(whole), width)


def _draw(boxes: list[_Box], arrows: list[tuple[tuple[float, float], ...]]) -> Figure:
    height = max(box.bottom for box in boxes) + 0.08
    figure = plt.figure(figsize=(WIDTH, height))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_axis_off()
    axis.set_xlim(0, WIDTH)
    axis.set_ylim(height, 0)
    for start, end in arrows:
        turn = start
        if start[0] != end[0] and start[1] != end[1]:
            bend = end[1] - _GAP / 2
            axis.plot([start[0], start[0], end[0]], [start[1], bend, bend], color=SOFT, lw=0.8)
            turn = (end[0], bend)
        style = {"arrowstyle": "-|>", "color": SOFT, "lw": 0.8, "shrinkA": 0, "shrinkB": 1}
        axis.annotate("", xy=end, xytext=turn, arrowprops=style)
    for box in boxes:
        _draw_box(axis, box)
    return figure


def _draw_box(axis: Axes, box: _Box) -> None:
    axis.add_patch(
        FancyBboxPatch(
            (box.x - box.width / 2, box.top),
            box.width,
            box.height,
            boxstyle="round,pad=0,rounding_size=0.04",
            fc="white" if box.strong else "#f5f8fa",
            ec=ACCENT if box.strong else SOFT,
            lw=0.9 if box.strong else 0.6,
        )
    )
    for number, line in enumerate(box.lines):
        axis.text(
            box.x,
            box.top + _PAD / 2 + _LINE * (number + 0.5),
            line,
            ha="center",
            va="center",
            fontsize=7.3,
            color=INK,
            fontweight="bold" if box.strong and number == 0 else "normal",
        )
