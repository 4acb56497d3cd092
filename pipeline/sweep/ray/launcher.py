"""The Ray launcher runs the workers of a study, or the trainings of a family, as jobs on a Ray cluster."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from pipeline.errors import InputError
from pipeline.process.cores import CORES
from pipeline.process.environment import forwarded_variables

if TYPE_CHECKING:
    from pipeline.sweep.ray.settings import RaySettings

# Hydra imports this module for every command, so that Ray, and what checks the settings, is imported below.


class RayLauncher(Launcher):
    """A launcher that starts jobs on a Ray cluster and waits for them; they go on if it dies.

    Args:
        settings: the keys below `hydra.launcher`.
    """

    def __init__(self, **settings: Any) -> None:
        self.given = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra hands over, and connect to the cluster, before anything is written or trained.

        Raises:
            InputError: a setting is wrong, Ray is not installed, or nobody answers at the address.
        """
        from pipeline.config.build import check
        from pipeline.sweep.ray.settings import RaySettings

        self.settings = RaySettings(**check(RaySettings, self.given, "hydra.launcher"))
        _check_installation(self.settings)
        from pipeline.sweep.ray.cluster import connect

        connect(self.settings)
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Start a job for each list of overrides, print what they say, and give what they returned.

        Raises:
            InputError: the connection to the cluster was lost.
            Interrupted: a signal came.
        """
        from pipeline.sweep.ray.cluster import disconnect
        from pipeline.sweep.ray.job import RayJob
        from pipeline.sweep.ray.jobs import Jobs

        name = f"{self.config.sweep.get('study', 'family')}-{uuid4().hex[:6]}"
        environment = forwarded_variables(self._composed(job_overrides)) | {CORES: str(self.settings.num_cpus)}
        jobs = [
            RayJob(
                hydra_context=self.hydra_context,
                hydra_config=self.config,
                hydra_state=Singleton.get_state(),
                task_function=self.task_function,
                overrides=list(overrides),
                number=number,
                arguments=list(sys.argv),
                folder=os.getcwd(),
            )
            for number, overrides in enumerate(job_overrides, initial_job_idx)
        ]
        try:
            return Jobs(self.settings, name, environment).results(jobs)
        finally:
            disconnect()

    def _composed(self, job_overrides: Sequence[Sequence[str]]) -> str:
        """Give the configs of all jobs as texts, with the references in them."""
        loader = self.hydra_context.config_loader
        different = dict.fromkeys(map(tuple, job_overrides))
        return "\n".join(OmegaConf.to_yaml(loader.load_sweep_config(self.config, list(each))) for each in different)


def _check_installation(settings: "RaySettings") -> None:
    from pipeline.sweep.ray.settings import CLIENT

    through_client = settings.address is not None and settings.address.startswith(CLIENT)
    for library in ("ray", *(["grpc"] if through_client else [])):
        if not find_spec(library):
            raise InputError(
                f"hydra/launcher=ray: {library} is not installed. Install it: pip install 'ray[client]>=2.60'; "
                "or leave the launcher out; for one machine there is hydra/launcher=joblib"
            )
