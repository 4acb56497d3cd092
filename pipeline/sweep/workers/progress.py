"""The progress of a worker's trials is a live table in a terminal, and a line for each trial elsewhere."""

import time
from collections.abc import Mapping
from contextlib import suppress

from optuna.trial import TrialState
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.process.console import UnreadConsole
from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.study.study import Study
from pipeline.text.wording import one_line

WORDS = {TrialState.COMPLETE: "done", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
"""The words for the states in which a trial has ended."""
PREEMPTED = "preempted"
"""The word for a trial whose training a signal ended: it waits, and goes on from its checkpoint."""


class Progress:
    """A progress display shows this worker's trials while its context lasts.

    Args:
        study: the study that they belong to.
        epochs: the number of epochs of each training, at most.
    """

    def __init__(self, study: Study, epochs: int) -> None:
        self.study = study
        self.epochs = epochs
        self.console = UnreadConsole()
        self._rows: dict[int, list[str]] = {}
        self._began_at = time.monotonic()
        self._ended = 0
        self._live = Live(console=self.console, get_renderable=self._table, refresh_per_second=2, transient=True)

    def __enter__(self) -> "Progress":
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._live.stop()

    def begins(self, claimed: ClaimedTrial) -> None:
        """Show a trial that begins, or goes on."""
        self._rows[claimed.number] = [str(claimed.number), "training", one_line(claimed.name), "", ""]

    def epoch(self, claimed: ClaimedTrial, epoch: int, metrics: Mapping[str, float]) -> None:
        """Show the end of an epoch of a trial."""
        name = self.study.settings.prune_by
        self._rows[claimed.number][3:] = [f"{epoch}/{self.epochs}", f"{name} {metrics[name]:.5g}"]

    def ends(self, claimed: ClaimedTrial, state: TrialState, result: str = "") -> None:
        """Print how a trial ended, or that it was preempted.

        Args:
            claimed: the trial.
            state: the state in which it ended; WAITING of a trial that was preempted.
            result: its value, or why it failed; empty for a pruned or preempted trial, whose last epoch is shown.
        """
        self._ended += state in WORDS
        *_, epoch, value = self._rows.pop(claimed.number, ["", ""])
        result = result or (f"at {value}, epoch {epoch}" if epoch else "before its first epoch ended")
        word = WORDS.get(state, PREEMPTED)
        line = f"trial {claimed.number:>3} {word:<7} {one_line(claimed.name)}  {result}  ({self._state()})"
        self._print(line)

    def waits(self, claimed: ClaimedTrial, reason: str) -> None:
        """Print that a trial stopped without being at fault, and why; it goes on later."""
        del self._rows[claimed.number]
        line = f"trial {claimed.number:>3} waits   {one_line(claimed.name)}  {reason}"
        self._print(line)

    def drops(self, claimed: ClaimedTrial) -> None:
        """Print that another worker has taken a trial over, as this one had not renewed its lease for too long."""
        del self._rows[claimed.number]
        line = f"trial {claimed.number:>3} taken over by another worker"
        self._print(line)

    def _print(self, line: str) -> None:
        with suppress(OSError):  # of a terminal that is gone, which must not keep trials from being put back
            self.console.print(Text(line), soft_wrap=True)

    def _state(self) -> str:
        ended = len(self.study.of_state(*WORDS))
        trials = self.study.plan.n_trials
        parts = [f"{ended}/{trials}", *([f"best {best}"] if (best := self._best()) else [])]
        if self._ended and ended < trials:
            seconds = (time.monotonic() - self._began_at) / self._ended * (trials - ended)
            minutes = seconds / 60
            parts.append(f"{minutes:.0f} min left" if minutes > 1.5 else f"{seconds:.0f} s left")  # never "1 min"
        return ", ".join(parts)

    def _best(self) -> str:
        best = self.study.ranking()[:1] if len(self.study.settings.objective) == 1 else []
        return f"{best[0].value:.5g} in trial {best[0].number}" if best else ""

    def _table(self) -> RenderableType:
        table = Table("trial", "state", "parameters", "epoch", "value", box=None)
        for row in self._rows.values():
            table.add_row(*map(Text, row))
        return Group(table, Text(f"{self.study.settings.study}: {self._state()}"))
