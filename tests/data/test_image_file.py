"""One image file of the user's own, whatever is in it."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import pixels, refusal, write_image
from PIL import Image

from pipeline.data.image_file import Conversion, Facts
from pipeline.data.image_loading import load_images
from pipeline.data.levels import Levels


def read(path: Path, channels: int = 1, size: int = 4, **changes: Any) -> tuple[np.ndarray, Facts]:
    levels = Levels(changes.pop("black", None), changes.pop("white", None))
    settings = {"height": size, "width": size, "channels": channels, "background": "black", "levels": levels}
    return Conversion(**settings | changes).read(path)


def picture(path: Path, channels: int = 1, **changes: Any) -> np.ndarray:
    return read(path, channels, **changes)[0]


def test_a_picture_of_the_right_size_is_unchanged(tmp_path: Path) -> None:
    grey, colour = pixels(4, 4), pixels(4, 4, 3)
    write_image(tmp_path / "grey.png", grey)
    write_image(tmp_path / "colour.png", colour)
    np.testing.assert_array_equal(picture(tmp_path / "grey.png")[..., 0], grey)
    np.testing.assert_array_equal(picture(tmp_path / "colour.png", channels=3), colour)


def test_grey_becomes_colour_and_colour_grey(tmp_path: Path) -> None:
    write_image(tmp_path / "grey.png", pixels(4, 4))
    write_image(tmp_path / "red.png", np.full((4, 4, 3), (255, 0, 0), np.uint8))
    assert (np.ptp(picture(tmp_path / "grey.png", channels=3), axis=-1) == 0).all()
    assert (picture(tmp_path / "red.png") == 76).all(), "red is dark to the eye"


def test_shrinking_averages(tmp_path: Path) -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    write_image(tmp_path / "a.png", board.astype(np.uint8))
    assert abs(picture(tmp_path / "a.png").astype(int) - 127).max() <= 3


def test_orientation_is_applied(tmp_path: Path) -> None:
    array = pixels(4, 4)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    write_image(tmp_path / "a.png", array, exif=exif)
    np.testing.assert_array_equal(picture(tmp_path / "a.png")[..., 0], np.rot90(array, -1))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("background", "seen"), [("black", 0), ("white", 255), (100, 100), (0, 0)])
def test_transparency_is_laid_on_the_background(tmp_path: Path, channels: int, background: object, seen: int) -> None:
    array = np.full((4, 4, 4), 200, np.uint8)
    array[:2, :, 3] = 0
    array[2:, :, 3] = 255
    write_image(tmp_path / "a.png", array)
    found, facts = read(tmp_path / "a.png", channels, background=background)
    assert (found[:2] == seen).all()
    assert (found[2:] == 200).all()
    assert facts.transparent


def test_grey_and_palettes_may_be_transparent_too(tmp_path: Path) -> None:
    Image.new("LA", (4, 4), (0, 0)).save(tmp_path / "a.png")
    palette = Image.new("P", (4, 4), 3)
    palette.putpalette([9, 9, 9] * 256)
    palette.save(tmp_path / "b.gif", transparency=3)
    palette.save(tmp_path / "c.png", transparency=3)
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "d.webp", lossless=True)
    for path in tmp_path.iterdir():
        assert (picture(path, background="white") == 255).all(), path
        assert (picture(path) == 0).all(), path
        assert (picture(path, white=100, background="white") == 255).all(), path


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", np.arange(16, dtype=np.uint16).reshape(4, 4) * 4096)
    assert picture(tmp_path / "a.png").ravel().tolist() == [16 * value for value in range(16)]


STEPS = (np.arange(16) * 273).astype(np.uint16)
"""From 0 to 4,095: 12 bits."""


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm", "jp2"])
def test_twelve_bits_in_sixteen_reach_white_where_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "pgm":
        path.write_bytes(b"P5 4 4 65535\n" + STEPS.astype(">u2").tobytes())
    else:
        Image.fromarray(STEPS.reshape(4, 4)).save(path)
    assert picture(path).max() <= 16
    assert picture(path, white=4095).ravel().tolist() == [17 * value for value in range(16)]
    assert read(path, white=4095)[1].span == (0, 4095)
    assert picture(path, black=4095, white=0).ravel().tolist() == [255 - 17 * value for value in range(16)]
    assert picture(path, white=2047).ravel().tolist()[8:] == [255] * 8


def test_a_portable_map_says_itself_what_is_white(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 4 4 4095\n" + STEPS.astype(">u2").tobytes())
    assert abs(picture(tmp_path / "a.pgm").ravel() - 17 * np.arange(16)).max() <= 1


def test_black_that_is_the_largest_value_is_refused_without_a_white_of_its_own(tmp_path: Path) -> None:
    """The file is sound, and nobody is to be told to remove it."""
    write_image(tmp_path / "a.png", pixels(4, 4))
    for levels in ({"black": 255}, {"black": 255, "white": 300}):
        told = refusal(lambda levels=levels: picture(tmp_path / "a.png", **levels))
        assert told.startswith("dataset.source.black=255 is white as well, as no value of these images can be larger;")
        assert told.endswith("To invert the images, set dataset.source.white=0")
    inverted = picture(tmp_path / "a.png", black=255, white=0)
    np.testing.assert_array_equal(inverted[..., 0], 255 - pixels(4, 4))


def test_white_is_never_more_than_a_file_can_hold(tmp_path: Path) -> None:
    """So that images of 8 and of 12 bits can lie side by side."""
    write_image(tmp_path / "a.png", pixels(4, 4))
    np.testing.assert_array_equal(picture(tmp_path / "a.png", white=4095)[..., 0], pixels(4, 4))


def test_eight_bits_that_are_zero_and_one_are_black_and_white_where_told(tmp_path: Path) -> None:
    mask = pixels(4, 4) // 128
    write_image(tmp_path / "a.png", mask)
    np.testing.assert_array_equal(picture(tmp_path / "a.png", white=1)[..., 0], 255 * mask)
    alpha = np.dstack([mask] * 3 + [np.full((4, 4), 255, np.uint8)])
    alpha[0, 0, 3] = 0
    write_image(tmp_path / "b.png", alpha)
    found = picture(tmp_path / "b.png", white=1, background=77)[..., 0]
    np.testing.assert_array_equal(found.ravel()[1:], 255 * mask.ravel()[1:])
    assert found[0, 0] == 77


def deep_png(array: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel, which Pillow does not write: colour, or grey or colour with transparency."""
    height, width, channels = array.shape

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in array)
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def deep_tiff(array: np.ndarray, order: str, packed: bool) -> bytes:
    """A TIFF of 16 bits in each of three channels, which Pillow does not write, plain or deflated."""
    (height, width, _), body = array.shape, array.astype(f"{order}u2").tobytes()
    body = zlib.compress(body) if packed else body
    body += b"\0" * (len(body) % 2)
    bits, start = 8 + len(body), 8 + len(body) + 6
    fields = [(256, 4, width), (257, 4, height), (259, 4, 8 if packed else 1), (262, 4, 2), (273, 4, 8), (277, 4, 3)]
    fields += [(278, 4, height), (279, 4, len(body)), (284, 4, 1)]
    entries = [struct.pack(f"{order}HHII", tag, kind, 1, value) for tag, kind, value in fields]
    entries.insert(2, struct.pack(f"{order}HHII", 258, 3, 3, bits))
    directory = struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4)
    magic = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", start)
    return magic + body + struct.pack(f"{order}3H", 16, 16, 16) + directory


