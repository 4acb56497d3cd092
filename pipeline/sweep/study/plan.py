"""A plan is what a command asks a study to do: its settings, search space and sampler, and what all trials share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.config.names import flatten
from pipeline.sweep.sampling import points_in_order, sampler_of
from pipeline.sweep.settings import StudySettings
from pipeline.sweep.space.distribution import Value
from pipeline.sweep.space.space import Space, key_of


@dataclass(frozen=True)
class Plan:
    """A plan is all that a worker needs to know of a study; it can be sent to another process.

    Attributes:
        settings: the study's settings.
        sampler: the sampler's config.
        space: the search space.
        overrides: what all trials have in common, as overrides of the command line.
        fixed: what all trials have in common, as values, those of presets and defaults included.
        trusted: packages of the user's own, whose code takes part.
    """

    settings: StudySettings
    sampler: Mapping[str, Any]
    space: Space
    overrides: Sequence[str]
    fixed: Mapping[str, Any]
    trusted: Sequence[str] = ()

    @cached_property
    def n_trials(self) -> int:
        """The number of trials: `sweep.n_trials`, or of the points of a smaller space, as none is trained twice."""
        return int(min(self.settings.n_trials, self.space.size()))

    def points(self) -> Sequence[dict[str, Value] | None]:
        """Give the point of each trial as far as it is known in advance.

        The enqueued points come first, then those of a sampler that does not learn; None stands for each point that a
        sampler learns to choose.
        """
        enqueued = self.enqueued()
        sampler = sampler_of(self.sampler, self.settings.seed, 0)
        whole = [key_of(point) for point in enqueued if self.space.is_whole(point)]
        chosen = points_in_order(sampler, self.space, self.n_trials, whole)
        if chosen is None:
            return [*enqueued, *[None] * max(0, self.n_trials - len(enqueued))]
        for index, part in enumerate(enqueued):  # a part of a point is completed by a chosen point that has it
            completed = next((point for point in chosen if part.items() < point.items()), None)
            if completed:
                enqueued[index] = completed
                chosen.remove(completed)
        return [*enqueued, *chosen][: max(self.n_trials, len(enqueued))]

    def enqueued(self) -> list[dict[str, Value]]:
        """Give the points of `sweep.enqueue`, which are tried first, each once; some are a part of a point only."""
        return list({key_of(point): point for point in self.settings.enqueue}.values())

    def described(self) -> dict[str, str]:
        """Describe the search as parameters of the study's run: the values of each key, and who chooses."""
        space = flatten({"space": self.space.described()})
        return {
            **{key.replace("=", ":"): str(value) for key, value in space.items()},  # MLflow takes no = in a name
            "objective": ", ".join(self.settings.objective),
            "sampler": str(self.sampler["_target_"]).rpartition(".")[2],
            "pruner": type(self.settings.pruner).__name__,
            "replicates": str(self.settings.replicates),
        }
