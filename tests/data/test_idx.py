"""IDX files, whole and damaged."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from data_files import IDX_FILES, idx_bytes, idx_node, pixels, refusal, write_idx, write_idx_set

from pipeline.config.build import build
from pipeline.data.idx import read_idx, read_pair
from pipeline.data.images import ImageData

IMAGES, LABELS = IDX_FILES["train", "images"], IDX_FILES["train", "labels"]


def load(directory: Path, **changes: object) -> ImageData:
    data: ImageData = build(idx_node() | {"dir": str(directory)} | changes, "dataset").load()
    return data


@pytest.mark.parametrize("name", ["images.gz", "images"])
@pytest.mark.parametrize("shape", [(3, 5, 4), (1, 1, 1)])
def test_an_array_comes_back(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    array = pixels(*shape)
    write_idx(tmp_path / name, array)
    np.testing.assert_array_equal(read_idx(tmp_path / name, 3), array)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    """Browsers unpack .gz files and keep the name."""
    (tmp_path / "images.gz").write_bytes(idx_bytes(pixels(2, 3, 3)))
    assert read_idx(tmp_path / "images.gz", 3).shape == (2, 3, 3)


def test_one_yaml_node_adds_a_data_set(tmp_path: Path) -> None:
    write_idx_set(tmp_path / "tiny")
    data = load(tmp_path, classes=["ki", "su"])
    assert data.image_shape == (5, 4, 1)
    assert data.class_names == ("ki", "su")
    assert (len(data.train), len(data.validation), len(data.test)) == (6, 2, 4)


def test_files_are_found_in_the_named_folder_or_in_the_directory_itself(tmp_path: Path) -> None:
    write_idx_set(tmp_path / "tiny")
    write_idx_set(tmp_path / "flat", unpacked=True)
    assert load(tmp_path).fingerprint == load(tmp_path / "flat").fingerprint


def test_without_a_directory_they_are_found_in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.data.published_files.DATA", tmp_path / "data")
    write_idx_set(tmp_path / "data" / "tiny")
    assert len(load(tmp_path, dir=None).test) == 6
    assert len(load(tmp_path, dir="").test) == 6, "an environment variable set to nothing"


def test_published_labels_stay_with_their_images(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    split = read_pair(tmp_path, IMAGES, LABELS)
    np.testing.assert_array_equal(split.images[..., 0], pixels(12, 5, 4, seed=12))
    np.testing.assert_array_equal(split.labels, np.arange(12) % 3)


def cut(content: bytes) -> bytes:
    return content[:-1]


def cut_in_header(content: bytes) -> bytes:
    return content[:9]


def too_long(content: bytes) -> bytes:
    return content + b"\0"


def packed_and_cut(content: bytes) -> bytes:
    return gzip.compress(content)[:-20]


def packed_and_changed(content: bytes) -> bytes:
    packed = bytearray(gzip.compress(content))
    packed[len(packed) // 2] ^= 255
    return bytes(packed)


def another_type(content: bytes) -> bytes:
    return b"\0\0\x0d" + content[3:]


def two_dimensions(content: bytes) -> bytes:
    return b"\0\0\x08\x02" + content[4:]


def huge(content: bytes) -> bytes:
    return content[:4] + b"\xff\xff\xff\xff" * 3 + content[16:]


DAMAGES = [
    (cut, "its header says 12x5x4, that is 240 bytes, but only 239 follow"),
    (too_long, "its header says 12x5x4, that is 240 bytes, but more follow"),
    (huge, "its header says 4294967295x4294967295x4294967295, that is"),
    (cut_in_header, "cut short within its header of 16 bytes"),
    (packed_and_cut, "damaged or cut short"),
    (packed_and_changed, "damaged or cut short"),
    (another_type, r"starts with b'\x00\x00\r\x03', so it is not an IDX file of images; expected b'\x00\x00\x08\x03'"),
    (two_dimensions, "so it is not an IDX file of images"),
    (lambda _: b"<!DOCTYPE html><html>not found</html>", "starts with b'<!DO'"),
    (lambda _: b"", "starts with b''"),
]


@pytest.mark.parametrize(("damage", "phrase"), DAMAGES)
def test_a_damaged_file_is_named_with_what_is_wrong_and_the_cure(tmp_path: Path, damage, phrase: str) -> None:  # type: ignore[no-untyped-def]
    write_idx_set(tmp_path)
    (tmp_path / IMAGES).write_bytes(damage(idx_bytes(pixels(12, 5, 4))))
    text = refusal(lambda: load(tmp_path))
    assert text.startswith(f"{tmp_path / IMAGES}: ")
    assert phrase in text
    assert "Replace it with the published file" in text


def test_swapped_files_are_recognised(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    (tmp_path / IMAGES).rename(tmp_path / "aside")
    (tmp_path / LABELS).rename(tmp_path / IMAGES)
    (tmp_path / "aside").rename(tmp_path / LABELS)
    text = refusal(lambda: load(tmp_path))
    assert f"{IMAGES}: holds labels; expected images. Check whether the files of images and labels are swapped" in text
    (tmp_path / IMAGES).write_bytes((tmp_path / LABELS).read_bytes())
    assert f"{LABELS}: holds images; expected labels" in refusal(lambda: load(tmp_path))


def test_labels_of_another_file_are_refused(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    write_idx(tmp_path / LABELS, np.zeros(11))
    text = refusal(lambda: load(tmp_path))
    assert f"{IMAGES} holds 12 images, " in text
    assert f"{LABELS} 11 labels; expected one label an image. Take both files from the same source" in text


def test_a_label_without_a_class_name_is_refused(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    write_idx(tmp_path / LABELS, np.arange(12) % 4)
    text = refusal(lambda: load(tmp_path))
    assert text.startswith(
        f"{tmp_path / LABELS}: 3 labels lie outside the 3 class names, the first is 3; expected 0 to 2"
    )


def test_splits_of_different_shapes_are_refused(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    write_idx(tmp_path / IMAGES, pixels(12, 6, 6))
    text = refusal(lambda: load(tmp_path))
    assert text.startswith(f"{tmp_path}: training images are 6x6x1, test images 5x4x1; expected one shape")


def test_no_images_are_refused(tmp_path: Path) -> None:
    write_idx_set(tmp_path, test=0)
    assert f"{tmp_path}, test split: holds no image" in refusal(lambda: load(tmp_path))


def test_a_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    text = refusal(lambda: load(tmp_path / "file"))
    assert text == f"dataset.dir={tmp_path / 'file'}: is a file; expected the folder that holds tiny/ or its files"


def test_missing_files_without_an_address_are_listed(tmp_path: Path) -> None:
    write_idx_set(tmp_path)
    (tmp_path / IMAGES).unlink()
    (tmp_path / LABELS).unlink()
    text = refusal(lambda: load(tmp_path))
    assert f"Put these files into {tmp_path}: {IMAGES}, {LABELS}" in text
    assert "dataset.dir=" in text
    assert "VAE_DATA_DIR" in text


def test_a_missing_half_of_a_pair_is_named(tmp_path: Path) -> None:
    write_idx(tmp_path / IMAGES, pixels(2, 3, 3))
    assert f"a file is missing. Put these files into {tmp_path}: {LABELS}." in refusal(
        lambda: read_pair(tmp_path, IMAGES, LABELS)
    )


def test_an_unreadable_file_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    write_idx(tmp_path / "images", pixels(2, 3, 3))
    monkeypatch.setattr(Path, "open", denied)
    assert "Permission denied" in refusal(lambda: read_idx(tmp_path / "images", 3))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("spelling", ["dotted", "nested", "both"])
def test_files_are_found_as_mirrors_spell_them(tmp_path: Path, packed: bool, spelling: str) -> None:
    write_idx_set(tmp_path / "usual")
    write_idx_set(tmp_path / "tiny", unpacked=not packed)
    for path in list((tmp_path / "tiny").iterdir()):
        name = path.name if spelling == "nested" else path.name.replace("-idx", ".idx")
        aside = path.rename(path.with_name("aside"))
        if spelling != "dotted":
            (path.parent / name).mkdir()
        aside.rename(path.parent / name / name if spelling != "dotted" else path.parent / name)
    assert load(tmp_path).fingerprint == load(tmp_path / "usual").fingerprint


@pytest.mark.parametrize(
    "near",
    ["train-images-idx3-ubyte (1).gz", "Train_Images_IDX3_ubyte", f"{IMAGES}.part", "train-images.idx3.ubyte.zip"],
)
def test_a_near_name_is_said_instead_of_downloading(tmp_path: Path, near: str) -> None:
    write_idx_set(tmp_path / "tiny")
    (tmp_path / "tiny" / IMAGES).rename(tmp_path / "tiny" / near)
    told = refusal(lambda: load(tmp_path))
    assert told.startswith(f"{tmp_path / 'tiny'}: expected {IMAGES}, found {near}. Rename it if it is that file")
    (tmp_path / "tiny" / near).rename(tmp_path / "tiny" / IMAGES)
    assert len(load(tmp_path).test) == 6


def test_a_link_into_nowhere_is_said_to_be_one(tmp_path: Path) -> None:
    write_idx_set(tmp_path / "tiny")
    (tmp_path / "tiny" / IMAGES).unlink()
    (tmp_path / "tiny" / IMAGES).symlink_to("/nowhere/images")
    told = refusal(lambda: load(tmp_path))
    assert f"found {IMAGES}, but it is a link to /nowhere/images, which does not exist" in told
