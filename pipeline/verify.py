"""`python -m pipeline.verify`: train what others have published, compare the numbers, and write them down."""

import sys

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import VERIFY, training_config
from pipeline.process.command import configured, enter, errors_printed, prepare_process


def main() -> None:
    """Run the command."""
    enter(compose_and_verify, VERIFY)


@hydra.main(version_base="1.3", config_path=str(VERIFY.root), config_name=VERIFY.name)
def compose_and_verify(composed: DictConfig) -> None:
    """Verify what Hydra composed; the exit code is 1 if a number is not as good as it must be."""
    with errors_printed():
        config = configured(composed)
        prepare_process()
        from pipeline.verification.verification import verify

        failed = verify(config, training_config)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
