"""The flow diagram, drawn from the flow rows of the results: enrolment, arms, follow-up."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from multifidus.report.figures.style import ACCENT, INK, SOFT, WIDTH

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from multifidus.config import StudyConfig
    from multifidus.results import Results

__all__ = ["draw_flow"]

# Inches.
_LINE, _PAD, _GAP = 0.14, 0.12, 0.2
_MAIN_X, _MAIN_W = 0.29 * WIDTH, 2.3
_SIDE_X, _SIDE_W = 0.775 * WIDTH, 2.9
_SIDE_CHARACTERS = 56


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
    """Counts of the flow by stage, visit and group."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows

    def of(self, stage: str, group: str = "all", visit: str = "overall") -> int | None:
        rows = self.rows
        found = rows[(rows.outcome == stage) & (rows.group == group) & (rows.visit == visit)]
        return int(found["value"].iloc[0]) if len(found) else None

    def reasons(self, prefix: str, group: str, visit: str) -> list[str]:
        """Lines of the reasons under a prefix that somebody had, most frequent first."""
        rows = self.rows
        found = rows[
            rows.outcome.str.startswith(f"{prefix}_")
            & (rows.group == group)
            & (rows.visit == visit)
        ]
        found = found[found["value"] > 0].sort_values("value", ascending=False, kind="stable")
        return [
            f"{label.partition(': ')[2] or label}: {int(value)}"
            for label, value in zip(found["label"], found["value"], strict=True)
        ]


def draw_flow(results: Results, study: StudyConfig) -> Figure:
    """Draw a CONSORT flow diagram.

    Enrolment stands on top, the arms beside each other, then one box for each visit of the cohort
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
    return _draw(boxes, arrows)


def _enrolment(counts: _Counts) -> tuple[list[_Box], list[tuple[tuple[float, float], ...]]]:
    screened, randomised = counts.of("screened"), counts.of("randomised")
    failures = counts.of("screen_failure") or 0
    if not failures:
        return [_Box((f"Randomised: {randomised}",), WIDTH / 2, 0.2, _MAIN_W)], []
    first = _Box((f"Screened: {screened}", f"Randomised: {randomised}"), WIDTH / 2, 0.25, _MAIN_W)
    side = _Box((f"Not randomised: {failures}",), WIDTH - 0.85, 0.25, 1.6, strong=False)
    return [first, side], [((first.x + first.width / 2, 0.25), (side.x - side.width / 2, 0.25))]


def _arms(counts: _Counts, study: StudyConfig, top: float) -> list[_Box]:
    width = min(2.9, WIDTH / len(study.arms) - 0.2)
    boxes = []
    for number, arm in enumerate(study.arms):
        stages = [("randomised", "Allocated")]
        stages += [("implanted", "Implanted")] if counts.of("implanted", arm.id) else []
        stages += [("treated", "Treated")] if not counts.of("implanted", arm.id) else []
        stages += [("crossed_over", "Switched to therapy")]
        lines = [arm.label]
        for stage, label in stages:
            if count := counts.of(stage, arm.id):
                lines.append(f"{label}: {count}")
        if not study.visits:
            lines.append(f"Completed: {counts.of('completed', arm.id)}")
            lines.append(f"Discontinued: {counts.of('discontinued', arm.id)}")
            lines += [f"  {line}" for line in counts.reasons("discontinued", arm.id, "overall")]
        x = WIDTH * (number + 0.5) / len(study.arms)
        boxes.append((tuple(lines), x))
    height = _LINE * max(len(lines) for lines, _ in boxes) + _PAD
    return [
        _Box(
            lines,
            x,
            top + (_LINE * len(lines) + _PAD) / 2 if study.visits else top + height / 2,
            width,
        )
        for lines, x in boxes
    ]


def _follow_up(counts: _Counts, study: StudyConfig, top: float) -> list[tuple[_Box, _Box | None]]:
    pairs = []
    for visit in study.visits:
        seen = counts.of("attended", visit=visit.id)
        if seen is None or visit.target_day <= 0:
            continue
        missed = counts.of("missed", visit=visit.id) or 0
        reasons = counts.reasons("missed", "all", visit.id)
        lines = (f"Not seen: {missed}", *_wrap(reasons)) if missed else ()
        height = _LINE * max(1, len(lines)) + _PAD
        y = top + height / 2
        main = _Box((f"{visit.label}: {seen} seen",), _MAIN_X, y, _MAIN_W)
        side = _Box(lines, _SIDE_X, y, _SIDE_W, strong=False) if lines else None
        pairs.append((main, side))
        top = y + height / 2 + _GAP * 0.8
    return pairs


def _wrap(items: list[str]) -> list[str]:
    """Join short reasons into lines that fit the box."""
    whole = [item.replace(" ", "\N{NO-BREAK SPACE}") for item in items]
    return textwrap.wrap(", ".join(whole), _SIDE_CHARACTERS)


def _draw(boxes: list[_Box], arrows: list[tuple[tuple[float, float], ...]]) -> Figure:
    height = max(box.bottom for box in boxes) + 0.08
    figure = plt.figure(figsize=(WIDTH, height))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_axis_off()
    axis.set_xlim(0, WIDTH)
    axis.set_ylim(height, 0)
    for start, end in arrows:
        axis.annotate(
            "", xy=end, xytext=start, arrowprops={"arrowstyle": "-|>", "color": SOFT, "lw": 0.8}
        )
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
