"""Laws of the diagram of a model: every layer is a box below what it reads, and no arrow runs through another box."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from figure_parts import texts
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from pipeline import figures
from pipeline.figures import Layer
from pipeline.figures.diagram.layer import role
from pipeline.figures.diagram.layout import BOX_HEIGHT, Layout, layered_layout, rows
from pipeline.models.conv import Conv
from pipeline.models.dense import Dense
from pipeline.pictures.layers import layers_of

BOTH = {
    "latent_dim": 2,
    "scale": "log_variance",
    "activation": "relu",
    "initializer": None,
    "batch_norm": False,
    "dropout": 0.0,
    "conditional": False,
    "levels": None,
}
DENSE = BOTH | {"hidden": [256, 128], "decoder_hidden": None}
CONV = BOTH | {"filters": [32, 64], "strides": 2, "kernel": 3, "units": [16], "decoder_units": []}
CONV |= {"decoder_channels": None, "decoder_filters": None, "decoder_strides": None}
DEEP = {"filters": [8, 8, 16, 16, 32, 32, 64, 64], "strides": [1, 2, 1, 2, 1, 2, 1, 1], "batch_norm": True}

MODELS = {
    "dense": (Dense(**DENSE), (8, 8, 1)),
    "conv": (Conv(**CONV), (28, 28, 1)),
    "softplus": (Conv(**CONV | {"scale": "softplus"}), (28, 20, 3)),
    "deep": (Conv(**CONV | DEEP | {"dropout": 0.2}), (32, 32, 3)),
}

WIDTH = 100  # pixels of every box, where a test lays them out itself


def residual() -> keras.Model:
    """Skips around two layers, branches of different length, an operation that is no layer and a layer called twice."""
    layers = keras.layers
    images = keras.Input((8, 8, 1), name="images")
    x = layers.Conv2D(4, 3, padding="same")(images)
    for _ in range(2):
        y = layers.Conv2D(4, 3, padding="same")(layers.Conv2D(4, 3, padding="same")(x))
        x = layers.Add()([x, y])
    short, pooled = layers.Conv2D(2, 1)(x), layers.MaxPooling2D(2, 1, padding="same")(x)
    x = layers.Concatenate()([layers.Conv2D(2, 3, padding="same")(layers.Conv2D(2, 1)(x)), short, pooled]) * 2.0
    twice = layers.Dense(5, name="twice")
    x = twice(twice(layers.Dense(5)(layers.Flatten()(x))))
    return keras.Model(images, [layers.Dense(2, name="mean")(x), layers.Dense(2, name="log_variance")(x)])


def networks(name: str) -> list[keras.Model]:
    if name == "residual":
        return [residual(), Dense(**DENSE).decoder((8, 8, 1))]
    architecture, shape = MODELS[name]
    return [architecture.encoder(shape), architecture.decoder(shape)]


@pytest.fixture(scope="module", params=[*MODELS, "residual"])
def models(request) -> list[keras.Model]:
    return networks(request.param)


def parts_of(models: list[keras.Model]) -> list[tuple[str, list[Layer]]]:
    return [(model.name, layers_of(model)) for model in models]


def layout_of(layers: list[Layer]) -> Layout:
    return layered_layout(layers, dict.fromkeys((layer.name for layer in layers), WIDTH))


def boxes_on(figure) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each box, y downwards."""
    patches = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    return [(p.get_x(), p.get_y(), p.get_x() + p.get_width(), p.get_y() + p.get_height()) for p in patches]


