"""What the coordinates of a plane through the latent space decode to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.figures.kit.axis_names import axis_names
from pipeline.figures.kit.classes import NAME_CELLS
from pipeline.figures.kit.fonts import drawable
from pipeline.figures.kit.rgb import as_rgb


@dataclass(frozen=True, eq=False)
class DecodedPlane:
    """Decoded images in the places of their coordinates, checked once.

    Attributes:
        images: uint8 [rows, columns, H, W, 3]; row 0 belongs to y[0]. Given as uint8, or as floating point in [0, 1],
            with one channel or three.
        x: coordinates of the columns, float64 [columns], ascending.
        y: coordinates of the rows, float64 [rows], ascending; a single row has no second axis.
        explained: shares of the variance along the principal axes, where the coordinates are on those.
        class_name: of the class that a conditional model was told; else None.

    Raises:
        ValueError: images of another shape or type, or not one for each pair of coordinates.
    """

    images: np.ndarray
    x: np.ndarray
    y: np.ndarray
    explained: Sequence[float] | np.ndarray | None = None
    class_name: str | None = None

    def __post_init__(self) -> None:
        images = as_rgb(self.images, "YX")
        if images.shape[:2] != (len(self.y), len(self.x)):
            raise ValueError(
                f"decoded images have shape {list(images.shape[:2])} before height and width; "
                f"their coordinates ask for [{len(self.y)}, {len(self.x)}]"
            )
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "x", np.asarray(self.x, np.float64))
        object.__setattr__(self, "y", np.asarray(self.y, np.float64))

    @property
    def as_class(self) -> str:
        """What a heading says of the class, after a blank; empty where there is none."""
        return "" if self.class_name is None else f" as class {drawable(self.class_name, NAME_CELLS)}"

    @property
    def axis_names(self) -> tuple[str, str]:
        """The names of both coordinates; the second is empty where there is a single row."""
        x_name, y_name = axis_names(self.explained, share="")
        return x_name, y_name if len(self.y) > 1 else ""
