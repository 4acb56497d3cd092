"""A pause of a worker lets a tracking store come back after a trial could not be recorded there."""

import time

from pipeline.errors import StoreUnreachable
from pipeline.sweep.study.retrying_storage import LONGEST_OUTAGE

PAUSE = 10.0
"""Seconds in which no trial is begun after one that could not be recorded."""


class Pause:
    """A pause lasts for `PAUSE`, and may be repeated until no trial was recorded for `LONGEST_OUTAGE`."""

    def __init__(self) -> None:
        self._since: float | None = None  # seconds of the monotonic clock; None while trials can be recorded
        self._until = 0.0

    @property
    def is_over(self) -> bool:
        """Whether a trial may be begun."""
        return time.monotonic() > self._until

    def begin(self, reason: str) -> None:
        """Begin a pause.

        Args:
            reason: why a trial could not be recorded.

        Raises:
            StoreUnreachable: none could be recorded for too long, with the reason.
        """
        now = time.monotonic()
        self._since = self._since or now
        if now > self._since + LONGEST_OUTAGE:
            raise StoreUnreachable(reason)
        self._until = now + PAUSE

    def forget(self) -> None:
        """Count from the start again, since something was recorded."""
        self._since = None
