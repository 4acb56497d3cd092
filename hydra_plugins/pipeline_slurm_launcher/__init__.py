"""Hydra finds launchers in packages below `hydra_plugins` alone; ours is `pipeline.sweep.slurm.launcher`."""

from pipeline.sweep.slurm.launcher import SlurmLauncher


class PipelineSlurmLauncher(SlurmLauncher):
    """The launcher that `hydra/launcher=slurm` names."""
