"""The published way: `hydra-optuna-sweeper` asks for batches of trials, the joblib launcher trains each batch.

python -m benchmarks.peers.sweeps.hydra_optuna -m hydra/sweeper=optuna hydra/launcher=joblib …
"""

from dataclasses import dataclass
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore

from benchmarks.peers.sweeps.trial import Setting, train


@dataclass
class Config:
    """Keys that can be searched, and the setting of all trials."""

    training_file: str
    validation_file: str
    epochs: int
    uri: str
    threads: int
    latent_dim: int = 2
    filters: str = "32-64"  # this sweeper's grids take no lists as choices
    learning_rate: float = 1e-3


ConfigStore.instance().store(name="search", node=Config)


@hydra.main(version_base=None, config_name="search")
def main(config: Any) -> float:
    """One trial."""
    setting = Setting(config.training_file, config.validation_file, config.epochs, config.uri, config.threads)
    first, second = map(int, config.filters.split("-"))
    return train(setting, config.latent_dim, (first, second), config.learning_rate)


if __name__ == "__main__":
    main()
