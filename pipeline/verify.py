"""`python -m pipeline.verify`: train what others have published, compare, and write down what came of it."""

import sys
from collections.abc import Sequence

import hydra
from hydra import compose
from omegaconf import DictConfig

from pipeline.config.composition import CONF, plain
from pipeline.config.names import Config
from pipeline.process.command import answered, configured, enter, start


def main() -> None:
    """Run the command."""
    enter(compose_and_verify, "verify")


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="verify")
def compose_and_verify(composed: DictConfig) -> None:
    """Verify what Hydra composed; the exit code is 1 if a number is not as good as it must be."""
    with answered():
        config = configured(composed)
        start()
        from pipeline.verification.verification import verify

        failed = verify(config, _composed)
    sys.exit(1 if failed else 0)


def _composed(overrides: Sequence[str]) -> Config:
    return plain(compose("train", list(overrides)))


if __name__ == "__main__":
    main()
