"""What a training is estimated to cost, in parts whose number is known."""

import pytest

from pipeline.models.arithmetic import training_flop
from pipeline.runs.setup import Setup
from pipeline.sweep.training_cost import TrainingCost, cost_of


def cost(composed, *overrides: str) -> tuple[TrainingCost, float]:
    """The cost of a training, and the operations of its decoder for one latent of each image in each epoch."""
    setup = Setup.from_config(composed("training.epochs=3", "training.batch_size=32", *overrides))
    data = setup.dataset.load()
    vae = setup.model_for(data)
    return cost_of(setup, vae, data), 3 * len(data.train) * training_flop(vae.decoder)


def test_each_latent_of_an_image_is_decoded_and_the_image_is_encoded_once(composed) -> None:
    one, of_decoder = cost(composed, "objective=iwae", "objective.samples=1")
    fifty, _ = cost(composed, "objective=iwae", "objective.samples=50")
    plain, _ = cost(composed)
    assert one == plain
    assert fifty.parameters == one.parameters
    assert fifty.flop - one.flop == pytest.approx(49 * of_decoder)
    # Hidden layer, normalisation and pixels of each latent, with their gradients, as float32.
    assert fifty.memory - one.memory > 4 * 2 * 49 * 32 * 64 / 1e9
