"""What products must be before they are delivered: figures seen and described, pages whole."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from multifidus.base.errors import RenderError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_figures", "check_page"]

_NAMES: Final = {
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
}
_RELATIONS: Final = "word/_rels/document.xml.rels"
_RASTER: Final = (".gif", ".jpeg", ".jpg", ".png")
_REMOTE: Final = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href|srcset)=[\"'](?:https?:)?//([^\"'/]+)"
)


def check_page(path: Path) -> None:
    """Check that a page fetches nothing: it must be whole without a network.

    Parameters
    ----------
    path
        The ``.html``.

    Raises
    ------
    RenderError
        ``RND-066`` with the first host that the page would call.
    """
    found = _REMOTE.search(path.read_text("utf-8"))
    if found:
        raise RenderError(
            "RND-066",
            f"the page {path.name} would fetch from {found[1]}, as Quarto's pages do where a cell "
            "shows HTML; show tables as markdown that holds a raw block.",
        )


def check_figures(path: Path) -> None:
    """Check that each figure of a Word file has pixels and a description.

    Programs other than Word show nothing of a figure that is SVG alone.

    Parameters
    ----------
    path
        The ``.docx``.

    Raises
    ------
    RenderError
        ``RND-065`` with the number of figures at fault.
    """
    with zipfile.ZipFile(path) as archive:
        # A file that this process has just had made.
        document = ET.fromstring(archive.read("word/document.xml"))  # noqa: S314
        relations = ET.fromstring(archive.read(_RELATIONS))  # noqa: S314
    targets = {item.get("Id"): str(item.get("Target")).lower() for item in relations}
    drawings = [item for item in document.iter() if item.find("wp:docPr", _NAMES) is not None]
    invisible = sum(not _has_pixels(drawing, targets) for drawing in drawings)
    silent = sum(not _description(drawing) for drawing in drawings)
    faults = [f"{invisible} without pixels"] if invisible else []
    faults += [f"{silent} without a description"] if silent else []
    if faults:
        raise RenderError(
            "RND-065",
            f"of {len(drawings)} figures in {path.name}, {' and '.join(faults)}; let each cell "
            "show PNG besides SVG and give it a fig-alt.",
        )


def _description(drawing: ET.Element) -> str:
    properties = drawing.find("wp:docPr", _NAMES)
    return "" if properties is None else properties.get("descr", "").strip()


def _has_pixels(drawing: ET.Element, targets: dict[str | None, str]) -> bool:
    blip = drawing.find(".//a:blip", _NAMES)
    embedded = None if blip is None else blip.get(f"{{{_NAMES['r']}}}embed")
    return targets.get(embedded, "").endswith(_RASTER)
