"""A network of strided convolutions, mirrored by transposed convolutions."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any

from keras import layers
from pydantic import Field

from pipeline.config.values import Count, Counts, LayerCounts, Share, Switch
from pipeline.errors import InputError
from pipeline.models.architecture import Architecture, ImageShape, Levels
from pipeline.models.conditioning import joined

PerLayer = Annotated[Count | LayerCounts, Field(examples=[[2, 2]])]
"""One number for all layers, or a list with one for each."""


@dataclass(frozen=True, kw_only=True)
class Conv(Architecture):
    """A convolutional encoder, and a decoder of transposed convolutions, the last of which has stride 1.

    Attributes:
        filters: of the encoder's convolutions, first to last.
        strides, kernel: of the same convolutions, in pixels; kernels are square.
        units: of the dense layers between the convolutions and the heads.
        batch_norm: normalise after each convolution of the encoder.
        dropout: share of each encoder convolution's outputs left out while training.
        decoder_units: of the dense layers before the decoder's first feature map.
        decoder_channels: channels of the decoder's first feature map; null takes the last of `filters`.
        decoder_filters, decoder_strides: of the transposed convolutions; null mirrors the encoder.

    Raises:
        InputError: lists of different lengths.
    """

    filters: LayerCounts
    strides: PerLayer
    kernel: PerLayer
    units: Counts
    batch_norm: Switch
    dropout: Share
    decoder_units: Counts
    decoder_channels: Count | None
    decoder_filters: LayerCounts | None
    decoder_strides: PerLayer | None
    conditional: Switch = field()
    levels: Levels = field()

    def __post_init__(self) -> None:
        _spread(self.strides, "strides", self.filters, "filters")
        _spread(self.kernel, "kernel", self.filters, "filters")
        self._decoder_layers()

    def features(self, images: Any, condition: Any = None) -> Any:
        strides = _spread(self.strides, "strides", self.filters, "filters")
        self._refuse_vanishing(images.shape[1:], strides)
        x = images
        for filters, stride, kernel in zip(self.filters, strides, self._kernels(), strict=True):
            x = layers.Conv2D(filters, kernel, strides=stride, padding="same", activation=self.activation)(x)
            x = layers.BatchNormalization()(x) if self.batch_norm else x
            x = layers.Dropout(self.dropout)(x) if self.dropout else x
        return self._dense(joined(layers.Flatten()(x), condition), self.units)

    def outputs(self, latent: Any, image_shape: ImageShape) -> Any:
        height, width, channels = image_shape
        decoder = self._decoder_layers()
        self._refuse_vanishing(image_shape, [stride for _, stride, _ in decoder])
        shrink = math.prod(stride for _, stride, _ in decoder)
        first = (math.ceil(height / shrink), math.ceil(width / shrink), self.decoder_channels or self.filters[-1])
        x = layers.Dense(math.prod(first), activation=self.activation)(self._dense(latent, self.decoder_units))
        x = layers.Reshape(first)(x)
        for filters, stride, kernel in decoder:
            x = layers.Conv2DTranspose(filters, kernel, strides=stride, padding="same", activation=self.activation)(x)
        x = layers.Conv2DTranspose(channels, self._kernels()[0], padding="same")(x)
        return _crop(x, height, width)

    def _dense(self, x: Any, units: list[int]) -> Any:
        for width in units:
            x = layers.Dense(width, activation=self.activation)(x)
        return x

    def _kernels(self) -> list[int]:
        return _spread(self.kernel, "kernel", self.filters, "filters")

    def _decoder_layers(self) -> list[tuple[int, int, int]]:
        """The filters, the stride and the kernel of each transposed convolution but the last."""
        filters = self.decoder_filters or self.filters[::-1]
        strides = self.decoder_strides or _spread(self.strides, "strides", self.filters, "filters")[::-1]
        kernels = (self._kernels()[::-1] + [self._kernels()[0]] * len(filters))[: len(filters)]
        spread = _spread(strides, "decoder_strides", filters, "decoder_filters")
        return list(zip(filters, spread, kernels, strict=True))

    def _refuse_vanishing(self, shape: Any, strides: list[int]) -> None:
        height, width = shape[:2]
        if math.prod(strides) > min(height, width):
            raise InputError(
                f"strides {strides} shrink an image of shape {tuple(shape)} (height, width, channels) "
                f"{math.prod(strides)} times, below one pixel; expected a product of strides up to "
                f"{min(height, width)}. Set fewer layers or smaller strides: model.filters=[32] model.strides=[2]"
            )


def _spread(value: int | list[int], name: str, layers_of: list[int], layers_name: str) -> list[int]:
    """A value for each layer, from one for all layers or from a list of the right length."""
    values = [value] * len(layers_of) if isinstance(value, int) else value
    if len(values) != len(layers_of):
        raise InputError(
            f"expected as many {name} as {layers_name}, but {name}={values} has {len(values)} and "
            f"{layers_name}={layers_of} has {len(layers_of)}. Set one number for all layers, such as {name}={values[0]}"
        )
    return values


def _crop(x: Any, height: int, width: int) -> Any:
    """Images [B, H, W, C] cropped evenly to height and width, which strides exceed where they do not divide them."""
    extra_height, extra_width = x.shape[1] - height, x.shape[2] - width
    if not extra_height and not extra_width:
        return x
    top, left = extra_height // 2, extra_width // 2
    return layers.Cropping2D(((top, extra_height - top), (left, extra_width - left)))(x)
