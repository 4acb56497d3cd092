"""The private names of Keras that are used: they exist, and give what no public name gives."""

import keras

from pipeline.models.keras_internals import nodes_by_depth


def test_every_call_of_a_layer_is_a_node_and_the_inputs_come_first() -> None:
    images = keras.Input((4,), name="images")
    twice = keras.layers.Dense(4, name="twice")
    model = keras.Model(images, twice(twice(images)))
    names = [[node.operation.name for node in nodes] for nodes in nodes_by_depth(model)]
    assert names == [["images"], ["twice"], ["twice"]]
