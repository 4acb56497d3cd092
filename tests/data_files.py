"""Small data sets written to disk for the tests of `pipeline.data`, and a server to download them from."""

import gzip
import hashlib
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from PIL import Image

from pipeline.config.build import build, check
from pipeline.config.composition import TRAIN
from pipeline.data.factors import Factor
from pipeline.data.images import ImageData, Split
from pipeline.data.settings import DatasetSettings
from pipeline.data.source import Published
from pipeline.errors import InputError
from pipeline.places import CONF

IDX_FILES = {
    ("train", "images"): "train-images-idx3-ubyte.gz",
    ("train", "labels"): "train-labels-idx1-ubyte.gz",
    ("test", "images"): "t10k-images-idx3-ubyte.gz",
    ("test", "labels"): "t10k-labels-idx1-ubyte.gz",
}

real_data = pytest.mark.skipif(
    not os.environ.get("VAE_DATA_DIR"),
    reason="needs the real data: set VAE_DATA_DIR to the folder with mnist/, fashion-mnist/ and emnist-letters/",
)


def pixels(*shape: int, seed: int = 0) -> np.ndarray:
    """Random uint8 pixels."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def split(number: int, classes: int = 4, seed: int = 0) -> Split:
    """Different images, with labels 0, 1, 2 … in turn."""
    return Split(pixels(number, 4, 4, 1, seed=seed), np.arange(number, dtype=np.int64) % classes)


@dataclass(frozen=True)
class Memory:
    """A source of 40 + 20 images in 4 classes that needs no files."""

    train: Split = field(default_factory=lambda: split(40))
    test: Split = field(default_factory=lambda: split(20, seed=1))
    names: tuple[str, ...] = ("0", "1", "2", "three")
    factors: tuple[Factor, ...] = ()

    def read(self, directory: Path | None) -> Published:
        return Published(self.train, self.test, self.names, "memory", factors=self.factors)


def dataset(**changes: Any) -> DatasetSettings:
    """Settings around `Memory`, with whatever is changed."""
    settings: dict[str, Any] = {
        "name": "small",
        "source": Memory(),
        "dir": None,
        "limit": None,
        "classes": None,
        "train": "train",
        "validation": 0.1,
        "binarisation": "none",
        "seed": 0,
    }
    return DatasetSettings(**check(DatasetSettings, settings | changes, "dataset"))


def idx_bytes(array: np.ndarray) -> bytes:
    """The array as an IDX file."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def write_idx(path: Path, array: np.ndarray) -> None:
    """An IDX file, gzipped if its name says so."""
    content = idx_bytes(array.astype(np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_idx_set(
    folder: Path,
    *,
    train: int = 12,
    test: int = 6,
    unpacked: bool = False,
    change: Callable[[np.ndarray], np.ndarray] = lambda images: images,
) -> None:
    """A data set of three classes and 5x4 pixels, changed, in four files."""
    for (part, kind), name in IDX_FILES.items():
        number = train if part == "train" else test
        array = change(pixels(number, 5, 4, seed=number)) if kind == "images" else np.arange(number) % 3
        write_idx(folder / (name.removesuffix(".gz") if unpacked else name), array)


def idx_node(mirrors: list[str] | None = None, content: dict[str, bytes] | None = None) -> dict[str, Any]:
    """A node as in a YAML file, for a data set called `tiny`. Its hashes are those of `content`."""
    files = {f"{part}_{kind}": name for (part, kind), name in IDX_FILES.items()}
    hashes = {role: hashlib.md5(content[name]).hexdigest() for role, name in files.items()} if content else {}
    source = {
        "_target_": "pipeline.data.idx.Idx",
        "folder": "tiny",
        **files,
        "md5": hashes,
        "mirrors": mirrors or [],
        "class_names": ["o", "ki", "su"],
    }
    return {
        "_target_": "pipeline.data.settings.DatasetSettings",
        "name": "tiny",
        "source": source,
        "dir": None,
        "limit": None,
        "classes": None,
        "train": "train",
        "validation": 2,
        "binarisation": "none",
        "seed": 0,
    }


def refusal(call: Callable[[], Any]) -> str:
    """The text of the `InputError` that the call must end in."""
    with pytest.raises(InputError) as caught:
        call()
    return str(caught.value)


FOLDER = CONF / "dataset"


def node(name: str, *overrides: str) -> dict[str, Any]:
    """A node of `conf/dataset` as a door gets it."""
    in_group = [f"dataset.{each}" for each in overrides]
    with initialize_config_dir(str(TRAIN.root), version_base="1.3"):
        composed = compose(TRAIN.name, [f"dataset={name}", *in_group])
    return OmegaConf.to_container(composed.dataset, resolve=True)  # type: ignore[return-value]


def loaded(name: str, *overrides: str) -> ImageData:
    """What a command line with these overrides loads; without Hydra's composing, which takes longer than small data."""
    files = (CONF / "bases" / "dataset.yaml", FOLDER / f"{name}.yaml")
    settings = OmegaConf.merge(*map(OmegaConf.load, files))
    settings.pop("defaults")
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        OmegaConf.update(settings, override.key_or_group.removeprefix("dataset."), override.value())
    data: ImageData = build(OmegaConf.to_container(settings, resolve=True), "dataset").load()  # type: ignore[arg-type]
    return data


def cures_of(told: str) -> list[list[str]]:
    """The settings that a message offers, those of each sentence together; one before a colon is what was given."""
    setting = r"""'dataset\.[\w.]+=(?:[^']|'"'"')+'|dataset\.[\w.]+=\S+"""
    sentences = [re.findall(setting, part) for part in told.split(". Or")]
    offered = [[shlex.split(each)[0].rstrip(".,") for each in found if each[-1] != ":"] for found in sentences]
    return [found for found in offered if found]


def run_line(told: str) -> None:
    """Types the command that a message offers."""
    [line] = re.findall(r"^  (python -c .*)$", told, re.MULTILINE)
    subprocess.run([sys.executable, *shlex.split(line)[1:]], check=True)


@dataclass
class Server:
    """What a server on this machine serves, and what it was asked for.

    Attributes:
        content: bytes by path.
        cut: paths whose answer breaks off in the middle.
    """

    content: dict[str, bytes]
    address: str = ""
    cut: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(content: dict[str, bytes]) -> Iterator[Server]:
    """A server for as long as the block lasts; `address` ends with a slash."""
    server = Server(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            body = server.content.get(self.path)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if self.path in server.cut else body)

        def log_message(self, *_: Any) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{listener.server_address[1]}/"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def write_image(path: Path, array: np.ndarray | None = None, **options: object) -> Path:
    """An image file; without an array its pixels are random, and others for each path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = pixels(4, 4, seed=sum(os.fsencode(path))) if array is None else array
    Image.fromarray(picture).save(path, **options)  # type: ignore[arg-type]
    return path