def segments_on(figure) -> list[tuple[np.ndarray, np.ndarray]]:
    ways = [patch._path_original.vertices for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    return [segment for way in ways for segment in pairwise(way)]


# What a network consists of


def test_layers_hold_all_parameters_and_shapes_of_the_model(models):
    for model in models:
        layers = layers_of(model)
        assert sum(layer.parameters for layer in layers) == model.count_params()
        shapes = {layer.name: layer.shape for layer in layers}
        assert all(shapes[layer.name] == layer.output.shape[1:] for layer in model.layers if layer.name != "twice")


def test_layers_read_what_the_model_connects():
    encoder, decoder = (layers_of(model) for model in networks("conv"))
    read = {layer.name: layer.inputs for layer in encoder}
    (features,) = read["mean"]
    assert read["mean"] == read["log_variance"]
    assert read["images"] == ()
    assert [layer.name for layer in encoder][-2:] == ["mean", "log_variance"]
    assert {layer.name for layer in encoder if not any(layer.name in names for names in read.values())} == {
        "mean",
        "log_variance",
    }
    assert features in read
    assert all(layer.inputs == (before.name,) for before, layer in pairwise(decoder))


def test_kinds_say_what_a_layer_was_set_to():
    kinds = [layer.kind for model in networks("deep") for layer in layers_of(model)]
    assert "Conv2D 8, 3×3, stride 2, relu" in kinds
    assert "Conv2D 8, 3×3, relu" in kinds
    assert "Conv2DTranspose 3, 3×3" in kinds
    assert "BatchNormalization" in kinds
    assert "Dropout 0.2" in kinds
    assert "Dense 2" in kinds
    pooled = keras.layers.MaxPooling2D((2, 1))(images := keras.Input((8, 8, 1)))
    activated = keras.layers.Dense(3, activation=keras.layers.LeakyReLU())(pooled)
    assert [layer.kind for layer in layers_of(keras.Model(images, activated))] == [
        "InputLayer",
        "MaxPooling2D 2×1, stride 2×1",
        "Dense 3, LeakyReLU",
    ]


def test_a_layer_called_twice_is_two_boxes_and_counts_once():
    layers = {layer.name: layer for layer in layers_of(residual())}
    assert layers["twice again"].inputs == ("twice",)
    assert (layers["twice"].parameters, layers["twice again"].parameters) == (30, 0)


# Where they stand


def test_every_layer_stands_below_all_that_it_reads(models):
    for _, layers in parts_of(models):
        middles = layout_of(layers).middles
        assert middles.keys() == {layer.name for layer in layers}
        for layer in layers:
            assert all(middles[source][1] + BOX_HEIGHT < middles[layer.name][1] for source in layer.inputs)


def test_rows_follow_the_longest_way():
    a, b, c, d = (
        Layer(name, "Dense 1", (1,), 0, inputs) for name, inputs in (("a", ()), ("b", "a"), ("c", "b"), ("d", "ac"))
    )
    assert rows([d, c, b, a]) == {"a": 0, "b": 1, "c": 2, "d": 3}
    with pytest.raises(ValueError, match="reads 'x', which is no layer of its part: a"):
        rows([Layer("a", "Dense 1", (1,), 0, ("x",))])


def test_heads_stand_side_by_side():
    encoder = parts_of(networks("conv"))[0][1]
    layout = layout_of(encoder)
    mean, log_variance = layout.middles["mean"], layout.middles["log_variance"]
    (features,) = next(layer.inputs for layer in encoder if layer.name == "mean")
    assert mean[1] == log_variance[1]
    assert mean[0] + layout.widths["mean"] < log_variance[0]
    assert (mean[0] + log_variance[0]) / 2 == pytest.approx(layout.middles[features][0])


def test_a_chain_stands_in_one_column(models):
    decoder = parts_of(models)[1][1]
    assert len({x for x, _ in layout_of(decoder).middles.values()}) == 1


def test_boxes_never_overlap_and_arrows_run_around_them(models):
    figure = figures.structure(parts_of(models))
    boxes = boxes_on(figure)
    assert len(boxes) == sum(len(layers) for _, layers in parts_of(models)) + 1  # and the step between the parts
    for index, (left, top, right, bottom) in enumerate(boxes):
        assert all(right < start or end < left or bottom < high or low < top for start, high, end, low in boxes[:index])
        for (x0, y0), (x1, y1) in segments_on(figure):
            assert x0 == x1 or y0 == y1
            beside = max(x0, x1) <= left or min(x0, x1) >= right
            assert beside or max(y0, y1) <= top or min(y0, y1) >= bottom


def test_skips_run_beside_what_they_skip_and_leave_it_where_it_is():
    layers = parts_of([residual()])[0][1]
    layout = layout_of(layers)
    skips = [connection for connection in layout.connections if len(connection) == 6]
    assert len(skips) == 2
    for connection in skips:
        (beside,) = {x for x, _ in connection[1:-1]}
        assert beside > connection[0][0] + WIDTH / 2
        assert connection[0][0] == connection[-1][0]
    assert layout.right >= max(x for connection in layout.connections for x, _ in connection)


def test_every_connection_has_its_arrow(models):
    figure = figures.structure(parts_of(models))
    arrows = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    inside = sum(len(layer.inputs) for _, layers in parts_of(models) for layer in layers)
    assert len(arrows) == inside + 2 + 1  # mean and log variance to the step, the step to the latent
    ends = {tuple(arrow._path_original.vertices[end]) for arrow in arrows for end in (0, -1)}
    boxes = boxes_on(figure)
    assert all(
        any(left < x <= right and y in (top, low, (top + low) / 2) for left, top, right, low in boxes) for x, y in ends
    )


# What it says


def test_the_diagram_names_layers_parameters_and_sums(models):
    parts = parts_of(models)
    said = texts(figures.structure(parts))
    total = sum(model.count_params() for model in models)
    assert f"Structure of the model: {total:,} parameters" in said
    for name, layers in parts:
        assert name in said
        assert f"{sum(layer.parameters for layer in layers):,} parameters" in said
        for layer in layers:
            assert layer.heading in said
            assert f"{layer.parameters:,} parameters" in said
    assert "z = mean\n+ exp(log variance / 2) · noise" in said


def test_the_step_can_be_another_and_one_part_needs_none():
    parts = parts_of(networks("dense"))
    assert "z = mean" in texts(figures.structure(parts, between="z = mean"))
    alone = figures.structure(parts[:1])
    assert not any("z = mean" in text for text in texts(alone))
    assert len(boxes_on(alone)) == len(parts[0][1])


def test_names_are_told_where_somebody_chose_them():
    assert Layer("mean", "Dense 2", (2,), 6).heading == "mean: Dense 2"
    assert Layer("conv2d_17", "Conv2D 32, 3×3", (2,), 6).heading == "Conv2D 32, 3×3"
    assert Layer("batch_normalization_1", "BatchNormalization", (2,), 6).heading == "BatchNormalization"
    assert Layer("a", "Dense 2", (14, 14, 32), 6).shape_text == "14 × 14 × 32"
    assert Layer("a", "Dense 2", "words", 6).shape_text == "words"


def test_colours_tell_roles_apart():
    encoder = layers_of(networks("conv")[0])
    roles = [role(layer, encoder) for layer in encoder]
    assert roles == ["input", "convolution", "convolution", "reshape and others", "dense", "output", "output"]
    figure = figures.structure([("encoder", encoder)])
    faces = {patch.get_facecolor() for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)}
    assert len(faces) == 5
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "input",
        "convolution",
        "dense",
        "reshape and others",
        "output",
    ]
    assert {patch.get_facecolor() for patch in legend.get_patches()} == faces


