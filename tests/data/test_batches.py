"""What a model is fed: every image once an epoch, in an order that depends on seed and epoch alone."""

from itertools import combinations

import numpy as np
import pytest

from pipeline.data.batches import TrainingBatches, as_floats, batches_in_order
from pipeline.data.image_rows import ImageRows
from pipeline.data.pixel_memory import aligned_memory

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


def drawn(images: np.ndarray, epoch: int, *, seed: int = 0) -> np.ndarray:
    """All batches of an epoch whose pixels are drawn."""
    return np.concatenate(epoch_of(TrainingBatches(images, batch_size=5, seed=seed, binarise=True), epoch))


def order_of(images: np.ndarray, epoch: int, *, batch_size: int = 5, seed: int = 0) -> list[int]:
    parts = epoch_of(TrainingBatches(images, batch_size=batch_size, seed=seed), epoch)
    return np.rint(np.concatenate(parts)[:, 0, 0, 0] * 255).astype(int).tolist()


def test_every_image_comes_exactly_once_an_epoch(images) -> None:
    order = TrainingBatches(images, batch_size=5, seed=0)
    for epoch in range(3):
        seen = np.concatenate(epoch_of(order, epoch))
        assert sorted(map(bytes, seen)) == sorted(map(bytes, as_floats(images)))


def test_last_batch_is_kept_though_it_is_smaller(images) -> None:
    order = TrainingBatches(images, batch_size=5, seed=0)
    assert [len(batch) for batch in epoch_of(order, 0)] == [5, 5, 5, 5, 3]
    assert int(order.dataset.cardinality()) == 5


def test_pixels_are_float32_from_0_to_1(images) -> None:
    for parts in (
        epoch_of(TrainingBatches(images, batch_size=5, seed=0), 0),
        list(batches_in_order(images, batch_size=5)),
    ):
        whole = np.concatenate(parts)
        assert whole.dtype == np.float32
        assert (whole.min(), whole.max()) == (0.0, 1.0)
    assert as_floats(images).dtype == np.float32


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
    np.testing.assert_array_equal(
        np.concatenate(list(batches_in_order(images, batch_size=batch_size))), as_floats(images)
    )


@pytest.fixture
def aligned(images) -> np.ndarray:
    """The same images where TensorFlow can use them."""
    return ImageRows(images).copied_to(aligned_memory(images.shape))


def test_images_are_not_copied(images, aligned) -> None:
    """So that images that are mapped from a file are never in memory as a whole: a change of theirs is seen."""
    order, scored = TrainingBatches(aligned, batch_size=5, seed=0), batches_in_order(aligned, batch_size=5)
    before = epoch_of(order, 0)
    aligned[:] = 255 - images
    for changed, was in zip(epoch_of(order, 0), before, strict=True):
        np.testing.assert_allclose(changed, 1 - was, atol=1e-6)
    np.testing.assert_array_equal(np.concatenate(list(scored)), as_floats(255 - images))


@pytest.mark.parametrize("binarise", [False, True])
def test_where_images_are_changes_nothing(tmp_path, images, aligned, binarise: bool) -> None:
    np.save(tmp_path / "images.npy", images)
    shifted = np.empty(images.size + 1, np.uint8)[1:].reshape(images.shape)
    shifted[:] = images
    turned = np.asfortranarray(images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    for epoch in range(2):
        expected = epoch_of(TrainingBatches(images, batch_size=5, seed=0, binarise=binarise), epoch)
        for same in (aligned, mapped, shifted, turned):
            found = epoch_of(TrainingBatches(same, batch_size=5, seed=0, binarise=binarise), epoch)
            np.testing.assert_array_equal(np.concatenate(found), np.concatenate(expected))


# Drawn black and white.


def test_a_grey_value_is_the_probability_of_white() -> None:
    greys = np.array([0, 1, 64, 128, 254, 255], np.uint8)
    images = np.broadcast_to(greys[:, None, None], (COUNT, 6, 500, 1))
    order = TrainingBatches(images, batch_size=5, seed=0, binarise=True)
    seen = np.concatenate([part for epoch in range(4) for part in epoch_of(order, epoch)])
    assert seen.dtype == np.float32
    assert set(np.unique(seen)) == {0.0, 1.0}
    probability = greys / 255
    error = np.sqrt(probability * (1 - probability) / (4 * 23 * 500))
    assert (np.abs(seen.mean(axis=(0, 2, 3)) - probability) <= 4 * error).all(), "black stays black and white white"


def test_drawn_pixels_depend_on_seed_and_epoch_alone(images) -> None:
    order = TrainingBatches(images, batch_size=5, seed=0, binarise=True)
    for epoch in (4, 0, 2, 4):  # out of turn, as after a resumption
        np.testing.assert_array_equal(np.concatenate(epoch_of(order, epoch)), drawn(images, epoch))


def test_drawn_pixels_differ_between_epochs_seeds_images_and_batches() -> None:
    """Of grey 128 half the pixels agree by chance, whichever two images are compared."""
    grey = np.full((COUNT, 40, 50, 1), 128, np.uint8)
    epochs = [drawn(grey, epoch, seed=seed) for epoch in (0, 1) for seed in (0, 1)]
    layers = np.concatenate(epochs).reshape(4 * COUNT, -1)
    agreement = np.array([(layer == other).mean() for layer, other in combinations(layers, 2)])
    assert np.abs(agreement - 0.5).max() < 5.5 * 0.5 / np.sqrt(2000)


def test_drawing_changes_neither_the_order_nor_what_is_black_or_white() -> None:
    images = np.arange(COUNT, dtype=np.uint8)[:, None, None, None] >> np.arange(5, dtype=np.uint8)[:, None] & 1
    images *= 255  # the number of each image in black and white
    for epoch in range(3):
        plain = np.concatenate(epoch_of(TrainingBatches(images, batch_size=5, seed=0), epoch))
        np.testing.assert_array_equal(drawn(images, epoch), plain)


def test_drawn_pixels_are_pinned() -> None:
    """Resumed runs hang on these; a change of library must not change them unseen."""
    assert drawn(np.full((2, 3, 4, 1), 128, np.uint8), 1)[..., 0].astype(int).tolist() == PINNED


PINNED = [[[0, 0, 1, 1], [0, 1, 1, 1], [0, 1, 0, 0]], [[0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 1, 1]]]


def test_labels_come_with_their_images_as_one_input() -> None:
    images = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)
    labels = np.arange(20) % 7
    batches = TrainingBatches(images, batch_size=8, seed=0, labels=labels)
    told = [inputs for (inputs,) in batches.dataset]
    assert [len(its) for _, its in told] == [8, 8, 4]
    for shown, its in told:
        positions = np.rint(np.asarray(shown).reshape(-1) * 255).astype(int)
        np.testing.assert_array_equal(its, labels[positions])
    plain = TrainingBatches(images, batch_size=8, seed=0)
    for (shown, _), alone in zip(told, plain.dataset, strict=True):
        np.testing.assert_array_equal(shown, alone)
    [((first, its),), *_] = batches_in_order(images, batch_size=20, labels=labels)
    assert len(first) == 20
    np.testing.assert_array_equal(its, labels)
