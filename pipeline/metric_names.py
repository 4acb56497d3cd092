"""The names of metrics: `validation/elbo` is of the model that is kept, `validation/epoch/elbo` of each epoch.

The MLflow UI makes a section of all that stands before the last slash, and shows first what comes first in the
alphabet, the scores of the test split.
"""

from collections.abc import Mapping
from typing import TypeVar

_EPOCH = "/epoch/"


def of_epoch(split: str, score: str) -> str:
    """The name of a score of a split after each epoch."""
    return f"{split}{_EPOCH}{score}"


def is_of_epoch(name: str) -> bool:
    """Whether a metric has a value after each epoch."""
    return _EPOCH in name


def of_kept_model(name: str) -> str:
    """The name of the same score of the same split, of the model that is kept."""
    return name.replace(_EPOCH, "/")


LOSS = of_epoch("validation", "loss")
"""What early stopping looks at, nats per image."""
ELBO = of_epoch("validation", "elbo")
"""What pruners look at and comparisons draw, nats per image; the weights of the loss are not in it."""
SPEED = of_epoch("train", "images_per_second")
"""What no two trainings have in common, however equal they are."""
_SPLITS = {"train": "train", "val": "validation"}
"""What stood before the only slash of these names in version 0.2 and before, and the split that it is."""
_Value = TypeVar("_Value")


def current(name: str) -> str:
    """The name that a metric has today, given its name of today or in a record of before: `val/loss` had another."""
    before, _, score = name.partition("/")
    return name if is_of_epoch(name) or before not in _SPLITS else of_epoch(_SPLITS[before], score)


def names_of(name: str) -> list[str]:
    """The names under which a record may have a metric: the one of today and, if it had another before, that one."""
    split, _, score = name.partition(_EPOCH)
    return [name, *(f"{before}/{score}" for before, its in _SPLITS.items() if its == split and score)]


def under_current_names(metrics: Mapping[str, _Value]) -> dict[str, _Value]:
    """Metrics by their names of today; where a record has one under both, the value under today's name counts."""
    return {current(name): value for name, value in metrics.items()} | {
        name: value for name, value in metrics.items() if current(name) == name
    }
