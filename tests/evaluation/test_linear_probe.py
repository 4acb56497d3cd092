"""A linear classifier of latents: what can be told by a line is told, and nothing else."""

import numpy as np
import pytest
from linear_gaussian import data_of, linear_vae, settings

from pipeline.data.images import Split
from pipeline.evaluation import linear_probe as module
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.linear_probe import linear_probe_accuracy


def test_classes_on_both_sides_of_a_line_are_told_whatever_the_scale() -> None:
    points = np.random.default_rng(0).normal(size=(600, 2)) * [1e4, 1e-4] + [3e5, 0]
    side = (points[:, 1] > 2e-5).astype(int)
    assert linear_probe_accuracy(points[:500], side[:500], points[500:], side[500:]) > 0.95


def test_corners_of_a_square_are_told_by_no_line() -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (4000, 2))
    diagonal = (points.prod(axis=1) > 0).astype(int)
    assert linear_probe_accuracy(points[:3000], diagonal[:3000], points[3000:], diagonal[3000:]) < 0.65


def test_two_normal_distributions_are_told_as_well_as_they_can_be() -> None:
    # The best rule for N(±1, 1) errs with the probability Φ(−1) = 0.1587.
    labels = np.random.default_rng(0).integers(2, size=30000)
    points = np.random.default_rng(1).normal(2 * labels - 1, 1)[:, None]
    found = linear_probe_accuracy(points[:10000], labels[:10000], points[10000:], labels[10000:])
    assert found == pytest.approx(1 - 0.1587, abs=4 * np.sqrt(0.1587 * 0.8413 / 20000))


@pytest.mark.parametrize(("labels", "lost"), [([0, 0, 0], 0.0), ([0, 1, 2], np.nan), ([0, 1, 2], np.inf)])
def test_one_class_or_means_beyond_all_numbers_give_none(labels: list[int], lost: float) -> None:
    points = np.arange(3.0)[:, None]
    assert linear_probe_accuracy(points, np.array(labels), points + lost, np.array(labels)) is None


@pytest.mark.filterwarnings("error")
def test_many_classes_are_fitted_to_fewer_images(monkeypatch: pytest.MonkeyPatch) -> None:
    points, labels = np.arange(100.0)[:, None], np.arange(100) % 2
    labels[10:] = 1 - labels[10:]
    whole = linear_probe_accuracy(points, labels, points, labels)
    monkeypatch.setattr(module, "MOST_LOGITS", 20)
    beginning = linear_probe_accuracy(points[:10], labels[:10], points, labels)
    assert linear_probe_accuracy(points, labels, points, labels) == beginning != whole


def test_latents_are_judged_by_training_images() -> None:
    vae = linear_vae(encoder=[[1.0]], shape=(1, 1, 1))

    def grey(values: list[int]) -> np.ndarray:
        return np.array(values, np.uint8).reshape(-1, 1, 1, 1)

    train = Split(grey([0, 10, 20, 200, 210, 220]), np.array([0, 0, 0, 1, 1, 1]))
    data = data_of(grey([5, 15, 205, 30]), [0, 0, 1, 1], train)
    with_probe = evaluate(vae, data, settings(linear_probe=6))
    assert with_probe.linear_probe_accuracy == 0.75
    assert with_probe.knn_accuracy == evaluate(vae, data, settings()).knn_accuracy
    alone = evaluate(vae, data, settings(linear_probe=6, neighbours=None))
    assert (alone.linear_probe_accuracy, alone.knn_accuracy) == (0.75, None)
    assert evaluate(vae, data, settings()).linear_probe_accuracy is None
