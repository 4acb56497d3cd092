"""Downloads, from a server on this machine."""

import hashlib
import io
import socket
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import idx_node, pixels, refusal, serving, write_idx, write_idx_set

from pipeline.config.build import build
from pipeline.data.download import PublishedFile, download
from pipeline.data.emnist import Emnist


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def published(tmp_path: Path) -> dict[str, bytes]:
    """The four files of a data set, by name."""
    write_idx_set(tmp_path / "published")
    return {path.name: path.read_bytes() for path in (tmp_path / "published").iterdir()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "data" / "tiny"


def at(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"/{folder}{name}": content for name, content in files.items()}


def load(home: Path, mirrors: list[str], published: dict[str, bytes]) -> Any:
    return build(idx_node(mirrors, published) | {"dir": str(home.parent)}, "dataset").load()


def visible(folder: Path) -> list[str]:
    """Files that are there, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".download.lock")


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def test_missing_files_are_downloaded_once(home: Path, published: dict[str, bytes]) -> None:
    with serving(at("", published)) as server:
        first = load(home, [server.address], published)
        second = load(home, [server.address], published)
    assert first.fingerprint == second.fingerprint
    assert sorted(server.asked) == sorted(f"/{name}" for name in published)
    assert visible(home) == sorted(published)


def test_only_what_is_missing_is_downloaded(home: Path, published: dict[str, bytes]) -> None:
    names = sorted(published)
    home.mkdir(parents=True)
    for name in names[1:]:
        (home / name).write_bytes(published[name])
    with serving(at("", published)) as server:
        load(home, [server.address], published)
    assert server.asked == [f"/{names[0]}"]


def test_files_of_the_user_are_neither_checked_against_the_hash_nor_replaced(
    home: Path, published: dict[str, bytes]
) -> None:
    write_idx_set(home, train=9)
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    with serving(at("", published)) as server:
        data = load(home, [server.address], published)
    assert len(data.train) + len(data.validation) == 9
    assert server.asked == []
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


def test_the_next_mirror_is_asked_when_one_fails(home: Path, published: dict[str, bytes]) -> None:
    with serving(at("good/", published) | at("bad/", dict.fromkeys(published, b"other"))) as server:
        mirrors = [closed_port(), f"{server.address}nothing/", f"{server.address}bad/", f"{server.address}good/"]
        assert len(load(home, mirrors, published).test) == 6
    assert visible(home) == sorted(published)


def test_when_all_mirrors_fail_each_is_listed_with_its_reason(home: Path, published: dict[str, bytes]) -> None:
    with serving(at("bad/", dict.fromkeys(published, b"other")) | at("cut/", published)) as server:
        server.cut = {f"/cut/{name}" for name in published}
        mirrors = [closed_port(), *(f"{server.address}{folder}/" for folder in ("nothing", "bad", "cut"))]
        text = refusal(lambda: load(home, mirrors, published))
    lines = text.splitlines()
    assert "is missing and could not be downloaded:" in lines[0]
    for line, mirror in zip(lines[1:5], mirrors, strict=True):
        assert line.startswith(f"  {mirror}")
    assert "no connection. Is there a network" in lines[1]
    assert "the server answered 404" in lines[2]
    assert f"MD5 is {hashlib.md5(b'other').hexdigest()}, expected " in lines[3]
    assert "the connection broke before the end of the file" in lines[4]
    assert lines[5].startswith(f"Put these files into {home}: ")
    assert all(name in lines[5] for name in published)
    assert "dataset.dir=" in lines[5]
    assert "VAE_DATA_DIR" in lines[5]
    assert visible(home) == []


def test_a_mirror_that_does_not_answer_is_left(
    home: Path, published: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.data.download.TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert "no answer within 0.1 s" in refusal(lambda: load(home, [mirror], published))


def test_an_interrupted_download_leaves_no_file(
    home: Path, published: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between the last byte and the check of the hash."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pooch.core.hash_matches", interrupted)
    with serving(at("", published)) as server, pytest.raises(KeyboardInterrupt):
        load(home, [server.address], published)
    assert visible(home) == []


def test_two_processes_download_each_file_once(home: Path, published: dict[str, bytes]) -> None:
    with serving(at("", published)) as server, ThreadPoolExecutor(4) as pool:
        prints = {data.fingerprint for data in pool.map(lambda _: load(home, [server.address], published), range(4))}
    assert len(prints) == 1
    assert len(server.asked) == len(published)


def test_without_a_hash_nothing_is_downloaded(tmp_path: Path) -> None:
    file = PublishedFile("a", None)
    with serving({"/a": b""}) as server:
        text = refusal(lambda: download(file, [server.address], tmp_path, "Place it."))
    assert text == "a is missing, and cannot be downloaded without its MD5 and an address. Place it."
    assert server.asked == []


def test_a_folder_that_cannot_be_written_to_is_refused(home: Path, published: dict[str, bytes]) -> None:
    home.parent.mkdir()
    home.touch()
    with serving(at("", published)) as server:
        text = refusal(lambda: load(home, [server.address], published))
    assert text.startswith(
        f"{home}: files are missing, and cannot be downloaded, because this folder cannot be written to (File exists). "
    )
    assert "dataset.dir=" in text


def test_a_full_disk_is_no_fault_of_the_mirror(
    home: Path, published: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pooch.retrieve", full)
    text = refusal(lambda: load(home, ["http://127.0.0.1:9/"], published))
    assert text.startswith(
        f"{home}: files are missing, and cannot be downloaded, because this folder cannot be written to (No space left"
    )


def emnist_archive(tmp_path: Path, leave_out: str = "nothing") -> bytes:
    """A zip like NIST's: the letters among other parts, in a folder."""
    folder = tmp_path / "zipped"
    for part, number in (("train", 6), ("test", 4)):
        write_idx(folder / f"emnist-letters-{part}-images-idx3-ubyte.gz", pixels(number, 28, 28))
        write_idx(folder / f"emnist-letters-{part}-labels-idx1-ubyte.gz", np.arange(number) % 2 + 1)
    (folder / "emnist-letters-mapping.txt").write_bytes(b"1 65 97\r\n2 66 98\r\n")
    (folder / "emnist-digits-mapping.txt").write_bytes(b"0 48\n")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.iterdir()):
            if leave_out not in path.name:
                archive.write(path, f"gzip/{path.name}")
    return buffer.getvalue()


