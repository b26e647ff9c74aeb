"""Conversion factors to morphine milligram equivalents, one edition at a time.

CDC 2022: Dowell D et al., MMWR Recomm Rep 2022;71(3):1-95. CDC 2016: Dowell D et al., MMWR Recomm
Rep 2016;65(1):1-49, with its sliding scale for methadone on the total daily dose.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.instruments.errors import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Band", "MmeFactors", "Substance", "mme_factors_from_frame", "mme_factors_named"]


_DOSE_DIGITS = 9


@dataclass(frozen=True, slots=True, order=True)
class Substance:
    """What a factor belongs to.

    Parameters
    ----------
    drug
        Generic name, lower case.
    route
        Route of administration.
    dose_unit
        Unit of one dose in the prescriptions: ``mg``, or ``mcg/h`` for patches.
    """

    drug: str
    route: str
    dose_unit: str


@dataclass(frozen=True, slots=True)
class Band:
    """A factor and the daily doses it holds for: above ``above`` and up to ``up_to``."""

    above: float
    up_to: float
    factor: float


@dataclass(frozen=True, slots=True)
class MmeFactors:
    """One edition of conversion factors.

    Parameters
    ----------
    edition
        Id, for instance ``cdc_2022``.
    bands
        Bands of each substance in ascending order; one unlimited band where there is no scale.
    """

    edition: str
    bands: Mapping[Substance, tuple[Band, ...]]

    @property
    def drugs(self) -> frozenset[str]:
        """Generic names that have a factor."""
        return frozenset(substance.drug for substance in self.bands)

    def convert(self, substance: Substance, daily_dose: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert total daily doses of one substance.

        Parameters
        ----------
        substance
            The substance; it must have a factor.
        daily_dose
            Total dose a day in mg (mcg/h for patches), shape (n,).

        Returns
        -------
        ndarray
            MME a day, shape (n,).
        """
        bands = self.bands[substance]
        limits = np.array([band.up_to for band in bands])
        factors = np.array([band.factor for band in bands])
        # Doses are sums of products in binary: 3 x 6.7 mg + 0.2 mg x 0.5 must not leave its band.
        place = np.searchsorted(limits, np.round(daily_dose, _DOSE_DIGITS), side="left")
        mme: NDArray[np.float64] = daily_dose * factors[np.minimum(place, len(bands) - 1)]
        return mme


def mme_factors_from_frame(frame: pd.DataFrame) -> dict[str, MmeFactors]:
    """Build every edition from ``literature/mme/factors.csv``.

    Parameters
    ----------
    frame
        Columns edition, drug, route, unit (``mg/day`` or ``mcg/h``), factor, dose_from and
        dose_to.

    Returns
    -------
    dict
        Editions by id.

    Raises
    ------
    InstrumentError
        ``INS-034`` when the bands of a substance overlap or leave a gap.
    """
    editions: dict[str, dict[Substance, list[Band]]] = {}
    for row in frame.to_dict("records"):
        unit = str(row["unit"]).removesuffix("/day")
        substance = Substance(str(row["drug"]).lower(), str(row["route"]).lower(), unit)
        band = Band(_limit(row["dose_from"], 0.0), _limit(row["dose_to"], np.inf), row["factor"])
        editions.setdefault(str(row["edition"]), {}).setdefault(substance, []).append(band)
    return {
        name: MmeFactors(
            name, MappingProxyType({key: _joined(name, key, own) for key, own in bands.items()})
        )
        for name, bands in editions.items()
    }


def mme_factors_named(editions: Mapping[str, MmeFactors], name: str) -> MmeFactors:
    """Return an edition by id.

    Raises
    ------
    InstrumentError
        ``INS-033`` when there is none, with the ids known.
    """
    if name not in editions:
        known = ", ".join(sorted(editions)) or "none"
        raise InstrumentError(
            "INS-033", f"The MME edition '{name}' is unknown; choose one of: {known}."
        )
    return editions[name]


def _limit(value: Any, otherwise: float) -> float:
    return otherwise if value is None or pd.isna(value) else float(value)


def _joined(edition: str, substance: Substance, bands: list[Band]) -> tuple[Band, ...]:
    ordered = tuple(sorted(bands, key=lambda band: band.above))
    ends = [0.0, *(band.up_to for band in ordered)]
    starts = [*(band.above for band in ordered), np.inf]
    if ends != starts:
        raise InstrumentError(
            "INS-034",
            f"The factors of {substance.drug} ({edition}) overlap or leave a gap between doses; "
            "correct dose_from and dose_to in literature/mme/factors.csv.",
        )
    return ordered
