"""Messages go between a worker and its trial processes: a job there, its epochs and its end back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.types import HydraContext
from omegaconf import DictConfig


@dataclass(frozen=True)
class Job:
    """A job is a training that a worker gives to a trial process.

    Attributes:
        hydra_context: what Hydra composes configs with.
        hydra_config: the config of the command with Hydra's own keys.
        folder: the folder of the study's jobs; the trial's number names the one below it.
        number: the trial's number.
        overrides: the overrides of the command line that train it alone.
        run_id: the id of the MLflow run to go on with; None for a new run.
    """

    hydra_context: HydraContext
    hydra_config: DictConfig
    folder: Path
    number: int
    overrides: Sequence[str]
    run_id: str | None


@dataclass(frozen=True)
class Epoch:
    """An epoch's metrics are sent to the worker, which answers whether the trial is pruned.

    Attributes:
        number: the epoch, from 1.
        metrics: its metrics by name.
    """

    number: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class End:
    """The end of a training says what its metrics are, that its trial was pruned, or why it failed.

    Attributes:
        run_id: the id of its MLflow run.
        metrics: the metrics of the trained model by name; None if it was pruned or failed.
        pruned: whether its trial was pruned.
        failure: why it failed; None if it did not.
    """

    run_id: str | None = None
    metrics: dict[str, float] | None = None
    pruned: bool = False
    failure: str | None = None
