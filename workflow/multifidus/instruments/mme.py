"""Opioid prescriptions to morphine milligram equivalents (MME) a day at given dates.

The dose of a day is the sum over the prescriptions active that day. The rules that the published
record leaves open are declared in :class:`MmeRules`; unknown drugs, routes and units are refused,
never counted as zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from multifidus.contracts.opioid_names import opioid_in
from multifidus.instruments.errors import InstrumentError
from multifidus.instruments.mme_factors import MmeFactors, Substance
from multifidus.instruments.partial_dates import DAY, earliest_day, latest_day

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MME", "MmeRules", "daily_doses", "mme_per_day", "opioid_component"]

MME = "mme"
"""The parameter of the scores that holds the daily opioid dose."""
_FIRST = pd.Timestamp("1900-01-01")
_LAST = pd.Timestamp("2199-12-31")
_ONE_DAY = pd.Timedelta(days=1)
_SUBSTANCE = ["drug", "route", "dose_unit"]
_PATCH_UNIT = "mcg/h"


@dataclass(frozen=True, slots=True)
class MmeRules:
    """Declared rules of conversion.

    Parameters
    ----------
    as_needed
        Prescriptions to be taken as needed count with the largest number of doses prescribed
        (``maximum``), with half of it (``half``), or not at all (``exclude``).
    partial_dates
        Incomplete dates make the ``longest`` or the ``shortest`` interval that they allow. A
        missing start means before the trial, a missing end means ongoing.
    """

    as_needed: Literal["maximum", "half", "exclude"] = "maximum"
    partial_dates: Literal["longest", "shortest"] = "longest"

    @property
    def as_needed_share(self) -> float:
        """Share of the prescribed doses that counts when taken as needed."""
        return {"maximum": 1.0, "half": 0.5, "exclude": 0.0}[self.as_needed]


def mme_per_day(
    prescriptions: pd.DataFrame,
    dates: pd.DataFrame,
    factors: MmeFactors,
    rules: MmeRules | None = None,
) -> NDArray[np.float64]:
    """Return the opioid dose of participants at given dates.

    Parameters
    ----------
    prescriptions
        The table ``opioids``: one row per prescription interval.
    dates
        Columns participant_id and date; one row per question.
    factors
        Edition of the conversion factors. A sliding scale is applied to the total daily dose of
        the drug, over all its prescriptions active that day.
    rules
        Declared rules; the defaults of :class:`MmeRules` when None.

    Returns
    -------
    ndarray
        MME a day, shape (len(dates),); 0 where no prescription is active, NaN where no date is
        given.

    Raises
    ------
    InstrumentError
        As :func:`daily_doses`.
    """
    doses = daily_doses(prescriptions, factors, rules or MmeRules())
    asked = pd.DataFrame(
        {
            "participant_id": dates["participant_id"].to_numpy(),
            "date": dates["date"].to_numpy(),
            "question": np.arange(len(dates)),
        }
    )
    pairs = asked.merge(doses, on="participant_id")
    active = pairs[(pairs["start"] <= pairs["date"]) & (pairs["date"] <= pairs["end"])]
    total = np.zeros(len(dates))
    for (drug, route, unit), own in active.groupby(_SUBSTANCE, sort=True):
        dose = own.groupby("question", sort=True)["daily_dose"].sum()
        substance = Substance(str(drug), str(route), str(unit))
        total[dose.index.to_numpy()] += factors.convert(substance, dose.to_numpy())
    return np.where(asked["date"].isna(), np.nan, total)


def daily_doses(prescriptions: pd.DataFrame, factors: MmeFactors, rules: MmeRules) -> pd.DataFrame:
    """Clean prescriptions: opioid component, daily dose, first and last day.

    Where a prescription ends on an incomplete date, or on the day on which the next one of the same
    substance starts, the next one replaces it: an imputed end or a renewal never doubles a dose.

    Returns
    -------
    DataFrame
        participant_id, drug, route, dose_unit, daily_dose, start, end; in the rows' order.

    Raises
    ------
    InstrumentError
        ``INS-030`` for a drug without a factor, ``INS-031`` for a route or unit without one,
        ``INS-032`` for doses that are not positive, ``INS-035`` for patches with a fraction of a
        patch a day, ``INS-036`` for a prescription that ends before it starts.
    """
    frame = pd.DataFrame(
        {
            "participant_id": prescriptions["participant_id"],
            "drug": _drugs(prescriptions["drug"], factors),
            "route": prescriptions["route"].astype("str").str.strip().str.lower(),
            "dose_unit": prescriptions["dose_unit"].astype("str").str.strip().str.lower(),
        }
    ).reset_index(drop=True)
    dose = prescriptions["dose"].to_numpy(dtype="float64", na_value=np.nan)
    number = prescriptions["doses_per_day"].to_numpy(dtype="float64", na_value=np.nan)
    _refuse_bad_doses(frame, dose, number, factors)
    as_needed = prescriptions["as_needed"].fillna(False).to_numpy(dtype=bool)
    frame["daily_dose"] = dose * number * np.where(as_needed, rules.as_needed_share, 1.0)
    start, end = (prescriptions[name].reset_index(drop=True) for name in ("start_date", "end_date"))
    if reversed_dates := int((latest_day(end) < earliest_day(start)).sum()):
        raise InstrumentError(
            "INS-036",
            f"opioids: {reversed_dates} prescriptions end before they start; correct their dates.",
        )
    longest = rules.partial_dates == "longest"
    frame["start"] = (earliest_day if longest else latest_day)(start).fillna(_FIRST)
    low, high = earliest_day(end).fillna(_LAST), latest_day(end).fillna(_LAST)
    frame["end"] = _without_renewals(frame, low, high if longest else low)
    return frame


def opioid_component(name: str, factors: MmeFactors) -> str | None:
    """Return the one opioid of a drug name, or None when it cannot be determined.

    As :func:`multifidus.contracts.opioid_names.opioid_in`, for the opioids of an edition.
    """
    return opioid_in(name, factors.drugs)


def _drugs(names: pd.Series[Any], factors: MmeFactors) -> pd.Series[Any]:
    text = names.astype("str").str.strip().str.lower()
    components = {name: opioid_component(name, factors) for name in text.unique()}
    drugs = text.map(components)
    if unknown := int(drugs.isna().sum()):
        raise InstrumentError(
            "INS-030",
            f"opioids.drug: {unknown} prescriptions name a drug without a conversion factor in "
            f"{factors.edition}; use its generic name or add the factor with its citation.",
        )
    return drugs


def _refuse_bad_doses(
    frame: pd.DataFrame, dose: NDArray[Any], number: NDArray[Any], factors: MmeFactors
) -> None:
    given = pd.MultiIndex.from_frame(frame[_SUBSTANCE])
    known = {(item.drug, item.route, item.dose_unit) for item in factors.bands}
    if unknown := int((~given.isin(list(known))).sum()) if len(frame) else 0:
        raise InstrumentError(
            "INS-031",
            f"opioids: {unknown} prescriptions have a route or unit without a conversion factor in "
            f"{factors.edition}; correct them or add the factor with its citation.",
        )
    if bad := int((~((dose > 0) & (number > 0))).sum()):
        raise InstrumentError(
            "INS-032",
            f"opioids: {bad} prescriptions have a dose or a number a day that is not positive; "
            "correct or remove them.",
        )
    patch = (frame["dose_unit"] == _PATCH_UNIT).to_numpy()
    if bad := int((patch & (number % 1 != 0)).sum()):
        raise InstrumentError(
            "INS-035",
            f"opioids.doses_per_day: {bad} patches are given as a fraction of a patch a day; write "
            "how many are worn at once, usually 1, since the dose is a rate in mcg/h.",
        )


def _without_renewals(
    frame: pd.DataFrame, low: pd.Series[Any], high: pd.Series[Any]
) -> pd.Series[Any]:
    """Cut the last day back to the day before the same substance is prescribed anew.

    Only starts inside the days that the end date allows count, so true overlaps stay.
    """
    if frame.empty:  # merge_asof takes no empty key
        return high.astype(DAY)
    keys = ["participant_id", *_SUBSTANCE]
    from_day = np.maximum(low, frame["start"] + _ONE_DAY).astype(DAY)
    ends = frame[keys].assign(day=from_day, row=frame.index).sort_values("day", kind="stable")
    starts = frame[keys].assign(day=frame["start"].astype(DAY), renewed=frame["start"].astype(DAY))
    starts = starts.sort_values("day", kind="stable")
    found = pd.merge_asof(ends, starts, on="day", by=keys, direction="forward")
    renewed = found.set_index("row")["renewed"].reindex(frame.index)
    cut = renewed.notna() & (renewed <= high)
    return high.where(~cut, renewed - _ONE_DAY).astype(DAY)
