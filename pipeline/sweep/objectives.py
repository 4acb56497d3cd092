"""What a study may minimise: metrics that mean the same in all of its trials, and none of the test split."""

from collections.abc import Collection

from optuna.pruners import NopPruner

from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.evaluation.scores import CATALOGUE
from pipeline.metric_names import ELBO, EPOCH
from pipeline.runs.setup import Experiment
from pipeline.sweep.settings import StudySettings
from pipeline.text.wording import did_you_mean

EACH_EPOCH = tuple(
    f"{EPOCH}{split}/{name}"
    for split in ("train", "validation")
    for name, score in CATALOGUE.items()
    if score.each_epoch
)
"""Metrics of every epoch."""
END = tuple(f"validation/{name}" for name in CATALOGUE)
"""Metrics of the model that is kept."""
WEIGHTS = ("objective",)
"""Keys, and groups, that the loss contains."""


def check_objectives(settings: StudySettings, searched: Collection[str]) -> None:
    """Refuse what would answer another question than the user asks.

    Args:
        settings: of the study.
        searched: its keys.

    Raises:
        InputError: a metric that does not exist, of the test split, or that contains what is searched.
    """
    for name in settings.objective:
        given, cure = f"sweep.objective={name}", "Use a metric that does not depend on it: "
        _check_name(given, name, (*EACH_EPOCH, *END))
        _check_meaning(given, name, searched, f"{cure}validation/nll, {ELBO}", f"{cure}validation/mse")
    given, cure = f"sweep.prune_by={settings.prune_by}", "Prune none: sweep/pruner=none"
    _check_name(given, settings.prune_by, EACH_EPOCH)
    if not isinstance(settings.pruner, NopPruner):
        _check_meaning(given, settings.prune_by, searched, f"Use a metric that does not depend on it: {ELBO}", cure)


def check_scored(settings: StudySettings, experiment: Experiment, data: ImageData) -> None:
    """Refuse an objective that a training on this data will not have.

    Raises:
        InputError: naming the setting that leaves it out.
    """
    split = experiment.evaluation.split
    for name in settings.objective:
        if name in END and split != "validation":
            raise InputError(
                f"sweep.objective={name}: evaluation.split={split} scores another split. Leave evaluation.split out, "
                f"or choose a metric of every epoch: {ELBO}"
            )
        cause = _cause_of_absence(name.removeprefix("validation/"), experiment, data)
        if cause:
            raise InputError(f"sweep.objective={name}: {cause}, or choose another objective: validation/elbo")


def _cause_of_absence(name: str, experiment: Experiment, data: ImageData) -> str | None:
    score = CATALOGUE.get(name)
    if score and score.of_posterior and not experiment.objective.sampling:
        return "objective.sampling=false gives an autoencoder, which has none. Set it back"
    if name == "knn_accuracy" and len(data.class_names) < 2:
        return "accuracy needs images of at least two classes. Sort the images into one folder per class"
    if name == "bits_per_dimension" and experiment.likelihood.bits_per_dimension(0.0, data.validation.images) is None:
        return f"likelihood={type(experiment.likelihood).__name__} gives these images no probability in bits"
    key = score.needs if score else None
    left_out = key and getattr(experiment.evaluation, key) is None
    return f"evaluation.{key}=null leaves it out. Set it back" if left_out else None


def _check_name(given: str, name: str, known: Collection[str]) -> None:
    if name.startswith("test/"):
        raise InputError(
            f"{given}: a study must not choose by the test split, whose scores would then no longer tell how a model "
            f"does on new images. Use the validation split: {name.replace('test/', 'validation/', 1)}"
        )
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(f"{given}: no such metric. {hint}There are: {', '.join(known)}")


def _check_meaning(given: str, name: str, searched: Collection[str], of_weights: str, of_likelihoods: str) -> None:
    """Refuse a metric that what is searched gives another meaning, with the cure for each of the two kinds."""
    weights = [key for key in searched if key.split(".")[0] in WEIGHTS]
    if name.endswith("/loss") and weights:
        raise InputError(
            f"{given}: the loss contains {', '.join(weights)}, which this study searches, so the best weight would be "
            f"the smallest. {of_weights}"
        )
    if any(key.split(".")[0] == "likelihood" for key in searched) and not name.endswith(("/mse", "/knn_accuracy")):
        raise InputError(
            f"{given}: differs between likelihoods as probabilities differ from densities, and this study searches the "
            f"likelihood. {of_likelihoods}"
        )
