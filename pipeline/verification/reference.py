"""A training whose result others have published, and how ours compares."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.values import Positive, Text
from pipeline.tracking.run_facts import curve
from pipeline.tracking.store import Store

Bounds = Annotated[list[float], Field(min_length=2, max_length=2, examples=[[150.0, 152.0]])]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A published number, nats per image.

    Attributes:
        what: the number is.
        overrides: the training that gives it.
        metric: as our runs name it; take: its lowest or last value.
        published, source: the number and who published it.
        tolerance: how far ours may lie above it. Below is better and no failure.
        quick_overrides: that make the training short.
        quick_bounds: between which the short training's number must lie, as recorded with this code.
    """

    what: Text
    overrides: list[Text]
    metric: Text
    take: Literal["lowest", "last"]
    published: float
    tolerance: Positive
    source: Text
    quick_overrides: list[Text]
    quick_bounds: Bounds

    def value(self, store: Store, run_id: str) -> float:
        """Return the number of a finished run."""
        values = [value for _, value in curve(store, run_id, self.metric)]
        return min(values) if self.take == "lowest" else values[-1]

    def holds(self, value: float, quick: bool) -> bool:
        """Tell whether the number is as good as it must be."""
        low, high = self.quick_bounds if quick else (float("-inf"), self.published + self.tolerance)
        return low <= value <= high

    def expected(self, quick: bool) -> str:
        """Say what `holds` asks for."""
        low, high = self.quick_bounds
        return f"{low:g} to {high:g}" if quick else f"at most {self.published:g} + {self.tolerance:g}"
