"""`python -m pipeline.study`: the state of a study, from any machine that reaches its storage."""

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import STUDY
from pipeline.process.command import configured, enter, errors_printed, own_work


def main() -> None:
    """Run the command."""
    enter(compose_and_show, STUDY)


@hydra.main(version_base="1.3", config_path=str(STUDY.root), config_name=STUDY.name)
def compose_and_show(composed: DictConfig) -> None:
    """Show the state of the study that Hydra composed the name of, once or until the study has ended."""
    with errors_printed(), own_work():
        config = configured(composed)
        from rich.console import Console

        from pipeline.sweep.study_status import show_study

        show_study(config, Console())


if __name__ == "__main__":
    main()
