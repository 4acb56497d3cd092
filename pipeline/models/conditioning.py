"""The class of an image as a condition: of the likelihood p(image | latent, class) and of the posterior.

Kingma et al. (2014, "Semi-supervised learning with deep generative models", model M2, eq. 2 and 6), and Sohn, Lee and
Yan (2015, "Learning structured output representation using deep conditional generative models"). The prior of the
latents is the same N(0, 1) for each class, so that a latent says what the class does not, and may be decoded as any.

Networks read classes as one-hot vectors. They join where an image is a vector, in front of dense layers: at the input
of a dense network, behind the convolutions of a convolutional one, and beside the latent. An embedding would be one
more matrix between a one-hot vector and the matrix of the layer that reads it. As constant channels of the image, as
others join them, each class would cost a convolution of a channel that is the same everywhere.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipeline.data.images import ImageData
from pipeline.errors import InputError


def class_input(classes: int) -> Any:
    """The input of a network for one-hot classes, [B, classes]; None where there are none."""
    return keras.Input((classes,), name="class") if classes else None


def joined(vectors: Any, condition: Any) -> Any:
    """Vectors [B, F] with the one-hot classes [B, C] behind them, [B, F + C]; unchanged where the condition is None."""
    return vectors if condition is None else layers.Concatenate()([vectors, condition])


def read_with(values: Any, condition: Any) -> Any:
    """What a network reads: values, and with them one-hot classes [B, C] unless they are None."""
    if condition is None:
        return values
    # Keras refuses an array beside a tensor.
    return [ops.convert_to_tensor(values) if isinstance(values, np.ndarray) else values, condition]


def separated(inputs: Any) -> tuple[Any, Any]:
    """Images [B, H, W, C] and their labels, int [B], of the inputs of a VAE; None where it is given images alone."""
    images, labels = inputs if isinstance(inputs, tuple | list) else (inputs, None)
    return images, labels


def classes_of(data: ImageData) -> tuple[str, ...]:
    """The class names that a conditional model of these images is told.

    Raises:
        InputError: the training images are of one class, as are those without labels.
    """
    if len(np.unique(data.train.labels)) < 2:
        raise InputError(
            f"model.conditional=true: all training images of {data.name} are of one class "
            f"({data.class_names[data.train.labels[0]]}), or have no labels, so that there is nothing to condition on; "
            "expected at least two classes. Sort the images into one folder per class, or give labels; choose more "
            "with dataset.classes; or set model.conditional=false"
        )
    return data.class_names
