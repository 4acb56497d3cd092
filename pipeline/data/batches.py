"""Images as batches for Keras: uint8 in memory, float32 in [0, 1] in the batch, in an order that can be resumed."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

# Nothing here branches or loops, so that a third of a second need not go into turning it into graph code first.
_as_written = tf.autograph.experimental.do_not_convert


class TrainingBatches(keras.callbacks.Callback):
    """Every image once an epoch, in an order that depends on the seed and the epoch alone.

    So a run that is resumed at an epoch meets the same batches as one that was never stopped. Give `dataset` to `fit`
    and the object itself to its callbacks: it tells the data set which epoch begins.

    Args:
        images: uint8 [N, H, W, C].
        batch_size: images in a batch; the last one of an epoch may be smaller.
        seed: of the order, and of the pixels where they are drawn.
        binarise: draw each pixel, black or white, anew in every epoch: white with its grey value as probability.
    """

    def __init__(self, images: np.ndarray, *, batch_size: int, seed: int, binarise: bool = False) -> None:
        super().__init__()
        self._seed = seed
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        order = tf.data.Dataset.from_tensors(0).flat_map(_as_written(lambda _: self._order(len(images), batch_size)))
        self.dataset = _pixels(images, order, batch_size, self._drawn if binarise else _grey)

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Keras calls this before it asks for the epoch's first batch."""
        self._epoch.assign(epoch)

    def _order(self, count: int, batch_size: int) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=self._moment())
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    def _drawn(self, images: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
        # A batch is told apart by its first image, with which no other batch of the epoch begins.
        seed = tf.random.experimental.stateless_fold_in(self._moment(), indices[0])
        # Of the 255 equally likely draws, v lie below the grey value v: white has the probability v / 255.
        draws = tf.random.stateless_uniform(tf.shape(images), seed, maxval=255, dtype=tf.int32)
        return tf.cast(draws < tf.cast(images, tf.int32), tf.float32)

    def _moment(self) -> tf.Tensor:
        return tf.stack([tf.constant(self._seed, tf.int64), self._epoch.read_value()])


def batches(images: np.ndarray, *, batch_size: int) -> tf.data.Dataset:
    """The images in their order, float32 [B, H, W, C] in [0, 1]."""
    return _pixels(images, tf.data.Dataset.range(len(images)).batch(batch_size), batch_size)


def pixels(images: np.ndarray) -> np.ndarray:
    """uint8 images as float32 in [0, 1], in the shape given."""
    return images.astype("float32") / np.float32(255)


def _grey(images: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
    return tf.cast(images, tf.float32) / 255.0


def _pixels(
    images: np.ndarray,
    order: tf.data.Dataset,
    batch_size: int,
    values: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = _grey,
) -> tf.data.Dataset:
    """Batches of float32 pixels, which `values` makes of uint8 images and their indices."""
    memory = tf.constant(images)
    drawn = _as_written(lambda indices: values(tf.gather(memory, indices), indices))
    dataset = order.map(drawn, num_parallel_calls=1)
    options = tf.data.Options()
    options.deterministic = True
    # The pipeline is a lookup and a division or a draw; more threads would only take cores from the network.
    options.autotune.enabled = False
    options.threading.private_threadpool_size = 1
    steps = -(-len(images) // batch_size)
    return dataset.prefetch(4).apply(tf.data.experimental.assert_cardinality(steps)).with_options(options)