def test_every_text_stays_inside_its_box_and_the_figure(models):
    figure = figures.structure(parts_of(models))
    renderer = figure.canvas.get_renderer()
    axes, boxes = figure.axes[0], boxes_on(figure)
    written = [text.get_window_extent(renderer).transformed(axes.transData.inverted()) for text in axes.texts]
    for extent in written:
        low, high = sorted((extent.y0, extent.y1))
        middle = (extent.x0 + extent.x1) / 2, (low + high) / 2
        around = [box for box in boxes if box[0] < middle[0] < box[2] and box[1] < middle[1] < box[3]]
        assert len(around) <= 1
        assert all(
            left < extent.x0 and extent.x1 < right and top < low and high < bottom
            for left, top, right, bottom in around
        )
    tight = figure.get_tightbbox(renderer)
    width, height = figure.get_size_inches()
    assert tight.x0 >= 0 <= tight.y0
    assert tight.x1 <= width
    assert tight.y1 <= height
    for index, extent in enumerate(written):
        assert not any(extent.overlaps(other) for other in written[:index])


def test_an_input_that_both_parts_have_enters_each_from_outside() -> None:
    conditional = Dense(**DENSE | {"conditional": True})
    networks = (conditional.encoder((8, 8, 1), 3), conditional.decoder((8, 8, 1), 3))
    parts = [(network.name, layers_of(network)) for network in networks]
    [axes] = figures.structure(parts).axes
    arrows = [each for each in axes.patches if isinstance(each, FancyArrowPatch)]
    within = sum(len(layer.inputs) for _, layers in parts for layer in layers)
    assert len(arrows) == within + 2 + 1, "mean and log variance lead to the step between, and it to the latent alone"
