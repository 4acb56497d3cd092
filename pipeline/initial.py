"""The model that a training begins with: drawn anew, or with the weights of another run's."""

from pipeline.data.images import ImageData
from pipeline.errors import InputError
from pipeline.experiment import Experiment
from pipeline.models.vae import VAE
from pipeline.tracking.store import Store


def fresh_model(experiment: Experiment, init: str | None, data: ImageData, store: Store) -> VAE:
    """The model that a training begins with.

    Args:
        experiment: that describes it.
        init: id of the run whose weights it has; None for weights drawn anew.
        data: that it is for.
        store: that has the run.

    Raises:
        InputError: there is no such run, it has no model, or another one.
    """
    vae = experiment.model_for(data)
    if init:
        try:
            vae.begin_with(store.model(store.id_of(str(init))))
        except InputError as error:
            raise InputError(f"init={init}: {error}") from error
    return vae
