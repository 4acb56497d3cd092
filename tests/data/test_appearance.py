"""What is said of images before they are trained on: a line on each data set, warnings, and what is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from data_files import cures_of, dataset, loaded, pixels, refusal, write_idx_set
from PIL import Image

from pipeline.data.images import Split
from pipeline.data.source import Published


@dataclass(frozen=True)
class Shown:
    """A source of the user's own, of the images given."""

    images: np.ndarray

    def read(self, directory: Path | None) -> Published:
        split = Split(self.images, np.zeros(len(self.images), np.int64))
        return Published(split, split, ("one",), "mine")


def spots(number: int = 20) -> np.ndarray:
    """Grey images that use all of the range, [N, 8, 8]."""
    images = pixels(number, 8, 8)
    images[:, 0, 0], images[:, 7, 7] = 0, 255
    return images


def folder_of(root: Path, images: np.ndarray, suffix: str = "png", **how: object) -> Path:
    root.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(root / f"{number}.{suffix}", **how)  # type: ignore[arg-type]
    return root


def folder(root: Path, *overrides: str) -> object:
    size = ("source.height=8", "source.width=8", "source.channels=1")
    return loaded("folder", f"dir={root}", *size, *overrides)


def scaled(top: int) -> np.ndarray:
    """The spots with so many of the 65,535 steps of 16 bits."""
    return (spots() / 255 * top).round().astype(np.uint16)


def test_each_data_set_is_told_in_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    loaded("digits")
    assert caplog.messages[0] == "digits: pixels 0 to 255 of 255; 0 of 1,797 images (0.0%) of one colour"
    frames = [Image.fromarray(image) for image in spots(3)]
    root = folder_of(tmp_path / "a", np.array([*scaled(65535)[:15], *np.full((1, 8, 8), 9, np.uint16)]), "tif")
    frames[0].save(root / "more.tif", save_all=True, append_images=frames[1:])
    (root / "bad.png").touch()
    caplog.clear()
    folder(root, "source.skip_unreadable=true", "source.white=60000")
    assert caplog.messages[0] == (
        "folder: pixels 0 to 255 of 255 (0 to 65,535 in the files); 1 of 17 images (5.9%) of one colour; 2 pages or "
        "frames beyond the first of their file left out; 1 unreadable file skipped; values outside of "
        "0 to 60000 are clipped"
    )


@pytest.mark.parametrize("top", [255, 419, 1023, 4095])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_that_are_hardly_used_are_refused_with_the_white_that_was_found(
    tmp_path: Path, top: int, suffix: str
) -> None:
    root = folder_of(tmp_path / "a", scaled(top), suffix)
    told = refusal(lambda: folder(root))
    assert told.startswith(
        f"{root}: pixels 0 to {top >> 8} of 255 (0 to {top:,} in the files); expected a range of at least 32"
    )
    assert cures_of(told) == [[f"dataset.source.white={top}"], ["dataset.source.black=0"]]
    bright = folder(root, cures_of(told)[0][0])
    assert bright.train.images.max() == bright.test.images.max() == 255
    if top > 255:
        assert folder(root, cures_of(told)[1][0]).train.images.max() <= top / 256 + 1


