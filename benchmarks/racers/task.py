"""What every program of a race has to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RaceTask:
    """Train and validate after every epoch, one epoch a turn.

    Attributes:
        overrides: of `python -m pipeline.train`, for our program; its epochs are what they compose to.
        training_file, validation_file: the same images for another program, each a `.npy` of uint8 [N, 28, 28, 1].
        epochs: of another program, at most.
        seed: of weights, order and noise.
        threads: of the program's library; the process is confined to as many cores where the system can do that.
    """

    overrides: tuple[str, ...]
    training_file: str
    validation_file: str
    epochs: int
    seed: int
    threads: int
