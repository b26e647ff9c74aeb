"""Published statistics recomputed from the finished raw tables.

They are computed from scratch, by a plain path over the tables, and share no code with the search
that met them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from multifidus.cohort.design import CohortDesign
    from multifidus.cohort.devices.usage import DeviceUse

    FloatArray = npt.NDArray[np.float64]

__all__ = ["Recomputed", "ResultParts", "score_tables"]

_TINY = 1e-9


class ResultParts(NamedTuple):
    """The parts of a result id."""

    analysis: str
    outcome: str
    visit: str
    population: str
    group: str
    statistic: str


def score_tables(tables: Mapping[str, pd.DataFrame], design: CohortDesign) -> pd.DataFrame:
    """Score the raw answers.

    Parameters
    ----------
    tables
        Raw tables.
    design
        Design with the value set.

    Returns
    -------
    DataFrame
        Columns ``participant_id``, ``outcome``, ``visit``, ``score``; VAS in cm, ODI in points
        (at most one section missing), EQ-5D-5L index.
    """
    odi_items = tables["odi"].filter(regex=r"^odi_\d\d$").astype(float)
    missing = odi_items.isna().sum(axis=1)
    odi = 100 * odi_items.sum(axis=1) / (5 * (10 - missing))
    levels = tables["eq5d"].filter(regex="^eq5d_").astype(float)
    lost = sum(
        levels.iloc[:, at].map(dict(enumerate(decrements, start=1)))
        for at, decrements in enumerate(design.eq5d_decrements)
    )
    scores = {
        "vas": tables["vas"]["vas_mm"].astype(float) / 10,
        "odi": odi.where(missing <= design.max_missing_items),
        "eq5d": 1 - lost,
    }
    frames = [
        tables[name][["participant_id", "visit"]].assign(outcome=name, score=score)
        for name, score in scores.items()
    ]
    return pd.concat(frames, ignore_index=True).dropna(subset="score")


class Recomputed:
    """Statistics of one cohort by result id."""

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], usage: tuple[DeviceUse, ...], design: CohortDesign
    ) -> None:
        self.tables, self.usage = tables, usage
        self.prescribed = design.prescribed_minutes_per_day
        self.people = tables["participants"].set_index("participant_id")
        scores = score_tables(tables, design)
        self.wide = scores.pivot_table(
            index="participant_id", columns=["outcome", "visit"], values="score"
        )

    def value(self, result_id: str) -> float | None:
        """Return a statistic, or nothing when this module does not know how to compute it."""
        parts = ResultParts(*result_id.split("."))
        method = getattr(self, f"_{parts.analysis}", None)
        return None if method is None else method(parts)

    def _members(self, group: str) -> pd.Index:
        arms = self.people["arm"]
        return self.people.index if group == "all" else arms.index[arms == group]

    def _series(self, parts: ResultParts, visit: str | None = None) -> pd.Series:
        column = self.wide[parts.outcome, visit or parts.visit]
        return column[column.index.isin(self._members(parts.group))]

    def _level(self, parts: ResultParts) -> float | None:
        return _moment(self._series(parts), parts.statistic)

    def _baseline(self, parts: ResultParts) -> float | None:
        if ("vas" in parts.outcome) or parts.outcome in ("odi", "eq5d"):
            return self._level(parts)
        if parts.outcome == "age":
            return _moment(self.people["age_years"], parts.statistic)
        long = self.tables["characteristics"]
        return _moment(long.loc[long["characteristic"] == parts.outcome, "value"], parts.statistic)

    def _change(self, parts: ResultParts) -> float | None:
        return _moment(self._series(parts) - self._series(parts, "baseline"), parts.statistic)

    def _percent_change(self, parts: ResultParts) -> float | None:
        before = self._series(parts, "baseline")
        return _moment(100 * (self._series(parts) - before) / before, parts.statistic)

    def _difference(self, parts: ResultParts) -> float | None:
        if parts.outcome not in ("vas", "odi", "eq5d"):
            return None
        arms = [
            (self._series(p) - self._series(p, "baseline")).dropna()
            for p in (parts._replace(group=arm) for arm in parts.group.split("_vs_"))
        ]
        found = stats.ttest_ind(arms[0], arms[1])
        limits = found.confidence_interval(0.95)
        return {
            "estimate": float(arms[0].mean() - arms[1].mean()),
            "ci_lower": float(limits.low),
            "ci_upper": float(limits.high),
            "p_value": float(found.pvalue),
        }.get(parts.statistic)

    def _responder(self, parts: ResultParts) -> float | None:
        met = self._met(parts, parts.outcome).dropna()
        met = met[met.index.isin(self._members(parts.group))].astype(float)
        return {"count": met.sum(), "percent": 100 * met.mean(), "n": len(met)}.get(parts.statistic)

    def _met(self, parts: ResultParts, responder: str) -> pd.Series:
        """Return 1, 0 or missing per participant for a responder definition."""
        if responder == "vas50_or_odi20":
            both = pd.concat([self._met(parts, name) for name in ("vas_ge50", "odi_ge20")], axis=1)
            return both.max(axis=1)
        if responder == "vas50_and_odi20":
            both = pd.concat([self._met(parts, name) for name in ("vas_ge50", "odi_ge20")], axis=1)
            return both.min(axis=1).where(both.notna().all(axis=1))
        if responder == "primary":
            more = self.tables["analgesics"].set_index("participant_id")["analgesic_increase"]
            relief = self._met(parts, "vas_ge30")
            return relief.where(~more.reindex(relief.index).fillna(value=False).astype(bool), 0.0)
        outcome, _, cut = responder.partition("_")
        after, before = self.wide[outcome, parts.visit], self.wide[outcome, "baseline"]
        known = after.notna() & before.notna()
        threshold = float(cut[2:])
        if cut.startswith("le"):
            met = after <= threshold / 10 + _TINY
        elif outcome == "vas":
            met = 100 * (before - after) / before >= threshold - _TINY
        else:
            met = before - after >= threshold - _TINY
        return met.astype(float).where(known)

    def _flow(self, parts: ResultParts) -> float | None:
        visits = self.tables["visits"]
        here = visits[visits["visit"] == parts.visit]
        if parts.outcome in ("randomised", "implanted"):
            return float(len(self._members(parts.group)))
        if parts.outcome == "attended":
            return float(here["attended"].sum())
        if parts.outcome.startswith("missed_"):
            return float((here["reason_missed"] == parts.outcome.removeprefix("missed_")).sum())
        return None

    def _seen(self, visit: str) -> pd.DataFrame:
        visits = self.tables["visits"]
        return visits[(visits["visit"] == visit) & visits["attended"]]

    def _doses(self, visit: str) -> pd.Series:
        """Return relative opioid doses (drug, dose and number) at a visit, by participant."""
        rows = self.tables["opioids"].merge(self._seen(visit), on="participant_id")
        start = rows["start_date"] + "-01-01"
        begun = pd.to_datetime(start.str[:10], format="ISO8601")
        ended = pd.to_datetime(rows["end_date"], format="ISO8601")
        day = pd.to_datetime(rows["visit_date"])
        active = rows[(begun <= day) & (ended.isna() | (ended >= day))]
        return (active["dose"] * active["doses_per_day"]).groupby(active["participant_id"]).sum()

    def _opioids(self, parts: ResultParts) -> float | None:
        base = self._doses("baseline")
        seen = self._seen(parts.visit)["participant_id"]
        users = base[base.index.isin(seen)]
        now = self._doses(parts.visit).reindex(users.index).fillna(0.0)
        reached = {
            "users": float(len(users)),
            "discontinued": float((now == 0).sum()),
            "decreased": float(((now > 0) & (now < users)).sum()),
            "eliminated_or_reduced": float((now < users).sum()),
        }.get(parts.outcome)
        if reached is None or parts.statistic == "count":
            return reached
        of = len(self.people) if parts.outcome == "users" else len(users)
        return 100 * reached / of if parts.statistic == "percent" else None

    def _adverse_events(self, parts: ResultParts) -> float | None:
        if parts.outcome != "serious_related":
            return None
        events = self.tables["adverse_events"]
        related = (events["related_device"] != "none") | (events["related_procedure"] != "none")
        people = events.loc[related & events["serious"], "participant_id"].nunique()
        return {"participants": float(people), "percent": 100 * people / len(self.people)}.get(
            parts.statistic
        )

    def _device_events(self, parts: ResultParts) -> float | None:
        kinds = self.tables["device_events"]["event_type"]
        return float((kinds == parts.outcome).sum()) if parts.statistic == "events" else None

    def _device_use(self, parts: ResultParts) -> float | None:
        year = int(parts.visit.removeprefix("year"))
        shares = {use.participant_id: use.utilisation(year, self.prescribed) for use in self.usage}
        exposed = [use for use in self.usage if not np.isnan(shares[use.participant_id])]
        continued = [use for use in exposed if use.continued(year)]
        if parts.outcome == "continued":
            return 100 * len(continued) / len(exposed)
        if parts.outcome == "utilisation" and parts.statistic == "median":
            return float(100 * np.median([shares[use.participant_id] for use in continued]))
        return None


def _moment(values: pd.Series, statistic: str) -> float | None:
    """Return n, mean, SD, a 95 % t limit or the t test's p of a series."""
    known = values.dropna().astype(float)
    n, mean, sd = len(known), float(known.mean()), float(known.std())
    half = float(stats.t.ppf(0.975, n - 1)) * sd / np.sqrt(n)
    return {
        "n": float(n),
        "mean": mean,
        "sd": sd,
        "ci_lower": mean - half,
        "ci_upper": mean + half,
        "p_value": float(stats.ttest_1samp(known, 0.0).pvalue),
    }.get(statistic)
