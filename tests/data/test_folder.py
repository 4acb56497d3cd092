"""Image files of the user's own: where they may lie, and what is said of those that cannot be read."""

import os
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from data_files import cures_of, dataset, loaded, pixels, refusal, write_image
from PIL import Image
from privileges import unprivileged

from pipeline.data.folder import Folder
from pipeline.data.images import ImageData
from pipeline.data.listing import files_below
from pipeline.data.source import Published


def read(root: Path, **settings: object) -> Published:
    return Folder(**{"height": 4, "width": 4, "channels": 1, "test": 0.25} | settings).read(root)  # type: ignore[arg-type]


def write_classes(root: Path, cats: int = 8, dogs: int = 4) -> Path:
    for name, number in (("cats", cats), ("dogs", dogs)):
        for index in range(number):
            write_image(root / name / f"{index}.png")
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
        write_image(tmp_path / f"{index}.png")
    published = read(tmp_path)
    assert published.class_names == ("image",)
    assert (len(published.train), len(published.test)) == (3, 1)


def test_a_division_by_the_user_is_kept(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", cats=3, dogs=2)
    write_image(tmp_path / "test" / "dogs" / "0.png")
    published = read(tmp_path)
    assert published.class_names == ("cats", "dogs")
    assert (len(published.train), published.test.labels.tolist()) == (5, [1])


def test_the_first_images_show_many_classes(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", cats=20, dogs=20)
    write_classes(tmp_path / "test", cats=20, dogs=20)
    published = read(tmp_path)
    assert set(published.train.labels[:10]) == set(published.test.labels[:10]) == {0, 1}


def test_what_is_hidden_or_left_by_systems_is_ignored(tmp_path: Path) -> None:
    write_classes(tmp_path)
    for name in (".DS_Store", "cats/.thumbnail", "cats/Thumbs.db", "dogs/desktop.ini", "dogs/Icon\r", "DESKTOP.INI"):
        (tmp_path / name).write_text("no image")
    for name in (".ipynb_checkpoints", "cats/.ipynb_checkpoints", "__MACOSX/cats", "cats/@eaDir", "dogs/__pycache__"):
        write_image(tmp_path / name / "copy.png")
    published = read(tmp_path)
    assert published.class_names == ("cats", "dogs")
    assert len(published.train) == 9
    assert len(list(files_below(tmp_path))) == 12


def test_a_folder_is_a_data_set_like_any_other(tmp_path: Path) -> None:
    write_classes(tmp_path)
    source = Folder(height=6, width=5, channels=3, test=0.25)
    data = dataset(source=source, dir=str(tmp_path), classes=["cats"], validation=2).load()
    assert data.image_shape == (6, 5, 3)
    assert (len(data.train), len(data.validation), len(data.test)) == (4, 2, 2)


@pytest.mark.parametrize(
    ("prepare", "phrase"),
    [
        (lambda root: None, "holds no image; expected images, or a folder of images for each class"),
        (
            lambda root: (root / "birds").mkdir(),
            "birds: the class has no image; expected at least one. Add images or remove the folder",
        ),
        (
            lambda root: [write_image(root / "a.png"), write_classes(root)],
            "a.png: a file beside the folders of classes",
        ),
        (lambda root: write_image(root / "birds" / "x" / "a.png"), "x: a folder inside the class birds"),
        (lambda root: write_classes(root / "birds"), "cats: a folder inside the class birds"),
        (
            lambda root: [write_classes(root / name) for name in ("train", "test", "more")],
            "more: a file or folder beside train/ and test/",
        ),
        (
            lambda root: [write_classes(root / name) for name in ("train", "val", "valid")],
            "valid: a file or folder beside train/ and val/",
        ),
        (
            lambda root: [write_classes(root / "train"), write_image(root / "test" / "owls" / "a.png")],
            "owls: no class of the training images; expected some of: cats, dogs. Remove the folder",
        ),
        (
            lambda root: write_image(root / "a.png"),
            "holds 1 images; expected at least one for training and one for the test. Add images",
        ),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, prepare, phrase: str) -> None:  # type: ignore[no-untyped-def]
    prepare(tmp_path)
    told = refusal(lambda: read(tmp_path))
    assert told.startswith(str(tmp_path))
    assert phrase in told


def test_the_directory_must_be_given_and_be_one(tmp_path: Path) -> None:
    expected = "expected a directory of images. Set dataset.dir=/path/to/images"
    assert refusal(lambda: read(None)) == f"dataset.dir: missing; {expected}"  # type: ignore[arg-type]
    assert f"dataset.dir={tmp_path / 'no'}: No such file or directory; expected" in refusal(
        lambda: read(tmp_path / "no")
    )
    (tmp_path / "file").touch()
    assert f"dataset.dir={tmp_path / 'file'}: it is a file; expected" in refusal(lambda: read(tmp_path / "file"))


def load(root: Path, *overrides: str) -> ImageData:
    """Through the YAML, with the smallest size."""
    return loaded("folder", f"dir={root}", "source.height=4", "source.width=4", "source.channels=1", *overrides)


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "val", "test"), ("Training", "valid", "testing"), ("train", "Validation", None), ("TRAIN", "dev", None)],
)
def test_validation_images_of_the_users_own_are_used(
    tmp_path: Path, train: str, validation: str, test: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    write_classes(tmp_path / train, cats=10, dogs=10)
    write_classes(tmp_path / validation, cats=3, dogs=4)
    if test:
        write_classes(tmp_path / test, cats=2, dogs=2)
    data = load(tmp_path)
    chosen = {np.asarray(Image.open(path)).tobytes() for path in (tmp_path / validation).rglob("*.png")}
    assert {image.tobytes() for image in data.validation.images} == chosen
    assert (len(data.train), len(data.test)) == ((20, 4) if test else (16, 4))
    assert data.class_names == ("cats", "dogs")
    assert not caplog.records
    shared = load(tmp_path, "validation=0.25")
    assert len(shared.validation) == (5 if test else 4)
    assert not {image.tobytes() for image in shared.validation.images} & chosen
    [told] = caplog.messages
    assert told.startswith(
        f"dataset.validation=0.25: the 7 validation images of {tmp_path} are not used. To use them, set "
    )
    assert cures_of(told) == [["dataset.validation=null"]]
    assert load(tmp_path, "validation=null").fingerprint == data.fingerprint


def test_a_tenth_validates_where_nothing_is_said(tmp_path: Path) -> None:
    write_classes(tmp_path, cats=20, dogs=20)
    assert load(tmp_path).fingerprint == load(tmp_path, "validation=0.1").fingerprint


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for name in ("train", "bus", "car"):
        for index in range(4):
            write_image(tmp_path / name / f"{index}.png")
    assert read(tmp_path).class_names == ("bus", "car", "train")


@pytest.mark.parametrize("flat", ["test", "val", "train"])
def test_a_split_without_classes_beside_one_with_them_is_named_with_a_place_that_works(
    tmp_path: Path, flat: str
) -> None:
    for part in ("train", "val", "test"):
        if part == flat:
            for index in range(6):
                write_image(tmp_path / part / f"{index}.png")
        else:
            write_classes(tmp_path / part)
    told = refusal(lambda: load(tmp_path))
    assert told.startswith(f"{tmp_path / flat}: its images are in no folders of classes, those of {tmp_path}")
    [[cure]] = cures_of(told)
    assert len(load(tmp_path, cure).test) > 0


def test_a_folder_around_the_classes_is_looked_through_when_told_so(tmp_path: Path) -> None:
    write_classes(tmp_path / "more of them" / "pets (2)")
    told = refusal(lambda: load(tmp_path / "more of them"))
    assert told.startswith(f"{tmp_path / 'more of them' / 'pets (2)' / 'cats'}: a folder inside the class pets (2) of")
    [[cure]] = cures_of(told)
    assert load(tmp_path, cure).class_names == ("cats", "dogs")


def test_a_lone_train_is_a_division_too(tmp_path: Path) -> None:
    write_classes(tmp_path / "train")
    assert read(tmp_path).class_names == ("cats", "dogs")


def test_loose_files_beside_classes_are_left_out_when_told_so(tmp_path: Path) -> None:
    write_classes(tmp_path)
    (tmp_path / "labels.csv").write_text("0,1\n")
    (tmp_path / "README").write_text("Cats and dogs.")
    told = refusal(lambda: load(tmp_path))
    assert told.startswith(
        f"{tmp_path / 'README'}: a file beside the folders of classes, and 1 others like it; expected"
    )
    [[cure]] = cures_of(told)
    assert load(tmp_path, cure).class_names == ("cats", "dogs")
    write_image(tmp_path / "lost.png")
    assert f"{tmp_path / 'lost.png'}: a file beside" in refusal(lambda: load(tmp_path, cure))


def test_one_image_a_class_is_divided_regardless_of_class(tmp_path: Path) -> None:
    for number in range(8):
        write_image(tmp_path / f"class{number}" / "x.png")
    data = load(tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (5, 1, 2)
    assert len(data.class_names) == 8
    told = refusal(lambda: load(tmp_path, f"classes=[{data.class_names[data.test.labels[0]]}]"))
    assert "expected classes with images, which are: class" in told


def test_two_images_are_enough(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    write_image(tmp_path / "b.png")
    told = refusal(lambda: load(tmp_path))
    assert told.startswith(
        "dataset.validation=0.1: takes 1 of 1 training images and leaves none for training; expected"
    )
    assert cures_of(told) == [["dataset.validation=test"]]
    data = load(tmp_path, "dataset.validation=test")
    assert (len(data.train), len(data.validation), len(data.test)) == (1, 1, 1)


NAMES = [b"caf\xe9", b"caf\\xe9", "café".encode(), b"a\nb", b"a\tb", b" a", b"a ", b"x" * 200, "猫 犬".encode()]


def test_names_that_cannot_be_written_are_made_printable_and_stay_different(
    tmp_path: Path,
) -> None:
    for name in NAMES:
        folder = os.path.join(os.fsencode(tmp_path), b"na\xefve", name)
        for index in range(4):
            write_image(Path(os.fsdecode(folder)) / f"{index}.png")
    root = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"na\xefve")))
    data = dataset(source=Folder(height=4, width=4, channels=1, test=0.25), dir=root).load()
    assert len(set(data.class_names)) == len(NAMES)
    assert {r"caf\xe9", r"caf\xe9'", "café", r"a\nb", r"a\tb", " a", "a ", "x" * 200, "猫 犬"} == set(data.class_names)
    "\n".join(data.class_names).encode()
    bad = root / "caf\udce9" / "bad.png"
    bad.write_text("no image")
    told = refusal(lambda: read(root))
    assert "bad.png: cannot be read as an image" in told


