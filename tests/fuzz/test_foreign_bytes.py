"""Whatever bytes a file has, whoever reads it gives its content or an `InputError` that names the file, and soon.

`FUZZ=100000` in the environment tries that many files of each kind, instead of some hundred.
"""

import gzip
import json
import os
import shutil
import time
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from PIL import Image

from pipeline.bundling.bundle_file import unpacked
from pipeline.bundling.contents import Head
from pipeline.data.csv_images import read_table
from pipeline.data.emnist import read_mapping
from pipeline.data.idx import read_idx
from pipeline.data.image_file import Conversion
from pipeline.data.levels import Levels
from pipeline.data.npz import Npz
from pipeline.errors import InputError
from pipeline.evaluation.image_scores import ImageScores, image_table
from pipeline.runs.recorded_config import parsed_config
from pipeline.sweep.study.copied_study import StudyInJournal
from pipeline.sweep.study.study import Study
from pipeline.tracking.measurement import measured
from pipeline.tracking.model.logged_model import check_model
from pipeline.tracking.outbox.contents import Begun, Line
from pipeline.tracking.outbox.lines import Lines, parsed
from pipeline.tracking.request import numbers, read
from pipeline.tracking.ui.travelling_page import check_page
from pipeline.tracking.writes import Batch, File
from pipeline.training.checkpoint import history_in

TRIED = int(os.environ.get("FUZZ", "200"))
SLOWEST = 20.0
"""Seconds in which a file of some kilobytes must be refused, on a machine that does much else."""
FUZZED = settings(
    max_examples=TRIED,
    deadline=None,
    derandomize="FUZZ" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
)
NPZ = dict.fromkeys(("train_images", "train_labels", "validation_images", "validation_labels"))
NPZ |= dict.fromkeys(("test_images", "test_labels", "class_names", "black", "white"))


def mutated(valid: bytes) -> st.SearchStrategy[bytes]:
    """Files like a valid one, some of whose bytes are others, missing or more; and files of any bytes."""
    place = st.integers(0, max(0, len(valid) - 1))
    edit = st.tuples(st.sampled_from(["flip", "set", "cut", "insert", "repeat", "end"]), place, st.binary(max_size=8))

    def edited(edits: Sequence[tuple[str, int, bytes]]) -> bytes:
        content = bytearray(valid)
        for kind, at, some in edits:
            if kind == "flip" and at < len(content):
                content[at] ^= some[0] if some else 0x80
            elif kind == "set":
                content[at : at + len(some)] = some
            elif kind == "cut":
                del content[at : at + 1 + len(some)]
            elif kind == "insert":
                content[at:at] = some
            elif kind == "repeat":
                content[at:at] = content[at : at + 64] * 8
            elif kind == "end":
                del content[at:]
        return bytes(content)

    return st.one_of(st.lists(edit, min_size=1, max_size=6).map(edited), st.binary(max_size=300))


def packed(array: np.ndarray | None = None, **arrays: np.ndarray) -> bytes:
    """An `.npz` file."""
    file = BytesIO()
    np.savez(file, **({"progress": array} if array is not None else arrays))
    return file.getvalue()


def image(kind: str) -> bytes:
    """An image file."""
    file = BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(file, kind)
    return file.getvalue()


def archive(**files: bytes) -> bytes:
    """A zip archive that is not compressed."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name.replace("__", "."), content)
    return file.getvalue()


def npz_images(path: Path) -> None:
    published = Npz(test=0.2, **NPZ).read(path)
    for split in (published.train, published.test):
        assert len(split.images) >= 0


def bundle(path: Path) -> None:
    with unpacked(path) as folder:
        parsed(str(path), Head.model_validate_json, (folder / "bundle.json").read_bytes())


def run_of_an_outbox(path: Path) -> None:
    parsed(str(path), Begun.model_validate_json, path.read_bytes())


def model(path: Path) -> None:
    folder = path.parent / "model"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(path, folder / "MLmodel")
    check_model(folder, ["MLmodel"])


def refusal(reader: Callable[[], Any]) -> str | None:
    """The message of an `InputError`; None if there is none. Anything else fails the test."""
    try:
        reader()
    except InputError as error:
        return str(error)
    return None


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


CONVERSION = Conversion(height=4, width=4, channels=1, background="white", levels=Levels(None, None))
LINES = "".join(
    Line(number=number, write=write).model_dump_json() + "\n"
    for number, write in enumerate((Batch(params={"a": "1"}, metrics=measured({"m": 1.0}, 3)), File(path="a/b")), 1)
)
BEGUN = Begun(outbox=uuid4().hex, run_id=uuid4().hex, here=True, experiment="e", name="n", started=5)
IDX = bytes([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 4]) + bytes(range(48))
PROGRESS = {"epochs_done": 1, "history": {"loss": [1.0]}, "stopping": {}, "best_weights": 0}
MLMODEL = """flavors:
  keras: {data: data, keras_backend: tensorflow}
  python_function: {loader_module: pipeline.tracking.model.served}
