"""What the arithmetic alone would take: the network's multiply-adds at the speed of this CPU's matrix product.

No program can be expected below it on this machine. Matrix products of a size where the CPU is at its best are timed in
the same rounds as the programs, so that a machine that is slow for a moment is slow for both.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.network import IMAGE_SHAPE, experiment_for
from benchmarks.turns import Task, Turn
from pipeline.models.arithmetic import training_flop
from pipeline.runtime import start_tensorflow

SIZE = 2048
REPEATS = 10


def run(task: Task, turn: Turn) -> None:
    """Report the seconds that the arithmetic of one round would take."""
    start_tensorflow()
    model = experiment_for(task).model
    flop = training_flop(model.encoder(IMAGE_SHAPE), model.decoder(IMAGE_SHAPE))
    products = _products()
    images = len(task.images())
    turn.ready(flop_per_image=flop)
    while True:
        turn.wait()
        turn.report(images * flop / _flop_per_second(products))


def _products() -> list[Callable[[], Any]]:
    """The same float32 product by each library that is here: the faster one is this CPU's."""
    import tensorflow as tf

    left, right = np.random.default_rng(0).random((2, SIZE, SIZE), np.float32)
    tensors = tf.constant(left), tf.constant(right)
    return [lambda: left @ right, lambda: tf.matmul(*tensors).numpy()[0, 0]]


def _flop_per_second(products: list[Callable[[], Any]]) -> float:
    best = min(_seconds(product) for _ in range(REPEATS) for product in products)
    return 2 * SIZE**3 / best


def _seconds(function: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin
