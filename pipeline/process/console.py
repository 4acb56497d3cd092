"""What a command prints while it works; where nobody reads that any more, as after `| head`, it goes on in silence."""

import logging
import os
import sys

from rich.console import Console


class UnreadConsole(Console):
    """A console that nobody may read any more; rich would end the process, and with it the work."""

    def on_broken_pipe(self) -> None:
        """Fall silent."""
        _fall_silent()


class UnreadHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """A log that nobody may read any more; Python would print a traceback for each line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 — Python's own name
        """Fall silent."""
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            _fall_silent()
        else:
            super().handleError(record)


def _fall_silent() -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, sys.stdout.fileno())
    os.close(silence)
