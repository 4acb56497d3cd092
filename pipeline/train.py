"""`python -m pipeline.train`: compose a config, train, and say what came of it."""

import logging
import os
import signal
import sys
import traceback
from types import FrameType
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from pipeline.composition import CONF, explain, name_of, plain
from pipeline.config import Config
from pipeline.errors import InputError, Interrupted

# Nothing heavy is imported above, so that --help and a mistyped key are answered at once.


class JobFailed(Exception):  # noqa: N818 — one job of several; the others go on
    """Carries the exit code to the end of a multirun."""


def main() -> None:
    """The door: every mistake of the user's ends here as a message, without a traceback."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # otherwise Hydra prints and exits on its own, with less help
    try:
        compose_and_train()
    except JobFailed as failed:
        sys.exit(failed.args[0])
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        print(explain(error, sys.argv[1:]), file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(
            f"{error.filename}: {error.strerror}. Runs and their logs are kept there: make it writable", file=sys.stderr
        )
        sys.exit(2)
    except KeyboardInterrupt as interrupt:
        print(f"\n{interrupt}", file=sys.stderr)
        sys.exit(128 + (signal.SIGTERM if "SIGTERM" in str(interrupt) else signal.SIGINT))


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def compose_and_train(composed: DictConfig) -> None:
    """Train what Hydra composed; whatever goes wrong in here has been said when it leaves."""
    try:
        _do(plain(composed))
    except InputError as error:
        print(error, file=sys.stderr)
        _give_up(2)
    except Exception:
        traceback.print_exc()
        _give_up(1)


def _do(config: Config) -> None:
    now = HydraConfig.get()
    name = name_of(now.overrides.task, now.runtime.choices, config)
    resume = config.pop("resume", None)
    if resume is None:
        _train(config, name)
    else:
        _resume(str(resume), config, list(now.overrides.task))


def _give_up(code: int) -> NoReturn:
    """End the command; in a multirun only the job, which Hydra takes an exception for."""
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        raise JobFailed(code)
    sys.exit(code)


def _train(config: Config, name: str) -> None:
    _prepare()
    from rich.console import Console

    from pipeline.training_run import train

    train(config, name=name, console=Console()).report(Console())


def _resume(run_id: str, config: Config, overrides: list[str]) -> None:
    others = [each for each in overrides if not each.startswith(("resume=", "tracking.uri="))]
    if others:
        raise InputError(
            f"resume={run_id} goes on with the run exactly as it was, so {' '.join(others)} cannot be changed. "
            "Leave it out, or start a new run without resume"
        )
    _prepare()
    from rich.console import Console

    from pipeline.training_run import resume

    resume(run_id, config["tracking"], console=Console()).report(Console())


def _prepare() -> None:
    from pipeline.runtime import start_tensorflow

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    logging.basicConfig(format="%(message)s", stream=sys.stdout)
    logging.getLogger("pipeline").setLevel(logging.INFO)
    start_tensorflow()


def _stop(number: int, _: FrameType | None) -> None:
    """End tidily; a second signal ends at once, and the guard closes the run."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    raise Interrupted(f"Stopped by {signal.Signals(number).name}")


if __name__ == "__main__":
    main()
