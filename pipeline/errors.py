"""The exceptions that are no defects of ours: a user's mistake, the wish to stop, and a trial that was ended early."""

from pipeline.secrets import masked


class InputError(Exception):
    """Says what was given, what was wanted and the cure. Doors print it without a traceback and exit with 2.

    Args:
        message: whatever library's words are in it, the secrets of addresses are not.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(masked(message))


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM. Like its parent no `Exception`, so that no library takes it for an error and goes on."""


class Pruned(Exception):  # noqa: N818 — a decision, no error
    """A study ended this training early, because others promise more."""