def pipe(path: Path) -> None:
    os.mkfifo(path)


def circle(path: Path) -> None:
    path.symlink_to(path)


def listener(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # names of sockets are short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def cut_png(path: Path) -> None:
    write_image(path, pixels(40, 40))
    path.write_bytes(path.read_bytes()[:300])


FAULTS = [
    ("notes.txt", lambda path: path.write_text("hello"), "its content is of no format that Pillow knows"),
    ("a.png", lambda path: path.write_bytes(b""), "it is empty"),
    ("b.png", cut_png, "image file is truncated"),
    (
        "c.jpg",
        lambda path: path.write_text("<html>404 Not Found</html>"),
        "its content is of no format that Pillow knows",
    ),
    ("d.png", lambda path: path.symlink_to("/nowhere/x.png"), "it is a link to /nowhere/x.png, which does not exist"),
    ("e.png", circle, "which leads in a circle"),
    ("f.png", pipe, "it is a pipe, a socket or a device, no file"),
    ("g.png", listener, "it is a pipe, a socket or a device, no file"),
    ("h.png", lambda path: path.symlink_to("/dev/zero"), "it is a pipe, a socket or a device, no file"),
]


@pytest.mark.fault("damaged", "an image file of a user cannot be read")
@pytest.mark.parametrize(("name", "damage", "phrase"), FAULTS)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, name: str, damage, phrase: str) -> None:  # type: ignore[no-untyped-def]
    """It is named with the reason, before anything is trained."""
    write_classes(tmp_path)
    damage(tmp_path / "cats" / name)
    told = refusal(lambda: load(tmp_path))
    assert told.startswith(f"{tmp_path / 'cats' / name}: cannot be read as an image (")
    assert phrase in told
    assert "Remove or replace it, or leave it out: " in told
    [[cure]] = cures_of(told)
    assert len(load(tmp_path, cure).train) == 8


