"""Annealed importance sampling: −log p(x) enclosed from both sides (Neal 2001; Grosse et al. 2015; Wu et al. 2017).

Latents are carried from the posterior q(z | x) to p(x, z) through the distributions q(z | x)^(1 − β) p(x, z)^β with
rising β. The weight that a chain of them collects has the mean p(x), so that −log of it bounds −log p(x) from above, as
the importance-weighted bound does, and as a rule far more closely; with one step it is that bound. A chain on the way
back, from the latent that an image was drawn from, bounds it from below (bidirectional Monte Carlo).
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from keras import ops

from pipeline.data.batches import as_floats
from pipeline.data.random_stream import random_stream
from pipeline.evaluation.hamiltonian import Chance, Hamiltonian, Targets
from pipeline.latent.encoding import WIDEST, Encoded, batches
from pipeline.models.pixel_draws import drawn_images
from pipeline.models.vae import VAE

CHAINS = 4
"""Latents that are carried for each image, whose weights are averaged."""
ACCEPTED = 0.65
"""The share of accepted transitions that the size of their steps aims at (Wu et al. 2017, section 5)."""
PILOTS = 32
"""Chains that find these sizes in advance. While sizes adapt, no chain is a fair sample, so that these do not count."""
STEEPNESS = 4.0
"""The betas are even steps along a sigmoid from −4 to 4, so that they are dense at both ends (their code)."""


class Annealing:
    """Chains of latents of a model.

    Args:
        vae: the model.
        steps: distributions on the way, the last one included; with 1 it is importance sampling.
        seed: of all that is drawn.
    """

    def __init__(self, vae: VAE, steps: int, seed: int) -> None:
        self.vae = vae
        self.seed = seed
        ends = np.tanh(np.linspace(-STEEPNESS, STEEPNESS, steps + 1) / 2)
        self.betas = (ends - ends[0]) / (ends[-1] - ends[0])
        self.dynamics = Hamiltonian(vae)

    def nll(self, encoded: Encoded) -> np.ndarray:
        """A stochastic upper bound on −log p(x) of each image, nats, float64 [N]."""
        targets = _targets(as_floats(encoded.images.whole()), encoded.mean, encoded.log_variance, encoded.labels)
        return -_log_mean(self._log_weights(targets, "images"))

    def bracket(self, number: int, labels: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray] | None:
        """A lower and an upper stochastic bound on −log p(x) of images that the model draws, nats, [number] each.

        A conditional model draws them of the classes with these labels, int [number]. There are no bounds, but None,
        where the likelihood has distortions of a user's own, from which nothing can be drawn.
        """
        stream = random_stream(self.seed, "images of bidirectional Monte Carlo")
        latents = stream.standard_normal((number, self.vae.latent_dim)).astype("float32")
        parts = []
        for batch in batches(number, self.vae.image_shape):
            told = None if labels is None else labels[batch]
            outputs = ops.convert_to_numpy(ops.cast(self.vae.outputs(latents[batch], told), "float32"))
            images = drawn_images(self.vae.likelihood, outputs, stream)
            if images is None:
                return None
            posterior = self.vae.posterior(images, told)
            parts.append([images, *(ops.convert_to_numpy(ops.cast(each, "float32")) for each in posterior)])
        drawn, means, log_variances = map(np.concatenate, zip(*parts, strict=True))
        targets = _targets(drawn, means, log_variances, labels)
        exact = (latents - targets.mean) * np.exp(-targets.log_scale)
        lower = _log_mean(-self._log_weights(targets, "way back", exact))
        return lower, -_log_mean(self._log_weights(targets, "drawn images"))

    def _log_weights(self, targets: Targets, purpose: str, exact: np.ndarray | None = None) -> np.ndarray:
        """The log weights of chains, nats, [N, CHAINS], from the posteriors on, or back from `exact`, [N, D]."""
        sizes = self._sizes(targets)
        owners = np.repeat(np.arange(len(targets.images)), CHAINS)
        weights = []
        for batch in batches(len(owners), self.vae.image_shape):
            stream = random_stream(self.seed, f"annealing of {purpose} from {batch.start}")
            begin = None if exact is None else exact[owners[batch]]
            weights.append(self._carry(targets.take(owners[batch]), stream, sizes, begin))
        return np.concatenate(weights).reshape(-1, CHAINS)

    def _sizes(self, targets: Targets) -> np.ndarray:
        """The size of leapfrog steps at each beta, [T + 1], adapted in chains of some of the images."""
        sizes = np.full(len(self.betas), 0.5)

        def adapt(index: int, accepted: float) -> None:
            sizes[index + 1 :] *= math.exp(0.5 * (accepted - ACCEPTED))

        some = targets.take(np.arange(PILOTS) % len(targets.images))
        self._carry(some, random_stream(self.seed, "pilot chains"), sizes, heard=adapt)
        return sizes

    def _carry(
        self,
        targets: Targets,
        stream: np.random.RandomState,
        sizes: np.ndarray,
        exact: np.ndarray | None = None,
        heard: Callable[[int, float], None] | None = None,
    ) -> np.ndarray:
        """The log weight of a chain for each image, float64 [B]: the sum of the changes of β, each times log p / q.

        Args:
            targets: B images.
            stream: of random numbers.
            sizes: of leapfrog steps at each beta, [T + 1].
            exact: where chains begin on the way back, [B, D]; None on the way from the posteriors.
            heard: told after each transition the position of its beta, and the share that was accepted.
        """
        way = range(len(self.betas)) if exact is None else range(len(self.betas))[::-1]
        state = self.dynamics.state(targets, stream.standard_normal(targets.mean.shape) if exact is None else exact)
        weights = np.zeros(len(targets.images))
        for before, index in pairwise(way):
            log_ratios = ops.convert_to_numpy(state.log_ratios).astype(float)
            weights += abs(self.betas[index] - self.betas[before]) * log_ratios
            if index != way[-1]:
                # Of sizes that vary, none returns to where it began at every transition (Neal 2011).
                chance = Chance(
                    momenta=stream.standard_normal(targets.mean.shape),
                    log_uniforms=np.log(stream.uniform(size=len(weights))),
                    size=sizes[index] * stream.uniform(0.8, 1.2),
                )
                state, accepted = self.dynamics.transition(targets, state, self.betas[index], chance)
                if heard:
                    heard(index, accepted)
        return weights


def _targets(images: np.ndarray, mean: np.ndarray, log_variance: np.ndarray, labels: np.ndarray | None) -> Targets:
    """Images, float32 [N, H, W, C], with the mean and the log variance of their posteriors, [N, D], and labels, [N]."""
    log_scale = 0.5 * np.clip(log_variance, -WIDEST, WIDEST)
    return Targets(images, mean.astype("float32"), log_scale.astype("float32"), labels)


def _log_mean(log_weights: np.ndarray) -> np.ndarray:
    """The logarithm of the mean weight of each image, [N], of log weights [N, CHAINS]."""
    mean: np.ndarray = np.logaddexp.reduce(log_weights, axis=1) - math.log(log_weights.shape[1])
    return mean
