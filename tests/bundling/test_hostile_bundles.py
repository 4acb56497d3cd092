"""Damaged and hostile bundles are refused by what is wrong with them, before anything of them is used."""

import json
import stat
import warnings
import zlib
from base64 import b64encode
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
import optuna
import pytest
from privileges import unprivileged
from rich.console import Console

from pipeline import places
from pipeline.bundling import bundle_file, unpack
from pipeline.bundling.pack import pack
from pipeline.errors import InputError
from pipeline.sweep.study.copied_study import copy_to_journal
from pipeline.sweep.study.study import Study
from pipeline.tracking.file_path import paths_below
from pipeline.tracking.lifecycle import start_run
from pipeline.tracking.outbox.contents import Begun, Line
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.store import Store
from pipeline.tracking.writes import Batch, ExperimentTag, File, Registration, Removal, Status, Write

RUN = "a" * 32
Files = dict[str, bytes]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """The files of a bundle with one run."""
    begun = Begun(outbox=uuid4().hex, run_id=RUN, here=True, experiment="e", name="n", started=5)
    begun = begun.model_copy(update={"tags": {begun.delivered_tag: "0"}})
    outbox = Outbox.made(tmp_path / "outbox", begun)
    (tmp_path / "text.txt").write_text("content")
    outbox.append(Batch(params={"p": "1"}), File(path="text.txt"), Status(status="FINISHED", ended=7), folder=tmp_path)
    names = ("run.json", "writes.jsonl", "files/2/text.txt")
    head = json.dumps({"format": 1, "runs": [RUN]}).encode()
    return {"bundle.json": head} | {f"runs/{RUN}/{name}": (outbox.folder / name).read_bytes() for name in names}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of what commands leave."""
    monkeypatch.setattr(bundle_file, "MLRUNS", tmp_path / "mlruns")
    monkeypatch.setattr(places, "CHECKPOINTS", tmp_path / "mlruns" / "checkpoints")
    monkeypatch.setattr(places, "STUDIES", tmp_path / "mlruns" / "studies")
    return tmp_path / "mlruns"


@pytest.fixture
def imported(home: Path, tmp_path: Path) -> Callable[[Path], str]:
    """Import a bundle into an empty store, and give what is said; a bundle that is refused must leave nothing."""
    store = Store(f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}")

    def unpacked(file: Path) -> str:
        console = Console(file=StringIO(), width=200)
        try:
            unpack.unpack(file, store, None, console)
        finally:
            assert not list(home.glob("unpacked_*"))
        return console.file.getvalue()  # type: ignore[attr-defined]

    def import_or_leave_nothing(file: Path) -> str:
        before = sorted(tmp_path.rglob("*"))
        try:
            return unpacked(file)
        except InputError:
            assert store.search(store.experiments) == []
            left = {
                path for path in set(tmp_path.rglob("*")) - set(before) if path.name not in ("mlruns", "unpacked.lock")
            }
            assert not left
            raise

    return import_or_leave_nothing


def archive(path: Path, files: Files, method: int = ZIP_STORED) -> Path:
    """A zip archive with these files."""
    with ZipFile(path, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def test_what_is_not_hostile_is_imported(imported, files: Files, tmp_path: Path) -> None:
    assert f"n: imported as run {RUN}" in imported(archive(tmp_path / "bundle.zip", files))


@pytest.mark.fault("damaged", "a bundle has paths that lead elsewhere")
@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/outside",
        f"runs/{RUN}/files/1/../../../../outside",
        f"runs/{RUN}/files/1/a\\..\\b",
        f"runs/{RUN}/files/1/folder/",
        "C:outside",
        "checkpoints/../../outside.npz",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(imported, files: Files, tmp_path: Path, name: str) -> None:
    """It is refused, and nothing of it is used."""
    with pytest.raises(InputError, match="in it is a path that leads elsewhere, or to a folder, which no bundle has"):
        imported(archive(tmp_path / "bundle.zip", files | {name: b"hostile"}))


@pytest.mark.parametrize("name", ["setup.py", f"runs/{RUN}/lock", "runs/b/run.json", "checkpoints/x.npz", "mlflow.db"])
def test_a_file_of_another_kind_is_refused(imported, files: Files, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"'{name}' in it is a file of another kind, which no bundle has: refused"):
        imported(archive(tmp_path / "bundle.zip", files | {name: b"hostile"}))


def test_a_run_that_comes_before_its_parent_is_refused(imported, files: Files, tmp_path: Path) -> None:
    parent = "b" * 32
    head = {"bundle.json": json.dumps({"format": 1, "runs": [RUN, parent]}).encode()}
    begun = json.loads(files[f"runs/{RUN}/run.json"])
    child = begun | {"tags": begun["tags"] | {"mlflow.parentRunId": parent}}
    same = {name.replace(RUN, parent): content for name, content in files.items() if name.startswith("runs/")}
    same[f"runs/{parent}/run.json"] = json.dumps(begun | {"run_id": parent}).encode()
    hostile = files | head | same | {f"runs/{RUN}/run.json": json.dumps(child).encode()}
    with pytest.raises(InputError, match=f"run {RUN} comes before its parent {parent}"):
        imported(archive(tmp_path / "bundle.zip", hostile))
    ordered = hostile | {"bundle.json": json.dumps({"format": 1, "runs": [parent, RUN]}).encode()}
    assert f"n: imported as run {RUN}" in imported(archive(tmp_path / "bundle.zip", ordered))


def test_a_link_is_refused(imported, files: Files, tmp_path: Path) -> None:
    path = archive(tmp_path / "bundle.zip", files)
    link = ZipInfo(f"runs/{RUN}/files/1/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with ZipFile(path, "a") as packed:
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="is no regular file, which no bundle has"):
        imported(path)


@pytest.mark.fault("damaged", "a bundle would unpack to more than it is")
def test_bombs_are_refused_without_being_unpacked(imported, files: Files, tmp_path: Path) -> None:
    """It is refused without being unpacked."""
    path = archive(tmp_path / "bundle.zip", files | {f"runs/{RUN}/files/9/zeros": bytes(50_000_000)}, ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="is compressed, which no bundle has"):
        imported(path)
    overlapping = archive(tmp_path / "overlapping.zip", files | {f"runs/{RUN}/files/9/x": bytes(10_000)})
    with ZipFile(overlapping, "a") as packed:
        known = packed.getinfo(f"runs/{RUN}/files/9/x")
        for number in range(100):  # all of them the same bytes
            again = ZipInfo(f"runs/{RUN}/files/{number + 10}/x")
            again.CRC, again.file_size, again.compress_size = known.CRC, known.file_size, known.compress_size
            again.header_offset = known.header_offset
            packed.filelist.append(again)
            packed.NameToInfo[again.filename] = again
        packed._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="larger unpacked than packed"):
        imported(overlapping)


def test_names_that_are_there_twice_or_are_files_and_folders_are_refused(
    imported, files: Files, tmp_path: Path
) -> None:
    path = archive(tmp_path / "bundle.zip", files)
    with ZipFile(path, "a") as packed, warnings.catch_warnings(action="ignore"):
        packed.writestr("bundle.json", files["bundle.json"])
    with pytest.raises(InputError, match="files of the same name are in it"):
        imported(path)
    both = files | {f"runs/{RUN}/files/2/text.txt/more": b"x"}
    with pytest.raises(InputError, match="in it is a file and a folder, which no bundle has"):
        imported(archive(tmp_path / "both.zip", both))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bundle.json": b"{}"}, r"bundle\.json is damaged, or not of this version \(runs: "),
        ({"bundle.json": b'{"format": 2, "runs": ["%s"]}' % RUN.encode()}, r"not of this version \(format: "),
        ({"bundle.json": b'{"format": 1, "runs": ["../../x"]}'}, r"bundle\.json is damaged"),
        ({"bundle.json": b'{"format": 1, "runs": ["%s"]}' % (b"b" * 32)}, "is named in bundle.json and is not in"),
        ({f"runs/{RUN}/writes.jsonl": b"{}\n"}, r"runs/a+/writes\.jsonl, line 1 is damaged"),
        ({f"runs/{RUN}/run.json": b"{}"}, r"runs/a+/run\.json is damaged"),
        ({f"runs/{RUN}/files/2/text.txt": None}, r"run a+ lacks its file text\.txt"),
        ({"study.journal": b"not a journal\n"}, r"The journal of the study is damaged"),
        ({"study.journal": b""}, r"The journal of the study is damaged"),
        ({"study.journal": b'{"op_code": 99}\n'}, r"The journal of the study is damaged"),
        ({"study.journal": b"[" * 100_000 + b"\n"}, r"The journal of the study is damaged"),
        ({f"checkpoints/{RUN}.npz": b"PK not a checkpoint"}, r"this checkpoint is damaged"),
    ],
)
def test_damaged_parts_are_named(imported, files: Files, tmp_path: Path, changed: dict, said: str) -> None:
    content = {name: part for name, part in (files | changed).items() if part is not None}
    with pytest.raises(InputError, match=f"import=.*{said}.*Nothing was imported"):
        imported(archive(tmp_path / "bundle.zip", content))


def test_a_checkpoint_with_objects_or_a_bomb_is_refused(imported, files: Files, tmp_path: Path) -> None:
    for save, progress in ((np.savez, np.array([{"a": 1}], object)), (np.savez_compressed, np.zeros(10_000_000))):
        save(tmp_path / "checkpoint.npz", progress=progress)
        content = (tmp_path / "checkpoint.npz").read_bytes()
        with pytest.raises(InputError, match="this checkpoint is damaged"):
            imported(archive(tmp_path / "bundle.zip", files | {f"checkpoints/{RUN}.npz": content}))


def test_a_page_that_is_a_bomb_is_refused(imported, files: Files, tmp_path: Path) -> None:
    for page in (f"deflate;{b64encode(zlib.compress(bytes(100_000_000))).decode()}", "deflate;!", "nothing"):
        head = json.dumps({"format": 1, "runs": [RUN], "pages": {RUN: page}}).encode()
        with pytest.raises(InputError, match="The page that is prepared for the runs is damaged"):
            imported(archive(tmp_path / "bundle.zip", files | {"bundle.json": head}))


@pytest.mark.parametrize(
    "head",
    [
        {"tags": {"mlflow.parentRunId": "../../x"}},
        {"tags": {"another": "tag"}},
        {"tags": {}},
        {"params": {"p": "1"}},
        {"here": False},
    ],
)
def test_a_run_that_begins_with_what_no_bundle_has_is_refused(
    imported, files: Files, tmp_path: Path, head: dict
) -> None:
    name = f"runs/{RUN}/run.json"
    changed = json.dumps(json.loads(files[name]) | head).encode()
    with pytest.raises(InputError, match=r"is recorded as another one than bundle\.json says.*Nothing was imported"):
        imported(archive(tmp_path / "bundle.zip", files | {name: changed}))


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (Registration(name="victim", description=""), "has a write of another kind than a run"),
        (ExperimentTag(name="mlflow.note.content", value=""), "has a write of another kind than a run"),
        (Removal(path="a"), "has a write of another kind than a run"),
        (Batch(tags={"mlflow.parentRunId": "b" * 32}), "sets the tag mlflow.parentRunId, which is the store's"),
        (Batch(tags={"mlflow.begunAs": "b" * 32}), "sets the tag mlflow.begunAs, which is the store's"),
        (Batch(tags={"mlflow.delivered.x": "9"}), "sets the tag mlflow.delivered.x, which is the store's"),
        (Status(status="RUNNING"), "has no end"),
    ],
)
def test_a_run_that_writes_elsewhere_or_has_no_end_is_refused(
    imported, files: Files, tmp_path: Path, write: Write, said: str
) -> None:
    name = f"runs/{RUN}/writes.jsonl"
    content = files[name] + Line(number=4, write=write).model_dump_json().encode() + b"\n"
    with pytest.raises(InputError, match=f"run {RUN} {said}.*Nothing was imported"):
        imported(archive(tmp_path / "bundle.zip", files | {name: content}))


@pytest.mark.parametrize("name", ["../../elsewhere", "/tmp/elsewhere", "a b", "\x1b[2J"])
def test_a_study_of_a_foreign_name_is_refused(imported, files: Files, tmp_path: Path, name: str) -> None:
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "study.journal"))
    study = optuna.create_study(study_name=name, storage=optuna.storages.JournalStorage(backend))
    study.set_user_attr("parent_run", RUN)
    study.set_user_attr("key", "c" * 32)
    content = (tmp_path / "study.journal").read_bytes()
    with pytest.raises(InputError, match=r"the name of the study=.*Nothing was imported"):
        imported(archive(tmp_path / "bundle.zip", files | {"study.journal": content}))


def test_snapshots_of_a_checkpoint_are_checked_too(imported, files: Files, tmp_path: Path) -> None:
    np.savez(tmp_path / "checkpoint.npz", progress=np.array(json.dumps({"history": {"loss": [1.0]}})))
    checkpoint = {f"checkpoints/{RUN}.npz": (tmp_path / "checkpoint.npz").read_bytes()}
    good = {"means": np.zeros((2, 2), np.float32), "reconstructions": np.zeros((2, 4, 4, 1), np.float16)}
    for hostile in ({}, {"means": np.array([{}], object)}, {"means": np.array(["text"])}):
        np.savez(tmp_path / "snapshot.npz", **(good | hostile if hostile else {}))
        snapshot = {f"checkpoints/{RUN}/000001.npz": (tmp_path / "snapshot.npz").read_bytes()}
        with pytest.raises(InputError, match=r"checkpoints/a+/000001\.npz is damaged"):
            imported(archive(tmp_path / "bundle.zip", files | checkpoint | snapshot))
    np.savez(tmp_path / "snapshot.npz", **good)
    snapshot = {f"checkpoints/{RUN}/000001.npz": (tmp_path / "snapshot.npz").read_bytes()}
    imported(archive(tmp_path / "bundle.zip", files | checkpoint | snapshot))
    assert places.checkpoint_of(RUN).with_suffix("").joinpath("000001.npz").exists()


def test_every_cut_and_every_flipped_byte_is_refused_or_harmless(imported, files: Files, tmp_path: Path) -> None:
    whole = archive(tmp_path / "whole.zip", files).read_bytes()
    generator = np.random.default_rng(0)
    hostile = tmp_path / "bundle.zip"
    refused = 0
    for at in generator.choice(len(whole), 150, replace=False):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << generator.integers(8)
        for damaged in (whole[:at], bytes(flipped)):
            hostile.write_bytes(damaged)
            try:
                with bundle_file.unpacked(hostile) as folder:
                    assert all((folder / path).read_bytes() in files.values() for path in paths_below(folder))
            except InputError:
                refused += 1
    assert refused > 250, "every cut, and what the checksums see"
    assert not list(tmp_path.glob("mlruns/unpacked_*"))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_bundle_is_told(imported, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bundle.zip").write_bytes(content)
    with pytest.raises(InputError, match="this is no bundle"):
        imported(tmp_path / "bundle.zip")


def test_a_bundle_that_one_may_not_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o777)
        monkeypatch.setattr(bundle_file, "MLRUNS", place / "mlruns")
        file = place / "bundle.zip"
        file.touch(mode=0)
        said = f"import={file}: Permission denied\\. Make it readable, or copy it once more"
        with unprivileged(), pytest.raises(InputError, match=said), bundle_file.unpacked(file):
            pass


def test_a_run_with_a_file_that_other_systems_cannot_have_is_not_packed(tmp_path: Path, home: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}")
    with start_run(store, "tests", "dated", {}) as run:
        pass
    store.client.log_text(run.id, "", "at 12:00.txt")
    said = rf"run {run.id} has a file 'at 12:00\.txt', whose name other systems do not take\. Expected a name without"
    with pytest.raises(InputError, match=said):
        pack(run.id, store, None, tmp_path / "run.zip", Console(file=StringIO()))
    assert not (tmp_path / "run.zip").exists()
    assert not list(home.glob("packed_*"))


def test_no_bundle_is_made_of_what_is_known_here_of_a_silent_server(tmp_path: Path) -> None:
    silent = Store("http://127.0.0.1:9", "always")
    with pytest.raises(InputError, match="A bundle needs all that its server has: try again when it answers"):
        pack(RUN, silent, None, tmp_path / "run.zip", Console(file=StringIO()))


def test_a_study_at_work_is_not_packed(plan, tmp_path: Path) -> None:
    study = Study(plan())
    study.run_id = RUN
    with pytest.raises(InputError, match=f"has another run \\({RUN}\\) than {'b' * 32}. Name the storage"):
        copy_to_journal("mine", None, ["b" * 32], tmp_path / "study.journal")
    study.claim()
    with pytest.raises(InputError, match=r"study mine is at work on trial 0\. Wait for its end"):
        copy_to_journal("mine", None, [RUN], tmp_path / "study.journal")
