"""`python -m pipeline.train`: train what a config describes, and print the scores."""

import sys

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from pipeline.config.composition import CHOICES, TRAIN, choices_of, name_of, null_listed
from pipeline.config.effect import refuse_of_several
from pipeline.config.names import Config
from pipeline.config.resumption import DECIDED_ANEW
from pipeline.errors import InputError
from pipeline.process.command import (
    configured,
    enter,
    errors_printed,
    is_alone,
    own_work,
    prepare_process,
    typed_overrides,
)


def main() -> None:
    """Run the command."""
    enter(_expand_and_train, TRAIN)


def _expand_and_train() -> None:
    sys.argv[1:] = map(null_listed, sys.argv[1:])
    if any(each.startswith("from=") for each in sys.argv[1:]):
        from pipeline.runs.from_run import expanded  # takes MLflow along

        with own_work():
            sys.argv[1:] = expanded(sys.argv[1:])
    compose_and_train()


@hydra.main(version_base="1.3", config_path=str(TRAIN.root), config_name=TRAIN.name)
def compose_and_train(composed: DictConfig) -> None:
    """Train what Hydra composed."""
    with errors_printed():
        overrides = typed_overrides()
        if is_alone():
            refuse_of_several([*overrides, *typed_overrides(of_hydra=True)], sys.argv[1:])
        config = configured(composed)
        resume = config.pop("resume", None)
        if resume is None:
            _train(config, overrides)
        else:
            _resume(str(resume), config, overrides)


def _train(config: Config, overrides: list[str]) -> None:
    hydra_config = HydraConfig.get()
    config["tracking"]["name"] = config["tracking"]["name"] or name_of(overrides, hydra_config, config)
    config[CHOICES] = choices_of(hydra_config)
    prepare_process()
    from pipeline.process.console import UnreadConsole
    from pipeline.runs.family_resumption import earlier_attempt
    from pipeline.runs.train import train

    before = None if is_alone() else earlier_attempt(config["tracking"])
    if before and before.info.status == "FINISHED":
        print(f"{before.info.run_name} was trained before this job was started again: run {before.info.run_id}")
        return
    console = UnreadConsole()
    train(config, console=console, resume=before and before.info.run_id).report(console)


def _resume(run_id: str, config: Config, overrides: list[str]) -> None:
    others = [each for each in overrides if each.partition("=")[0] not in ("resume", *DECIDED_ANEW)]
    if others:
        raise InputError(
            f"resume={run_id} goes on with the run exactly as it was, so {' '.join(others)} cannot be changed. "
            f"Leave it out, as all but {' and '.join(DECIDED_ANEW)}, or start a new run without resume"
        )
    prepare_process()
    from pipeline.process.console import UnreadConsole
    from pipeline.runs.train import resume

    console = UnreadConsole()
    resume(run_id, config, console=console).report(console)


if __name__ == "__main__":
    main()
