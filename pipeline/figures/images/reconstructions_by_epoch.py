"""What the same images are reconstructed to after chosen epochs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from pipeline.figures.kit.canvas import sheet, text_width
from pipeline.figures.kit.epochs import epoch_name, thinned
from pipeline.figures.kit.mosaic import join, magnify, whole_factor
from pipeline.figures.kit.rgb import as_rgb
from pipeline.figures.kit.style import TEXT

ROW_WIDTH = 900  # pixels that a row of images may take
IMAGE_SIDE = 112  # pixels that an image may take
GAP = 3  # pixels between two images
INPUT_GAP = 12  # pixels under the row of the inputs


def reconstructions_by_epoch(images: np.ndarray, reconstructions: np.ndarray, epochs: Sequence[int]) -> Figure:
    """The images as the top row, and under them one row an epoch with their reconstructions.

    Args:
        images: uint8 or floating point in [0, 1], [N, H, W, C]; of large ones as many are shown as fit.
        reconstructions: of the same images after each epoch, [E, N, H, W, C]; of more than 12 epochs 12 are shown.
        epochs: [E], ascending; 0 is the state before the training.

    Raises:
        ValueError: reconstructions of other images or epochs.
    """
    inputs = as_rgb(images)
    outputs = as_rgb(reconstructions, "EN")
    if outputs.shape != (len(epochs), *inputs.shape):
        raise ValueError(
            f"reconstructions have shape {list(np.shape(reconstructions))}, images {list(np.shape(images))}; "
            f"expected the images' shape for each of {len(epochs)} epochs"
        )
    shown = thinned(len(epochs))
    _, count, height, width, _ = outputs.shape
    count = min(count, max(1, ROW_WIDTH // width))
    factor = min(whole_factor(1, count * width, ROW_WIDTH), whole_factor(height, width, IMAGE_SIDE))
    tiles = magnify(np.concatenate([inputs[None], outputs[shown]])[:, :count], factor)
    first = np.pad(tiles[:1], [(0, 0), (0, 0), (0, INPUT_GAP), (0, 0), (0, 0)], constant_values=255)
    names = ["input", *(epoch_name(epochs[step]) for step in shown)]
    image = np.concatenate([join(first, 0, GAP), join(tiles[1:], GAP, GAP)])
    figure, axes = sheet(image, "Reconstructions from epoch to epoch", max(text_width(name, TEXT) for name in names))
    middles = np.arange(len(names)) * (height * factor + GAP) + height * factor / 2 - 0.5
    middles[1:] += INPUT_GAP - GAP
    axes.set_yticks(middles, names)
    return figure
