"""`python -m pipeline.bundle`: a run, a family or a study as one file, and back into another store."""

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import BUNDLE
from pipeline.process.command import configured, enter, errors_printed, prepare_process


def main() -> None:
    """Run the command."""
    enter(compose_and_bundle, BUNDLE)


@hydra.main(version_base="1.3", config_path=str(BUNDLE.root), config_name=BUNDLE.name)
def compose_and_bundle(composed: DictConfig) -> None:
    """Pack the run that Hydra composed the name of, or unpack the file."""
    with errors_printed():
        config = configured(composed)
        prepare_process()
        from pipeline.bundling.bundle import pack_or_unpack
        from pipeline.process.console import UnreadConsole

        pack_or_unpack(config, UnreadConsole())


if __name__ == "__main__":
    main()
