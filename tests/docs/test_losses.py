"""The table of docs/losses.md: each program's loss, computed by hand, is ours with the weights of its row."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from passes import made

from pipeline import ROOT
from pipeline.config.build import build
from pipeline.config.names import Config
from pipeline.models.objectives.objective import Pass
from pipeline.models.objectives.weighted_elbo import WeightedElbo
from pipeline.models.posterior import Posterior

PAGE = ROOT / "docs" / "losses.md"
NUMBERS = {"M": 4 * 3 * 2, "N": 5, "B": 7, "T": 70, "k": 0.3}
"""Values of an image, latent dimensions, images in a batch, training images, and the other program's weight."""


@dataclass(frozen=True)
class Batch:
    """What both losses are made from: images in [0, 1] and logits, [B, 4, 3, 2], and a posterior, [B, 5]."""

    images: np.ndarray
    logits: np.ndarray
    mean: np.ndarray
    log_variance: np.ndarray

    @property
    def decoded(self) -> np.ndarray:
        return 1 / (1 + np.exp(-self.logits))

    @property
    def cross_entropy(self) -> np.ndarray:
        """Of each value, [B, M]."""
        x, p = self.images, self.decoded
        return (-x * np.log(p) - (1 - x) * np.log(1 - p)).reshape(len(x), -1)

    @property
    def square(self) -> np.ndarray:
        """The squared error of each value, [B, M]."""
        return ((self.images - self.decoded) ** 2).reshape(len(self.images), -1)

    @property
    def kl(self) -> np.ndarray:
        """Of each latent dimension, [B, N]."""
        return -0.5 * (1 + self.log_variance - self.mean**2 - np.exp(self.log_variance))

    @property
    def normaliser(self) -> np.ndarray:
        """The log normaliser of the continuous Bernoulli of each value, [B, M], from its probability."""
        p = self.decoded.reshape(len(self.images), -1)
        return np.log(2 * np.arctanh(1 - 2 * p) / (1 - 2 * p))


def batch(seed: int) -> Batch:
    """A batch of 7 images, away from the probability 1/2, where the normaliser is 0 / 0."""
    draw = np.random.default_rng(seed)
    logits = draw.uniform(0.5, 3, (7, 4, 3, 2)) * draw.choice([-1, 1], (7, 4, 3, 2))
    return Batch(draw.uniform(size=(7, 4, 3, 2)), logits, draw.normal(size=(7, 5)), draw.normal(size=(7, 5)))


k, M, N = NUMBERS["k"], NUMBERS["M"], NUMBERS["N"]
OTHERS: dict[str, Callable[[Batch], float]] = {
    "1": lambda b: b.cross_entropy.sum(1).mean() + b.kl.sum(1).mean(),
    "2": lambda b: b.cross_entropy.sum() + b.kl.sum(),
    "3": lambda b: M * b.cross_entropy.mean() + b.kl.sum(1).mean(),
    "4": lambda b: k * b.cross_entropy.mean() + b.kl.sum(1).mean(),
    "5": lambda b: b.cross_entropy.mean() + b.kl.sum(1).mean(),
    "6": lambda b: b.cross_entropy.mean() + b.kl.mean(),
    "7": lambda b: b.cross_entropy.sum(1).mean() + b.kl.mean(),
    "8": lambda b: b.cross_entropy.mean() + b.kl.sum(),
    "9": lambda b: k * b.cross_entropy.sum(1).mean() + b.kl.sum(1).mean(),
    "10": lambda b: b.square.sum(1).mean() + b.kl.sum(1).mean(),
    "11": lambda b: 0.5 * b.square.sum(1).mean() + b.kl.sum(1).mean(),
    "12": lambda b: b.square.mean() + k * b.kl.sum(1).mean(),
    "13": lambda b: b.square.mean() + NUMBERS["B"] / NUMBERS["T"] * b.kl.sum(1).mean(),
    "14": lambda b: (((2 * b.images - 1) - (2 * b.decoded - 1)) ** 2).mean() + k * b.kl.sum(1).mean(),
    "15": lambda b: b.square.sum(1).mean() / (2 * k**2) + b.kl.sum(1).mean(),
    "16": lambda b: b.cross_entropy.sum(1).mean() + k * M / N * b.kl.sum(1).mean(),
    "17": lambda b: (b.cross_entropy - b.normaliser).sum(1).mean() + b.kl.sum(1).mean(),
    "18": lambda b: (b.cross_entropy.sum(1).mean() + b.kl.sum(1).mean()) / (M * math.log(2)),
}
CONSTANTS = {"15": M / 2 * math.log(2 * math.pi * k**2)}
"""What a likelihood of ours has and the other loss lacks, nats, of rows that have such a constant."""


def rows() -> dict[str, list[str]]:
    """The cells after the first two of each row of the table, by the number of the row."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and line.split()[1].isdigit()]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return {number: rest for number, _, *rest in cells}


def number(text: str) -> float:
    """The value of a cell such as `k · M / N`."""
    above, _, below = text.partition("/")
    values = [
        [NUMBERS.get(each.strip()) or float(each) for each in part.split("·") if each.strip()]
        for part in (above, below)
    ]
    return math.prod(values[0]) / math.prod(values[1])


def ours(composed: Callable[..., Config], likelihood: str, batch: Batch, **weights: float) -> float:
    """The loss of `objective=vae` with these weights."""
    settings = composed(f"likelihood={likelihood}")["likelihood"]
    settings |= {"scale": k} if likelihood == "gaussian" else {}
    distortion: Any = build(settings, "likelihood")(np.float32(batch.images), np.float32(batch.logits))
    objective = made(WeightedElbo, free_bits=0.0, sampling=True, **weights)
    posterior = Posterior(np.float32(batch.mean), np.float32(batch.log_variance))
    latents = np.float32(batch.mean)[None]
    passed = Pass(posterior, latents, distortion[None], posterior.rates(), objective.weights, 7, None, None)  # type: ignore[arg-type]
    return float(objective.loss(passed))


def test_every_row_is_computed() -> None:
    assert rows().keys() == OTHERS.keys()


@pytest.mark.parametrize("row", OTHERS)
def test_the_other_loss_is_ours_times_its_factor(composed: Callable[..., Config], row: str) -> None:
    """At several batches, so that their gradients are parallel, too."""
    likelihood, beta, weight, factor = rows()[row]
    for seed in range(4):
        here = ours(composed, likelihood, batch(seed), beta=number(beta), distortion_weight=number(weight))
        assert number(factor) * (here - CONSTANTS.get(row, 0.0)) == pytest.approx(OTHERS[row](batch(seed)), rel=1e-5)


def test_numbers_of_the_text_are_those_of_its_rows() -> None:
    text = PAGE.read_text()
    assert f"{0.00025 * 64 * 64 * 3:.2f}" == "3.07"
    assert "objective.beta=3.07" in text
    assert f"distortion_weight={1000 / 784:.4f}" in text
    assert f"$s = {math.sqrt(3.07 / 2):.2f}$" in text
    assert f"{784 * 128:,}" in text
