"""What runs have in common and what not, as a table."""

from collections.abc import Sequence

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Column
from rich.table import Table as Printed

from pipeline.errors import InputError
from pipeline.tracking.finished import BEST, SCORES, Finished, differing
from pipeline.tracking.store import FINGERPRINT

SHOWN = ("elbo", "nll", "rate", "distortion")
"""Scores that a terminal has room for."""


class Table:
    """Runs as rows, the best first: the settings in which they differ, and their scores.

    Args:
        runs: that are compared.
        sort: the score to sort by; None for the NLL, or the ELBO where not all have it.

    Raises:
        InputError: there is no such score.
    """

    def __init__(self, runs: Sequence[Finished], sort: str | None = None) -> None:
        names = [f"{split}/{score}" for split in ("test", "validation") for score in SCORES]
        self.scores = [name for name in names if any(name in run.metrics for run in runs)]
        self.split = max(("test", "validation"), key=lambda split: sum(f"{split}/elbo" in run.metrics for run in runs))
        self.sort = self._checked(sort) if sort else self._usual(runs)
        sign = -1 if self.sort and BEST.get(score_of(self.sort)) is max else 1
        self.runs = sorted(runs, key=lambda run: sign * run.metrics.get(self.sort, sign * float("inf")))
        self.settings = differing(runs)
        self.comparable = len({(run.tags.get(FINGERPRINT), run.params.get("likelihood")) for run in runs}) == 1

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each run, by its id: name, settings as they were typed, scores as numbers."""
        rows = [
            {
                "run": run.name,
                **{key: run.params.get(key, "") for key in self.settings},
                **{score: run.metrics.get(score) for score in self.scores},
                "minutes": run.minutes,
            }
            for run in self.runs
        ]
        return pd.DataFrame(rows, index=pd.Index([run.id for run in self.runs], name="id"))

    def best(self, score: str) -> float | None:
        """The best value of a score; None where there is no best, or the runs cannot be compared."""
        better = BEST.get(score_of(score))
        values = [run.metrics[score] for run in self.runs if score in run.metrics]
        return better(values) if better and values and self.comparable else None

    def report(self, console: Console, most: int = 40) -> None:
        """Show it to a person, as much of it as a terminal has room for."""
        printed = Printed(Column("run", no_wrap=True, max_width=28), Column("id", no_wrap=True), box=None)
        scores = [f"{self.split}/{score}" for score in SHOWN if f"{self.split}/{score}" in self.scores]
        for key in self.settings:
            printed.add_column(score_of(key.replace(".", "/")), no_wrap=True)
        for score in scores:
            printed.add_column(score_of(score), no_wrap=True, justify="right")
        bests = {score: self.best(score) for score in scores}
        for run in self.runs[:most]:
            settings = [escape(run.params.get(key, "")) for key in self.settings]
            cells = [_cell(run.metrics.get(score), bests[score]) for score in scores]
            printed.add_row(escape(run.name), run.id[:8], *settings, *cells)
        console.print(printed)
        if len(self.runs) > most:
            console.print(f"… and {len(self.runs) - most} more, in the files")

    def _checked(self, sort: str) -> str:
        if sort not in self.scores:
            raise InputError(f"sort={sort}: these runs have no such score. They have: {', '.join(self.scores)}")
        return sort

    def _usual(self, runs: Sequence[Finished]) -> str:
        nll = f"{self.split}/nll"
        return nll if all(nll in run.metrics for run in runs) else f"{self.split}/elbo"


def score_of(name: str) -> str:
    """The last part of its name."""
    return name.rpartition("/")[2]


def _cell(value: float | None, best: float | None) -> str:
    if value is None:
        return ""
    return f"[bold green]{value:.5g}[/bold green]" if value == best else f"{value:.5g}"
