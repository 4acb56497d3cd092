"""The numbers of a training beside those of its record, as it goes on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

Recorded = dict[int | None, dict[str, float]]
"""Numbers by name, by epoch; those of the finished model without one."""


class Enough(Exception):  # noqa: N818 — no mistake
    """Ends a training once there is no more to compare."""


@dataclass(frozen=True)
class Difference:
    """The first number that differs from the record.

    Attributes:
        epoch: counted from 1; None for a number of the finished model.
        metric: its name.
        before: in the record.
        now: in the reproduction; None if that ended before this epoch.
    """

    epoch: int | None
    metric: str
    before: float
    now: float | None

    def __str__(self) -> str:
        if self.now is None:
            return f"it ended before epoch {self.epoch}, whose {self.metric} is {self.before!r} in the record"
        where = "of the finished model" if self.epoch is None else f"of epoch {self.epoch}"
        by = self.now - self.before
        share = f", {abs(by / self.before):.1g} of it" if self.before else ""
        amount = f": {by:+.3g}{share}" if math.isfinite(by) else ""
        return f"{self.metric} {where} is {self.before!r} in the record and {self.now!r} now{amount}"


class DifferenceFinder:
    """Finds the first number in which a training differs from its record, and ends the training there.

    Args:
        recorded: the numbers of each epoch.
        stops_early: whether the training was ended before its time, by its study.
    """

    def __init__(self, recorded: Recorded, *, stops_early: bool) -> None:
        self.recorded = recorded
        self.stops_early = stops_early
        self.epochs = 0
        self.numbers = 0
        self.difference: Difference | None = None

    @property
    def goes_on(self) -> bool:
        """Whether there is a finished model to compare, after epochs that were the same."""
        return self.difference is None and not self.stops_early

    def compare(self, epoch: int | None, metrics: Mapping[str, float]) -> None:
        """Compare the numbers of an epoch, or of the finished model.

        Raises:
            Enough: there is no more to compare.
        """
        self.epochs = epoch or self.epochs
        recorded = self.recorded.get(epoch, {})
        for name, value in metrics.items():
            if name not in recorded:
                continue
            if recorded[name] != value and not (math.isnan(recorded[name]) and math.isnan(value)):
                self.difference = Difference(epoch, name, recorded[name], value)
                break
            self.numbers += 1
        if epoch and (self.difference or (self.stops_early and epoch == self._last)):
            raise Enough

    def end(self) -> None:
        """Note that the training ended; fewer epochs than in the record are a difference."""
        if self.epochs < self._last:
            name, before = next(iter(self.recorded[self.epochs + 1].items()))
            self.difference = Difference(self.epochs + 1, name, before, None)

    @property
    def _last(self) -> int:
        return max(epoch for epoch in self.recorded if epoch)