def test_all_that_cannot_be_read_are_named_at_once_or_skipped_with_their_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    write_classes(tmp_path)
    for name, damage, _ in FAULTS:
        damage(tmp_path / "cats" / name)
    for number in range(8):
        (tmp_path / "dogs" / f"bad{number}.png").touch()
    told = refusal(lambda: load(tmp_path))
    assert told.startswith("17 of 29 files cannot be read as images; expected PNG")
    assert len(told.splitlines()) == 13
    for name, _, phrase in FAULTS:
        assert any(name in line and phrase in line for line in told.splitlines())
    assert "and 7 more" in told
    [[cure]] = cures_of(told)
    data = load(tmp_path, cure)
    assert data.fingerprint == load(write_classes_again(tmp_path), cure).fingerprint
    assert "; 17 unreadable files skipped" in caplog.text


def write_classes_again(root: Path) -> Path:
    for path in files_below(root):
        if path.suffix == ".txt" or not path.is_file() or not path.stem.isdecimal():
            path.unlink()
    return root


def test_nothing_but_unreadable_files_are_refused_even_if_they_may_be_skipped(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
    told = refusal(lambda: load(tmp_path, "source.skip_unreadable=true"))
    assert told.startswith("2 of 2 files cannot be read as images")
    assert told.endswith("Remove or replace them")


def test_what_one_may_not_read_is_said_to_be_so() -> None:
    with TemporaryDirectory() as name:
        root = write_classes(Path(name) / "pets")
        Path(name).chmod(0o755)
        (root / "cats" / "0.png").chmod(0)
        with unprivileged():
            told = refusal(lambda: load(root))
        assert told.startswith(f"{root / 'cats' / '0.png'}: cannot be read as an image (Permission denied); expected")
        (root / "cats").chmod(0)
        with unprivileged():
            told = refusal(lambda: load(root))
        assert told == f"{root / 'cats'}: cannot be read (Permission denied). Change its permissions"
        (root / "cats").chmod(0o755)
        root.chmod(0)
        with unprivileged():
            told = refusal(lambda: load(root / "cats"))
        assert told.startswith(f"dataset.dir={root / 'cats'}: Permission denied; expected")
        root.chmod(0o755)


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    root = write_classes(tmp_path / "pets")
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "pets").symlink_to(root)
    (root / "cats" / "back").symlink_to(tmp_path / "all")
    assert len(list(files_below(tmp_path / "all"))) == 12
