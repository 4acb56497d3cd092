"""Laws of the delivery of outboxes: whatever cuts it off, and whoever repeats it, a run has each write once."""

import shutil
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import numpy as np
import pytest
import run_content
from checkout import Checkout, free_port
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.tracking import MlflowClient
from servers import without

from pipeline.errors import InputError
from pipeline.tracking.card_files import CARDS, card_files
from pipeline.tracking.measurement import Measured
from pipeline.tracking.outbox.arrival import arrive
from pipeline.tracking.outbox.contents import Begun
from pipeline.tracking.outbox.delivery import Delivery, run_on_server
from pipeline.tracking.outbox.outbox import Outbox, outboxes
from pipeline.tracking.outbox.sending import Sending
from pipeline.tracking.store import Store
from pipeline.tracking.writes import Batch, File, Input, Model, Removal, Status

pytestmark = pytest.mark.slow

MLMODEL = """flavors: {python_function: {loader_module: pipeline.tracking.model.served}}
model_uuid: before
utc_time_created: '2026-01-01 00:00:00'
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> MlflowClient:
    """The client of a database, which answers as a server does."""
    return Store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}").client


def begun(**own: Any) -> Begun:
    """A run that was begun offline, in an experiment of its own."""
    ids = {"outbox": uuid4().hex, "run_id": uuid4().hex, "experiment": uuid4().hex}
    return Begun(name="n", started=5, **{"here": True, "tags": {"a": "1"}} | ids | own)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """An outbox with a write of each kind, some of which replace what others wrote."""
    outbox = Outbox.made(tmp_path / "outbox", begun())
    files = tmp_path / "files"
    (files / "folder").mkdir(parents=True)
    (files / "MLmodel").write_text(MLMODEL)
    (files / "folder" / "weights").write_bytes(bytes(range(256)))
    (files / "text.txt").write_text("first")
    outbox.append(Batch(params={"p": "1"}, tags={"a": "2"}), File(path="text.txt"), folder=files)
    outbox.append(Input(facts={"name": "d", "digest": "1", "source_type": "code", "source": "{}"}, context="train"))
    for step in (1, 2, 3):
        outbox.append(Batch(metrics=[Measured(metric="m", value=value, time=step, step=step) for value in (0.5, 0.25)]))
    outbox.append(Batch(metrics=[Measured(metric="nan", value=float("nan"), time=1, step=0)]))
    with card_files("test/card", 3, np.zeros((8, 8, 3), np.uint8)) as (folder, paths):
        outbox.append(*(File(path=path) for path in paths), CARDS, folder=folder)
    outbox.append(Model(paths=["MLmodel", "folder/weights"]), folder=files)
    outbox.append(Batch(metrics=[Measured(metric="score", value=1.0, time=9, step=0)], of_model=True))
    (files / "text.txt").write_text("last")
    outbox.append(File(path="text.txt"), File(path="folder/weights"), folder=files)
    outbox.append(Batch(tags={"a": "3"}), Removal(path="folder"), Status(status="FINISHED", ended=77))
    return outbox


def content_of(client: MlflowClient, run_id: str, scratch: Path) -> dict[str, Any]:
    """Everything that a store has of a run, and of its experiment how many runs and models there are."""
    experiments = [client.get_run(run_id).info.experiment_id]
    counts = {"runs": len(client.search_runs(experiments)), "models": len(client.search_logged_models(experiments))}
    return run_content.content_of(client, run_id, scratch) | counts


def delivered(outbox: Outbox, client: Any) -> str:
    """Deliver an outbox, and give the id of its run."""
    run_id = run_on_server(outbox, client)
    for _ in Delivery(outbox, client, run_id).go_on():
        pass
    return run_id


def another(outbox: Outbox, folder: Path) -> Outbox:
    """An outbox of another run, into which the same was written."""
    copy = Outbox(shutil.copytree(outbox.folder, folder / uuid4().hex))
    (copy.folder / "run.json").write_text(begun().model_dump_json())
    return copy


@pytest.fixture
def expected(store: MlflowClient, outbox: Outbox, tmp_path: Path) -> dict[str, Any]:
    """A run that was delivered without a disturbance."""
    return content_of(store, delivered(another(outbox, tmp_path), store), tmp_path / "scratch")


def test_a_run_has_what_was_written(expected: dict[str, Any]) -> None:
    assert expected["params"] == {"p": "1"}
    assert expected["tags"]["a"] == "3"
    assert expected["metrics"]["m"] == [(step, step, value) for step in (1, 2, 3) for value in ("0.25", "0.5")]
    assert expected["metrics"]["nan"] == [(0, 1, "nan")]
    assert expected["files"]["text.txt"] == b"last"
    assert "folder/weights" not in expected["files"]
    assert len([path for path in expected["files"] if path.startswith("images/test~card+step+3+")]) == 2
    assert expected["model"]["folder/weights"] == bytes(range(256))
    assert expected["model metrics"] == [[("score", "1.0")]]
    assert expected["status"] == ("FINISHED", 5, 77, "n")
    assert (expected["runs"], expected["models"]) == (1, 1)
    [(name, digest, tags)] = expected["inputs"]
    assert (name, digest) == ("d", "1")
    assert "train" in tags


def test_of_files_that_replace_each_other_one_is_kept_and_stored(store: MlflowClient, tmp_path: Path) -> None:
    outbox = Outbox.made(tmp_path / "outbox", begun())
    for content in ("first", "second", "last"):
        (tmp_path / "file").write_text(content)
        (tmp_path / "other").write_text(content)
        outbox.append(File(path="file", replaces=True), File(path="other"), folder=tmp_path)
    assert [path.read_text() for path in sorted(outbox.folder.rglob("file"))] == ["last"]
    assert len([*outbox.folder.rglob("other")]) == 3
    files = content_of(store, delivered(outbox, store), tmp_path / "scratch")["files"]
    assert files == {"file": b"last", "other": b"last"}


class _Refusing:
    """A client whose store takes no file of this name, as often as it is asked."""

    def __init__(self, store: MlflowClient, name: str) -> None:
        self.store, self.name, self.asked = store, name, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@pytest.fixture
def refusing(store: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> _Refusing:
    """A store that refuses `text.txt` until it is told another name."""
    client = _Refusing(store, "text.txt")
    before = LocalArtifactRepository.log_artifact

    def log_artifact(self: Any, local_file: str, artifact_path: str | None = None) -> None:
        if Path(local_file).name == client.name:
            client.asked += 1
            raise MlflowException("it is full")
        before(self, local_file, artifact_path)

    monkeypatch.setattr(LocalArtifactRepository, "log_artifact", log_artifact)
    return client


def test_a_file_that_is_refused_is_set_aside_and_tried_again_when_the_run_is_over(
    expected: dict[str, Any], outbox: Outbox, refusing: _Refusing, tmp_path: Path
) -> None:
    """What follows it is sent; a later file of its path makes it needless."""
    sending = Sending(outbox, cast(MlflowClient, refusing), run_on_server(outbox, refusing.store))
    assert list(sending.go_on()), "something was sent"
    [last] = outbox.set_aside.values()
    assert last == "text.txt: it is full"
    assert content_of(refusing.store, sending.run_id, tmp_path / "some")["status"] == expected["status"]
    assert refusing.asked == 3, "each once, and the last once more at the end"
    refusing.name = ""
    list(sending.go_on())
    assert outbox.set_aside == {}
    assert content_of(refusing.store, sending.run_id, tmp_path / "whole")["files"] == expected["files"]


def test_what_is_written_while_an_outbox_is_cleared_is_not_lost(outbox: Outbox, store: MlflowClient) -> None:
    delivered(outbox, store)
    done = outbox.lines.count
    outbox.append(Batch(tags={"late": "1"}))
    assert not outbox.clear(done)
    assert outbox.lines.count == done + 1
    assert outbox.clear(done + 1)


class _Killed(BaseException):
    pass


@pytest.mark.fault("server", "whoever sends an outbox is killed before or after any request")
def test_a_sender_that_dies_at_any_request_and_is_begun_again_writes_nothing_twice(
    store: MlflowClient, outbox: Outbox, expected: dict[str, Any], tmp_path: Path
) -> None:
    """The next one goes on; the run is as if it had been sent at once."""
    counting = _Asked(store)
    delivered(another(outbox, tmp_path), counting)
    assert counting.requests > 25
    for last in range(counting.requests):
        copy = another(outbox, tmp_path)
        # The store served the last request, or it did not: the next sender cannot know.
        with pytest.raises(_Killed):
            delivered(copy, _Asked(store, last, is_served=last % 2 == 0))
        assert content_of(store, delivered(copy, store), tmp_path / "scratch") == expected, f"request {last}"


class _Asked:
    """A client that dies at a request, before or after the store has served it."""

    def __init__(self, client: MlflowClient, last: int = -1, *, is_served: bool = False) -> None:
        self.client = client
        self.last = last
        self.is_served = is_served
        self.requests = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if not callable(method):
            return method

        def request(*args: Any, **kwargs: Any) -> Any:
            if self.requests == self.last:
                if self.is_served:
                    method(*args, **kwargs)
                raise _Killed
            self.requests += 1
            return method(*args, **kwargs)

        return request


@pytest.mark.fault("server", "two machines send copies of an outbox at once")
def test_two_machines_that_send_copies_make_one_run(
    store: MlflowClient, outbox: Outbox, expected: dict[str, Any], tmp_path: Path
) -> None:
    """One run comes of it, with each write once."""
    copy = Outbox(shutil.copytree(outbox.folder, tmp_path / "elsewhere" / outbox.folder.name))
    one, other = (Delivery(each, store, run_on_server(each, store)).go_on() for each in (outbox, copy))
    for _ in zip(one, other, strict=True):  # in turn
        pass
    run_id = delivered(copy, store)
    assert run_id == run_on_server(outbox, store)
    assert content_of(store, run_id, tmp_path / "scratch") == expected


def test_a_child_is_sent_below_its_parent(store: MlflowClient, tmp_path: Path) -> None:
    ids = [uuid4().hex for _ in range(2)]
    for run_id, tags in zip(ids, ({}, {"mlflow.parentRunId": ids[0]}), strict=True):
        Outbox.made(tmp_path / "home" / run_id, begun(run_id=run_id, experiment="family", tags=tags))
    parent, child = (Outbox(tmp_path / "home" / run_id) for run_id in ids)
    sent = delivered(child, store)
    assert store.get_run(sent).data.tags["mlflow.parentRunId"] == delivered(parent, store) != ids[0]


def test_a_write_that_was_cut_off_counts_for_nothing_and_its_place_is_taken(outbox: Outbox) -> None:
    path = outbox.folder / "writes.jsonl"
    before = outbox.lines.count
    with path.open("ab") as lines:
        lines.write(b'{"number":99,"write":{"kind":"ba')
    again = Outbox(outbox.folder)
    assert again.lines.count == before
    again.append(Batch(tags={"b": "1"}))
    assert [line.number for line in again.lines.after(0)] == list(range(1, before + 2))
    assert [line.number for line in outbox.lines.after(before)] == [before + 1], "seen by whoever had it open"


@pytest.mark.fault("damaged", "a line of an outbox is damaged or hostile")
@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"null",
        b'{"number": 1, "write": {"kind": "batch", "params": {"a": 1}}}',
        b'{"number": 1, "write": {"kind": "pickle", "path": "a"}}',
        b'{"number": 1, "write": {"kind": "file", "path": "../outside"}}',
        b'{"number": 1, "write": {"kind": "file", "path": "/etc/passwd"}}',
        b'{"number": 1, "write": {"kind": "file", "path": "a/../../b"}}',
        b'{"number": 1, "write": {"kind": "model", "paths": ["MLmodel", "..\\\\x"]}}',
        b'{"number": 7, "write": {"kind": "batch"}}',
        b'{"number": 1, "write": {"kind": "status", "status": "DELETED"}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=lambda line: line[:60].decode(errors="replace"),
)
def test_a_damaged_or_hostile_line_is_refused_by_file_and_line(outbox: Outbox, line: bytes) -> None:
    """It is refused by file and line."""
    (outbox.folder / "writes.jsonl").write_bytes(line + b"\n")
    with pytest.raises(InputError, match=r"writes\.jsonl.* line 1"):
        list(Outbox(outbox.folder).lines.after(0))


@pytest.mark.parametrize(
    "flavors",
    [
        "{python_function: {loader_module: os}}",
        "{python_function: {loader_module: pipeline.tracking.model.served, code: code}}",
        "{python_function: {loader_module: pipeline.tracking.model.served}, keras: {keras_module: antigravity}}",
        "{python_function: {loader_module: pipeline.tracking.model.served}, sklearn: {}}",
        "{keras: {}}",
        "[]",
        "!!python/object/apply:os.getcwd []",
        "{",
    ],
)
def test_a_model_that_would_have_foreign_code_executed_is_refused(
    store: MlflowClient, tmp_path: Path, flavors: str
) -> None:
    outbox = Outbox.made(tmp_path / "hostile", begun())
    (tmp_path / "MLmodel").write_text(f"flavors: {flavors}\nmodel_uuid: a\nutc_time_created: b\n")
    outbox.append(Model(paths=["MLmodel"]), folder=tmp_path)
    with pytest.raises(InputError, match=r"The file MLmodel of a model (names .*|brings code along|is damaged)"):
        delivered(outbox, store)


@pytest.mark.parametrize("run_id", ["../../elsewhere", "", "a" * 33, "A" * 32])
def test_a_run_of_a_foreign_name_is_refused(outbox: Outbox, run_id: str) -> None:
    head = outbox.folder / "run.json"
    head.write_text(head.read_text().replace(outbox.begun.run_id, run_id))
    with pytest.raises(InputError, match=r"run\.json is damaged, or not of this version \(run_id: "):
        _ = outbox.begun


def test_a_damaged_outbox_is_told_and_hinders_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for run in (begun(), begun()):
        Outbox.made(tmp_path / "home" / run.run_id, run)
    [whole, damaged] = outboxes(tmp_path / "home")
    (damaged.folder / "run.json").write_text("{")
    assert [each.folder for each in outboxes(tmp_path / "home")] == [whole.folder]
    assert f"{damaged.folder / 'run.json'} is damaged" in caplog.text


def test_what_is_written_after_an_outbox_was_cleared_is_not_taken_for_kept(store: MlflowClient, outbox: Outbox) -> None:
    delivered(outbox, store)
    another_process = Outbox(outbox.folder)
    assert another_process.append(Batch(tags={"b": "1"}))
    (outbox.folder / "run.json").write_text(begun(here=False).model_dump_json())
    assert outbox.clear(outbox.lines.count)
    assert not another_process.append(Batch(tags={"b": "2"}))
    assert not (outbox.folder / "writes.jsonl").exists()


def test_a_folder_without_a_head_is_no_outbox(tmp_path: Path) -> None:
    (tmp_path / "home" / "killed").mkdir(parents=True)
    assert outboxes(tmp_path / "home") == []


def test_a_server_that_refuses_a_run_is_told_with_the_run(outbox: Outbox, tmp_path: Path, empty_database: Path) -> None:
    checkout = Checkout(tmp_path / "checkout", empty_database)
    with (
        checkout.ui(free_port()) as server,
        without(server.address, {"/api/2.0/mlflow/runs/create"}) as address,
        pytest.raises(InputError) as refused,
    ):
        arrive(outbox, Store(address))
    assert str(refused.value).startswith(f"{address} refuses run {outbox.begun.run_id} (")