@pytest.mark.parametrize(("top", "warned"), [(16383, True), (32767, False), (65535, False)])
def test_sixteen_bits_that_are_half_used_are_warned_of(
    tmp_path: Path, top: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    root = folder_of(tmp_path / "a", scaled(top))
    folder(root)
    assert bool(caplog.messages) == warned
    if warned:
        [told] = caplog.messages
        assert f"in half of the images pixels differ by {top >> 8} of 255 at most (0 to {top:,} in the files)" in told
        caplog.clear()
        for [cure] in cures_of(told):
            folder(root, cure)
            assert not caplog.messages


def test_one_bright_image_does_not_hide_that_the_others_are_dark(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = scaled(4095)
    images[3, 2, 2] = 65535
    folder(folder_of(tmp_path / "a", images))
    assert "in half of the images pixels differ by 15 of 255 at most" in caplog.text


def test_a_narrow_range_anywhere_is_refused_with_black_and_white(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "a", scaled(500) + np.uint16(30000))
    told = refusal(lambda: folder(root))
    assert told.startswith(f"{root}: pixels 117 to 119 of 255 (30,000 to 30,500 in the files); expected")
    [both, _] = cures_of(told)
    assert both == ["dataset.source.black=30000", "dataset.source.white=30500"]
    assert np.ptp(folder(root, *both).train.images) == 255


@pytest.mark.parametrize(("ink", "background", "other"), [(0, "black", "white"), (255, "white", "black")])
def test_ink_on_transparency_is_seen_on_another_background(
    tmp_path: Path, ink: int, background: str, other: str
) -> None:
    images = np.stack([np.full_like(spots(), ink)] * 3 + [spots()], axis=-1)
    root = folder_of(tmp_path / "a", images)
    told = refusal(lambda: folder(root, f"source.background={background}"))
    assert told.startswith(f"{root}: all 20 images are of one colour, {ink} of 255; expected images that differ. Their")
    assert cures_of(told) == [[f"dataset.source.background={other}"]]
    assert np.ptp(folder(root, cures_of(told)[0][0]).train.images) == 255


def test_some_images_of_one_colour_are_warned_of_with_their_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = folder_of(tmp_path / "a", spots(18))
    for number in range(2):
        Image.new("LA", (8, 8), (0, 100 * number)).save(root / f"flat{number}.png")
    folder(root)
    [told] = caplog.messages
    assert told.startswith("folder: 2 of 20 images are of one colour. Their transparent parts became black: set ")
    dataset(source=Shown(np.stack([*spots(9), np.full((8, 8), 7, np.uint8)])[..., None])).load()
    assert caplog.messages[1] == "small: 2 of 20 images are of one colour. Check whether they belong to the data set"


def test_dark_on_white_is_nothing_odd(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = folder_of(tmp_path / "a", 255 - np.maximum(spots(), 128) // 2 * 2)
    folder(root)
    assert not caplog.messages


@pytest.mark.parametrize(
    ("images", "phrase"),
    [
        (
            spots()[..., None] // 128,
            "mine: pixels 0 to 1 of 255; expected a range of at least 32, or nothing can be seen",
        ),
        (
            np.zeros((9, 8, 8, 3), np.uint8),
            "mine: all 18 images are of one colour, 0 of 255; expected images that differ.",
        ),
    ],
)
def test_a_source_of_ones_own_is_looked_at_too(images: np.ndarray, phrase: str) -> None:
    told = refusal(dataset(source=Shown(images)).load)
    assert told.startswith(phrase)
    of_an_earlier_version = dataset(source=Shown(images)).load(judge_appearance=False)
    assert of_an_earlier_version.train.images.max() == images.max()


def test_what_a_source_of_ones_own_is_told_helps(caplog: pytest.LogCaptureFixture) -> None:
    told = refusal(dataset(source=Shown(spots()[..., None] // 128)).load)
    assert "Make the source give pixels from 0 to 255" in told
    dataset(source=Shown(spots()[..., None] // 128 * 255)).load()
    assert not caplog.messages


def test_equal_images_are_said_to_be_so(caplog: pytest.LogCaptureFixture) -> None:
    dataset(source=Shown(np.stack([spots(1)[0]] * 9)[..., None])).load()
    assert caplog.messages == ["small: all 18 images are the same. Check what the files hold"]


def test_published_files_of_zeros_and_ones_are_refused_with_the_cure(tmp_path: Path) -> None:
    write_idx_set(tmp_path / "mnist", change=lambda images: images // 128)
    told = refusal(lambda: loaded("mnist", f"dir={tmp_path}"))
    assert told.startswith(f"{tmp_path / 'mnist'}: pixels 0 to 1 of 255; expected a range of at least 32")
    [[cure], _] = cures_of(told)
    assert cure == "dataset.source.white=1"
    assert set(np.unique(loaded("mnist", f"dir={tmp_path}", cure).train.images)) == {0, 255}


def test_inverted_images_need_black_and_white_both(tmp_path: Path) -> None:
    write_idx_set(tmp_path / "mnist")
    np.savez(tmp_path / "a.npz", images=spots().astype(np.uint8))
    for name, place in (("mnist", tmp_path), ("npz", tmp_path / "a.npz")):
        told = refusal(lambda name=name, place=place: loaded(name, f"dir={place}", "source.black=255"))
        assert "dataset.source.black=255 is white as well" in told


@pytest.mark.parametrize("change", [lambda images: images.astype(np.uint8), lambda images: images / 255])
def test_levels_that_leave_nothing_are_said(tmp_path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    np.savez(tmp_path / "a.npz", images=change(spots()))
    told = refusal(lambda: loaded("npz", f"dir={tmp_path}", "source.black=300", "source.white=400"))
    assert " of 255 (0 to " in told
    [keys] = cures_of(told)
    assert [key.partition("=")[0] for key in keys] == ["dataset.source.black", "dataset.source.white"]
    assert np.ptp(loaded("npz", f"dir={tmp_path}", *keys).train.images) == 255


def test_floats_up_to_nearly_255_are_taken_for_pixels_of_8_bits(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=spots() * 0.999)
    told = refusal(lambda: loaded("npz", f"dir={tmp_path}"))
    assert told.endswith("expected uint8, uint16, bool or floats from 0 to 1. Set dataset.source.white=255")
