"""The program that a reader of the Keras tutorial ends up with: a model subclass with its own `train_step`.

Written anew from the tutorial's facts: a sampling layer, a gradient tape, three running means, sigmoid outputs with
cross-entropy summed over the pixels, Adam, and `fit` on a float array in memory with Keras' progress bar, as it comes
when nothing is said about it. A round is one epoch of one long `fit`, from the epoch's begin to its end.
"""

import keras
import tensorflow as tf
from keras import layers, ops

from benchmarks.turns import Task, Turn


class Sampling(layers.Layer):
    """Draws a latent for each image from its mean and log variance."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(log_variance / 2) * noise


class VariationalAutoencoder(keras.Model):
    """Trains an encoder and a decoder on reconstruction loss plus KL divergence."""

    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder, self.decoder = encoder, decoder
        self.total_tracker = keras.metrics.Mean(name="loss")
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_tracker = keras.metrics.Mean(name="kl_loss")

    @property
    def metrics(self):
        return [self.total_tracker, self.reconstruction_tracker, self.kl_tracker]

    def train_step(self, images):
        with tf.GradientTape() as tape:
            total, reconstruction_loss, kl_loss = self.losses_of(images)
        gradients = tape.gradient(total, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return self.tracked(total, reconstruction_loss, kl_loss)

    def test_step(self, images):
        return self.tracked(*self.losses_of(images))

    def losses_of(self, images):
        mean, log_variance, latent = self.encoder(images)
        reconstruction = self.decoder(latent)
        pixel_losses = keras.losses.binary_crossentropy(images, reconstruction)
        reconstruction_loss = ops.mean(ops.sum(pixel_losses, axis=(1, 2)))
        kl_parts = -0.5 * (1 + log_variance - ops.square(mean) - ops.exp(log_variance))
        kl_loss = ops.mean(ops.sum(kl_parts, axis=1))
        return reconstruction_loss + kl_loss, reconstruction_loss, kl_loss

    def tracked(self, total, reconstruction_loss, kl_loss):
        self.total_tracker.update_state(total)
        self.reconstruction_tracker.update_state(reconstruction_loss)
        self.kl_tracker.update_state(kl_loss)
        return {tracker.name: tracker.result() for tracker in self.metrics}


class RoundAnEpoch(keras.callbacks.Callback):
    """Waits for its turn before each epoch and reports after it."""

    def __init__(self, turn):
        super().__init__()
        self.turn = turn

    def on_epoch_begin(self, epoch, logs=None):
        self.turn.wait()

    def on_epoch_end(self, epoch, logs=None):
        self.turn.report()


def run(task: Task, turn: Turn) -> None:
    """Train one epoch a round."""
    tf.config.threading.set_intra_op_parallelism_threads(task.threads)
    vae = VariationalAutoencoder(make_encoder(), make_decoder())
    vae.compile(optimizer=keras.optimizers.Adam(learning_rate=1e-3))
    images = task.pixels()
    turn.ready(parameters=vae.encoder.count_params() + vae.decoder.count_params())
    vae.fit(images, epochs=task.rounds, batch_size=task.batch_size, callbacks=[RoundAnEpoch(turn)])
    turn.wait()


def make_encoder(latent_dim: int = 2, filters: tuple[int, int] = (32, 64)) -> keras.Model:
    """Images to mean, log variance and a drawn latent."""
    x = images = keras.Input((28, 28, 1))
    for count in filters:
        x = layers.Conv2D(count, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    mean, log_variance = layers.Dense(latent_dim)(x), layers.Dense(latent_dim)(x)
    return keras.Model(images, [mean, log_variance, Sampling()([mean, log_variance])])


def make_decoder(latent_dim: int = 2, filters: tuple[int, int] = (32, 64)) -> keras.Model:
    """Latents to images in [0, 1]."""
    latent = keras.Input((latent_dim,))
    x = layers.Dense(7 * 7 * filters[-1], activation="relu")(latent)
    x = layers.Reshape((7, 7, filters[-1]))(x)
    for count in reversed(filters):
        x = layers.Conv2DTranspose(count, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(latent, layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid")(x))
