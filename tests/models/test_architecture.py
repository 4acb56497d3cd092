"""Networks from settings: the published ones exactly, any image size, and refusals that name both shapes."""

import keras
import numpy as np
import pytest

from pipeline.config.build import build
from pipeline.errors import InputError
from pipeline.models.architecture import Architecture
from pipeline.models.conv import Conv
from pipeline.models.dense import Dense

MNIST = (28, 28, 1)
DENSE = {"latent_dim": 2, "scale": "log_variance", "activation": "relu", "initializer": None}
DENSE |= {
    "hidden": [6, 5],
    "decoder_hidden": None,
    "batch_norm": False,
    "dropout": 0.0,
    "conditional": False,
    "levels": None,
}
CONV = {
    "latent_dim": 2,
    "scale": "log_variance",
    "activation": "relu",
    "initializer": None,
    "filters": [4, 3],
    "strides": 2,
    "kernel": 3,
}
CONV |= {"units": [], "batch_norm": False, "dropout": 0.0, "decoder_units": []}
CONV |= {
    "decoder_channels": None,
    "decoder_filters": None,
    "decoder_strides": None,
    "conditional": False,
    "levels": None,
}


def conv(**changed) -> Conv:
    return Conv(**CONV | changed)


def dense(**changed) -> Dense:
    return Dense(**DENSE | changed)


def networks(architecture: Architecture, shape=MNIST) -> tuple[keras.Model, keras.Model]:
    return architecture.encoder(shape), architecture.decoder(shape)


def of_type(network: keras.Model, kind: type) -> list:
    return [layer for layer in network.layers if type(layer) is kind]


def convolutions(network: keras.Model, kind: type) -> list[tuple[int, int]]:
    """Filters and stride of each."""
    return [(layer.filters, layer.strides[0]) for layer in of_type(network, kind)]


def units(network: keras.Model) -> list[int]:
    return [layer.units for layer in of_type(network, keras.layers.Dense)]


def feature_maps(network: keras.Model, kind: type) -> list[tuple[int, ...]]:
    return [layer.output.shape[1:] for layer in of_type(network, kind)]


def check_shapes(architecture: Architecture, shape: tuple[int, int, int]) -> None:
    """Numbers go through both networks and come out in the shapes that are promised."""
    encoder, decoder = networks(architecture, shape)
    mean, log_variance = encoder(np.zeros((3, *shape), "float32"))
    assert mean.shape == log_variance.shape == (3, architecture.latent_dim)
    assert decoder(mean).shape == (3, *shape)


# The five networks that the project starts from.


def test_letters_is_a_dense_network(composed) -> None:
    encoder, decoder = networks(build(composed("model=dense", "model.hidden=[512]")["model"], "model"))
    assert units(encoder) == [512, 2, 2]
    assert units(decoder) == [512, 784]


def test_convolutional_has_exactly_the_published_parameters(composed) -> None:
    encoder, decoder = networks(build(composed("model=conv")["model"], "model"))
    assert (encoder.count_params(), decoder.count_params()) == (69_076, 65_089)
    assert convolutions(encoder, keras.layers.Conv2D) == [(32, 2), (64, 2)]
    assert units(encoder) == [16, 2, 2]
    assert units(decoder) == [3136]
    assert convolutions(decoder, keras.layers.Conv2DTranspose) == [(64, 2), (32, 2), (1, 1)]


def test_clothes_has_a_softplus_scale_and_a_single_first_channel(composed) -> None:
    model = composed(
        "model=conv",
        "model.latent_dim=5",
        "model.scale=softplus",
        "model.filters=[64,64,64]",
        "model.strides=[2,2,1]",
        "model.units=[]",
        "model.decoder_units=[24]",
        "model.decoder_channels=1",
    )["model"]
    encoder, decoder = networks(build(model, "model"))
    assert feature_maps(encoder, keras.layers.Conv2D) == [(14, 14, 64), (7, 7, 64), (7, 7, 64)]
    assert encoder.get_layer("softplus").units == 5
    assert units(decoder) == [24, 49]
    assert feature_maps(decoder, keras.layers.Reshape) == [(7, 7, 1)]
    assert convolutions(decoder, keras.layers.Conv2DTranspose) == [(64, 1), (64, 2), (64, 2), (1, 1)]


