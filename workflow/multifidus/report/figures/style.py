"""One look for all figures, and files with the same bytes for the same data."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import seaborn as sns

from multifidus.base.files import atomic_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "ACCENT",
    "INK",
    "LIGHT",
    "PALETTE",
    "RASTER_VARIABLE",
    "SOFT",
    "WIDTH",
    "Drawing",
    "add_legend",
    "house_style",
    "save_figure",
    "say_nothing_observed",
    "show_figure",
]

INK, SOFT, LIGHT, ACCENT = "#1c2430", "#5b6777", "#dde3ea", "#0b5c8a"
PALETTE = ("#0b5c8a", "#c8553d", "#588b8b", "#d9a441", "#6d597a", "#8a9ba8")
WIDTH = 6.7
"""Width of a figure in inches: the text width of an A4 page."""
_DPI = 220

RASTER_VARIABLE = "MULTIFIDUS_RASTER_FIGURES"
"""Set while Quarto makes a Word file: it takes SVG where there is a choice, and Word shows none."""


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the project's style; matplotlib's own settings come back afterwards."""
    settings: dict[Any, Any] = {
        "axes.axisbelow": True,
        "axes.edgecolor": SOFT,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.7,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": 9,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlecolor": INK,
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "grid.color": LIGHT,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "svg.fonttype": "path",
        "svg.hashsalt": "multifidus",
        "text.color": INK,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
    }
    with mpl.rc_context():
        mpl.use("Agg")
        sns.set_theme(context="paper", style="white", palette=PALETTE)
        mpl.rcParams.update(settings)
        yield


def add_legend(figure: Figure, columns: int) -> None:
    """Put the legend of all panels above them; a figure that shows nothing has none."""
    if any(axis.get_legend_handles_labels()[0] for axis in figure.axes):
        figure.legend(loc="outside upper left", ncols=columns, fontsize=7)


def say_nothing_observed(axis: Axes) -> None:
    """Write on an empty panel that the data of the run give nothing to draw."""
    axis.set_axis_off()
    axis.text(
        0.5, 0.5, "Nothing observed", transform=axis.transAxes, ha="center", va="center", color=SOFT
    )


@dataclass(frozen=True)
class Drawing:
    """A figure as Jupyter shows it: SVG for pages and PNG for word processors."""

    svg: str
    png: bytes

    @classmethod
    def read(cls, folder: Path, name: str) -> Drawing:
        """Read a figure that :func:`save_figure` wrote."""
        svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
        return cls(svg, (folder / f"{name}.png").read_bytes())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = {"image/svg+xml": self.svg, "image/png": self.png, "text/plain": "figure"}
        if os.environ.get(RASTER_VARIABLE):
            del bundle["image/svg+xml"]
        return bundle


def show_figure(draw: Callable[[pd.DataFrame], Figure], data: pd.DataFrame) -> Drawing:
    """Draw a figure in the house style for a notebook."""
    with house_style(), TemporaryDirectory() as folder:
        save_figure(draw(data), Path(folder), "figure")
        return Drawing.read(Path(folder), "figure")


def save_figure(figure: Figure, folder: Path, name: str) -> None:
    """Save a figure as SVG and PNG without dates or versions, and close it."""
    for ending, metadata in (
        ("svg", {"Date": None, "Creator": None}),
        ("png", {"Software": None}),
    ):
        with atomic_path(folder / f"{name}.{ending}") as path:
            figure.savefig(path, format=ending, dpi=_DPI, metadata=metadata, bbox_inches="tight")
    plt.close(figure)
