"""Weights that a training begins with: whose classes they are told."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.runs.initial_weights import begin_with


def test_classes_in_another_order_are_refused(small_vae) -> None:
    """The weights of one class would be another's, and nothing would tell."""
    vae, other = small_vae(class_names=("7", "3")), small_vae(class_names=("3", "7"), seed=1)
    with pytest.raises(InputError) as refused:
        begin_with(vae, other)
    assert str(refused.value) == (
        "the classes of this run are in another order (3, 7); expected 7, 3. Name a run whose data set has its classes "
        "in this order"
    )
    for names in (("7", "3"), ("cat", "dog")):
        other = small_vae(class_names=names, seed=1)
        begin_with(vae, other)
        for mine, its in zip(vae.learned, other.learned, strict=True):
            np.testing.assert_array_equal(mine, its)
