"""How the rounds of a contest become numbers: medians with their range, and ratios within rounds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.programs import Target


@dataclass(frozen=True)
class Spread:
    """A median and what lay farthest from it."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one value."""
        return cls(median(values), min(values), max(values))


def ratio_of(ours: Sequence[float], theirs: Sequence[float], *, ours_above: bool) -> Spread:
    """Ratios within rounds, free of what slowed the whole machine: theirs over ours, or ours over theirs."""
    pairs = zip(ours, theirs, strict=True)
    return Spread.of([own / other if ours_above else other / own for own, other in pairs])


def verdict(ratio: float, target: Target) -> str:
    """`met`, or by how much it is missed."""
    short = ratio - target.ratio if target.ours_above else target.ratio - ratio
    missed = short >= 0 if target.ours_above else short > 0
    return f"missed by {short:.2f}" if missed else "met"


def comparison(ours: Sequence[float], theirs: Sequence[float], target: Target, *, judged: bool) -> dict[str, Any]:
    """The ratio of one program, and what became of its target where that applies."""
    spread = ratio_of(ours, theirs, ours_above=target.ours_above)
    judgement = {"target": target.ratio, "verdict": verdict(spread.median, target)} if judged else {}
    return {"ratio": "ours / it" if target.ours_above else "it / ours", **asdict(spread), **judgement}
