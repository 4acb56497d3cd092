"""Which training a refusal names."""

import pytest

from pipeline.errors import InputError
from pipeline.sweep.refusal import check_each


def check(number: int) -> int:
    if number == 0:
        raise ZeroDivisionError
    if number < 0:
        raise InputError("negative" if number > -9 else "very negative")
    return 2 * number


def test_what_the_check_gives_is_given_in_order() -> None:
    assert check_each(["a", "b"], [1, 2], check) == [2, 4]
    assert check_each([], [], check) == []


@pytest.mark.parametrize(
    ("trainings", "said"),
    [
        ((-1, 2, 3), "first: negative"),
        ((1, -2, 3), "second: negative"),
        ((1, 2, -3), "third: negative"),
        ((-1, -2, -3), "negative"),
        ((-1, -2, -9), "first: negative"),
        ((-1, 2, 0), "first: negative"),
        ((-1,), "negative"),
    ],
)
def test_a_refusal_names_the_first_unless_the_last_is_refused_alike(trainings: tuple[int, ...], said: str) -> None:
    names = ["first", "second", "third"][: len(trainings)]
    with pytest.raises(InputError) as refused:
        check_each(names, trainings, check)
    assert str(refused.value) == said
    nameless = [""] * len(trainings)
    with pytest.raises(InputError) as refused:
        check_each(nameless, trainings, check)
    assert str(refused.value) == said.rpartition(": ")[2]


def test_a_defect_is_told_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        check_each(["a", "b"], [0, 1], check)
