"""Hamiltonian Monte Carlo in the latent space of a model (Neal 2011, "MCMC using Hamiltonian dynamics")."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras import ops

from pipeline.models.vae import VAE

LEAPS = 10
"""Leapfrog steps of a transition (Wu et al. 2017, section 5)."""


class Targets(NamedTuple):
    """Images with their posteriors, in whose coordinates, (z − mean) / scale, latents move.

    Attributes:
        images: float32 [B, H, W, C] in [0, 1].
        mean: of the posteriors, float32 [B, D].
        log_scale: logarithms of their standard deviations, float32 [B, D].
        labels: int [B], of the images, where the model is conditional; else None.
    """

    images: Any
    mean: Any
    log_scale: Any
    labels: Any

    def take(self, rows: slice | np.ndarray) -> "Targets":
        """Those at these positions, int [M]."""
        return Targets(*(None if part is None else part[rows] for part in self))

    def as_tensors(self) -> "Targets":
        """The same as tensors."""
        return Targets(*(None if part is None else tf.convert_to_tensor(part) for part in self))


class State(NamedTuple):
    """Where a latent of each image is.

    Attributes:
        at: its coordinates, float32 [B, D].
        log_ratios: log p(x, z) − log q(z | x) there, nats, [B].
        slopes: their derivatives with respect to the coordinates, [B, D].
    """

    at: Any
    log_ratios: Any
    slopes: Any


class Chance(NamedTuple):
    """What is drawn for a transition.

    Attributes:
        momenta: standard normal, float32 [B, D].
        log_uniforms: logarithms of even draws from [0, 1], [B].
        size: of a leapfrog step.
    """

    momenta: Any
    log_uniforms: Any
    size: Any


class Hamiltonian:
    """Transitions between latents of a model, which keep the distributions q(z | x)^(1 − β) p(x, z)^β.

    In the coordinates of q(z | x) the posterior is standard normal, so that one size of steps suits all dimensions.

    Args:
        vae: the model, whose likelihood is differentiated by the latents.
    """

    def __init__(self, vae: VAE) -> None:
        self.vae = vae
        self._compiled = tf.function(self._transition, autograph=False, reduce_retracing=True)

    def state(self, targets: Targets, at: Any) -> State:
        """The state of latents at coordinates, float32 [B, D]."""
        at = tf.convert_to_tensor(at, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(at)
            latents = targets.mean + ops.exp(targets.log_scale) * at
            distortions = self.vae.likelihood(targets.images, self.vae.outputs(latents, targets.labels))
            squares = ops.square(at) - ops.square(latents)
            log_ratios = 0.5 * ops.sum(squares, axis=1) + ops.sum(targets.log_scale, axis=1) - distortions
        return State(at, log_ratios, tape.gradient(log_ratios, at))

    def transition(self, targets: Targets, state: State, beta: float, chance: Chance) -> tuple[State, float]:
        """The next state of each latent, and the mean probability with which the proposed ones were accepted."""
        numbers = Chance(*(tf.convert_to_tensor(each, tf.float32) for each in chance))
        moved, accepted = self._compiled(targets, state, tf.constant(beta, tf.float32), numbers)
        return moved, float(accepted)

    def _transition(self, targets: Targets, state: State, beta: Any, chance: Chance) -> tuple[State, Any]:
        state_of = partial(self.state, targets.as_tensors())

        def pushed(state: State, momenta: Any) -> Any:
            return momenta + 0.5 * chance.size * (beta * state.slopes - state.at)

        def leap(_: Any, moving: tuple[State, Any]) -> tuple[State, Any]:
            before, momenta = moving
            momenta = pushed(before, momenta)
            after = state_of(before.at + chance.size * momenta)
            return after, pushed(after, momenta)

        def energy(state: State, momenta: Any) -> Any:
            return 0.5 * ops.sum(ops.square(state.at) + ops.square(momenta), axis=1) - beta * state.log_ratios

        end, momenta = ops.fori_loop(0, LEAPS, leap, (state, chance.momenta))
        gained = energy(state, chance.momenta) - energy(end, momenta)
        accepted = chance.log_uniforms < gained  # never where that is no number
        kept = State(
            ops.where(accepted[:, None], end.at, state.at),
            ops.where(accepted, end.log_ratios, state.log_ratios),
            ops.where(accepted[:, None], end.slopes, state.slopes),
        )
        return kept, ops.mean(ops.where(ops.isnan(gained), 0.0, ops.exp(ops.minimum(gained, 0.0))))
