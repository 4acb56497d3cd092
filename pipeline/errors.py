"""The two exceptions that are no defects of ours: a mistake of the user's, and the user's wish to stop."""


class InputError(Exception):
    """Says what was given, what was wanted and the cure. Doors print it without a traceback and exit with 2."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM. Like its parent no `Exception`, so that no library takes it for an error and goes on."""
