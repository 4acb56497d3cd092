"""What a study is to find out, and with what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pipeline.config.names import flatten
from pipeline.metric_names import current, under_current_names
from pipeline.sweep.sampling import points_in_order, sampler_of
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.space import Space, key_of, point_name


@dataclass(frozen=True)
class Plan:
    """What a worker needs to know of a study; can be sent to another process.

    Attributes:
        settings: of the study.
        sampler: its config.
        space: what is searched.
        overrides: what all trials have in common, as typed.
        fixed: the same as values, with all that comes from presets and defaults.
    """

    settings: StudySettings
    sampler: Mapping[str, Any]
    space: Space
    overrides: Sequence[str]
    fixed: Mapping[str, Any]

    def question(self) -> dict[str, Any]:
        """What must not change while a study goes on."""
        return {
            "space": self.space.described(),
            "objective": dict(zip(self.settings.objective, self.settings.directions, strict=True)),
            "prune_by": self.settings.prune_by,
            "replicates": self.settings.replicates,
            "config": dict(self.fixed),
        }

    @cached_property
    def number(self) -> int:
        """Of trials: no point is trained twice, so there are no more than the space has points."""
        return int(min(self.settings.n_trials, self.space.size()))

    def points(self) -> Sequence[dict[str, Value] | None]:
        """The points of the trials as far as they are known in advance: those given, and all of a sampler that does not
        learn; None for those that it learns to choose."""
        given, sampler = self.given(), sampler_of(self.sampler, self.settings.seed, 0)
        whole = [key_of(point) for point in given if self.space.is_whole(point)]
        chosen = points_in_order(sampler, self.space, self.number, whole)
        if chosen is None:
            return [*given, *[None] * max(0, self.number - len(given))]
        for index, part in enumerate(given):  # one of which some keys are given takes the others from a chosen point
            rest = next((point for point in chosen if part.items() < point.items()), None)
            if rest:
                given[index] = rest
                chosen.remove(rest)
        return [*given, *chosen][: max(self.number, len(given))]

    def given(self) -> list[dict[str, Value]]:
        """The points that are to be tried first, each once; of some of them only a part."""
        return list({key_of(point): point for point in self.settings.enqueue}.values())

    def described(self) -> dict[str, str]:
        """How it searches, by key: what each key may be, and who chooses."""
        space = flatten({"space": self.space.described()})
        return {
            **{key.replace("=", ":"): str(value) for key, value in space.items()},  # MLflow takes no = in a name
            "objective": ", ".join(self.settings.objective),
            "sampler": str(self.sampler["_target_"]).rpartition(".")[2],
            "pruner": type(self.settings.pruner).__name__,
            "replicates": str(self.settings.replicates),
        }


@dataclass(frozen=True)
class Claimed:
    """A trial that this process works on.

    Attributes:
        number, id: of the trial, from 0 in the study and in the storage.
        values: of the searched keys.
    """

    number: int
    id: int
    values: dict[str, Value] = field(hash=False)

    @property
    def name(self) -> str:
        """What varies."""
        return point_name(self.values)


def asked_now(question: Mapping[str, Any]) -> dict[str, Any]:
    """A study's question as it was stored, with the names that metrics have today."""
    return {
        **question,
        "objective": under_current_names(question["objective"]),
        "prune_by": current(question["prune_by"]),
    }


def difference(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> str:
    """What two questions do not have in common, a line each."""
    lines = []
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            lines.append(difference(old, new, f"{path}{key}: "))
        elif old != new:
            lines.append(f"  {path}{key}: {old} before, {new} now")
    return "\n".join(line for line in lines if line)
