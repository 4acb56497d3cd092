"""The former place of a data set's settings, which stored configs still name as `_target_`."""

from pipeline.data.settings import DatasetSettings as Dataset

__all__ = ["Dataset"]
