"""The model of a run, whose classes may be of a package of the user's."""

from collections.abc import Sequence
from typing import cast

from pipeline.config.build import is_within, locate
from pipeline.config.names import flatten
from pipeline.errors import InputError
from pipeline.models.vae import VAE
from pipeline.runs.recorded_config import recorded_config
from pipeline.tracking.run_files import trained_model
from pipeline.tracking.store import Store

_STORED = ("model", "likelihood", "objective")
"""The parts of a config whose classes a stored model may have."""


def trained_vae(store: Store, name: str, trusted: Sequence[str]) -> VAE:
    """Bring back the model of a run by its id or name.

    Keras finds a class only once its module is imported. That is done for modules of trusted packages alone, and where
    the model cannot be read without them.

    Args:
        store: that has the run.
        name: of the run, by which `Store.run` knows it.
        trusted: packages of the user's that classes of the model may come from.

    Raises:
        InputError: the run has no model, or it has classes of a package that is not trusted or not found.
    """
    try:
        return cast(VAE, trained_model(store, name))
    except InputError as error:
        own = _classes_of_users(store, name)
        strange = [path for path in own if not is_within(path, trusted)]
        if strange:
            packages = ",".join(dict.fromkeys(path.partition(".")[0] for path in strange))
            raise InputError(
                f"run {store.run(name).info.run_id} was trained with {', '.join(strange)}, which its model needs. If "
                f"you trust this package, set trusted=[{packages}]"
            ) from error
        if not own:
            raise
    for path in own:
        locate(path, f"the config of run {name}", trusted)
    return cast(VAE, trained_model(store, name))


def _classes_of_users(store: Store, name: str) -> list[str]:
    """The dotted paths of the classes, neither ours nor of Keras, that a run was trained with, if its config says."""
    try:
        config = recorded_config(store, store.run(name).info.run_id)
    except InputError:  # of a run that is no training, of which the message about its model tells more
        return []
    values = flatten({part: config.get(part) or {} for part in _STORED}, targets=True)
    paths = [str(value) for key, value in values.items() if key.endswith("._target_")]
    return [path for path in paths if not is_within(path, ("pipeline", "keras"))]
