"""Files that lie beside a document while it is rendered, from the inputs of its rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["resources_of"]


def resources_of(snakemake: Any) -> dict[str, str]:
    """Return path beside the document to file: bibliographies, notebooks, the words on the data."""
    resources = {Path(path).name: str(path) for path in snakemake.input.references}
    for notebook in snakemake.input.get("notebooks", []):
        resources[f"notebooks/{Path(notebook).name}"] = str(notebook)
    if not snakemake.params.calibrated:
        # The document includes one section whose words depend on where the data come from.
        folder = Path(snakemake.input.document).parent / "_sections"
        resources["_sections/_calibration.qmd"] = str(folder / "_no_calibration.qmd")
    return resources
