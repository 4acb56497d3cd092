"""Hydra takes sweepers from this namespace alone; ours lives in `pipeline.sweep`."""

from pipeline.sweep.sweeper import PointSweeper


class PipelineSweeper(PointSweeper):
    """What `hydra/sweeper=pipeline` names."""
