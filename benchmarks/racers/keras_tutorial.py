"""The Keras tutorial's program to its end: batches of 32, Adam at 1e-3, the test images validated after every epoch."""

import numpy as np

from benchmarks.racers.task import RaceTask
from benchmarks.turns import Turn


def run(task: RaceTask, turn: Turn) -> None:
    """Train one epoch a turn."""
    turn.ready()
    turn.wait()
    import keras
    import tensorflow as tf

    from benchmarks.peers.keras_tutorial import VariationalAutoencoder, make_decoder, make_encoder
    from benchmarks.racers.turn_an_epoch import TurnAnEpoch

    tf.config.threading.set_intra_op_parallelism_threads(task.threads)
    keras.utils.set_random_seed(task.seed)
    vae = VariationalAutoencoder(make_encoder(), make_decoder())
    vae.compile(optimizer=keras.optimizers.Adam(learning_rate=1e-3))
    vae.fit(
        _pixels(task.training_file),
        validation_data=_pixels(task.validation_file),
        epochs=task.epochs,
        batch_size=32,
        callbacks=[TurnAnEpoch(turn)],
    )


def _pixels(file: str) -> np.ndarray:
    return np.load(file).astype("float32") / np.float32(255)
