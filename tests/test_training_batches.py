"""What a model is fed: every image once an epoch, in an order that depends on seed and epoch alone."""

import numpy as np
import pytest

from pipeline.data.batches import TrainingBatches, batches, pixels

COUNT = 23


@pytest.fixture
def images() -> np.ndarray:
    """Different images, so that an order can be told from the pixels; 0 and 255 are among them."""
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 2, 3, 2)).astype("uint8")
    images[:, 0, 0, 0], images[0, 1], images[1, 1] = np.arange(COUNT), 0, 255
    return images


def epoch_of(order: TrainingBatches, epoch: int) -> list[np.ndarray]:
    order.on_epoch_begin(epoch)
    return [batch.numpy() for batch in order.dataset]


def order_of(images: np.ndarray, epoch: int, *, batch_size: int = 5, seed: int = 0) -> list[int]:
    parts = epoch_of(TrainingBatches(images, batch_size=batch_size, seed=seed), epoch)
    return np.rint(np.concatenate(parts)[:, 0, 0, 0] * 255).astype(int).tolist()


def test_every_image_comes_exactly_once_an_epoch(images) -> None:
    order = TrainingBatches(images, batch_size=5, seed=0)
    for epoch in range(3):
        seen = np.concatenate(epoch_of(order, epoch))
        assert sorted(map(bytes, seen)) == sorted(map(bytes, pixels(images)))


def test_last_batch_is_kept_though_it_is_smaller(images) -> None:
    order = TrainingBatches(images, batch_size=5, seed=0)
    assert [len(batch) for batch in epoch_of(order, 0)] == [5, 5, 5, 5, 3]
    assert int(order.dataset.cardinality()) == 5


def test_pixels_are_float32_from_0_to_1(images) -> None:
    for parts in (epoch_of(TrainingBatches(images, batch_size=5, seed=0), 0), list(batches(images, batch_size=5))):
        whole = np.concatenate(parts)
        assert whole.dtype == np.float32
        assert (whole.min(), whole.max()) == (0.0, 1.0)
    assert pixels(images).dtype == np.float32


def test_order_depends_on_seed_and_epoch_alone(images) -> None:
    order = TrainingBatches(images, batch_size=5, seed=0)
    for epoch in (4, 0, 2):  # an epoch that is met out of turn, as after a resumption
        seen = np.rint(np.concatenate(epoch_of(order, epoch))[:, 0, 0, 0] * 255).astype(int).tolist()
        assert seen == order_of(images, epoch) == order_of(images, epoch, batch_size=23)


def test_order_differs_between_epochs_and_between_seeds(images) -> None:
    orders = [order_of(images, epoch, seed=seed) for epoch in range(3) for seed in (0, 1, 2)]
    orders.append(list(range(COUNT)))
    assert len(set(map(tuple, orders))) == len(orders)


@pytest.mark.parametrize("batch_size", [1, 5, 23, 100])
def test_batches_for_scoring_keep_the_order(images, batch_size: int) -> None:
    np.testing.assert_array_equal(np.concatenate(list(batches(images, batch_size=batch_size))), pixels(images))
