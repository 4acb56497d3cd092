"""The cache of images: the second start is as the first, but reads nothing, and nothing in it is trusted blindly."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from data_files import dataset, loaded, node, pixels, refusal, write_idx_set, write_image

from pipeline import ROOT
from pipeline.config.build import build
from pipeline.data import chunks
from pipeline.data.cache_eviction import clear_cache, locked, make_room, release_room
from pipeline.data.cache_place import CachePlace
from pipeline.data.cached_data import PAGE
from pipeline.data.images import ImageData, Split
from pipeline.data.source import Published

SIZE = ("source.height=4", "source.width=4", "source.channels=1")


@dataclass(frozen=True)
class Written:
    """A source of the user's own: a file of `side` images of as many pixels; each time that it is read is noted.

    Attributes:
        side: number, height and width of the images.
        seconds: that reading takes.
    """

    side: int = 20
    seconds: float = 0.0

    def files(self, directory: Path | None) -> Sequence[Path]:
        assert directory
        return [directory / "images"]

    def read(self, directory: Path | None) -> Published:
        assert directory
        with (directory / "readings").open("a") as file:
            file.write("read\n")
        time.sleep(self.seconds)
        seed = int((directory / "images").read_text())
        images = np.resize(pixels(97, seed=seed), (self.side, self.side, self.side, 1))
        split = Split(images, np.arange(self.side, dtype=np.int64) % 2)
        return Published(split, split, ("even", "odd"), str(directory))


def times_read(root: Path) -> int:
    return len((root / "readings").read_text().splitlines())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("VAE_CACHE_DIR", str(folder))
    return folder


def source(root: Path, number: int = 0) -> Path:
    """The folder of a source."""
    root.mkdir(exist_ok=True)
    (root / "images").write_text(str(number))
    return root


def folder_of_images(root: Path) -> Path:
    for number in range(12):
        write_image(root / ("cats", "dogs")[number % 2] / f"{number}.png", pixels(4, 4, seed=number))
    return root


def entries(cache: Path) -> list[Path]:
    return sorted(page.parent for page in cache.glob(f"*/{PAGE}"))


def equal(data: ImageData, other: ImageData) -> bool:
    """Whether all pixels, labels and names are the same, by a fingerprint that is computed from them."""
    prints = {ImageData(each.name, **each.splits, class_names=each.class_names).fingerprint for each in (data, other)}
    return len(prints) == 1


def test_the_second_start_maps_what_the_first_has_read(tmp_path: Path, cache: Path) -> None:
    root = source(tmp_path / "a")
    settings = dataset(source=Written(), dir=root, validation=3)
    first, second = settings.load(), settings.load()
    assert times_read(root) == 1
    assert equal(first, second)
    for data in (first, second):
        assert data.fingerprint == ImageData("", **data.splits, class_names=data.class_names).fingerprint
        for split in data.splits.values():
            assert isinstance(split.images, np.memmap)
            assert not split.images.flags.writeable
            assert not split.images.ctypes.data % 64, "so that TensorFlow needs no copy"
    assert not list(cache.glob("*.unfinished"))


@pytest.mark.parametrize(
    "settings",
    [
        {"validation": "test"},
        {"validation": 0.2, "limit": 9},
        {"train": "all", "classes": ["odd"]},
        {"binarisation": "fixed", "seed": 3},
        {"binarisation": "each_epoch"},
    ],
)
def test_the_cache_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path, settings) -> None:  # type: ignore[no-untyped-def]
    of_file = dataset(source=Written(), dir=source(tmp_path / "a"), **settings)
    mapped = [of_file.load(), of_file.load()]
    monkeypatch.setenv("VAE_CACHE_GB", "0")
    for data in mapped:
        assert equal(data, of_file.load())
        assert data.drawn_each_epoch == (of_file.binarisation == "each_epoch")
        assert (data.validation is data.test) == (of_file.validation == "test")


def touch(file: Path) -> None:
    os.utime(file, ns=(0, 0))


def rewrite(file: Path) -> None:
    """Other pixels in a file that has the same size and time as before."""
    before = file.stat()
    content = file.read_bytes()
    write_image(file, pixels(4, 4, seed=99))
    assert file.read_bytes() != content
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def add(file: Path) -> None:
    write_image(file.with_name("more.png"))


@pytest.mark.parametrize("change", [touch, rewrite, add, Path.unlink])
def test_a_file_that_changed_is_read_anew(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, change) -> None:  # type: ignore[no-untyped-def]
    root = folder_of_images(tmp_path / "pets")
    loaded("folder", f"dir={root}", *SIZE)
    change(root / "cats" / "0.png")
    data = loaded("folder", f"dir={root}", *SIZE)
    assert len(entries(cache)) == 2
    monkeypatch.setenv("VAE_CACHE_GB", "0")
    assert equal(data, loaded("folder", f"dir={root}", *SIZE))


def test_other_settings_are_other_data(tmp_path: Path, cache: Path) -> None:
    root = folder_of_images(tmp_path / "pets")
    for changed in ((), ("seed=1",), ("source.height=5",), ("source.background=white",), ("limit=5",)):
        loaded("folder", f"dir={root}", *SIZE, *changed)
    assert len(entries(cache)) == 5


def test_what_is_said_at_the_first_start_is_said_at_the_second(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    flat = np.zeros((20, 4, 4), np.uint8)
    flat[:18] = pixels(18, 4, 4)
    np.savez(tmp_path / "a.npz", x_train=flat, x_val=flat, x_test=flat)
    said = []
    for _ in range(2):
        caplog.clear()
        loaded("npz", f"dir={tmp_path / 'a.npz'}", "validation=2", "train=all")
        said.append([(record.levelname, record.getMessage()) for record in caplog.records])
    [kept] = [each for each in said[0] if each not in said[1]]
    assert kept == ("INFO", f"npz: kept for the next start in {entries(cache)[0]}, 0.0 MB")
    assert said[1] == [each for each in said[0] if each != kept]
    assert [level for level, _ in said[1]] == ["INFO", "WARNING", "WARNING", "INFO", "WARNING"]


def test_images_without_content_are_refused_though_a_finished_run_has_brought_them_into_the_cache(
    tmp_path: Path, cache: Path
) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((9, 4, 4), np.uint8))
    settings = build(node("npz", f"dir={tmp_path / 'a.npz'}"), "dataset")
    told = refusal(settings.load)
    assert not entries(cache)
    assert len(settings.load(judge_appearance=False).test) == 2
    assert len(entries(cache)) == 1
    assert refusal(settings.load) == told
    assert "all 9 images are of one colour, 0 of 255" in told


def flip(folder: Path) -> None:
    with (folder / "train-images.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        [last] = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))


def cut(folder: Path) -> None:
    os.truncate(folder / "test-images.npy", 200)


def lose(folder: Path) -> None:
    (folder / "train-labels.npy").unlink()


def scribble(folder: Path) -> None:
    (folder / PAGE).write_text('{"files": 3')


@pytest.mark.fault("damaged", "the cache of images is damaged")
@pytest.mark.parametrize("damage", [flip, cut, lose, scribble])
def test_what_is_damaged_is_said_to_be_so_and_read_anew(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture, damage
) -> None:  # type: ignore[no-untyped-def]
    """It is said, and the images are read anew."""
    root = source(tmp_path / "a")
    settings = dataset(source=Written(), dir=root)
    first = settings.load().fingerprint
    [entry] = entries(cache)
    damage(entry)
    data = settings.load()
    assert (data.fingerprint, times_read(root)) == (first, 2)
    [told] = [message for message in caplog.messages if "damaged" in message]
    assert told.startswith(f"{entry}: what the cache has of small is damaged (")
    assert told.endswith("). It is read anew")
    assert equal(data, settings.load())
    assert times_read(root) == 2


LOAD = (
    "import logging, sys; from pathlib import Path; from data_files import dataset; "
    "from test_image_cache import Written; logging.basicConfig(level='INFO', stream=sys.stdout); "
    "data = dataset(source=Written({side}, {seconds}), dir=Path({root!r})).load(); print(data.fingerprint)"
)


def start(root: Path, *, side: int = 20, seconds: float = 0.0, before: str = "") -> subprocess.Popen[str]:
    """A process that loads the images of a source and prints their fingerprint."""
    tests = ROOT / "tests"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, tests, tests / "data")))}
    code = before + LOAD.format(side=side, seconds=seconds, root=str(root))
    return subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)


def test_of_processes_that_start_together_one_reads_and_the_others_wait(tmp_path: Path, cache: Path) -> None:
    root = source(tmp_path / "a")
    processes = [start(root, seconds=3) for _ in range(3)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert times_read(root) == 1
    assert len({text.splitlines()[-1] for text in said}) == 1
    assert sum("kept for the next start" in text for text in said) == 1
    assert any("another process reads these images. Waiting for it" in text for text in said)


@pytest.mark.fault("kills", "a process is killed while it writes the cache of images")
def test_a_process_that_is_killed_while_it_writes_leaves_nothing_that_is_used(tmp_path: Path, cache: Path) -> None:
    """Nothing that it left is used, and the next start removes it."""
    root = source(tmp_path / "a")
    process = start(root, side=600)
    unfinished: list[Path] = []
    while not unfinished and process.poll() is None:
        unfinished = [path for path in cache.glob("*.unfinished/*-images.npy") if path.stat().st_size]
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert unfinished
    assert not entries(cache), "it was killed before it was done"
    settings = dataset(source=Written(600), dir=root)
    settings.load()
    assert times_read(root) == 2
    settings.load()
    assert times_read(root) == 2
    assert not list(cache.glob("*.unfinished"))


def test_the_cache_is_bounded_by_what_was_used_last_but_for_what_is_in_use(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setenv("VAE_CACHE_GB", "0.00004")  # two data sets of 16 kB, not three
    roots = [source(tmp_path / name) for name in "abcd"]
    settings = [dataset(source=Written(), dir=root) for root in roots]
    for each in settings[:2]:
        each.load()
    for entry, age in zip(entries(cache), (3, 2), strict=True):
        os.utime(entry / PAGE, (time.time() - age, time.time() - age))
    settings[0].load()  # now the first is the one that was used last
    in_use = settings[2].load()
    told = [message for message in caplog.messages if "removed from the cache" in message]
    assert len(told) == 1
    assert "which may hold 0.0 MB (VAE_CACHE_GB); it was last used 20" in told[0]
    settings[0].load()
    assert [times_read(root) for root in roots[:3]] == [1, 1, 1]
    second = settings[1].load()
    assert times_read(roots[1]) == 2, "it was removed"
    settings[2].load()
    assert times_read(roots[2]) == 1, "it was not, as it was in use"
    caplog.clear()
    fourth = settings[3].load()
    assert not isinstance(fourth.train.images, np.memmap)
    assert "small: 0.0 MB of images are not kept in the cache, which may hold 0.0 MB with all that is in" in caplog.text
    assert equal(in_use, settings[2].load())
    assert len(second.train) == len(fourth.train) == 18


def test_no_cache_is_made_where_none_is_wanted_or_reading_is_quick(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded("digits")
    write_idx_set(tmp_path / "mnist")
    loaded("mnist", f"dir={tmp_path}")
    dataset().load()
    monkeypatch.setenv("VAE_CACHE_GB", "0")
    loaded("folder", f"dir={folder_of_images(tmp_path / 'pets')}", *SIZE)
    assert not cache.exists()


@pytest.mark.parametrize("size", ["much", "-1", "nan"])
def test_a_size_that_is_none_is_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    monkeypatch.setenv("VAE_CACHE_GB", size)
    told = refusal(dataset(source=Written(), dir=source(tmp_path / "a")).load)
    assert told.startswith(f"VAE_CACHE_GB={size}: expected how many gigabytes of images may be kept in the cache, such")
    assert told.endswith("Set another number, or 0 to keep none")


@pytest.mark.fault("disk", "the folder of the cache cannot be written to")
def test_a_place_that_cannot_be_written_costs_the_cache_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The images are not kept, which is said, and the training goes on."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("VAE_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert len(dataset(source=Written(), dir=source(tmp_path / "a")).load().train) == 18
    [told] = caplog.messages
    assert told.startswith(
        f"{tmp_path / 'file' / 'cache'}: no cache of images (Not a directory), so that small is read"
    )
    assert told.endswith("Set VAE_CACHE_DIR to a folder on a disk of this machine")


@pytest.mark.fault("disk", "the disk of the cache is full")
def test_a_full_disk_costs_the_cache_and_not_the_training(tmp_path: Path, cache: Path) -> None:
    """The images are not kept, which is said, and the training goes on."""
    root = source(tmp_path / "a")
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)); "
    said = start(root, before=full).communicate(timeout=60)[0]
    assert "File too large. small is read without a cache" in said
    assert said.splitlines()[-1] == dataset(source=Written(), dir=root).load().fingerprint
    assert not list(cache.glob("*.unfinished"))


def test_the_cache_is_emptied_but_for_what_is_in_use(tmp_path: Path, cache: Path) -> None:
    assert clear_cache() == "The cache of images is empty"
    used = dataset(source=Written(), dir=source(tmp_path / "a")).load()
    dataset(source=Written(), dir=source(tmp_path / "b")).load()
    assert clear_cache() == f"1 item removed from {cache}, 0.0 MB; 1 in use stays"
    assert len(used.train) == 18
    del used
    assert clear_cache() == f"1 item removed from {cache}, 0.0 MB"
    assert {path.suffix for path in cache.iterdir()} == {".lock"}


@pytest.mark.parametrize("binarisation", ["none", "fixed"])
def test_pixels_do_not_depend_on_the_size_of_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, binarisation: str
) -> None:
    monkeypatch.setenv("VAE_CACHE_GB", "0")
    (tmp_path / "bad").mkdir()
    root = folder_of_images(tmp_path / "pets")
    (root / "cats" / "00.png").touch()
    (root / "dogs" / "2.png").touch()
    overrides = (
        f"dir={root}",
        *SIZE,
        "source.skip_unreadable=true",
        "source.white=200",
        f"binarisation={binarisation}",
    )
    whole = loaded("folder", *overrides)
    monkeypatch.setattr(chunks, "CHUNK", 50)  # bytes: three images of 16 pixels
    assert equal(whole, loaded("folder", *overrides))


def test_room_is_taken_by_data_that_are_being_written_until_their_process_is_gone(tmp_path: Path) -> None:
    place = CachePlace(tmp_path, limit=100)
    one, another = tmp_path / "one", tmp_path / "another"
    with locked(one):
        assert make_room(place, one, 60)
        assert not make_room(place, another, 60), "both would be written at once"
        assert make_room(place, another, 40)
        release_room(another)
    assert make_room(place, another, 60), "whoever wrote the first was killed"


def test_nothing_is_removed_for_data_that_would_not_fit_into_an_empty_cache(tmp_path: Path, cache: Path) -> None:
    root = source(tmp_path / "a")
    dataset(source=Written(), dir=root).load()
    [kept] = entries(cache)
    assert not make_room(CachePlace(cache, limit=50_000), cache / "larger", 50_001)
    assert entries(cache) == [kept]
    held = dataset(source=Written(), dir=source(tmp_path / "b")).load()
    assert isinstance(held.train.images, np.memmap)
    assert not make_room(CachePlace(cache, limit=50_000), cache / "large", 49_999), "what is in use stays"
    assert len(entries(cache)) == 2
    del held
    assert make_room(CachePlace(cache, limit=50_000), cache / "large", 49_999)
    assert entries(cache) == []
