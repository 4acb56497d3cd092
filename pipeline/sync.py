"""`python -m pipeline.sync`: send what was recorded on this machine while its tracking server did not answer."""

import hydra
from omegaconf import DictConfig

from pipeline.config.composition import SYNC
from pipeline.process.command import configured, enter, errors_printed, own_work


def main() -> None:
    """Run the command."""
    enter(compose_and_send, SYNC)


@hydra.main(version_base="1.3", config_path=str(SYNC.root), config_name=SYNC.name)
def compose_and_send(composed: DictConfig) -> None:
    """Send the outboxes that Hydra composed the server of, or all."""
    with errors_printed(), own_work():
        config = configured(composed)
        from pipeline.address import Address
        from pipeline.process.console import UnreadConsole
        from pipeline.tracking.outbox.sync import send_outboxes

        uri, before = (Address(each) if each else None for each in (config["tracking"]["uri"], config["moved_from"]))
        send_outboxes(uri, UnreadConsole(), before)


if __name__ == "__main__":
    main()
