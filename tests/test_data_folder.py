"""Image files of the user's own."""

from pathlib import Path

import numpy as np
import pytest
from data_files import dataset, pixels, refusal
from PIL import Image

from pipeline.data.folder import Folder
from pipeline.data.picture import read_picture
from pipeline.data.source import Published


def write(path: Path, array: np.ndarray | None = None, **options: object) -> Path:
    """An image file; without an array its pixels are random, and others for each path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = pixels(4, 4, seed=sum(str(path).encode())) if array is None else array
    Image.fromarray(picture).save(path, **options)  # type: ignore[arg-type]
    return path


def read(root: Path, test: float = 0.25) -> Published:
    return Folder(height=4, width=4, channels=1, test=test).read(root)


def write_classes(root: Path, cats: int = 8, dogs: int = 4) -> Path:
    for name, number in (("cats", cats), ("dogs", dogs)):
        for index in range(number):
            write(root / name / f"{index}.png")
    return root


def test_one_folder_is_one_class(tmp_path: Path) -> None:
    write_classes(tmp_path)
    published = read(tmp_path)
    assert published.class_names == ("cats", "dogs")
    assert np.bincount(published.train.labels).tolist() == [6, 3]
    assert np.bincount(published.test.labels).tolist() == [2, 1]


def test_images_of_both_splits_are_all_images(tmp_path: Path) -> None:
    write_classes(tmp_path)
    published = read(tmp_path)
    files = {np.asarray(Image.open(path)).tobytes() for path in tmp_path.rglob("*.png")}
    found = [image.tobytes() for part in (published.train, published.test) for image in part.images]
    assert len(found) == 12
    assert set(found) == files


def test_without_folders_there_is_one_class(tmp_path: Path) -> None:
    for index in range(4):
        write(tmp_path / f"{index}.png")
    published = read(tmp_path)
    assert published.class_names == ("image",)
    assert (len(published.train), len(published.test)) == (3, 1)


def test_a_division_by_the_user_is_kept(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", cats=3, dogs=2)
    write(tmp_path / "test" / "dogs" / "0.png")
    published = read(tmp_path)
    assert published.class_names == ("cats", "dogs")
    assert (len(published.train), published.test.labels.tolist()) == (5, [1])


def test_the_first_images_show_many_classes(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", cats=20, dogs=20)
    write_classes(tmp_path / "test", cats=20, dogs=20)
    published = read(tmp_path)
    assert set(published.train.labels[:10]) == set(published.test.labels[:10]) == {0, 1}


def test_hidden_files_are_ignored(tmp_path: Path) -> None:
    write_classes(tmp_path)
    for path in (tmp_path / ".DS_Store", tmp_path / "cats" / ".thumbnail"):
        path.write_text("no image")
    assert len(read(tmp_path).train) == 9


def test_a_folder_is_a_data_set_like_any_other(tmp_path: Path) -> None:
    write_classes(tmp_path)
    source = Folder(height=6, width=5, channels=3, test=0.25)
    data = dataset(source=source, dir=str(tmp_path), classes=["cats"], validation=2).load()
    assert data.image_shape == (6, 5, 3)
    assert (len(data.train), len(data.validation), len(data.test)) == (4, 2, 2)


@pytest.mark.parametrize(
    ("prepare", "phrase"),
    [
        (lambda root: None, "holds no image; wanted images, or one folder of images for each class"),
        (lambda root: (root / "birds").mkdir(), "birds: the class has no image. Add images or remove the folder"),
        (lambda root: [write(root / "a.png"), write_classes(root)], "a.png: a file beside the folders of classes"),
        (lambda root: write(root / "birds" / "x" / "a.png"), "x: a folder inside the class birds"),
        (lambda root: write_classes(root / "train"), "cats: a folder inside the class train"),
        (
            lambda root: [write_classes(root / name) for name in ("train", "test", "val")],
            "val: stands beside train/ and test/",
        ),
        (
            lambda root: [write_classes(root / "train"), write(root / "test" / "owls" / "a.png")],
            "owls: no such class to train on. The training classes are: cats, dogs",
        ),
        (lambda root: write(root / "a.png"), "1 images cannot be divided with a test share of 0.25"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, prepare, phrase: str) -> None:  # type: ignore[no-untyped-def]
    prepare(tmp_path)
    told = refusal(lambda: read(tmp_path))
    assert told.startswith(str(tmp_path))
    assert phrase in told


def test_the_directory_must_be_given_and_be_one(tmp_path: Path) -> None:
    wanted = "dataset.dir=/path/to/images"
    assert refusal(lambda: read(None)) == f"dataset.dir: missing. Give the directory of images: {wanted}"  # type: ignore[arg-type]
    assert f"dataset.dir={tmp_path / 'no'}: does not exist; wanted" in refusal(lambda: read(tmp_path / "no"))
    (tmp_path / "file").touch()
    assert f"dataset.dir={tmp_path / 'file'}: is a file; wanted" in refusal(lambda: read(tmp_path / "file"))


def cut_png(path: Path) -> None:
    write(path, pixels(40, 40))
    path.write_bytes(path.read_bytes()[:300])


@pytest.mark.parametrize(
    ("name", "damage", "phrase"),
    [
        ("notes.txt", lambda path: path.write_text("hello"), "its content is of no known kind"),
        ("a.png", lambda path: path.write_bytes(b""), "its content is of no known kind"),
        ("b.png", cut_png, "cannot be read as an image"),
    ],
)
def test_a_file_that_is_no_image_is_named(tmp_path: Path, name: str, damage, phrase: str) -> None:  # type: ignore[no-untyped-def]
    write_classes(tmp_path)
    damage(tmp_path / "cats" / name)
    told = refusal(lambda: read(tmp_path))
    assert told.startswith(f"{tmp_path / 'cats' / name}: ")
    assert phrase in told
    assert "Remove or replace the file" in told


def picture(path: Path, channels: int = 1, height: int = 4, width: int = 4) -> np.ndarray:
    return read_picture(path, height=height, width=width, channels=channels)


def test_a_picture_of_the_right_size_is_unchanged(tmp_path: Path) -> None:
    grey, colour = pixels(4, 4), pixels(4, 4, 3)
    write(tmp_path / "grey.png", grey)
    write(tmp_path / "colour.png", colour)
    np.testing.assert_array_equal(picture(tmp_path / "grey.png")[..., 0], grey)
    np.testing.assert_array_equal(picture(tmp_path / "colour.png", channels=3), colour)


def test_grey_becomes_colour_and_colour_grey(tmp_path: Path) -> None:
    write(tmp_path / "grey.png", pixels(4, 4))
    write(tmp_path / "red.png", np.full((4, 4, 3), (255, 0, 0), np.uint8))
    assert (np.ptp(picture(tmp_path / "grey.png", channels=3), axis=-1) == 0).all()
    assert (picture(tmp_path / "red.png") == 76).all(), "red is dark to the eye"


def test_shrinking_averages(tmp_path: Path) -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    write(tmp_path / "a.png", board.astype(np.uint8))
    assert abs(picture(tmp_path / "a.png").astype(int) - 127).max() <= 3


def test_orientation_is_applied(tmp_path: Path) -> None:
    array = pixels(4, 4)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    write(tmp_path / "a.png", array, exif=exif)
    np.testing.assert_array_equal(picture(tmp_path / "a.png")[..., 0], np.rot90(array, -1))


@pytest.mark.parametrize("channels", [1, 3])
def test_transparency_is_laid_on_black(tmp_path: Path, channels: int) -> None:
    array = np.full((4, 4, 4), 255, np.uint8)
    array[:2, :, 3] = 0
    write(tmp_path / "a.png", array)
    found = picture(tmp_path / "a.png", channels)
    assert (found[:2] == 0).all()
    assert (found[2:] == 255).all()


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    write(tmp_path / "a.png", np.arange(16, dtype=np.uint16).reshape(4, 4) * 4096)
    assert picture(tmp_path / "a.png").ravel().tolist() == [16 * value for value in range(16)]


def test_thirty_two_bits_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.tiff", np.zeros((4, 4), np.float32))
    assert "a.tiff: has 32 bits a pixel (mode F); wanted 8 or 16. Save it as" in refusal(
        lambda: picture(tmp_path / "a.tiff")
    )


def test_palettes_and_jpeg_are_read(tmp_path: Path) -> None:
    white = Image.new("RGB", (4, 4), "white")
    white.convert("P").save(tmp_path / "a.gif")
    white.convert("CMYK").save(tmp_path / "a.jpg")
    for name in ("a.gif", "a.jpg"):
        assert (picture(tmp_path / name, channels=3) >= 254).all()
