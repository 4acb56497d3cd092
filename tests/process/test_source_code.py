"""Source code by its syntax: what makes it another, and what does not."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.process.circumstances import TRUSTED_CODE, circumstances, differences
from pipeline.process.source_code import hash_of_packages

LOSS = '"""Losses."""\n\n\ndef loss(x):\n    return x + 1  # nats\n'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Write a file of a package of the user's, and give the hash of the package then."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def written(file: str, text: str) -> str:
        path = tmp_path / "my_vae" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return hash_of_packages(["my_vae"])

    return written


def test_comments_and_docstrings_make_no_package_another_and_code_does(package) -> None:
    package("__init__.py", "")
    first = package("parts/loss.py", LOSS)
    assert package("parts/loss.py", LOSS.replace("Losses", "A loss").replace("# nats", "# in nats")) == first
    assert package("parts/loss.py", LOSS.replace("+ 1", "+ 2")) != first
    assert package("parts/loss.py", LOSS) == first
    assert package("more.py", "") != first, "another file"


def test_a_file_with_an_error_counts_as_it_is(package) -> None:
    assert package("__init__.py", "def (") != package("__init__.py", "def ((")


def test_what_editors_leave_is_no_code(package, tmp_path: Path) -> None:
    first = package("__init__.py", "A = 1")
    (tmp_path / "my_vae" / ".#loss.py").symlink_to("nowhere")
    (tmp_path / "my_vae" / "folder.py").mkdir()
    assert package(".ipynb_checkpoints/loss.py", "B = 1") == first


def test_packages_count_in_any_order_once_and_those_that_are_not_found_too() -> None:
    assert hash_of_packages(["numpy", "os"]) == hash_of_packages(["os", "numpy", "os"])
    assert len({hash_of_packages(each) for each in ([], ["not_there"], ["os"], ["numpy"])}) == 4
    assert hash_of_packages(["not_there.either"]) == hash_of_packages(["not_there"]), "packages count as a whole"


def test_a_run_says_whose_code_took_part_and_what_is_another_now(package) -> None:
    package("__init__.py", "A = 1")
    before, without = circumstances(["my_vae"]), circumstances()
    assert TRUSTED_CODE not in without
    package("__init__.py", "A = 2")
    now = circumstances(["my_vae"])
    assert differences(before, now) == [f"{TRUSTED_CODE} was {before[TRUSTED_CODE]}, is {now[TRUSTED_CODE]}"]
    assert differences(before, without) == [f"{TRUSTED_CODE} was {before[TRUSTED_CODE]}, is none"]
    other = before | {"python": "3.0.0"}
    assert not [each for each in differences(other, now) if TRUSTED_CODE in each], "its syntax tree is another anyway"
    assert differences(without, now) == [], "an earlier version did not record it"
