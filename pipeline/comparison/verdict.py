"""Verdicts on contenders: which is best in a score, and whether it beats each of the others or ties with it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline.comparison.contender import Contender, contenders
from pipeline.comparison.difference import Difference, Sample, difference, pooled_variance
from pipeline.evaluation.image_scores import ImageScores
from pipeline.evaluation.scores import score_of
from pipeline.text.wording import one_line, shortened
from pipeline.tracking.run_facts import FinishedRun, beginning

LEVEL = 0.05
"""How often one of several contenders that are equally good is said to be beaten."""
UNITS = {"elbo": "nats", "nll": "nats", "mse": "of squared error"}
"""Scores that verdicts are given on, with the words behind their differences."""
LONGEST = 60
"""Cells of a contender's name in a sentence."""


@dataclass(frozen=True)
class Verdict:
    """The verdict on the best contender and another one.

    Attributes:
        metric: the score, such as `test/nll`.
        best, other: the contenders.
        lead: by how much the best is better.
        p_value: how probable so large a lead is among as many contenders that are equally good.
    """

    metric: str
    best: Contender
    other: Contender
    lead: Difference
    p_value: float

    @property
    def is_tie(self) -> bool:
        """Whether the other may be as good."""
        return self.p_value >= LEVEL or self.lead.mean <= 0

    def __str__(self) -> str:
        best, other = (shortened(each, LONGEST) for each in (self.best, self.other))
        by = f"{_measured(self.lead)} {UNITS[_last(self.metric)]} on the same {self.lead.images:,} images"
        by += " (p < 0.001)" if self.p_value < 0.001 else f" (p = {self.p_value:.2g})"
        return f"{best} and {other} tie: {by}" if self.is_tie else f"{best} beats {other} by {by}"

    @property
    def row(self) -> dict[str, object]:
        """The verdict as a row of a table."""
        sides = {"best": self.best, "other": self.other}
        return {
            "score": self.metric,
            **{side: each.name for side, each in sides.items()},
            "verdict": "tie" if self.is_tie else "beats",
            "difference": self.lead.mean,
            "standard_error": self.lead.standard_error,
            "degrees_of_freedom": self.lead.degrees_of_freedom,
            "p_value": self.p_value,
            "images": self.lead.images,
            **{f"{side}_seeds": len(each.runs) for side, each in sides.items()},
            **{f"{side}_ids": " ".join(run.id for run in each.runs) for side, each in sides.items()},
        }


@dataclass(frozen=True)
class Verdicts:
    """The verdicts on all contenders in one score.

    Attributes:
        metric: the score, such as `test/nll`.
        best: the contender with the best mean, of those that have been scored on the same images in the same measure.
        each: a verdict on every other of them, the better ones first.
        left_out: sentences that say which runs have been scored otherwise, and how.
    """

    metric: str
    best: Contender
    each: tuple[Verdict, ...]
    left_out: tuple[str, ...] = ()

    @property
    def judged(self) -> set[str]:
        """Ids of the runs of all contenders."""
        return _ids(self.best, *(verdict.other for verdict in self.each))

    @property
    def winners(self) -> set[str]:
        """Ids of the runs of the best contender and of those that tie with it."""
        return _ids(self.best, *(verdict.other for verdict in self.each if verdict.is_tie))

    @property
    def heading(self) -> str:
        """A line that says what is judged, and what follows the ±."""
        if not self.each:
            return f"No verdict on {self.metric}, as no two contenders have been scored alike"
        alone = len(self.judged) == len(self.each) + 1
        over = "images" if alone else "images and seeds"
        reservation = "; one seed each, so they are about these models, not about their settings" if alone else ""
        return f"Verdicts on {self.metric}, ± one standard error over {over}{reservation}"


def verdicts(runs: Sequence[FinishedRun], images: Mapping[str, ImageScores], metric: str) -> Verdicts | None:
    """Judge runs by one of the scores in `UNITS`; None where there are no two contenders.

    Of runs that were scored in several measures, such as the NLL by other numbers of latents, those are judged whose
    measure most contenders have in common.

    Args:
        runs: that have data and likelihood in common.
        images: the scores of single images by the id of a run, of as many of the runs as have them.
        metric: the score, such as `test/nll`.
    """
    name = _last(metric)
    sign = 1 if (score := score_of(metric)) and score.higher_is_better else -1
    able = [run for run in runs if metric in run.metrics and run.id in images and name in images[run.id].table]
    if not able:
        return None
    alike: dict[tuple[object, ...], list[FinishedRun]] = {}
    for run in able:
        alike.setdefault(tuple(images[run.id].measure(name).values()), []).append(run)
    chosen = max(map(contenders, alike.values()), key=len)
    ranked = sorted(chosen, key=lambda each: -sign * each.mean(metric))
    judged = _ids(*ranked)
    measure = images[ranked[0].runs[0].id].measure(name)
    left_out = tuple(
        _left_out(run, metric, images[run.id].measure(name), measure) for run in able if run.id not in judged
    )
    samples = [_sample([images[run.id] for run in each.runs], name) for each in ranked]
    pooled = pooled_variance(samples)
    found = [(each, difference(samples[0], sample, pooled)) for each, sample in zip(ranked, samples, strict=True)][1:]
    # Adding zero makes 0 of -0, which would be shown as such.
    leads = [(each, replace(lead, mean=sign * lead.mean + 0.0)) for each, lead in found if lead]
    given = [Verdict(metric, ranked[0], each, lead, lead.p_value(len(leads) + 1)) for each, lead in leads]
    return Verdicts(metric, ranked[0], tuple(given), left_out) if given or left_out else None


def verdict_table(found: Sequence[Verdicts]) -> pd.DataFrame:
    """A row for each verdict."""
    return pd.DataFrame([verdict.row for each in found for verdict in each.each])


def _sample(scored: Sequence[ImageScores], name: str) -> Sample:
    values = np.stack([each.values(name) for each in scored])
    return Sample(values, np.stack([each.values("elbo") for each in scored]) if name == "nll" else values)


def _left_out(run: FinishedRun, metric: str, own: Mapping[str, object], others: Mapping[str, object]) -> str:
    by = " and ".join(f"{key}={value}, not {others[key]}" for key, value in own.items() if value != others[key])
    return f"{one_line(run.name)} ({beginning(run.id)}) is left out, as its {metric} is by {by}"


def _measured(lead: Difference) -> str:
    """The lead and its standard error, to two digits of the error."""
    error = lead.standard_error
    if not error:
        return f"{lead.mean:.4g} ± 0"
    decimals = min(12, max(0, 1 - math.floor(math.log10(error))))
    return f"{lead.mean:.{decimals}f} ± {error:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def _last(metric: str) -> str:
    return metric.rpartition("/")[2]


def _ids(*each: Contender) -> set[str]:
    return {run.id for contender in each for run in contender.runs}
