"""`python -m pipeline.evaluate`: evaluate a finished run once more, and add the scores that its record lacks."""

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import EVALUATE
from pipeline.process.command import configured, enter, errors_printed, prepare_process


def main() -> None:
    """Run the command."""
    enter(compose_and_evaluate, EVALUATE)


@hydra.main(version_base="1.3", config_path=str(EVALUATE.root), config_name=EVALUATE.name)
def compose_and_evaluate(composed: DictConfig) -> None:
    """Evaluate the run that the composed config names."""
    with errors_printed():
        config = configured(composed)
        prepare_process()
        from rich.console import Console

        from pipeline.runs.evaluate import evaluate_run

        console = Console()
        with console.status("Evaluating the run"):
            evaluated = evaluate_run(config)
        evaluated.report(console)


if __name__ == "__main__":
    main()