@pytest.mark.parametrize("regularised", [False, True], ids=["autoencoder", "vae"])
def test_generations_mixes_strides_and_has_its_own_decoder(composed, regularised: bool) -> None:
    overrides = ["model.filters=[32,64,64,64]", "model.strides=[1,2,2,1]", "model.units=[]"]
    overrides += ["model.decoder_filters=[64,64,32]", "model.decoder_strides=[1,2,2]"]
    overrides += ["model.batch_norm=true", "model.dropout=0.3"] if regularised else []
    encoder, decoder = networks(build(composed("model=conv", *overrides)["model"], "model"))
    assert convolutions(encoder, keras.layers.Conv2D) == [(32, 1), (64, 2), (64, 2), (64, 1)]
    assert len(of_type(encoder, keras.layers.BatchNormalization)) == 4 * regularised
    assert [layer.rate for layer in of_type(encoder, keras.layers.Dropout)] == [0.3] * 4 * regularised
    assert units(decoder) == [7 * 7 * 64]
    assert convolutions(decoder, keras.layers.Conv2DTranspose) == [(64, 1), (64, 2), (32, 2), (1, 1)]


def test_generate_is_dense_with_three_hidden_layers(composed) -> None:
    encoder, decoder = networks(build(composed("model=dense", "model.hidden=[512,256,64]")["model"], "model"))
    assert units(encoder) == [512, 256, 64, 2, 2]
    assert units(decoder) == [64, 256, 512, 784]


# Any image.


@pytest.mark.parametrize("shape", [(7, 5, 1), (28, 20, 3), (9, 9, 1), (4, 4, 1), (17, 32, 2)])
@pytest.mark.parametrize("make", [conv, dense])
def test_output_has_the_shape_of_the_image(make, shape) -> None:
    check_shapes(make(), shape)


@pytest.mark.parametrize("strides", [1, 3, [2, 1], [1, 3]])
@pytest.mark.parametrize("kernel", [1, 2, 4, [5, 2]])
def test_strides_and_kernels_need_not_divide_the_image(strides, kernel) -> None:
    check_shapes(conv(strides=strides, kernel=kernel), (11, 13, 1))


def test_what_strides_overshoot_is_cut_evenly_from_both_sides() -> None:
    _, decoder = networks(conv(), (7, 5, 1))
    (crop,) = of_type(decoder, keras.layers.Cropping2D)
    assert crop.input.shape[1:3] == (8, 8)
    assert tuple(map(tuple, crop.cropping)) == ((0, 1), (1, 2))


@pytest.mark.parametrize("make", [conv, dense])
def test_one_latent_dimension_is_enough(make) -> None:
    check_shapes(make(latent_dim=1), (8, 8, 1))


# What each setting does.


def test_decoder_mirrors_the_encoder() -> None:
    encoder, decoder = networks(conv(filters=[8, 6, 4], strides=[1, 2, 3], kernel=[5, 3, 2]), (24, 24, 1))
    there = [(c.filters, c.strides[0], c.kernel_size[0]) for c in of_type(encoder, keras.layers.Conv2D)]
    back = [(c.filters, c.strides[0], c.kernel_size[0]) for c in of_type(decoder, keras.layers.Conv2DTranspose)]
    assert there == [(8, 1, 5), (6, 2, 3), (4, 3, 2)]
    assert back == [*there[::-1], (1, 1, 5)]
    assert feature_maps(decoder, keras.layers.Reshape) == [(4, 4, 4)]
    assert units(networks(dense(hidden=[9, 7]))[1])[:2] == [7, 9]


def test_decoder_may_differ_from_the_encoder() -> None:
    _, decoder = networks(conv(decoder_units=[5], decoder_filters=[7], decoder_strides=4, decoder_channels=2))
    assert units(decoder) == [5, 7 * 7 * 2]
    assert convolutions(decoder, keras.layers.Conv2DTranspose) == [(7, 4), (1, 1)]
    assert units(networks(dense(decoder_hidden=[3]))[1]) == [3, 784]


@pytest.mark.parametrize("make", [conv, dense])
@pytest.mark.parametrize(("batch_norm", "dropout"), [(False, 0.0), (True, 0.0), (False, 0.4), (True, 0.4)])
def test_batch_norm_and_dropout_are_in_the_encoder_when_asked_for(make, batch_norm: bool, dropout: float) -> None:
    encoder, decoder = networks(make(batch_norm=batch_norm, dropout=dropout))
    assert len(of_type(encoder, keras.layers.BatchNormalization)) == 2 * batch_norm
    assert [layer.rate for layer in of_type(encoder, keras.layers.Dropout)] == ([dropout] * 2 if dropout else [])
    assert not of_type(decoder, keras.layers.BatchNormalization) + of_type(decoder, keras.layers.Dropout)


@pytest.mark.parametrize("make", [conv, dense])
def test_activation_is_between_the_layers_and_never_on_heads_and_outputs(make) -> None:
    encoder, decoder = networks(make(activation="tanh"))
    activations = [layer.activation.__name__ for layer in encoder.layers if hasattr(layer, "activation")]
    assert activations == ["tanh", "tanh", "linear", "linear"]
    activations = [layer.activation.__name__ for layer in decoder.layers if hasattr(layer, "activation")]
    assert activations == ["tanh"] * (len(activations) - 1) + ["linear"]


