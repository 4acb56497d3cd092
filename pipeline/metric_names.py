"""The names of metrics: `validation/elbo` is of the model that is kept, `epoch/validation/elbo` of each epoch.

The middle is the split. The UI makes a section of all that stands before the last slash.
"""

from collections.abc import Mapping
from typing import TypeVar

EPOCH = "epoch/"
"""What the names of all metrics begin with that have a value after each epoch."""
LOSS = f"{EPOCH}validation/loss"
"""What early stopping looks at, nats per image."""
ELBO = f"{EPOCH}validation/elbo"
"""What pruners look at and comparisons draw, nats per image; the weights of the loss are not in it."""
SPEED = f"{EPOCH}train/images_per_second"
"""What no two trainings have in common, however equal they are."""
_FORMER = {f"{EPOCH}train/": "train/", f"{EPOCH}validation/": "val/"}
"""What these names began with in version 0.2 and before."""
_Value = TypeVar("_Value")


def current(name: str) -> str:
    """The name that a metric has today, given its name of today or in a record of before: `val/loss` had another."""
    return next((now + name.removeprefix(then) for now, then in _FORMER.items() if name.startswith(then)), name)


def names_of(name: str) -> list[str]:
    """The names under which a record may have a metric: the one of today and, if it had another before, that one."""
    return list(filter(None, (name, former(name))))


def former(name: str) -> str | None:
    """The name that a metric of each epoch had before; None for other metrics."""
    return next((then + name.removeprefix(now) for now, then in _FORMER.items() if name.startswith(now)), None)


def under_current_names(metrics: Mapping[str, _Value]) -> dict[str, _Value]:
    """Metrics by their names of today; where a record has one under both, the value under today's name counts."""
    return {current(name): value for name, value in metrics.items()} | {
        name: value for name, value in metrics.items() if current(name) == name
    }
