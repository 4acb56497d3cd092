"""The handwritten digits that scikit-learn contains: they need no download, and are small enough for a first look."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from pipeline.data.images import Split
from pipeline.data.source import Published
from pipeline.data.splits import set_test_aside

TEST_SHARE = 0.2
"""Part of the images that becomes the test split, which scikit-learn does not have."""

BRIGHTEST = 16.0
"""The largest value of a pixel, which counts the inked points in a block of 4x4."""


@dataclass(frozen=True, kw_only=True)
class Digits:
    """1,797 handwritten digits of 8x8 pixels (Alpaydin and Kaynak 1998, UCI repository), a fifth of them to test on."""

    def read(self, directory: Path | None) -> Published:
        """Both splits, uint8 [N, 8, 8, 1], grey from 0 to 255; the directory is not used."""
        images, labels = load_digits(return_X_y=True)
        grey = np.rint(images * (255 / BRIGHTEST)).astype(np.uint8).reshape(-1, 8, 8, 1)
        train, test = set_test_aside(labels, TEST_SHARE, "scikit-learn's digits")
        whole = Split(grey, labels.astype(np.int64))
        names = tuple(str(digit) for digit in range(10))
        return Published(whole.take(train), whole.take(test), names, "scikit-learn's digits")
