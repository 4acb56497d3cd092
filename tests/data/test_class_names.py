"""Classes that somebody asks for are found by name, and by number where no name is one."""

import pytest

from pipeline.data.class_names import labels_of
from pipeline.errors import InputError


def test_a_class_is_found_by_its_name_and_by_its_number() -> None:
    names = ("T-shirt", "Bag", "Shoe")
    assert labels_of(["Shoe", "Bag", "Shoe"], names, "what.classes").tolist() == [2, 1, 2]
    assert labels_of([0, "2"], names, "what.classes").tolist() == [0, 2]


def test_a_number_is_a_name_where_names_are_numbers() -> None:
    names = ("3", "7")
    assert labels_of([7, "3"], names, "what.classes").tolist() == [1, 0]
    with pytest.raises(InputError, match=r"^what\.classes: there is no class 1; expected one of: 3, 7$"):
        labels_of([1], names, "what.classes")


def test_an_unknown_class_is_answered_with_some_that_there_are() -> None:
    names = [f"class {number}" for number in range(50)]
    with pytest.raises(InputError, match=r"there is no class hat; expected one of: class 0, .*class 19 …$"):
        labels_of(["hat"], names, "classes")