@pytest.mark.parametrize("kind", ["png", "alpha.png", "little.tif", "big.tif", "packed.tif"])
def test_deep_colour_keeps_its_twelve_bits_where_told(tmp_path: Path, kind: str) -> None:
    colours = np.random.default_rng(0).permutation(np.tile(STEPS, 3)).reshape(4, 4, 3)
    opaque = np.dstack([colours, np.full((4, 4), 65535, np.uint16)])
    path = tmp_path / kind
    path.write_bytes(
        {
            "png": lambda: deep_png(colours),
            "alpha.png": lambda: deep_png(opaque),
            "little.tif": lambda: deep_tiff(colours, "<", packed=False),
            "big.tif": lambda: deep_tiff(colours, ">", packed=False),
            "packed.tif": lambda: deep_tiff(colours, "<", packed=True),
        }[kind]()
    )
    dark, facts = read(path, 3)
    np.testing.assert_array_equal(dark, colours >> 8)
    assert facts.span == (0, 4095)
    found, facts = read(path, 3, white=4095)
    np.testing.assert_array_equal(found, colours // 273 * 17)
    assert facts.span == (0, 4095)


def test_deep_grey_with_transparency_has_no_white_to_be_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(deep_png(np.full((4, 4, 2), 65535, np.uint16)))
    assert (picture(tmp_path / "a.png") == 255).all()
    told = refusal(lambda: picture(tmp_path / "a.png", white=4095))
    assert told == "it has 16 bits a channel, grey with transparency, of which only 8 can be read"


@pytest.mark.parametrize(("kind", "top"), [(np.float32, 1.0), (np.float32, 300.5), (np.int32, 70000)])
def test_thirty_two_bits_want_a_white(tmp_path: Path, kind: type, top: float) -> None:
    paths = [write_image(tmp_path / f"{number}.tif", np.full((4, 4), 0, kind)) for number in (0, 1)]
    write_image(paths[1], np.linspace(0, top, 16).astype(kind).reshape(4, 4))
    told = refusal(lambda: load_images(paths, conversion(), skip=True, key="dataset.source"))
    assert told.startswith(
        f"{paths[0]}: it has 32 bits a pixel, with values from 0 to 0, and no setting of white; expected"
    )
    assert told.endswith(f"This holds for 2 of 2 files. Set dataset.source.white={top:g}")
    found = load_images(paths, conversion(white=top), skip=False, key="dataset.source")
    assert (found.images[1].min(), found.images[1].max()) == (0, 255)
    assert found.span == (0, top)


def conversion(white: float | None = None) -> Conversion:
    return Conversion(height=4, width=4, channels=1, background="black", levels=Levels(None, white))


def test_what_is_no_number_is_no_pixel(tmp_path: Path) -> None:
    write_image(tmp_path / "a.tif", np.full((4, 4), np.nan, np.float32))
    assert refusal(lambda: picture(tmp_path / "a.tif", white=1)) == "it holds values that are not finite numbers"


def test_palettes_and_other_colours_are_read(tmp_path: Path) -> None:
    white = Image.new("RGB", (4, 4), "white")
    white.convert("P").save(tmp_path / "a.gif")
    white.convert("CMYK").save(tmp_path / "a.jpg")
    white.convert("1").save(tmp_path / "a.png")
    white.convert("1").save(tmp_path / "a.pbm")
    white.convert("YCbCr").save(tmp_path / "b.jpg")
    Image.new("LAB", (4, 4), (255, 128, 128)).save(tmp_path / "a.tif")
    for path in tmp_path.iterdir():
        for channels in (1, 3):
            assert (picture(path, channels) >= 254).all(), path
            assert (picture(path, channels, white=255) >= 254).all(), path


@pytest.mark.parametrize("suffix", ["tif", "gif", "png", "webp"])
def test_of_pages_and_frames_the_first_is_taken_and_the_others_are_counted(tmp_path: Path, suffix: str) -> None:
    frames = [Image.fromarray(np.full((4, 4), 60 * number, np.uint8)) for number in range(1, 5)]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], lossless=True)
    found, facts = read(tmp_path / f"a.{suffix}")
    assert abs(found.astype(int) - 60).max() <= 1
    assert facts.left_out == 3
