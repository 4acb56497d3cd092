"""A callback for programs on Keras, the last one of its `fit`."""

from typing import Any

import keras

from benchmarks.turns import Turn


class TurnAnEpoch(keras.callbacks.Callback):
    """Ends the turn when an epoch and its validation are over, and waits for the next."""

    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self.turn = turn

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.turn.report(loss=float(logs["val_loss"]), last=epoch + 1 == self.params["epochs"])
        self.turn.wait()
