"""Which runs are compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.config.values import Text
from pipeline.errors import InputError
from pipeline.places import ui_command
from pipeline.tracking.run_facts import FinishedRun, finished_among
from pipeline.tracking.store import Store
from pipeline.tracking.tags import PARENT, PRUNED


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The runs of a comparison: by id, of an experiment, of a study, or that pass a filter; or all of these at once.

    Attributes:
        runs: ids, or their beginnings, or `<study>@champion`; a run that holds others stands for those below it.
        experiment: name of an experiment of MLflow.
        study: name of the study whose trials are compared.
        filter: a condition in the search language of MLflow.
    """

    runs: list[Text]
    experiment: Text | None
    study: Text | None
    filter: Text | None

    def __post_init__(self) -> None:
        if not (self.runs or self.experiment or self.study or self.filter):
            raise InputError(
                "compare: which runs? Set experiment=mnist, study=latent_filters, runs=[<id>,<id>] or filter=…"
            )

    def of(self, store: Store) -> list[FinishedRun]:
        """The finished runs that were trained to their end and hold no others, each once.

        Raises:
            InputError: there is none, or a name that is not known.
        """
        found = {run.id: run for run in self._named(store)}
        if self.experiment or self.study or self.filter:
            found |= {run.id: run for run in finished_among(store.search(self._experiments(store), self._where()))}
        holders = {run.tags[PARENT] for run in found.values() if PARENT in run.tags}
        runs = [run for run in found.values() if run.id not in holders and run.was_trained]
        if not runs:
            raise InputError(f"compare: {self} has no finished run to show. Look for others with: {ui_command()}")
        return runs

    def __str__(self) -> str:
        parts = {"experiment": self.experiment, "study": self.study, "filter": self.filter}
        words = [f"{name}={value}" for name, value in parts.items() if value]
        named = [f"run {self.runs[0]}" if len(self.runs) == 1 else f"{len(self.runs)} runs"] if self.runs else []
        return ", ".join([*words, *named])

    def _named(self, store: Store) -> Iterator[FinishedRun]:
        for name in self.runs:
            run = store.run(name)
            found = finished_among([run, *store.children(run.info.run_id)])
            if not found:
                state = "pruned" if PRUNED in run.data.tags else run.info.status
                raise InputError(
                    f"runs: {name} is {state}; expected finished runs. Leave it out, or train it to its end"
                )
            yield from found

    def _experiments(self, store: Store) -> Sequence[str]:
        if self.experiment is None:
            return store.experiments
        known: Any = store.client.get_experiment_by_name(self.experiment)
        if known is None:
            names = ", ".join(each.name for each in store.client.search_experiments())
            raise InputError(f"experiment={self.experiment}: there is no such experiment. There are: {names}")
        return [known.experiment_id]

    def _where(self) -> str:
        study = [f"tags.study = '{self.study}'"] if self.study else []
        return " AND ".join([*study, *([self.filter] if self.filter else [])])
