"""Models that were stored before `pipeline.tracking.model.served` had that name are loaded by this one."""

from pipeline.tracking.model.served import _load_pyfunc

__all__ = ["_load_pyfunc"]
