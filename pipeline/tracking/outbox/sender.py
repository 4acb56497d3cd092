"""A sender is a thread that brings outboxes to their tracking server, so that no training waits for it."""

import logging
import os
import time
from pathlib import Path
from threading import Condition, Thread

from filelock import Timeout
from mlflow.tracking import MlflowClient

from pipeline.address import Address
from pipeline.errors import StoreUnreachable
from pipeline.text.wording import first_line
from pipeline.tracking.outbox.delivery import is_needed_no_longer, run_on_server
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.outbox.sending import Sending
from pipeline.tracking.server_check import silence_told
from pipeline.tracking.storage_error import is_of_storage

log = logging.getLogger(__name__)

STEP = 5.0
"""Seconds in which a server must take one more write, while somebody waits for all of them; more for a large file."""
SLOWEST = 1e6
"""Bytes a second of the slowest network that files are waited for."""
ALL = 30.0
"""Seconds in which a server must take all writes, while somebody waits for them."""
FIRST_PAUSE = 1.0
"""Seconds after which a server that did not answer is tried again, at first."""
LONGEST_PAUSE = 30.0
"""Seconds between two tries to reach a server that does not answer, at most."""
_SENDERS: dict[tuple[int, str], "Sender"] = {}


def sender_to(uri: Address) -> "Sender":
    """The sender of this process to a server; a forked process has one of its own."""
    here = os.getpid(), uri.full
    if here not in _SENDERS:
        _SENDERS[here] = Sender(uri)
    return _SENDERS[here]


class Sender:
    """Delivers outboxes to a server.

    Args:
        uri: of the server.

    Attributes:
        silence: why the server did not take the last write; None while it answers.
        refused: why the server does not take the writes of a run, by the folder of its outbox.
    """

    def __init__(self, uri: Address) -> None:
        self.uri = uri
        self.silence: str | None = None
        self.refused: dict[Path, str] = {}
        self._client = MlflowClient(uri.full)
        self._waiting: dict[Path, Outbox] = {}
        self._deliveries: dict[Path, Sending] = {}
        self._at_work: Sending | None = None
        self._answers = 0  # of the server, up to now
        self._asked = 0.0  # when the server was last silent
        self._changed = Condition()
        self._thread: Thread | None = None
        self._stays_away = False

    def stay_away(self) -> None:
        """Never connect to the server."""
        self._stays_away = True
        self.silence = "tracking.offline=always"

    def take(self, folder: Path) -> None:
        """Have the outbox in a folder delivered, beside those that wait already."""
        with self._changed:
            if folder not in self.refused and folder not in self._waiting:
                begun = self._deliveries.get(folder)
                self._waiting[folder] = begun.outbox if begun else Outbox(folder)
            if self._thread is None and not self._stays_away:
                self._thread = Thread(target=self._run, name="sender", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    @property
    def is_silent(self) -> bool:
        """Whether the server did not answer the last time; it may be asked again if that was a while ago."""
        with self._changed:
            if not (self._waiting or self._stays_away) and time.monotonic() > self._asked + LONGEST_PAUSE:
                self.silence = None
            return self.silence is not None

    def flush(self) -> bool:
        """Wait while the server takes one write after the other, and tell whether it has all of them then."""
        end = time.monotonic() + ALL
        with self._changed:
            while self._waiting and self.silence is None and time.monotonic() < end:
                before = self._answers
                patience, waited = self._patience()
                self._changed.wait(max(patience - waited, 0.1))
                if self._answers == before and self._waiting:
                    self.silence = f"{self.uri} took nothing for {patience:.0f} s"
            return not self._waiting

    def _patience(self) -> tuple[float, float]:
        """The seconds in which the server must take the write that is on its way, and those that it has had already.

        So a server that froze during a training is not waited for again at the end.
        """
        size, began = (self._at_work.size, self._at_work.began) if self._at_work else (0, None)
        return STEP + size / SLOWEST, 0.0 if began is None else time.monotonic() - began

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                outbox = next(iter(self._waiting.values()))
            try:
                with silence_told(self.uri):
                    self._deliver(outbox)
                pause = FIRST_PAUSE
            except StoreUnreachable as error:
                self.tell(str(error))
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            except Timeout:  # another process delivers the outbox at this instant
                with self._changed:
                    self._waiting[outbox.folder] = self._waiting.pop(outbox.folder)  # after the others
                time.sleep(FIRST_PAUSE)
            except Exception as error:
                if not is_of_storage(error):
                    raise
                self._refuse(outbox, first_line(error))

    def _deliver(self, outbox: Outbox) -> None:
        with outbox.delivering():
            if not outbox.exists:  # another process has delivered all of it
                self._forget(outbox)
                return
            delivery = self._deliveries.get(outbox.folder)
            if delivery is None:
                run_id = run_on_server(outbox, self._client)
                delivery = self._deliveries[outbox.folder] = Sending(outbox, self._client, run_id)
            self._at_work = delivery
            for _ in delivery.go_on():
                with self._changed:
                    self.silence = None
                    self._answers += 1
                    self._changed.notify_all()
        with self._changed:
            self.silence = None
            self._answers += 1  # also where it had all already
            has_all = outbox.lines.count == delivery.done  # else more was written meanwhile
            if has_all and is_needed_no_longer(outbox):
                has_all = outbox.clear(delivery.done)
                if has_all:
                    del self._deliveries[outbox.folder]
            if has_all:
                del self._waiting[outbox.folder]
            self._changed.notify_all()

    def _forget(self, outbox: Outbox) -> None:
        with self._changed:
            self._waiting.pop(outbox.folder, None)
            self._deliveries.pop(outbox.folder, None)
            self._answers += 1
            self._changed.notify_all()

    def tell(self, silence: str | None) -> None:
        """Note whether the server is silent, and why, for whoever would wait for it; said once."""
        with self._changed:
            if silence and self.silence is None:
                log.warning(f"{silence}. What is recorded is kept on this machine, and sent once the server answers")
            self.silence = silence
            self._asked = time.monotonic()
            self._changed.notify_all()

    def _refuse(self, outbox: Outbox, reason: str) -> None:
        log.warning(f"{self.uri} does not take what is recorded in run {outbox.folder.name}, which is kept: {reason}")
        with self._changed:
            self.refused[outbox.folder] = reason
            del self._waiting[outbox.folder]
            self._changed.notify_all()
