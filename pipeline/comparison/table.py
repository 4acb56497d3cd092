"""Runs as a table: the settings in which they differ, and their scores."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd
from rich.console import Console
from rich.measure import Measurement
from rich.table import Column
from rich.table import Table as Printed
from rich.text import Text

from pipeline.comparison.verdict import UNITS, Verdicts, verdicts
from pipeline.errors import InputError
from pipeline.evaluation.image_scores import ImageScores
from pipeline.evaluation.scores import COMPARED, ranking, score_of
from pipeline.text.wording import counted, one_line
from pipeline.tracking.comparability import (
    deciding_score,
    evaluated_split,
    incomparable_in,
    made_differently,
    reservations,
)
from pipeline.tracking.run_facts import FinishedRun, beginning, differing

TERMINAL_SCORES = ("elbo", "nll", "rate", "distortion")
"""Scores that a terminal has room for."""
TERMINAL_VERDICTS = 5
"""Verdicts that a terminal shows: on the runs that come next to the best."""
TERMINAL_RUNS = 40
"""Runs that a terminal shows: about a screenful."""
NAME_WIDTH = 28  # characters of a run's name at most
SHORT_NAME_WIDTH = 12  # characters that a name gives way to, so that there is room for another setting
SETTING_WIDTH = 20  # characters of a setting at most


class Table:
    """Runs as rows, the best first: the settings in which they differ, and their scores.

    Args:
        runs: that are compared.
        sort: the score to sort by; None for the NLL, or the ELBO where not all have it.
        images: the scores of single images by the id of a run, of as many runs as have them.

    Attributes:
        verdicts: by the name of a score, such as `test/nll`, by which those that are judged can be compared.
        reservations: sentences that say by which scores they cannot be compared, and why.

    Raises:
        InputError: there is no such score, or it cannot be compared.
    """

    def __init__(
        self,
        runs: Sequence[FinishedRun],
        sort: str | None = None,
        images: Mapping[str, ImageScores] = MappingProxyType({}),
    ) -> None:
        self.split = evaluated_split(runs)
        splits = dict.fromkeys((self.split, "test", "validation"))
        names = [f"{split}/{score}" for split in splits for score in COMPARED]
        self.scores = [name for name in names if any(name in run.metrics for run in runs)]
        self.sort = self._checked(sort, runs) if sort else deciding_score(runs, self.split)
        score = score_of(self.sort)
        sign = -1 if score and score.higher_is_better else 1
        self.runs = sorted(runs, key=lambda run: sign * run.metrics.get(self.sort, sign * float("inf")))
        made = (key for name in self.scores for key in made_differently(runs, name))
        self.settings = list(dict.fromkeys([*differing(runs), *made]))
        self.reservations = reservations(runs, self.scores)
        judged = {name: verdicts(self.runs, images, name) for name in map(f"{self.split}/{{}}".format, UNITS)}
        self.verdicts = {name: found for name, found in judged.items() if found and self._are_comparable(found)}

    def is_comparable(self, score: str) -> bool:
        """Whether the runs can be compared by a score."""
        return incomparable_in(self.runs, score) is None

    def _are_comparable(self, found: Verdicts) -> bool:
        return incomparable_in([run for run in self.runs if run.id in found.judged], found.metric) is None

    @property
    def condition(self) -> str | None:
        """What the likelihood of the runs is, where some are conditional; None where none is."""
        conditional = [run.is_conditional for run in self.runs]
        if all(conditional):
            return "All are conditional: ELBO, NLL and distortion are of p(image | class)."
        return "ELBO, NLL and distortion of the conditional ones are of p(image | class)." if any(conditional) else None

    @property
    def headings(self) -> dict[str, str]:
        """The last part of the name of each setting and score, or the whole where another ends alike."""
        last = {name: last_part(name.replace(".", "/")) for name in (*self.settings, *self.scores)}
        return {name: short if list(last.values()).count(short) == 1 else name for name, short in last.items()}

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each run, by its id: name, settings as they were typed, scores as numbers."""
        rows = [
            {
                "run": run.name,
                **{key: run.setting(key) for key in self.settings},
                **{score: run.metrics.get(score) for score in self.scores},
                "minutes": run.minutes,
            }
            for run in self.runs
        ]
        return pd.DataFrame(rows, index=pd.Index([run.id for run in self.runs], name="id"))

    def best(self, score: str) -> float | None:
        """The best value of a score; None where there is no best, or the runs cannot be compared by it."""
        better = ranking(score)
        values = [run.metrics[score] for run in self.runs if score in run.metrics]
        return better(values) if better and values and self.is_comparable(score) else None

    @property
    def deciding(self) -> Verdicts | None:
        """The verdicts on the score that the runs are sorted by, or where none are given on it, on what ranks runs."""
        judged = self.sort.rpartition("/")[2] in UNITS
        return self.verdicts.get(self.sort if judged else deciding_score(self.runs, self.split))

    def marked(self, score: str) -> set[str]:
        """Ids of the runs that are marked as the best in a score: where all are judged, those that tie with it too."""
        having = {run.id for run in self.runs if score in run.metrics}
        if (found := self.verdicts.get(score)) and found.judged == having:
            return found.winners
        best = self.best(score) if len(having) > 1 or score.startswith(self.split) else None  # one alone beats nobody
        return {run.id for run in self.runs if best is not None and run.metrics.get(score) == best}

    def report(self, console: Console) -> None:
        """Show it to a person, as much of it as a terminal has room for."""
        shown: list[str] = []
        for key in self.settings:
            if _width(self._printed([*shown, key], SHORT_NAME_WIDTH), console) <= console.width:
                shown.append(key)
        console.print(f"Scores of the {self.split} split, sorted by {self.sort}", highlight=False)
        for said in (*self.reservations, *([self.condition] if self.condition else [])):
            console.print(Text(said), soft_wrap=True)
        console.print(self._printed(shown, NAME_WIDTH))
        hidden = [f"{len(self.runs) - TERMINAL_RUNS} more runs"] if len(self.runs) > TERMINAL_RUNS else []
        hidden += [", ".join(rest)] if (rest := [key for key in self.settings if key not in shown]) else []
        if found := self.deciding:
            lines = [found.heading, *map(str, found.each[:TERMINAL_VERDICTS]), *found.left_out[:TERMINAL_VERDICTS]]
            console.print(Text("\n" + "\n  ".join(lines)), soft_wrap=True)
            more = len(found.each) - TERMINAL_VERDICTS
            hidden += [counted(more, "more verdict")] if more > 0 else []
        if hidden:
            console.print(Text(f"In the files also {' and '.join(hidden)}"), soft_wrap=True)

    def _printed(self, settings: Sequence[str], name_width: int) -> Printed:
        printed = Printed(Column("run", max_width=name_width), Column("id", no_wrap=True), box=None)
        columns = dict.fromkeys([*(f"{self.split}/{score}" for score in TERMINAL_SCORES), self.sort])
        marked = {score: self.marked(score) for score in columns}
        scores = [score for score in columns if score in self.scores]
        for key in settings:
            printed.add_column(Text(one_line(self.headings[key])), no_wrap=True, max_width=SETTING_WIDTH)
        for score in scores:
            heading = last_part(score) if score.startswith(self.split) else self.headings[score]
            printed.add_column(heading, no_wrap=True, justify="right")
        for run in self.runs[:TERMINAL_RUNS]:
            named = Text(one_line(run.name), no_wrap=True, overflow="ellipsis")  # gives way first to save room
            values = (Text(_shown(run.setting(key))) for key in settings)
            cells = (_cell(run.metrics.get(score), is_best=run.id in marked[score]) for score in scores)
            printed.add_row(named, beginning(run.id), *values, *cells)
        return printed

    def _checked(self, sort: str, runs: Sequence[FinishedRun]) -> str:
        if sort not in self.scores:
            raise InputError(f"sort={sort}: these runs have no such score. They have: {', '.join(self.scores)}")
        if made := made_differently(runs, sort):
            by = " and ".join(f"{key} ({', '.join(values)})" for key, values in made.items())
            raise InputError(
                f"sort={sort}: the scores of these runs were made by different {by}, so that they rank none before "
                f"another. Sort by another score, or compare those that agree in it"
            )
        return sort


def last_part(name: str) -> str:
    """The last part of the name of a setting or a score, such as `nll` of `test/nll`."""
    return name.rpartition("/")[2]


def concise(value: str) -> str:
    """The value of a setting as it is told apart from others: a number with four digits."""
    try:
        return f"{float(value):.4g}" if "." in value or "e" in value else value
    except ValueError:
        return value


def _width(printed: Printed, console: Console) -> int:
    return Measurement.get(console, console.options.update(width=console.width * 10), printed).maximum


def _shown(value: str) -> str:
    return one_line(concise(value)) if value else ""


def _cell(value: float | None, *, is_best: bool) -> Text:
    return Text() if value is None else Text(f"{value:.5g}", "bold green" if is_best else "")
