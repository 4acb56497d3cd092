"""What a worker says of its trials: a live table in a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping

from optuna.trial import TrialState
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.sweep.study.plan import Claimed
from pipeline.sweep.study.study import Study
from pipeline.text.wording import one_line

WORDS = {TrialState.COMPLETE: "done", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


class Progress:
    """Shows the trials of this worker; used as a context.

    Args:
        study: that they belong to.
        epochs: of each training, at most.
    """

    def __init__(self, study: Study, epochs: int) -> None:
        self.study, self.epochs, self.console = study, epochs, Console()
        self._rows: dict[int, list[str]] = {}
        self._began = time.monotonic()
        self._ended = 0
        self._live = Live(console=self.console, get_renderable=self._table, refresh_per_second=2, transient=True)

    def __enter__(self) -> "Progress":
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def begins(self, claimed: Claimed) -> None:
        """A trial was begun, or gone on with."""
        self._rows[claimed.number] = [str(claimed.number), "training", one_line(claimed.name), "", ""]

    def epoch(self, claimed: Claimed, epoch: int, metrics: Mapping[str, float]) -> None:
        """An epoch of it is done."""
        name = self.study.settings.prune_by
        self._rows[claimed.number][3:] = [f"{epoch}/{self.epochs}", f"{name} {metrics[name]:.5g}"]

    def ends(self, claimed: Claimed, state: TrialState, said: str) -> None:
        """It is over; `said` is its value or the reason, and empty if how far it came says enough."""
        self._ended += 1
        *_, epoch, value = self._rows.pop(claimed.number)
        said = said or f"at {value}, epoch {epoch}"
        line = f"trial {claimed.number:>3} {WORDS[state]:<7} {one_line(claimed.name)}  {said}  ({self._state()})"
        self.console.print(Text(line), soft_wrap=True)

    def _state(self) -> str:
        done, all_of_them = len(self.study.of_state(*WORDS)), len(self.study.trials)
        left = (time.monotonic() - self._began) / max(self._ended, 1) * (all_of_them - done)
        parts = [f"{done}/{all_of_them}", *([f"best {best}"] if (best := self._best()) else [])]
        shown = f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left"
        return ", ".join([*parts, shown] if self._ended and done < all_of_them else parts)

    def _best(self) -> str:
        best = self.study.ranking()[:1] if len(self.study.settings.objective) == 1 else []
        return f"{best[0].value:.5g} in trial {best[0].number}" if best else ""

    def _table(self) -> RenderableType:
        table = Table("trial", "state", "parameters", "epoch", "value", box=None)
        for row in self._rows.values():
            table.add_row(*map(Text, row))
        return Group(table, Text(f"{self.study.settings.study}: {self._state()}"))