def emnist(content: bytes, mirror: str) -> Emnist:
    md5 = hashlib.md5(content).hexdigest()
    return Emnist(part="letters", folder="emnist-letters", archive="gzip.zip", md5=md5, mirrors=[mirror])


LETTERS = [
    "emnist-letters-mapping.txt",
    "emnist-letters-test-images-idx3-ubyte.gz",
    "emnist-letters-test-labels-idx1-ubyte.gz",
    "emnist-letters-train-images-idx3-ubyte.gz",
    "emnist-letters-train-labels-idx1-ubyte.gz",
]


def test_of_an_archive_only_the_part_is_kept(tmp_path: Path) -> None:
    content = emnist_archive(tmp_path)
    with serving({"/gzip.zip": content}) as server:
        source = emnist(content, server.address)
        published = source.read(tmp_path)
        source.read(tmp_path)
    assert visible(tmp_path / "emnist-letters") == LETTERS
    assert server.asked == ["/gzip.zip"]
    assert published.class_names == ("A", "B")
    np.testing.assert_array_equal(published.train.images[..., 0], pixels(6, 28, 28).transpose(0, 2, 1))


def test_an_archive_placed_by_hand_is_used_and_stays(tmp_path: Path) -> None:
    content, home = emnist_archive(tmp_path), tmp_path / "emnist-letters"
    home.mkdir()
    (home / "gzip.zip").write_bytes(content)
    assert len(emnist(content, closed_port()).read(tmp_path).test) == 4
    assert visible(home) == [*LETTERS, "gzip.zip"]


@pytest.mark.parametrize(
    ("content", "phrase"),
    [(b"no zip", "gzip.zip: damaged or no zip archive"), (None, "holds no emnist-letters-test-images-idx3-ubyte.gz")],
)
def test_a_wrong_archive_is_refused(tmp_path: Path, content: bytes | None, phrase: str) -> None:
    content = content or emnist_archive(tmp_path, leave_out="letters-test-images")
    home = tmp_path / "emnist-letters"
    home.mkdir()
    (home / "gzip.zip").write_bytes(content)
    assert phrase in refusal(lambda: emnist(content, closed_port()).read(tmp_path))


def test_an_archive_that_cannot_be_had_leaves_nothing_and_names_what_to_place(tmp_path: Path) -> None:
    text = refusal(lambda: emnist(b"", closed_port()).read(tmp_path))
    assert "gzip.zip is missing and could not be downloaded:" in text
    assert f"Put these files into {tmp_path / 'emnist-letters'}: emnist-letters-train-images-idx3-ubyte.gz" in text
    assert visible(tmp_path / "emnist-letters") == []


def test_an_address_that_sends_without_end_is_given_up(
    home: Path, published: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.data.download.LARGEST", 4000)
    with serving(at("", dict.fromkeys(published, bytes(5000)))) as server:
        told = refusal(lambda: load(home, [server.address], published))
    assert "more than 4,000 bytes: not the published file" in told
    assert visible(home) == []
