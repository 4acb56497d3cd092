"""A study may optimise metrics that mean the same in all of its trials, and no metric of the test split."""

from collections.abc import Collection

from optuna.pruners import NopPruner

from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.evaluation.disentanglement.compared import EACH, FEWEST
from pipeline.evaluation.evaluate import has_comparable_factors
from pipeline.evaluation.scores import CATALOGUE, score_of
from pipeline.metric_names import ELBO, of_epoch
from pipeline.runs.setup import Setup
from pipeline.sweep.settings import StudySettings
from pipeline.text.wording import did_you_mean
from pipeline.tracking.run_facts import CONDITIONAL

EACH_EPOCH = tuple(
    of_epoch(split, name) for split in ("train", "validation") for name, score in CATALOGUE.items() if score.each_epoch
)
"""The metrics of every epoch."""
END = tuple(f"validation/{name}" for name in CATALOGUE)
"""The metrics of the model that is kept."""
NOT_BY_TEST = (
    "a study must not choose by the test split, whose scores would then no longer tell how a model does on new images"
)
"""Why a study has no objective of the test split."""


def check_objectives(settings: StudySettings, searched: Collection[str]) -> None:
    """Refuse objectives, and a metric to prune by, that cannot be compared between the trials of a study.

    Args:
        settings: the study's settings.
        searched: the keys that the study searches.

    Raises:
        InputError: a metric does not exist, is of the test split, or depends on what is searched.
    """
    for name in settings.objective:
        _check_metric("sweep.objective", name, (*END, *EACH_EPOCH))
        _check_comparable("sweep.objective", name, (*END, *EACH_EPOCH), searched)
    _check_metric("sweep.prune_by", settings.prune_by, EACH_EPOCH)
    if len(settings.objective) > 1:
        alternative = ", as sweep.prune_by also ranks the trials of several objectives"
        _check_comparable("sweep.prune_by", settings.prune_by, EACH_EPOCH, searched, alternative)
    elif not isinstance(settings.pruner, NopPruner):
        _check_comparable(
            "sweep.prune_by", settings.prune_by, EACH_EPOCH, searched, ", or prune none: sweep/pruner=none"
        )


def check_evaluated(settings: StudySettings, setup: Setup, data: ImageData) -> None:
    """Refuse an objective that a training on some data will not have.

    Args:
        settings: the study's settings.
        setup: of the training.
        data: the images of its data set.

    Raises:
        InputError: the message names the setting that leaves the objective out, or makes the test split the one that
            the study chooses by.
    """
    if setup.dataset.validation == "test":
        raise InputError(
            f"dataset.validation=test: {NOT_BY_TEST}. Set the validation images apart from the training images: "
            "dataset.validation=0.1"
        )
    split = setup.evaluation.split
    for name in settings.objective:
        if name in END and split != "validation":
            raise InputError(
                f"sweep.objective={name}: evaluation.split={split} scores another split. Leave evaluation.split out, "
                f"or choose a metric of every epoch: {ELBO}"
            )
        cause = _cause_of_no_bound(name, setup) or _cause_of_absence(name, setup, data)
        if cause:
            other = "validation/elbo" if _has_bound(setup) else "validation/mse"
            raise InputError(f"sweep.objective={name}: {cause}, or choose another objective: {other}")
    name, distortion = settings.prune_by, of_epoch("validation", "distortion")
    matters = len(settings.objective) > 1 or not isinstance(settings.pruner, NopPruner)
    if matters and (cause := _cause_of_no_bound(name, setup)):
        raise InputError(f"sweep.prune_by={name}: {cause}, or set sweep.prune_by={distortion}")


def _cause_of_absence(name: str, setup: Setup, data: ImageData) -> str | None:
    score = score_of(name)
    if score and score.of_posterior and not setup.objective.sampling:
        return "objective.sampling=false gives an autoencoder, which has none. Set it back"
    if score and score.of_all_classes and setup.model.conditional:
        return "model.conditional=true tells the model the class that it would be asked for. Set it back"
    if score and score.of_all_classes and len(data.class_names) < 2:
        return "accuracy needs images of at least two classes. Sort the images into one folder per class"
    images = data.validation.images
    if name.endswith("/bits_per_dimension") and setup.likelihood.bits_per_dimension(0.0, images) is None:
        return f"likelihood={type(setup.likelihood).__name__} gives these images no probability in bits"
    if score and score.needs and getattr(setup.evaluation, score.needs) is None:
        return f"evaluation.{score.needs}=null leaves it out. Set it to a number"
    return _cause_of_no_factors(setup, data) if score and score.of_factors else None


def _cause_of_no_bound(name: str, setup: Setup) -> str | None:
    if _has_bound(setup) or not ((score := score_of(name)) and score.of_bound):
        return None
    return "latents without noise bound no likelihood, so that it tells nothing. Choose an objective that draws them"


def _has_bound(setup: Setup) -> bool:
    return setup.objective.has_bound(setup.model.levels)


def _cause_of_no_factors(setup: Setup, data: ImageData) -> str | None:
    if not data.factors:
        return f"it needs data whose factors are known, which {data.name} has not. Set dataset=shapes"
    if has_comparable_factors(data.validation, setup.evaluation, conditional=setup.model.conditional):
        return None
    images = min(len(data.validation), setup.evaluation.factor_samples or 0)
    return (
        f"latents are compared with factors over {FEWEST} validation images or more, {EACH} of each value of a factor; "
        f"these {images} are too few for any factor that the model is not told. Take more of them"
    )


def _check_metric(key: str, name: str, known: Collection[str]) -> None:
    if name.startswith("test/"):
        raise InputError(
            f"{key}={name}: {NOT_BY_TEST}. Use the validation split: {name.replace('test/', 'validation/', 1)}"
        )
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(f"{key}={name}: no such metric. {hint}There are: {', '.join(known)}")


def _check_comparable(key: str, name: str, known: Collection[str], searched: Collection[str], more: str = "") -> None:
    """Refuse a metric that means something else in each trial.

    Args:
        key: the setting that names the metric.
        name: the metric.
        known: the metrics that the setting may name.
        searched: the keys that the study searches.
        more: the end of the message: why the metric matters, or another cure.
    """
    if reason := _reason_not_comparable(name, searched):
        others = ", ".join(each for each in known if not _reason_not_comparable(each, searched))
        raise InputError(f"{key}={name}: {reason}. Use a metric that does not depend on it: {others}{more}")


def _reason_not_comparable(name: str, searched: Collection[str]) -> str | None:
    score = score_of(name)
    weights = [each for each in searched if each.split(".")[0] == "objective"]
    if name.endswith("/loss") and weights:
        return (
            f"the loss contains {', '.join(weights)}, which this study searches, so the best weight would be the "
            "smallest"
        )
    if score and score.of_likelihood and any(each.split(".")[0] == "likelihood" for each in searched):
        return (
            "it contains −log p(image | latent), which differs between likelihoods as probabilities differ from "
            "densities, and this study searches the likelihood"
        )
    if score and score.of_condition and CONDITIONAL in searched:
        return (
            "a conditional model is told the class of each image, so that it has p(image | class) for p(image), "
            f"and this study searches {CONDITIONAL}"
        )
    return None
