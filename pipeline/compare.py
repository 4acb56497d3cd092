"""`python -m pipeline.compare`: finished runs side by side, as a table here and as a page with their pictures."""

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import COMPARE
from pipeline.process.command import configured, enter, errors_printed, prepare_process


def main() -> None:
    """Run the command."""
    enter(compose_and_compare, COMPARE)


@hydra.main(version_base="1.3", config_path=str(COMPARE.root), config_name=COMPARE.name)
def compose_and_compare(composed: DictConfig) -> None:
    """Compare the runs that Hydra composed the choice of."""
    with errors_printed():
        config = configured(composed)
        prepare_process()
        from pipeline.comparison.comparison import compare
        from pipeline.process.console import UnreadConsole

        compare(config, UnreadConsole())


if __name__ == "__main__":
    main()
