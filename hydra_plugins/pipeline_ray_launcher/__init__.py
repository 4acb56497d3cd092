"""Hydra finds launchers in packages below `hydra_plugins` alone; ours is `pipeline.sweep.ray.launcher`."""

from pipeline.sweep.ray.launcher import RayLauncher


class PipelineRayLauncher(RayLauncher):
    """The launcher that `hydra/launcher=ray` names."""
