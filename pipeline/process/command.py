"""The frame of all commands: a quiet start, tidy stops, and a user's mistakes as messages without a traceback."""

import errno
import gc
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NoReturn

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline import __version__
from pipeline.config.command_line import hide_secrets
from pipeline.config.composition import Primary, plain, where_it_was_typed
from pipeline.config.effect import without_effect
from pipeline.config.explanation import check_words, explain
from pipeline.config.names import Config
from pipeline.errors import InputError, unwritable
from pipeline.process.environment import isolate
from pipeline.process.interruption import ignore_repeats, interruption_first, listen
from pipeline.secrets import MaskedFormatter, masked

# Slow libraries are not imported above, so that --help and a mistyped key are answered at once.


class _Job:
    """The job that this process works on.

    Attributes:
        begun: whether this project is at work. A `ValueError` before is Hydra's, about what the user typed.
    """

    begun = False


@contextmanager
def own_work() -> Iterator[None]:
    """Mark a block as work of this project: a `ValueError` in it is a defect, and no mistake that Hydra found."""
    before = _Job.begun
    _Job.begun = True
    yield
    _Job.begun = before  # not if the block raises, as `enter` then asks


class JobFailed(Exception):  # noqa: N818 — one job of several; the others go on
    """The failure of one job of a multirun, with the exit code of the command."""


def enter(command: Callable[[], None], primary: Primary) -> None:
    """Run a command that Hydra composes and end the process as a shell expects it.

    Args:
        command: decorated with `hydra.main`.
        primary: the config that it composes, for messages about keys.
    """
    if "--version" in sys.argv[1:]:  # by which Hydra would tell its own
        print(f"vae-pipeline {__version__}")
        return
    isolate()
    sys.excepthook = _tell
    try:
        hide_secrets()
        check_words(sys.argv[1:], primary)
        command()
        sys.stdout.flush()
    except BrokenPipeError:
        if _Job.begun:
            raise
        # Whoever reads has read enough, such as `head` of a help page; Python would complain as it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except JobFailed as failed:
        sys.exit(failed.args[0])
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        if _Job.begun and not isinstance(error, HydraException | OmegaConfBaseException):
            raise
        print(masked(explain(error, sys.argv[1:], primary)), file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        told = no_more_written(error) if _Job.begun else _not_written(error)
        if told is None:
            raise
        print(told, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt as interrupt:
        ignore_repeats()
        print(f"\n{interrupt}", file=sys.stderr)
        sys.exit(128 + getattr(interrupt, "number", signal.SIGINT))
    finally:
        gc.freeze()  # else Python's garbage collector goes through all of TensorFlow at the end, for a second


def _not_written(error: OSError) -> str | None:
    """Say which folder Hydra could not make; None where the error is of no file, but of the network or of a process."""
    if error.filename is None:
        return None
    cure = "make room there" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "make it writable"
    return f"{error.filename}: {error.strerror}. Runs and their logs are kept there: {cure}"


def configured(composed: DictConfig) -> Config:
    """The config of a command as plain mappings and lists; overrides that have no effect are printed.

    Raises:
        InputError: a value is missing, or an override is certainly a mistake, since it has no effect.
    """
    config = plain(composed)
    if is_alone():  # for several, the sweeper prints them once
        print_remarks(without_effect(typed_overrides(), config))
    return config


def typed_overrides(*, of_hydra: bool = False) -> list[str]:
    """The overrides of the command line as they were typed, or those of Hydra's own settings."""
    overrides: Any = OmegaConf.to_container(HydraConfig.get().overrides)  # what refers to another key stays as it is
    return list(overrides["hydra" if of_hydra else "task"])


def is_alone() -> bool:
    """Tell whether this is the only job of the command."""
    return bool(HydraConfig.get().mode == RunMode.RUN)


def print_remarks(remarks: Sequence[str]) -> None:
    """Print what the user should know of the command line, such as that an override has no effect, a line each."""
    for remark in remarks:
        print(remark)


@contextmanager
def errors_printed() -> Iterator[None]:
    """Print whatever goes wrong in the block, and end the command; in a multirun only the job."""
    where_it_was_typed()
    _Job.begun = True
    try:
        with interruption_first():
            yield
    except InputError as error:
        print(error, file=sys.stderr)
        _give_up(2)
    except Exception as error:
        if told := no_more_written(error):
            print(told, file=sys.stderr)
            _give_up(2)
        _tell(type(error), error, error.__traceback__)
        _give_up(1)


def no_more_written(error: BaseException) -> str | None:
    """Say that nothing more can be written, where that is what an error comes from; None elsewhere."""
    reason = unwritable(error)
    return f"Nothing more can be written ({reason}). Mend that and type the command again" if reason else None


def prepare_process(listen: Callable[[], None] = listen) -> None:
    """Start TensorFlow without messages, print the log of the project, and handle signals.

    Args:
        listen: how the process listens for signals.
    """
    from pipeline.process.console import UnreadHandler
    from pipeline.runtime import start_tensorflow

    _Job.begun = True
    listen()
    said = UnreadHandler(sys.stdout)
    said.setFormatter(MaskedFormatter("%(message)s"))
    logging.basicConfig(handlers=[said])
    ours = logging.getLogger("pipeline")
    ours.setLevel(ours.level or logging.INFO)  # unless hydra.verbose asks for more
    start_tensorflow()
    gc.freeze()  # else each collection would go through all of TensorFlow, for a tenth of a short training's time


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback as Python does, without the secrets of addresses."""
    print(masked("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def _give_up(code: int) -> NoReturn:
    if is_alone():
        sys.exit(code)
    raise JobFailed(code)