model_uuid: a
utc_time_created: '2026-01-01 00:00:00'
"""
ORIGIN = {"split": "test", "fingerprint": "f", "likelihood": "Bernoulli", "seed": 0, "importance_samples": 5}
SCORES = ImageScores(table=image_table(*np.ones((5, 30))), **ORIGIN)
READERS: dict[str, tuple[bytes, Callable[[Path], Any]]] = {
    "idx": (IDX, lambda path: read_idx(path, 3)),
    "idx.gz": (gzip.compress(IDX), lambda path: read_idx(path, 3)),
    "csv": (b"1,0,255,3,4\n2,5,6,7,8\n", read_table),
    "mapping.txt": (b"0 65 97\n1 66 98\n", read_mapping),
    "npz": (packed(images=np.zeros((9, 4, 4), np.uint8), labels=np.arange(9)), npz_images),
    "png": (image("png"), CONVERSION.read),
    "jpeg": (image("jpeg"), CONVERSION.read),
    "tiff": (image("tiff"), CONVERSION.read),
    "gif": (image("gif"), CONVERSION.read),
    "checkpoint.npz": (packed(np.array(json.dumps(PROGRESS))), history_in),
    "writes.jsonl": (LINES.encode(), lambda path: list(Lines(path).after(0))),
    "run.json": (BEGUN.model_dump_json().encode(), run_of_an_outbox),
    "bundle.zip": (archive(bundle__json=json.dumps({"format": 1, "runs": ["a" * 32]}).encode()), bundle),
    "MLmodel": (MLMODEL.encode(), model),
    "page.txt": (b"deflate;" + b64encode(zlib.compress(b'{"a": 1}')), lambda path: check_page(text_of(path))),
    "scores.parquet": (SCORES.parquet, lambda path: ImageScores.read(path.read_bytes(), path.name)),
    "config.yaml": (yaml.safe_dump({"tracking": {"uri": None}, "model": {"hidden": [3]}}).encode(), None),
}
READERS["config.yaml"] = (READERS["config.yaml"][0], lambda path: parsed_config(text_of(path), path.name))
UNNAMED = ("MLmodel", "page.txt", "png", "jpeg", "tiff", "gif")
"""Files whose message is completed by whoever knows what they are of."""


@pytest.mark.parametrize("kind", READERS)
def test_a_file_is_read_or_refused_by_its_name(tmp_path: Path, kind: str) -> None:
    valid, reader = READERS[kind]
    path = tmp_path / f"file.{kind}" if "." not in kind else tmp_path / kind
    path.write_bytes(valid)
    reader(path)
    outcomes = {"read": 0, "refused": 0}

    @FUZZED
    @given(mutated(valid))
    def tried(content: bytes) -> None:
        path.write_bytes(content)
        began = time.monotonic()
        said = refusal(lambda: reader(path))
        assert time.monotonic() - began < SLOWEST
        outcomes["read" if said is None else "refused"] += 1
        assert said is None or kind in UNNAMED or path.name in said

    tried()
    assert outcomes["refused"] > 0.2 * TRIED, "hardly any file was damaged"


def test_a_journal_is_read_or_refused(plan, tmp_path: Path) -> None:
    study = Study(plan())
    study.run_id = "a" * 32
    assert study.key
    valid = (tmp_path / "studies" / "mine.journal").read_bytes()
    path = tmp_path / "study.journal"
    path.write_bytes(valid)
    StudyInJournal(path, ["a" * 32])

    @FUZZED
    @given(mutated(valid))
    def tried(content: bytes) -> None:
        path.write_bytes(content)
        said = refusal(lambda: StudyInJournal(path, ["a" * 32]))
        assert said is None or "The journal of the study is damaged" in said or "the name of the study" in said

    tried()


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=30,
)
INPUTS = st.dictionaries(st.sampled_from(["images", "latents", "other"]), NESTED, max_size=2) | NESTED
PARAMS = st.none() | NESTED | st.dictionaries(st.sampled_from(["task", "n", "seed", "temperature"]), NESTED, max_size=3)


@FUZZED
@given(INPUTS, PARAMS)
def test_a_request_is_understood_or_refused(given_input: Any, params: Any) -> None:
    try:
        request = read(given_input, params)
        if request.task != "sample":
            numbers(request, (2,), "[number, latent_dim]")
    except (InputError, MlflowException):
        pass
