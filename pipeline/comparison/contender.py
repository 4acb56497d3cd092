"""A contender in a comparison: one run, or several that differ in their seed alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.text.wording import counted, one_line
from pipeline.tracking.run_facts import FinishedRun, beginning

SEED = "training.seed"
_NO_DIFFERENCE = (SEED, "training.runtime.threads")


@dataclass(frozen=True)
class Contender:
    """Runs of the same settings, each with a seed of its own.

    Attributes:
        name: what the names of its runs have in common.
        runs: at least one.
    """

    name: str
    runs: tuple[FinishedRun, ...]

    def __str__(self) -> str:
        return f"{self.name} ({counted(len(self.runs), 'seed')})" if len(self.runs) > 1 else self.name

    def mean(self, score: str) -> float:
        """The mean of a score that all of its runs have."""
        return sum(run.metrics[score] for run in self.runs) / len(self.runs)


def contenders(runs: Sequence[FinishedRun]) -> list[Contender]:
    """Runs by their settings, in the order of the first of each.

    Runs of the same settings and the same seed differ in what no setting tells, such as the code or the weights that
    they began with; so each of such a group is a contender of its own.
    """
    alike: dict[frozenset[tuple[str, str]], list[FinishedRun]] = {}
    for run in runs:
        settings = frozenset((key, value) for key, value in run.params.items() if key not in _NO_DIFFERENCE)
        alike.setdefault(settings, []).append(run)
    groups = [part for group in alike.values() for part in _parts(group)]
    names = [_name(group) for group in groups]
    return [
        Contender(name if names.count(name) == 1 else f"{name} ({beginning(group[0].id)})", tuple(group))
        for name, group in zip(names, groups, strict=True)
    ]


def _parts(group: list[FinishedRun]) -> list[list[FinishedRun]]:
    seeds = {run.params.get(SEED) for run in group}
    return [group] if len(seeds) == len(group) else [[run] for run in group]


def _name(runs: Sequence[FinishedRun]) -> str:
    first, *others = [one_line(run.name).split() for run in runs]
    common = [word for word in first if all(word in each for each in others)]
    return " ".join(common or first)
