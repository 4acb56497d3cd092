"""What a command prints while it works; where nobody reads that any more, as after `| head`, it goes on in silence."""

import logging
import os
import sys
from typing import IO, Any

from rich.console import Console


class UnreadConsole(Console):
    """A console that nobody may read any more; rich would end the process, and with it the work."""

    def on_broken_pipe(self) -> None:
        """Fall silent."""
        _fall_silent(self.file)


class UnreadHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """A log that nobody may read any more; Python would print a traceback for each line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 — Python's own name
        """Fall silent."""
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            _fall_silent(self.stream)
        else:
            super().handleError(record)


def print_line(line: str, *, is_error: bool = False) -> None:
    """Print a line exactly as it is, at once, which nobody may read any more; Python would raise an error."""
    stream = sys.stderr if is_error else sys.stdout
    try:
        print(line, file=stream, flush=True)
    except BrokenPipeError:
        _fall_silent(stream)


def _fall_silent(stream: IO[Any]) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, stream.fileno())
    os.close(silence)
