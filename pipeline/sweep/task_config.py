"""The task config of a command is its config without Hydra's own keys."""

from omegaconf import DictConfig, OmegaConf

from pipeline.config.composition import plain
from pipeline.config.names import Config


def task_config(hydra_config: DictConfig) -> Config:
    """Give the task config as plain mappings and lists, resolved.

    Raises:
        InputError: a value is missing, or refers to one that does not exist.
    """
    return plain(OmegaConf.masked_copy(hydra_config, [str(key) for key in hydra_config if key != "hydra"]))
