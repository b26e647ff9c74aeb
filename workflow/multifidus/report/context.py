"""What a document or notebook may know of its run: results, scorecard, figures, study, tier."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from multifidus.base.errors import RenderError
from multifidus.config.sections import load_sections
from multifidus.report.figures.style import Drawing
from multifidus.report.numbers import absent_markdown, describe, number_markdown
from multifidus.report.settings import citation_of, fill, setting_in_words
from multifidus.report.statements import (
    STATEMENTS,
    held_out_statement,
    reproduction_statement,
    state,
)
from multifidus.results.formatting import HIDDEN
from multifidus.results.table import Results

if TYPE_CHECKING:
    from multifidus.config.study import StudyConfig
    from multifidus.report.settings import Words

__all__ = ["CONTEXT_VARIABLE", "Inline", "ReportContext", "open_report"]

CONTEXT_VARIABLE = "MULTIFIDUS_REPORT_CONTEXT"
_DATA_STATEMENTS = MappingProxyType(
    {
        "synthetic": (
            "The data of this run are synthetic: raw answers, prescriptions, events and "
            "stimulator logs of a cohort that is calibrated to the published figures. "
            "They are not data of the trial."
        ),
        "public": "The data of this run are public, de-identified data of real participants.",
        "restricted": (
            "The data of this run are participant-level data of restricted access; small counts "
            "are suppressed by the policy of the run."
        ),
    }
)


@dataclass(frozen=True)
class Inline:
    """Markdown for the inside of a sentence."""

    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __str__(self) -> str:
        return self.markdown


@dataclass(frozen=True)
class ReportContext:
    """The run as a document sees it; read from the JSON file that the render step writes."""

    facts: dict[str, Any]

    @cached_property
    def results(self) -> Results:
        """The results table."""
        return Results.read(self.facts["results"])

    @cached_property
    def study(self) -> StudyConfig:
        """The declared sections of the study."""
        return load_sections(self.facts["sections"])

    @cached_property
    def assumptions(self) -> tuple[tuple[str, str], ...]:
        """Every declared assumption as it is set, with its reason."""
        words: Words = self.facts["words"]
        return tuple(
            (fill(item.statement, self.study, words), item.reason)
            for item in self.study.assumptions
        )

    @cached_property
    def scorecard(self) -> pd.DataFrame:
        """The scorecard."""
        return pd.read_csv(self.facts["scorecard"], keep_default_na=False)

    @cached_property
    def checks(self) -> pd.DataFrame:
        """The arithmetic checks of the published figures."""
        return pd.read_csv(self.facts["checks"], keep_default_na=False)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """The effects of published studies."""
        return pd.read_csv(self.facts["effects"], keep_default_na=False)

    @cached_property
    def pooled(self) -> pd.DataFrame:
        """The pooled effects of published studies."""
        return pd.read_csv(self.facts["pooled"])

    @cached_property
    def forensics(self) -> pd.DataFrame:
        """The forensic checks of the published figures."""
        return pd.read_csv(self.facts["forensics"], keep_default_na=False)

    @cached_property
    def calibration(self) -> pd.DataFrame:
        """The calibration report of the synthetic cohort."""
        return pd.read_csv(self.facts["calibration"])

    def number(self, result_id: str, *, display: str | None = None, sign: bool = False) -> Inline:
        """Return a result for a sentence, by its id; "not estimable" where the data give none."""
        if self._gives_no(result_id):
            return Inline(absent_markdown(result_id))
        return Inline(number_markdown(self.results, result_id, display=display, sign=sign))

    def denominator(self, result_id: str) -> Inline:
        """Return the denominator of a count, with the count's id."""
        if self._gives_no(result_id):
            return Inline(absent_markdown(result_id))
        if self.results.row(result_id).isna()["N"]:
            hidden = self.results.people(result_id, "N") == HIDDEN
            return Inline(f"[{HIDDEN}]{{.num}}" if hidden else absent_markdown(result_id))
        row = self.results.row(result_id)
        title = f"denominator of {describe(row)}".replace('"', "'")
        return Inline(f'[{int(row["N"])}]{{.num data-id="{result_id}" title="{title}"}}')

    def _gives_no(self, result_id: str) -> bool:
        """Whether the data of this run give no such result.

        The synthetic cohort is complete, so that there every result that a document names must
        exist: a misspelt id does not pass for one that is not estimable.
        """
        complete = self.fact("tier") == "synthetic"
        return not complete and result_id not in self.results

    def threshold(self, responder_id: str) -> Inline:
        """Return the cut of a responder definition as the study file declares it."""
        responder = next(item for item in self.study.responders if item.id == responder_id)
        units = {outcome.id: outcome.unit for outcome in self.study.outcomes}
        if responder.kind == "percent_reduction":
            return Inline(f"{responder.threshold:g}\N{NARROW NO-BREAK SPACE}%")
        return Inline(f"{responder.threshold:g} {units[str(responder.outcome)]}")

    def statement(self, name: str) -> Inline:
        """Return the form of a conclusion that the results make true.

        Raises
        ------
        RenderError
            ``RND-903`` when there is no such statement.
        """
        wanted = {result_id for item in STATEMENTS.values() for result_id in item.reads}
        shown = {
            result_id: self.results.value(result_id)
            for result_id in wanted
            if result_id in self.results and self.results.hidden(result_id) is None
        }
        return Inline(state(name, shown))

    def reproduction(self, family: str) -> Inline:
        """Return what the scorecard of a family of published figures shows."""
        return Inline(reproduction_statement(self.scorecard, family, self.fact("tier")))

    def held_out(self) -> Inline:
        """Return how the figures came out that the calibration did not aim at."""
        return Inline(held_out_statement(self.scorecard))

    def setting(self, path: str) -> Inline:
        """Return a setting of the study in words, with its source where it has one."""
        words: Words = self.facts["words"]
        text = setting_in_words(self.study, path, words)
        cited = path.rpartition(".")[2] in words
        return Inline(f"{text} {citation_of(self.study, path, words)}" if cited else text)

    def data_statement(self) -> Inline:
        """Return what the run's data are, by tier, and who is to be credited."""
        statement = _DATA_STATEMENTS[self.fact("tier")]
        credit = self.study.study.data_attribution
        return Inline(
            f"{statement} {credit}" if credit and self.fact("tier") == "public" else statement
        )

    def study_statement(self) -> Inline:
        """Return one paragraph on the study and what the document reports of it."""
        facts = self.study.study
        safety = next(item for item in self.study.analysis_sets if item.id == "safety")
        arms = ", ".join(arm.label for arm in self.study.arms)
        return Inline(
            f"**{facts.short_title}.** Intervention: {facts.intervention}; condition: "
            f"{facts.condition}. Arms: {arms}. Adverse events are reported in the analysis set "
            f"“{safety.label}”."
        )

    def colophon(self) -> Inline:
        """Return how this document was made: version, engine, seed, lock, tier."""
        names = ("version", "engine", "seed", "lock")
        version, engine, seed, lock = (self.fact(name) for name in names)
        return Inline(
            f"Made by Multifidus {version}; rendered by {engine}; data tier `{self.fact('tier')}`; "
            f"seed {seed}; locked environment `{lock[:12]}`. The manifest of the run lists every "
            "output with its hash."
        )

    def figure(self, name: str) -> Drawing:
        """Return a figure that the workflow drew.

        Raises
        ------
        RenderError
            ``RND-901`` when there is none of that name.
        """
        folder = Path(self.facts["figures"])
        if not (folder / f"{name}.svg").is_file():
            raise RenderError(
                "RND-901", f"There is no figure '{name}': draw it in multifidus.report.figures."
            )
        return Drawing.read(folder, name)

    def fact(self, name: str) -> str:
        """Return a fact of the run: tier, banner, engine, version, seed, lock."""
        if name == "engine":
            return os.environ.get("MULTIFIDUS_RENDER_ENGINE", "an unnamed engine")
        return str(self.facts[name])


def open_report() -> ReportContext:
    """Open the context of the running render step.

    Raises
    ------
    RenderError
        ``RND-902`` when no render step is running.
    """
    path = os.environ.get(CONTEXT_VARIABLE)
    if not path:
        raise RenderError(
            "RND-902",
            f"{CONTEXT_VARIABLE} is not set: use `make rerender` or `multifidus preview`.",
        )
    return ReportContext(json.loads(Path(path).read_text(encoding="utf-8")))
