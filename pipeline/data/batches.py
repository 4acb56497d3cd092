"""Images as batches for Keras: uint8 in memory, float32 in [0, 1] in the batch, in an order that can be resumed."""

import keras
import numpy as np
import tensorflow as tf


class TrainingBatches(keras.callbacks.Callback):
    """Every image once an epoch, in an order that depends on the seed and the epoch alone.

    So a run that is resumed at an epoch meets the same batches as one that was never stopped. Give `dataset` to `fit`
    and the object itself to its callbacks: it tells the data set which epoch begins.
    """

    def __init__(self, images: np.ndarray, *, batch_size: int, seed: int) -> None:
        super().__init__()
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.dataset = _pixels(images, self._order(len(images), batch_size, seed), batch_size)

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Keras calls this before it asks for the epoch's first batch."""
        self._epoch.assign(epoch)

    def _order(self, count: int, batch_size: int, seed: int) -> tf.data.Dataset:
        def shuffled(_: object) -> tf.data.Dataset:
            moment = tf.stack([tf.constant(seed, tf.int64), self._epoch.read_value()])
            order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=moment)
            return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

        return tf.data.Dataset.from_tensors(0).flat_map(shuffled)


def batches(images: np.ndarray, *, batch_size: int) -> tf.data.Dataset:
    """The images in their order, float32 [B, H, W, C] in [0, 1]."""
    return _pixels(images, tf.data.Dataset.range(len(images)).batch(batch_size), batch_size)


def pixels(images: np.ndarray) -> np.ndarray:
    """uint8 images as float32 in [0, 1], in the shape given."""
    return images.astype("float32") / np.float32(255)


def _pixels(images: np.ndarray, order: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    memory = tf.constant(images)
    dataset = order.map(lambda indices: tf.cast(tf.gather(memory, indices), tf.float32) / 255.0, num_parallel_calls=1)
    options = tf.data.Options()
    options.deterministic = True
    # The pipeline is a lookup and a division; more threads would only take cores from the network.
    options.autotune.enabled = False
    options.threading.private_threadpool_size = 1
    steps = -(-len(images) // batch_size)
    return dataset.prefetch(4).apply(tf.data.experimental.assert_cardinality(steps)).with_options(options)
