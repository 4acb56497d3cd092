"""`python -m pipeline.evaluate`: score a finished run once more, and add to its record what it does not have."""

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import EVALUATE
from pipeline.process.command import answered, configured, enter, start


def main() -> None:
    """Run the command."""
    enter(compose_and_evaluate, EVALUATE)


@hydra.main(version_base="1.3", config_path=str(EVALUATE.root), config_name=EVALUATE.name)
def compose_and_evaluate(composed: DictConfig) -> None:
    """Score the run that Hydra composed the question for."""
    with answered():
        config = configured(composed)
        start()
        from rich.console import Console

        from pipeline.runs.rescoring import rescore

        rescore(config).report(Console())


if __name__ == "__main__":
    main()
