"""`python -m pipeline.serve`: a trained model answers requests over HTTP."""

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import SERVE
from pipeline.process.command import configured, enter, errors_printed, prepare_process


def main() -> None:
    """Run the command."""
    enter(compose_and_serve, SERVE)


@hydra.main(version_base="1.3", config_path=str(SERVE.root), config_name=SERVE.name)
def compose_and_serve(composed: DictConfig) -> None:
    """Serve the model of the run that Hydra composed the choice of."""
    with errors_printed():
        config = configured(composed)
        prepare_process()
        from rich.console import Console

        from pipeline.runs.serving import serve_run

        serve_run(config, Console())


if __name__ == "__main__":
    main()