def test_softplus_head_gives_the_log_variance_of_its_standard_deviation() -> None:
    encoder = dense(scale="softplus").encoder((4, 4, 1))
    images = np.random.default_rng(0).uniform(0, 1, (5, 4, 4, 1)).astype("float32")
    head = keras.Model(encoder.input, encoder.get_layer("softplus").output)(images)
    _, log_variance = encoder(images)
    np.testing.assert_allclose(np.exp(log_variance / 2), np.log1p(np.exp(head)), rtol=1e-5)


# Refusals.


@pytest.mark.parametrize("shape", [(7, 28, 1), (28, 7, 1)])
def test_strides_below_one_pixel_are_refused_with_both_shapes(shape) -> None:
    for network in (lambda: conv(strides=[4, 2]).encoder(shape), lambda: conv(strides=[4, 2]).decoder(shape)):
        with pytest.raises(InputError) as refused:
            network()
        message = str(refused.value)
        assert "shrink an image of shape" in message
        assert f"{shape} (height, width, channels) 8 times, below one pixel" in message
        assert "smaller strides: model.filters=[32] model.strides=[2]" in message


def test_strides_down_to_one_pixel_are_allowed() -> None:
    check_shapes(conv(strides=[4, 2]), (8, 9, 1))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"strides": [2, 2, 1]},
            "expected as many strides as filters, but strides=[2, 2, 1] has 3 and filters=[4, 3] has 2. "
            "Set one number for all layers, such as strides=2",
        ),
        (
            {"kernel": [5]},
            "expected as many kernel as filters, but kernel=[5] has 1 and filters=[4, 3] has 2. "
            "Set one number for all layers, such as kernel=5",
        ),
        (
            {"decoder_filters": [4, 3, 2]},
            "expected as many decoder_strides as decoder_filters, but decoder_strides=[2, 2] has 2 and "
            "decoder_filters=[4, 3, 2] has 3. Set one number for all layers, such as decoder_strides=2",
        ),
        (
            {"decoder_strides": [2]},
            "expected as many decoder_strides as decoder_filters, but decoder_strides=[2] has 1 and "
            "decoder_filters=[3, 4] has 2. Set one number for all layers, such as decoder_strides=2",
        ),
    ],
)
def test_lists_of_different_length_are_refused_with_both(changed, message: str) -> None:
    with pytest.raises(InputError) as refused:
        conv(**changed)
    assert str(refused.value) == message


@pytest.mark.parametrize("made", [dense, conv])
def test_every_kernel_is_drawn_by_the_initializer_and_no_two_alike(made) -> None:
    keras.utils.set_random_seed(0)  # as the largest of few numbers may be small
    like_pytorch = keras.initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")
    network = made(initializer=like_pytorch).encoder(MNIST)
    drawn = {each.name: keras.ops.convert_to_numpy(each.kernel) for each in network.layers if hasattr(each, "kernel")}
    for kernel in drawn.values():
        bound = 1 / np.sqrt(np.prod(kernel.shape[:-1]))
        assert 0.7 * bound < np.abs(kernel).max() <= bound
    assert not np.array_equal(drawn["mean"], drawn["log_variance"])


def test_an_initializer_may_be_named() -> None:
    node = {**DENSE, "_target_": "pipeline.models.dense.Dense", "initializer": "ones"}
    for network in networks(build(node, "model")):
        assert all(np.all(each.kernel.numpy() == 1) for each in network.layers if hasattr(each, "kernel"))


class Flat(Dense):
    """An architecture of a user's that forgets to flatten features, or to give outputs the shape of images."""

    def features(self, images, condition=None):
        return keras.layers.Conv2D(3, 3)(images)

    def outputs(self, latent, image_shape):
        return keras.layers.Dense(784)(latent)


def test_features_and_outputs_of_another_shape_are_refused_with_both_and_the_method() -> None:
    architecture = Flat(**DENSE)
    with pytest.raises(InputError) as refused:
        architecture.encoder(MNIST)
    assert str(refused.value) == (
        "model: the features of Flat have shape [26, 26, 3] for each image; expected a vector, [F]. End the method "
        "features with Flatten or GlobalAveragePooling2D"
    )
    with pytest.raises(InputError) as refused:
        architecture.decoder(MNIST)
    assert str(refused.value) == (
        "model: the outputs of Flat have shape [784] for each latent; expected that of an image, [28, 28, 1]. Correct "
        "the method outputs, such as by Reshape"
    )
