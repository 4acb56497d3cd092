"""Messages go between a worker and its trial processes: a job there; its images, its epochs and its end back."""

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
class Loaded:
    """The images of a training are told to the worker, which answers why this node must not train on them, or None.

    Attributes:
        key: the `dataset_key` of the data set.
        fingerprint: its fingerprint.
    """

    key: str
    fingerprint: str


@dataclass(frozen=True)
class Epoch:
    """An epoch's metrics are sent to the worker, which answers whether the trial is pruned.

    Attributes:
        number: the epoch, from 1.
        metrics: its metrics by name.
        is_final: whether the weights of the objective were what they are set to; else no trial is judged by the epoch.
    """

    number: int
    metrics: dict[str, float]
    is_final: bool


@dataclass(frozen=True)
class End:
    """The end of a training says what its metrics are, or why there are none.

    Attributes:
        metrics: the metrics of the trained model by name; None if it was pruned, preempted or failed.
        pruned: whether its trial was pruned.
        preempted: whether a signal ended it, so that its trial waits for whoever goes on from its checkpoint.
        failure: why it failed; None if it did not.
        unreachable: why it could not be recorded, so that its trial goes on later; None if it could.
        refusal: why this node must not train the trial, of which nothing was recorded; None if it may.
    """

    metrics: dict[str, float] | None = None
    pruned: bool = False
    preempted: bool = False
    failure: str | None = None
    unreachable: str | None = None
    refusal: str | None = None

    @property
    def is_cut_short(self) -> bool:
        """Whether the process of the training must not train another one.

        What failed may have left something behind; and a run that could not be closed has to see its process end.
        """
        return bool(self.failure or self.unreachable)
