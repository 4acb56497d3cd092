"""EMNIST in both layouts, upright, with its mapping file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_files import pixels, refusal, run_line, write_idx

from pipeline.data.csv_images import read_table
from pipeline.data.emnist import Emnist, read_mapping

MAPPING = "emnist-letters-mapping.txt"


def emnist(part: str = "letters") -> Emnist:
    return Emnist(part=part, folder="emnist-letters", archive="gzip.zip", md5=None, mirrors=[])


def upright(number: int) -> np.ndarray:
    """What the reader must give."""
    return pixels(number, 28, 28, seed=number)


def codes(number: int) -> np.ndarray:
    return np.arange(number) % 3 + 1


def write_mapping(folder: Path, newline: str = "\n") -> None:
    folder.mkdir(exist_ok=True)
    lines = ["1 65 97", "2 66 98", "3 67 99"]
    (folder / MAPPING).write_bytes("".join(line + newline for line in lines).encode())


def write_idx_layout(folder: Path) -> None:
    write_mapping(folder)
    for part, number in (("train", 9), ("test", 6)):
        write_idx(folder / f"emnist-letters-{part}-images-idx3-ubyte.gz", upright(number).transpose(0, 2, 1))
        write_idx(folder / f"emnist-letters-{part}-labels-idx1-ubyte.gz", codes(number))


def write_csv(path: Path, number: int) -> None:
    stored = upright(number).transpose(0, 2, 1).reshape(number, -1)
    np.savetxt(path, np.column_stack([codes(number), stored]), fmt="%d", delimiter=",")


def write_csv_layout(folder: Path) -> None:
    write_mapping(folder)
    write_csv(folder / "emnist-letters-train.csv", 9)
    write_csv(folder / "emnist-letters-test.csv", 6)


@pytest.mark.parametrize("write", [write_idx_layout, write_csv_layout])
def test_images_are_turned_upright_and_labels_start_at_zero(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path)
    published = emnist().read(tmp_path)
    assert published.class_names == ("A", "B", "C")
    for part, number in ((published.train, 9), (published.test, 6)):
        np.testing.assert_array_equal(part.images[..., 0], upright(number))
        np.testing.assert_array_equal(part.labels, codes(number) - 1)
        assert part.images.flags.c_contiguous


def test_idx_is_preferred(tmp_path: Path) -> None:
    write_idx_layout(tmp_path)
    (tmp_path / "emnist-letters-train.csv").write_text("nonsense")
    (tmp_path / "emnist-letters-test.csv").write_text("nonsense")
    assert len(emnist().read(tmp_path).train) == 9


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_mapping_lines_end_in_either_way(tmp_path: Path, newline: str) -> None:
    write_mapping(tmp_path, newline)
    labels, names = read_mapping(tmp_path / MAPPING)
    assert labels.tolist() == [1, 2, 3]
    assert names == ("A", "B", "C")


def test_another_part_is_another_name(tmp_path: Path) -> None:
    """EMNIST balanced has labels from 0 and one character a line, digits first."""
    (tmp_path / "emnist-balanced-mapping.txt").write_text("0 48\n1 65\n2 97\n")
    for part in ("train", "test"):
        write_idx(tmp_path / f"emnist-balanced-{part}-images-idx3-ubyte", upright(3))
        write_idx(tmp_path / f"emnist-balanced-{part}-labels-idx1-ubyte", np.array([2, 0, 1]))
    published = emnist("balanced").read(tmp_path)
    assert published.class_names == ("0", "A", "a")
    assert published.train.labels.tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("", "0 lines"),
        ("1 65 97\n1 66 98\n", "2 lines, with 1 labels for 2 characters"),
        ("1 65 97\n2 65 97\n", "2 lines, with 2 labels for 1 characters"),
        ("A\n", "invalid literal"),
        ("1\n", "index out of range"),
        ("1 99999999\n", "chr()"),
        ("1 \u00c4\n", "ascii"),
    ],
)
def test_a_mapping_of_another_form_is_refused(tmp_path: Path, text: str, phrase: str) -> None:
    (tmp_path / MAPPING).write_text(text, encoding="utf-8")
    told = refusal(lambda: read_mapping(tmp_path / MAPPING))
    assert told.startswith(f"{tmp_path / MAPPING}: ")
    assert phrase in told
    assert "expected a label and its character codes on each line, such as '1 65 97'" in told


def test_a_missing_mapping_is_not_downloaded_but_asked_for(tmp_path: Path) -> None:
    write_idx_layout(tmp_path)
    (tmp_path / MAPPING).unlink()
    told = refusal(lambda: emnist().read(tmp_path))
    assert f"{MAPPING} is missing; expected this file, with lines such as '1 65 97' of a label" in told
    assert f"Put these files into {tmp_path}: {MAPPING}" in told


def test_half_a_csv_pair_is_named(tmp_path: Path) -> None:
    write_csv_layout(tmp_path)
    (tmp_path / "emnist-letters-test.csv").unlink()
    told = refusal(lambda: emnist().read(tmp_path))
    assert told.startswith(f"{tmp_path}: emnist-letters-test.csv is missing. Put these files into ")


def test_a_label_that_the_mapping_lacks_is_refused(tmp_path: Path) -> None:
    write_idx_layout(tmp_path)
    write_idx(tmp_path / "emnist-letters-test-labels-idx1-ubyte.gz", np.array([1, 2, 3, 1, 2, 27]))
    told = refusal(lambda: emnist().read(tmp_path))
    assert "emnist-letters-test-labels-idx1-ubyte.gz: has the label 27, which the mapping file lacks" in told
    assert "expected one of 1 to 3" in told


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("1,2,3,4,5\n1,2,256,4,5\n", "line 2, value 3 is '256'"),
        ("1,2,3,4,5\n1,-2,3,4,5\n", "line 2, value 2 is '-2'"),
        ("1,2,3,4,5\n1,2,,4,5\n", "line 2, value 3 is ''"),
        ("1,2,3,4,5\n1,2,nan,4,5\n", "line 2, value 3 is 'nan'"),
        ("1,2,3,4,5\n1,2.5,3,4,5\n", "line 2, value 2 is '2.5'"),
        ("1,2,3,4,5\n1,2,3\n", "the number of columns changed from 5 to 3 at line 2"),
        ("0,1,2,3,4,5\n1,1,2,3,4,5\n2,1,2,3,256,5\n", "has a column that numbers the lines; expected"),
        ("1,2,3,4,5,\n1,2,3,4,5,\n", "line 1, value 6 is ''"),
        ("1,2,3,4\n", "1 lines of 4 values; expected a label and the pixels of a square image"),
        ("1\n", "1 lines of 1 values"),
        ("", "0 lines"),
        ("\udcff\n", "can't decode byte 0xff"),
    ],
)
def test_a_damaged_table_is_named_with_line_and_value(tmp_path: Path, text: str, phrase: str) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode(errors="surrogateescape"))
    told = refusal(lambda: read_table(tmp_path / "a.csv"))
    assert told.startswith(f"{tmp_path / 'a.csv'}: ")
    assert phrase in told
    assert "Replace it with the published file" in told or "python -c" in told


@pytest.mark.parametrize("how", [{}, {"index": False}, {"header": False}])
@pytest.mark.parametrize("names", [None, "label", "28x28"])
def test_what_pandas_adds_is_refused_with_a_line_that_takes_it_away(
    tmp_path: Path, how: dict[str, bool], names: str | None
) -> None:
    table = pd.DataFrame(np.column_stack([codes(300), upright(300).reshape(300, -1)]))
    if names:
        table.columns = [names if names == "label" else "label", *(f"{number}x1" for number in range(784))]
    table.to_csv(tmp_path / "a.csv", **how)  # type: ignore[call-overload]
    told = refusal(lambda: read_table(tmp_path / "a.csv"))
    assert told.startswith(f"{tmp_path / 'a.csv'}: has a ")
    assert ("a line that names the columns" in told) == how.get("header", True)
    assert ("a column that numbers the lines" in told) == how.get("index", True)
    assert "header=False, index=False" in told
    run_line(told)
    split = read_table(tmp_path / "a.csv")
    np.testing.assert_array_equal(split.images[..., 0], upright(300))
    np.testing.assert_array_equal(split.labels, codes(300))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_table_is_a_label_and_a_square_on_each_line(tmp_path: Path, newline: str) -> None:
    (tmp_path / "a.csv").write_bytes(newline.join(["7,0,1,2,255", "26,9,8,7,6", ""]).encode())
    split = read_table(tmp_path / "a.csv")
    assert split.labels.tolist() == [7, 26]
    assert split.images[..., 0].tolist() == [[[0, 1], [2, 255]], [[9, 8], [7, 6]]]


def test_a_first_image_that_ends_with_two_numbers_in_a_row_is_an_image(tmp_path: Path) -> None:
    line = [3, *([0] * 782), 7, 8]  # as `7, 8` at the end of a line that numbers its columns
    (tmp_path / "a.csv").write_text(f"{','.join(map(str, line))}\n" * 2)
    assert read_table(tmp_path / "a.csv").images[0, -1, -2:, 0].tolist() == [7, 8]
