"""A training whose result others have published, or a difference of two, and how ours compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.values import Count, Text
from pipeline.tracking.run_facts import curve
from pipeline.tracking.store import Store

Bounds = Annotated[list[float], Field(min_length=2, max_length=2, examples=[[150.0, 152.0]])]
"""The least and the greatest value that is accepted. A number that is far too good is a sign of a wrong sum, or of test
images that were trained on."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A published number, or a published difference between the numbers of two trainings.

    Attributes:
        what: the number is.
        overrides: the training that gives it.
        against: the training whose number is subtracted; null where there is none.
        seeds: of how many trainings of each, with `training.seed` 0, 1 …, the mean is taken.
        metric: as our runs name it; take: its lowest or last value.
        published: the number; null where only the sign of a difference is known.
        source: who published it.
        bounds: between which ours must lie.
        quick_overrides: that make the trainings short, each with seed 0 alone.
        quick_bounds: between which the short trainings' number must lie, as recorded with this code.
    """

    what: Text
    overrides: list[Text]
    against: list[Text] | None
    seeds: Count
    metric: Text
    take: Literal["lowest", "last"]
    published: float | None
    bounds: Bounds
    source: Text
    quick_overrides: list[Text]
    quick_bounds: Bounds

    def commands(self) -> list[list[str]]:
        """The arguments that train it with all seeds: one list, or two of which the second is `against`."""
        several = [] if self.seeds == 1 else ["-m"]
        seeds = [f"training.seed={','.join(map(str, range(self.seeds)))}"] if several else []
        return [[*several, *overrides, *seeds] for overrides in (self.overrides, self.against) if overrides is not None]

    def trainings(self, name: str, *, quick: bool = False) -> dict[str, list[str]]:
        """The overrides of each training, by the name of its run, given the name of the reference."""
        sides = {name: self.overrides} | ({} if self.against is None else {f"{name}, against": self.against})
        if quick:
            return {f"{side} quick": [*overrides, *self.quick_overrides] for side, overrides in sides.items()}
        if self.seeds == 1:
            return sides
        return {
            f"{side}, seed {seed}": [*overrides, f"training.seed={seed}"]
            for side, overrides in sides.items()
            for seed in range(self.seeds)
        }

    def value(self, store: Store, run_ids: Sequence[str]) -> float:
        """The number, given the ids of the finished runs in the order of `trainings`."""
        numbers = [self._number(store, run_id) for run_id in run_ids]
        if self.against is None:
            return fmean(numbers)
        half = len(numbers) // 2
        return fmean(numbers[:half]) - fmean(numbers[half:])

    def _number(self, store: Store, run_id: str) -> float:
        values = [value for _, value in curve(store, run_id, self.metric)]
        return min(values) if self.take == "lowest" else values[-1]

    def holds(self, value: float, quick: bool) -> bool:
        """Tell whether the number is as good as it must be, and not too good."""
        low, high = self.quick_bounds if quick else self.bounds
        return low <= value <= high

    def expected(self, quick: bool) -> str:
        """Say what `holds` asks for."""
        low, high = self.quick_bounds if quick else self.bounds
        return f"{low:g} to {high:g}"
