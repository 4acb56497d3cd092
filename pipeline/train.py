"""`python -m pipeline.train`: compose a config, train, and say what came of it."""

import os
import signal
import sys
from types import FrameType

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from pipeline.composition import CONF, explain, name_of, plain
from pipeline.config import Config
from pipeline.errors import InputError, Interrupted

# Nothing heavy is imported above, so that --help and a mistyped key are answered at once.


def main() -> None:
    """The door: every mistake of the user's ends here as a message, without a traceback."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # otherwise Hydra prints and exits on its own, with less help
    try:
        compose_and_train()
    except (HydraException, OmegaConfBaseException) as error:
        overrides = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
        sys.exit(_refused(explain(error, overrides)))
    except KeyboardInterrupt as interrupt:
        print(f"\n{interrupt}", file=sys.stderr)
        sys.exit(128 + (signal.SIGTERM if "SIGTERM" in str(interrupt) else signal.SIGINT))


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def compose_and_train(composed: DictConfig) -> None:
    """Train what Hydra composed."""
    config, now = plain(composed), HydraConfig.get()
    name = name_of(now.overrides.task, now.runtime.choices, config)
    resume = config.pop("resume")
    try:
        if resume is None:
            _train(config, name)
        else:
            _resume(str(resume), config, list(now.overrides.task))
    except InputError as error:
        sys.exit(_refused(str(error)))


def _train(config: Config, name: str) -> None:
    _prepare()
    from rich.console import Console

    from pipeline.experiment import train

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

    from pipeline.experiment import resume

    resume(run_id, config["tracking"], console=Console()).report(Console())


def _prepare() -> None:
    from pipeline.runtime import start_tensorflow

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    start_tensorflow()


def _stop(number: int, _: FrameType | None) -> None:
    """Once: a second signal must not disturb the tidying up after the first."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(f"stopped by {signal.Signals(number).name}")


def _refused(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
