"""The launcher for Slurm submits the workers of a study, or the trainings of a family, as one array of jobs."""

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from pipeline.errors import InputError

# Hydra imports this module for every command, so that submitit is imported below.


class SlurmLauncher(Launcher):
    """A launcher that submits jobs to Slurm and waits for them; they go on if it dies.

    Args:
        settings: the keys below `hydra.launcher`, which are those of hydra-submitit-launcher.
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = {
            key: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
            for key, value in settings.items()
        }

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra hands over, and check that Slurm accepts such jobs, before anything is written or trained.

        Raises:
            InputError: Slurm or submitit is not installed, or Slurm refuses the settings.
        """
        _check_installation()
        from pipeline.sweep.slurm.submission import check_settings
        from pipeline.sweep.slurm.task import SlurmTask

        check_settings(self.settings)
        self.task = SlurmTask(**self.settings)
        self.task.setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Submit a job for each list of overrides, and give what the jobs returned.

        Raises:
            InputError: Slurm refuses the jobs.
            Interrupted: a signal came. At Ctrl-C the jobs are cancelled; at any other signal they go on.
        """
        from pipeline.sweep.slurm.submission import submit

        return submit(self.task, self.settings, job_overrides, initial_job_idx).results()


def _check_installation() -> None:
    if not shutil.which("sbatch") or not shutil.which("srun"):
        raise InputError(
            "hydra/launcher=slurm: there is no sbatch or no srun on this machine. Type the command where jobs are "
            "submitted to Slurm, or leave the launcher out; for one machine there is hydra/launcher=joblib"
        )
    if not find_spec("hydra_plugins.hydra_submitit_launcher"):
        raise InputError(
            "hydra/launcher=slurm: hydra-submitit-launcher is not installed. Install it: pip install "
            "'hydra-submitit-launcher>=1.2'"
        )
