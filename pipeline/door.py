"""What all commands share: a quiet start, tidy stops, and mistakes of the user's as messages without a traceback."""

import gc
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline.composition import plain
from pipeline.config import Config
from pipeline.effect import idle
from pipeline.errors import InputError
from pipeline.explanation import check_words, explain
from pipeline.interruption import listen

# Nothing heavy is imported above, so that --help and a mistyped key are answered at once.


class JobFailed(Exception):  # noqa: N818 — one job of several; the others go on
    """Carries the exit code to the end of a multirun."""


def enter(command: Callable[[], None], config_name: str) -> None:
    """Run a command that Hydra composes and end the process as a shell expects it.

    Args:
        command: decorated with `hydra.main`.
        config_name: what it composes, below `conf/`, for messages about keys.
    """
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # otherwise Hydra prints and exits on its own, with less help
    try:
        check_words(sys.argv[1:], config_name)
        command()
    except JobFailed as failed:
        sys.exit(failed.args[0])
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        if not _is_of_composing(error):
            raise
        print(explain(error, sys.argv[1:], config_name), file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(
            f"{error.filename}: {error.strerror}. Runs and their logs are kept there: make it writable", file=sys.stderr
        )
        sys.exit(2)
    except KeyboardInterrupt as interrupt:
        print(f"\n{interrupt}", file=sys.stderr)
        sys.exit(128 + (signal.SIGTERM if "SIGTERM" in str(interrupt) else signal.SIGINT))
    finally:
        gc.freeze()  # else Python looks through all of TensorFlow once more before it ends, which takes a second


def _is_of_composing(error: Exception) -> bool:
    """Whether Hydra refused something, rather than that one of us failed."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals["__name__"]).startswith(("hydra.", "omegaconf.", "antlr4."))


def configured(composed: DictConfig) -> Config:
    """The config of a command as plain mappings and lists; what is typed and has no effect is said.

    Raises:
        InputError: a value is missing, or something that is typed has certainly no effect.
    """
    config = plain(composed)
    if is_alone():  # of several, the sweeper says it once
        say_idle(idle(typed(), config))
    return config


def typed(*, of_hydra: bool = False) -> list[str]:
    """The overrides of the command line as they were typed, or those of Hydra's own settings."""
    overrides: Any = OmegaConf.to_container(HydraConfig.get().overrides)  # what refers to another key stays as it is
    return list(overrides["hydra" if of_hydra else "task"])


def is_alone() -> bool:
    """Whether this is the only job of the command."""
    return bool(HydraConfig.get().mode == RunMode.RUN)


def say_idle(remarks: Sequence[str]) -> None:
    """Show what has no effect."""
    for remark in remarks:
        print(remark)


@contextmanager
def answered() -> Iterator[None]:
    """Say whatever goes wrong in the block, and end the command; in a multirun only the job."""
    try:
        yield
    except InputError as error:
        print(error, file=sys.stderr)
        _give_up(2)
    except Exception:
        traceback.print_exc()
        _give_up(1)


def start() -> None:
    """Start TensorFlow quietly, show what the project logs, and let Ctrl-C and SIGTERM end tidily."""
    from pipeline.runtime import start_tensorflow

    listen()
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    logging.getLogger("pipeline").setLevel(logging.INFO)
    start_tensorflow()


def _give_up(code: int) -> NoReturn:
    if is_alone():
        sys.exit(code)
    raise JobFailed(code)
