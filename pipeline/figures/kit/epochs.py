"""Which epochs of a training a figure shows, and what it calls them."""

import math

EPOCHS = 12  # in one figure at most


def epoch_name(epoch: int) -> str:
    """How a figure calls the state after so many epochs."""
    return f"epoch {epoch}" if epoch else "start"


def thinned(count: int, most: int = EPOCHS) -> list[int]:
    """At most so many of `count` positions: the first, the last, and between them ever wider steps."""
    if count <= most:
        return list(range(count))
    return [max(step, math.floor(count ** (step / (most - 1)) - 0.5)) for step in range(most)]
