"""Black-and-white images drawn from grey ones: each value a Bernoulli variable whose mean is the grey value.

Salakhutdinov and Murray (2008, "On the quantitative analysis of deep belief networks") draw each value of MNIST, which
others repeat for every epoch; the set of Larochelle and Murray (2011, "The neural autoregressive distribution
estimator") is drawn once and for all.
"""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from pipeline.data.image_rows import ImageRows
from pipeline.data.images import ImageData, Split
from pipeline.data.pixel_memory import pixel_memory
from pipeline.data.random_stream import Draws, random_stream
from pipeline.data.source import Published

Binarisation = Annotated[Literal["none", "fixed", "each_epoch"], Field(examples=["fixed"])]
"""When pixels become black or white: never; once; or, in training images, in every epoch anew."""


def binarised(published: Published, seed: int) -> Published:
    """The data set with every pixel of every channel drawn once, 0 or 255, as the seed alone decides.

    An image has the same pixels whatever classes, limit or validation share are chosen afterwards.
    """
    splits = published.splits.items()
    drawn = {part: split.with_images(drawn_pixels(split.rows, seed, part)) for part, split in splits}
    return replace(published, **drawn)  # type: ignore[arg-type]


def as_trained(data: ImageData, positions: np.ndarray) -> Split:
    """The training images at positions int [n], as an epoch meets them: binarised once if each epoch does so anew."""
    chosen = data.train.take(positions)
    return chosen.with_images(drawn_pixels(chosen.rows, 0, "one epoch")) if data.drawn_each_epoch else chosen


def drawn_pixels(rows: ImageRows, seed: int, part: str) -> np.ndarray:
    """Images, uint8 [N, H, W, C], with every pixel of every channel drawn once, 0 or 255.

    What is drawn is decided by the seed and the name of the part.
    """
    drawn = pixel_memory(rows.shape)
    draws = Draws(random_stream(seed, f"binarisation {part}"))
    for place, grey in rows.chunks():
        # Of the 255 equally likely draws, v lie below the grey value v: white has the probability v / 255 exactly.
        drawn[place] = np.where(draws.take(grey.size).reshape(grey.shape) < grey, np.uint8(255), np.uint8(0))
    return drawn
