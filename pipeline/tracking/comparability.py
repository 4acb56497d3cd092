"""Runs are comparable by a score where it means the same of each: of the same data and likelihood, and made alike."""

from collections.abc import Sequence

from pipeline.evaluation.scores import score_of
from pipeline.text.wording import counted
from pipeline.tracking.run_facts import FinishedRun
from pipeline.tracking.tags import FEATURE_NETWORK, FINGERPRINT

NOT_RECORDED = "not recorded"
"""By what a score of an earlier version was made."""
OURS = ("Bernoulli", "ContinuousBernoulli", "Gaussian", "OptimalGaussian", "SquaredError")
"""The project's own likelihoods, whose settings leave their measure as it is."""
CURE = f"; what is {NOT_RECORDED} is added by python -m pipeline.evaluate run=<id> with the settings of the training"
"""How it becomes known by what a score was made."""


def incomparable_in(runs: Sequence[FinishedRun], metric: str) -> str | None:
    """In what runs differ so that a score of theirs cannot be compared, in words; None where it can."""
    score = score_of(metric)
    decisive: dict[str, list[str | bool | None]] = {"data set": [run.tags.get(FINGERPRINT) for run in runs]}
    if score and score.of_likelihood:
        decisive["likelihood"] = [_measure(run) for run in runs]
    if score and score.of_condition:
        told = "whether they are told the class of an image, as p(image | class) is not p(image)"
        decisive[told] = [run.is_conditional for run in runs]
    found = [name for name, values in decisive.items() if len(set(values)) > 1]
    found += [f"{key} ({', '.join(values)})" for key, values in made_differently(runs, metric).items()]
    return " and in ".join(found) or None


def _measure(run: FinishedRun) -> str | None:
    """The measure of a run's likelihood: its class, and of a user's its settings, which may change the measure."""
    name = run.params.get("likelihood")
    if name in OURS:
        return name
    settings = [f"{key}={value}" for key, value in sorted(run.params.items()) if key.startswith("likelihood.")]
    return " ".join([str(name), *settings])


def made_by(metric: str) -> list[str]:
    """The tags that say by what a score was made: the setting that it needs, and the feature network."""
    score = score_of(metric)
    needed = [f"evaluation.{score.needs}"] if score and score.needs else []
    return [*needed, FEATURE_NETWORK] if score and score.of_features else needed


def made_differently(runs: Sequence[FinishedRun], metric: str) -> dict[str, list[str]]:
    """The tags of `made_by` in which the runs that have a score differ, with their values."""
    scored = [run for run in runs if metric in run.metrics]
    found = {key: sorted({run.tags.get(key, NOT_RECORDED) for run in scored}) for key in made_by(metric)}
    return {key: values for key, values in found.items() if len(values) > 1}


def reservations(runs: Sequence[FinishedRun], metrics: Sequence[str]) -> list[str]:
    """Sentences that say which of the scores cannot be compared, in what the runs differ, and which have no ELBO."""
    by_reason: dict[str, list[str]] = {}
    for metric in metrics:
        if reason := incomparable_in(runs, metric):
            by_reason.setdefault(reason, []).append(metric)
    return [
        f"{'The scores' if len(names) == len(metrics) else ', '.join(names)} cannot be compared: the runs differ in "
        f"{reason}{CURE if NOT_RECORDED in reason else ''}."
        for reason, names in by_reason.items()
    ] + _without_bound(runs)


def _without_bound(runs: Sequence[FinishedRun]) -> list[str]:
    if not (without := sum(not run.has_bound for run in runs)):
        return []
    return [f"{counted(without, 'run')} without ELBO and rate: latents without noise bound no likelihood."]


def evaluated_split(runs: Sequence[FinishedRun]) -> str:
    """The split that most of the runs were scored on."""
    return max(("test", "validation"), key=lambda split: sum(f"{split}/distortion" in run.metrics for run in runs))


def deciding_score(runs: Sequence[FinishedRun], split: str) -> str:
    """The metric by which runs are ranked: the NLL, or the ELBO where not all of them have an NLL made alike.

    Those without a bound on the likelihood are not ranked with others, and among themselves by their squared error.
    """
    bounded = ranked(runs)
    if not any(run.has_bound for run in bounded):
        return f"{split}/mse"
    nll = f"{split}/nll"
    alike = all(nll in run.metrics for run in bounded) and not made_differently(bounded, nll)
    return nll if alike else f"{split}/elbo"


def ranked(runs: Sequence[FinishedRun]) -> list[FinishedRun]:
    """The runs that are ranked: those with a bound on the likelihood, or all where none has one."""
    return [run for run in runs if run.has_bound] or list(runs)
