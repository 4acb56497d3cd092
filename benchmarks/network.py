"""The network that all programs train, `conf/model/conv.yaml`."""

from typing import Any

from hydra import compose, initialize_config_dir

from benchmarks.turns import Task
from pipeline.config.composition import TRAIN, plain

IMAGE_SHAPE = (28, 28, 1)


def config_for(*overrides: str) -> dict[str, Any]:
    """The config that `python -m pipeline.train` would compose from these overrides."""
    with initialize_config_dir(str(TRAIN.root), version_base="1.3"):
        return plain(compose(TRAIN.name, list(overrides)))


def experiment_for(task: Task) -> Any:
    """Our parts for the task, built as a run builds them, with the default settings where the task says nothing."""
    from pipeline.runs.setup import Setup

    return Setup.from_config(
        config_for(
            "dataset=mnist",
            "model=conv",
            f"training.batch_size={task.batch_size}",
            f"training.epochs={task.rounds}",
            "training.patience=null",
            f"training.runtime.threads={task.threads}",
        )
    )
