"""Hydra finds sweepers in packages below `hydra_plugins` alone; ours is `pipeline.sweep.sweeper`."""

from pipeline.sweep.sweeper import MultirunSweeper


class PipelineSweeper(MultirunSweeper):
    """The sweeper that `hydra/sweeper=pipeline` names."""
