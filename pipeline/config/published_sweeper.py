"""Keys of the Optuna sweeper that Hydra publishes, refused with those that a study has in their place."""

from collections.abc import Sequence

from pipeline.errors import InputError

HERE = {
    "hydra/sweeper": "sweep=study",
    "hydra/sweeper/sampler": "sweep/sampler",
    "hydra.sweeper.sampler": "sweep.sampler",
    "hydra.sweeper.n_trials": "sweep.n_trials",
    "hydra.sweeper.n_jobs": "sweep.slots",
    "hydra.sweeper.direction": "sweep.direction",
    "hydra.sweeper.storage": "sweep.storage",
    "hydra.sweeper.study_name": "sweep.study",
    "hydra.sweeper.params": "+sweep.space",
    "hydra.sweeper.search_space": "+sweep.space",
    "hydra.sweeper.custom_search_space": "+sweep.space",
    "hydra.sweeper.max_failure_rate": "sweep.max_failures",
}
"""The key of a study for each key of the published sweeper."""
INSTALLED = ("pipeline", "basic")
"""Options of `hydra/sweeper` that are installed."""


def refuse_published(overrides: Sequence[str]) -> None:
    """Refuse keys of the published sweeper.

    Raises:
        InputError: with the key of a study to type instead.
    """
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        known = next((name for name in HERE if key == name or key.startswith(f"{name}.")), None)
        if known is None or (known == "hydra/sweeper" and value in INSTALLED):
            continue
        here = HERE[known] + key.removeprefix(known)
        raise InputError(
            f"{override}: the key of a study for this is {here if '=' in here else f'{here}={value}'}: -m sweep=study "
            "sweep.study=<name>; see --help"
        )
