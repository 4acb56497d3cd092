"""Images as batches for Keras: uint8 as stored, float32 in [0, 1] in the batch, in an order that can be resumed."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipeline.data.image_rows import ImageRows
from pipeline.data.pixel_memory import ALIGNMENT, aligned_memory

# The functions below neither branch nor loop on tensors: AutoGraph would take a third of a second and change nothing.
_as_written = tf.autograph.experimental.do_not_convert


class TrainingBatches(keras.callbacks.Callback):
    """Batches that hold every image once an epoch, in an order that depends on the seed and the epoch alone.

    A run that is resumed at an epoch therefore meets the same batches as one that was never stopped. `fit` is given
    `dataset`, float32 [B, H, W, C] in [0, 1], and the object itself as a callback, which sets the epoch that begins.
    With labels its batches are the inputs of a conditional model, pairs of images and labels.

    Args:
        images: uint8 [N, H, W, C].
        batch_size: images in a batch; the last one of an epoch may be smaller.
        seed: of the order, and of the pixels where they are drawn.
        binarise: draw each pixel, black or white, anew in every epoch: white with its grey value as probability.
        labels: int [N], of a conditional model.
    """

    def __init__(
        self,
        images: np.ndarray,
        *,
        batch_size: int,
        seed: int,
        binarise: bool = False,
        labels: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self._seed = seed
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        order = tf.data.Dataset.from_tensors(0).flat_map(_as_written(lambda _: self._order(len(images), batch_size)))
        self.dataset = _batched(images, order, batch_size, self._drawn if binarise else _grey, labels)

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Set the epoch, which Keras tells before it asks for the epoch's first batch."""
        self._epoch.assign(epoch)

    def _order(self, count: int, batch_size: int) -> tf.data.Dataset:
        """Batches of the positions 0 to `count` − 1 in the order of the epoch, int32 [B]."""
        order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=self._seed_of_epoch())
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    def _drawn(self, images: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
        """Black-and-white images, float32 [B, H, W, C], from grey ones, uint8 [B, H, W, C]."""
        # The position of its first image gives each batch a seed that no other batch of the epoch has.
        seed = tf.random.experimental.stateless_fold_in(self._seed_of_epoch(), indices[0])
        # Of the 255 equally likely draws, v lie below the grey value v: white has the probability v / 255.
        draws = tf.random.stateless_uniform(tf.shape(images), seed, maxval=255, dtype=tf.int32)
        return tf.cast(draws < tf.cast(images, tf.int32), tf.float32)

    def _seed_of_epoch(self) -> tf.Tensor:
        """The seed of the training and the epoch, int64 [2], as stateless random functions take a seed."""
        return tf.stack([tf.constant(self._seed, tf.int64), self._epoch.read_value()])


def batches_in_order(images: np.ndarray, *, batch_size: int, labels: np.ndarray | None = None) -> tf.data.Dataset:
    """Batches of images, uint8 [N, H, W, C], in their order: float32 [B, H, W, C] in [0, 1].

    With labels, int [N], they are the inputs of a conditional model, pairs of images and labels.
    """
    return _batched(images, tf.data.Dataset.range(len(images)).batch(batch_size), batch_size, labels=labels)


def as_floats(images: np.ndarray) -> np.ndarray:
    """Images uint8 [..., H, W, C] as float32 [..., H, W, C] in [0, 1]."""
    return images.astype("float32") / np.float32(255)


def _grey(images: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
    return tf.cast(images, tf.float32) / 255.0


def _batched(
    images: np.ndarray,
    order: tf.data.Dataset,
    batch_size: int,
    values: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = _grey,
    labels: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Batches, float32 [B, H, W, C], that `values` makes of uint8 images [B, H, W, C] and their positions [B].

    With labels each is a pair of these and labels [B].

    Args:
        images: uint8 [N, H, W, C].
        order: batches of positions, int [B].
        batch_size: positions in a batch.
        values: from images and positions to floats in [0, 1].
        labels: int [N].
    """
    memory = _shared(images)
    looked_up = _as_written(lambda indices: values(tf.gather(memory.read_value(), indices), indices))
    if labels is not None:
        classes = tf.constant(labels, tf.int32)
        # A tuple of one, of which Keras takes the pair as inputs; it would take the second of two as targets.
        pair = _as_written(lambda indices: ((looked_up(indices), tf.gather(classes, indices)),))
    dataset = order.map(looked_up if labels is None else pair, num_parallel_calls=1)
    options = tf.data.Options()
    options.deterministic = True
    # The pipeline is a lookup and a division or a draw; more threads would only take cores from the network.
    options.autotune.enabled = False
    options.threading.private_threadpool_size = 1
    steps = -(-len(images) // batch_size)
    # Four batches ahead, so that the network does not wait where a batch is late.
    return dataset.prefetch(4).apply(tf.data.experimental.assert_cardinality(steps)).with_options(options)


class _Writable:
    """An array's memory, said to be writable: DLPack knows no other, but nothing writes into what batches are made of.

    Args:
        images: whose memory it is, and which is kept as long as this object is.
    """

    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        self.__array_interface__: dict[str, Any] = {
            **images.__array_interface__,
            "data": (images.ctypes.data, False),
        }


def _shared(images: np.ndarray) -> tf.Variable:
    """The images as a variable in the same memory, so that those that are mapped from a file are never read as a whole.

    Of images that are not aligned, or not one after the other, it is a copy: TensorFlow aborts the process otherwise.
    """
    if images.ctypes.data % ALIGNMENT or not images.flags.c_contiguous:
        images = ImageRows(images).copied_to(aligned_memory(images.shape))
    tensor = tf.experimental.dlpack.from_dlpack(np.asarray(_Writable(images)).__dlpack__())
    # No tensor, which a data set would copy whenever an epoch begins. Where batches are made there is no GPU.
    with tf.device("CPU"):
        return tf.Variable(tensor, trainable=False)
