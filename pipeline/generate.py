"""`python -m pipeline.generate`: images and latents from a trained model."""

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import GENERATE
from pipeline.process.command import configured, enter, errors_printed, prepare_process


def main() -> None:
    """Run the command."""
    enter(compose_and_generate, GENERATE)


@hydra.main(version_base="1.3", config_path=str(GENERATE.root), config_name=GENERATE.name)
def compose_and_generate(composed: DictConfig) -> None:
    """Generate what the composed config asks for."""
    with errors_printed():
        if composed.point is not None:
            composed.what = {
                "_target_": "pipeline.generation.points.Points",
                "points": [composed.point],
                "classes": None,
            }
        config = configured(composed)
        prepare_process()
        from rich.console import Console
        from rich.text import Text

        from pipeline.generation.generation import generate

        console = Console()
        with console.status("Loading the model and generating"):
            paths = generate(config)
        for path in paths:
            console.print(Text(str(path)), soft_wrap=True)


if __name__ == "__main__":
    main()
