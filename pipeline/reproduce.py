"""`python -m pipeline.reproduce`: train a run once more from its record, and say whether the numbers are the same."""

import sys

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import REPRODUCE
from pipeline.process.command import configured, enter, errors_printed, prepare_process


def main() -> None:
    """Run the command."""
    enter(compose_and_reproduce, REPRODUCE)


@hydra.main(version_base="1.3", config_path=str(REPRODUCE.root), config_name=REPRODUCE.name)
def compose_and_reproduce(composed: DictConfig) -> None:
    """Reproduce the run that Hydra composed the question for; the exit code is 1 if it came out otherwise."""
    with errors_printed():
        config = configured(composed)
        prepare_process()
        from pipeline.process.console import UnreadConsole
        from pipeline.reproduction.reproduction import reproduce

        console = UnreadConsole()
        verdict = reproduce(config, console)
        verdict.report(console)
    sys.exit(0 if verdict.is_identical else 1)


if __name__ == "__main__":
    main()
