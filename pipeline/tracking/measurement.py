"""Values of metrics, with the step and the time of their measurement."""

import time
from collections.abc import Mapping
from typing import Annotated

from mlflow.entities import Metric
from pydantic import BaseModel, ConfigDict, Field

MOST_METRICS = 999
"""Metrics that are written at once: MLflow takes 1,000 things, among them the tag that counts an outbox's writes."""
Milliseconds = Annotated[int, Field(ge=0)]
"""Time since 1970, as MLflow counts it."""


class Measured(BaseModel):
    """A value of a metric at a step and a time."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants")

    metric: str
    value: float
    time: Milliseconds
    step: int


def measured(metrics: Mapping[str, float], step: int) -> list[Measured]:
    """Return numbers as metrics at a step, measured now."""
    now = milliseconds()
    return [Measured(metric=name, value=float(value), time=now, step=step) for name, value in metrics.items()]


def same_measured(point: Metric) -> Measured:
    """Return a metric of MLflow's as a value that can be written again."""
    return Measured(metric=point.key, value=point.value, time=point.timestamp, step=point.step)


def milliseconds() -> int:
    """The time now, as MLflow counts it."""
    return int(time.time() * 1000)
