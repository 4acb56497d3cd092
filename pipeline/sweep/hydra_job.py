"""A job of Hydra: its overrides are composed to a config, with which its task is called in a folder of its own."""

from collections.abc import Sequence
from pathlib import Path

from hydra.core.utils import JobReturn, run_job
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


def run_hydra_job(
    context: HydraContext,
    hydra_config: DictConfig,
    overrides: Sequence[str],
    number: int,
    task: TaskFunction,
    *,
    folder: Path | None = None,
) -> JobReturn:
    """Compose a job's config and call its task, as launchers of Hydra do.

    Hydra's globals (`setup_globals`) must have been set up in this process.

    Args:
        context: what Hydra composes configs with.
        hydra_config: the config of the command with Hydra's own keys.
        overrides: what is composed for this job.
        number: the number of the job.
        task: what is called with the config.
        folder: the folder of all jobs, in which the number names the job's own; None for the one that the config names.

    Returns:
        What the task returned or raised.
    """
    config = context.config_loader.load_sweep_config(hydra_config, list(overrides))
    with open_dict(config):
        config.hydra.job.id = f"{config.hydra.job.name}_{number}"
        config.hydra.job.num = number
        if folder:
            config.hydra.sweep.dir = str(folder)
            config.hydra.sweep.subdir = str(number)
    return run_job(
        hydra_context=context,
        config=config,
        task_function=task,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
