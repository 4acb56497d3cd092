"""The loss of a split: what training minimises, with the weights that it ended with."""

import math
from itertools import pairwise

import keras
import numpy as np
from keras import ops

from pipeline.data.random_stream import random_stream
from pipeline.latent.encoding import Encoded, batches, distortions
from pipeline.models.objectives.objective import Pass
from pipeline.models.objectives.weight_schedule import ByRate
from pipeline.models.posterior import Posterior
from pipeline.models.vae import VAE

BATCH = 1000
"""Images, at most, that are compared with each other."""


def mean_loss(
    vae: VAE, encoded: Encoded, latents: np.ndarray, distortion: np.ndarray, *, population: int, seed: int
) -> float:
    """The mean loss of images, nats per image, as far as it is measured in nats.

    Of an objective that compares images with each other it is the mean of parts of at most 1,000 of them.

    Args:
        vae: the model.
        encoded: N images with their posteriors.
        latents: one of each posterior, [N, D].
        distortion: of each image and its latent, nats, [N].
        population: the number of training images.
        seed: of further latents, and of noise that the objective draws itself.
    """
    objective = vae.objective
    noise = random_stream(seed, "latents of the loss")
    drawn, its = [latents], [distortion]
    for _ in range(objective.samples - 1):
        drawn.append(encoded.latents(noise.standard_normal(latents.shape)))
        its.append(distortions(vae, encoded, drawn[-1]))
    own_noise = keras.random.SeedGenerator(seed)
    all_latents, all_distortions = np.stack(drawn), np.stack(its)
    weights = objective.weights
    if isinstance(objective.schedule, ByRate):
        weights = weights | {objective.scheduled: float(ops.convert_to_numpy(vae.weight))}

    def value(part: slice, dtype: str) -> float:
        passed = Pass(
            posterior=Posterior(encoded.mean[part].astype(dtype), encoded.log_variance[part].astype(dtype)),
            latents=all_latents[:, part].astype(dtype),
            distortions=all_distortions[:, part].astype(dtype),
            rates=encoded.rates[part].astype(dtype),
            weights=weights,
            population=population,
            decoder=vae.decoder,
            seed=own_noise,
            condition=vae.condition(None if encoded.labels is None else encoded.labels[part]),
        )
        return float(objective.value(passed))

    if not (objective.PAIRS or objective.DECODES):
        return value(slice(None), "float64")
    most = BATCH if objective.PAIRS else batches(len(encoded), vae.image_shape)[0].stop
    ends = np.linspace(0, len(encoded), math.ceil(len(encoded) / most) + 1).round().astype(int)
    parts = [slice(*each) for each in pairwise(ends)]
    return float(np.average([value(part, "float32") for part in parts], weights=np.diff(ends)))
