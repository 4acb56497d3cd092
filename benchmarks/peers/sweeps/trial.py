"""One training of a search as people write it: Keras' `fit`, its numbers and a picture of reconstructions in MLflow."""

import os
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@dataclass(frozen=True)
class Setting:
    """What all trainings of a search have in common.

    Attributes:
        training_file, validation_file: uint8 [N, 28, 28, 1].
        epochs: of each.
        uri: of the tracking store.
        threads: of each.
    """

    training_file: str
    validation_file: str
    epochs: int
    uri: str
    threads: int


def train(setting: Setting, latent_dim: int, filters: tuple[int, int], learning_rate: float = 1e-3) -> float:
    """The validation loss after the last epoch, nats an image."""
    import keras
    import mlflow
    import tensorflow as tf

    from benchmarks.peers.keras_tutorial import VariationalAutoencoder, make_decoder, make_encoder

    tf.config.threading.set_intra_op_parallelism_threads(setting.threads)
    tf.config.threading.set_inter_op_parallelism_threads(setting.threads)
    keras.utils.set_random_seed(0)
    training, validation = (_pixels(file) for file in (setting.training_file, setting.validation_file))
    mlflow.set_tracking_uri(setting.uri)
    mlflow.set_experiment("search")
    with mlflow.start_run(run_name=f"{latent_dim} {filters}"):
        mlflow.log_params({"latent_dim": latent_dim, "filters": filters, "learning_rate": learning_rate})
        vae = VariationalAutoencoder(make_encoder(latent_dim, filters), make_decoder(latent_dim, filters))
        vae.compile(optimizer=keras.optimizers.Adam(learning_rate=learning_rate))
        log = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: mlflow.log_metrics(logs, step=epoch))
        history = vae.fit(
            training,
            validation_data=validation,
            epochs=setting.epochs,
            batch_size=128,
            verbose=0,
            callbacks=[log],
        )
        mlflow.log_figure(_reconstructions(vae, validation[:10]), "reconstructions.png")
        loss = float(history.history["val_loss"][-1])
        mlflow.log_metric("objective", loss)
    return loss


def _pixels(file: str) -> Any:
    import numpy as np

    return np.load(file).astype("float32") / 255


def _reconstructions(vae: Any, images: Any) -> Any:
    """Images above what the network makes of them."""
    import numpy as np
    from matplotlib.figure import Figure

    mean, _, _ = vae.encoder(images)
    rows = [np.hstack(list(row[..., 0])) for row in (images, np.asarray(vae.decoder(mean)))]
    figure = Figure(figsize=(8, 2))
    axes = figure.subplots()
    axes.imshow(np.vstack(rows), cmap="gray")
    axes.axis("off")
    return figure
