"""The digits that scikit-learn brings along: no download, and small enough for a first look."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from pipeline.data.images import Split
from pipeline.data.source import Published
from pipeline.data.splits import set_test_aside

TEST_SHARE = 0.2
BRIGHTEST = 16.0
"""Each pixel of the original counts the dark points in a block of 4x4."""


@dataclass(frozen=True, kw_only=True)
class Digits:
    """1,797 handwritten digits of 8x8 pixels (Alpaydin and Kaynak 1998, UCI repository), a fifth of them to test on."""

    def read(self, directory: Path | None) -> Published:
        """Both splits, grey 0 to 255."""
        images, labels = load_digits(return_X_y=True)
        pixels = np.rint(images * (255 / BRIGHTEST)).astype(np.uint8).reshape(-1, 8, 8, 1)
        train, test = set_test_aside(labels, TEST_SHARE, "scikit-learn's digits")
        whole = Split(pixels, labels.astype(np.int64))
        names = tuple(str(digit) for digit in range(10))
        return Published(whole.take(train), whole.take(test), names, "scikit-learn's digits")
