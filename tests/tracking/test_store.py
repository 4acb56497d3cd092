"""The tracking store: what is refused at its door, who closes runs, and the UI over the same database."""

import os
import re
import shlex
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import mlflow
import numpy as np
import psutil
import pytest
from mlflow.entities import LoggedModelOutput, LoggedModelStatus

from pipeline import ui
from pipeline.data.images import ImageData, Split
from pipeline.errors import InputError, Interrupted, StoreUnreachable
from pipeline.places import PORTS
from pipeline.tracking.champion import CHAMPION
from pipeline.tracking.colour import COLOUR, COLOURS, colour
from pipeline.tracking.first_contact import close_abandoned
from pipeline.tracking.lifecycle import reopen_run, start_run
from pipeline.tracking.owner import is_alive, owner_tags
from pipeline.tracking.registry import register
from pipeline.tracking.run import Run
from pipeline.tracking.run_facts import trained_before
from pipeline.tracking.run_files import artifact_text
from pipeline.tracking.store import Store
from pipeline.tracking.store_address import resume_command
from pipeline.tracking.tags import NOTE, PARENT, STUDY, STUDY_KEY, TRAINING_KEY
from pipeline.tracking.trials import Trials
from pipeline.tracking.ui import server
from pipeline.tracking.ui.server import latest_link, refuse_busy


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    before = mlflow.get_tracking_uri()
    yield Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_tracking_uri(before)


def test_a_run_ends_as_what_happened_to_it(store: Store) -> None:
    ids = {}
    for status, error in (("FINISHED", None), ("KILLED", Interrupted("x")), ("FAILED", InputError("the reason"))):
        try:
            with start_run(store, "tests", status, {}) as run:
                ids[status] = run.id
                if error:
                    raise error
        except (InputError, Interrupted):
            pass
    for status, run_id in ids.items():
        assert store.run(run_id).info.status == status
    assert store.run(ids["FAILED"]).data.tags[NOTE] == "**Failed:** the reason"
    assert mlflow.active_run() is None


def test_a_run_that_cannot_be_guarded_has_failed_and_says_why(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError), start_run(store, "tests", "unguarded", {}):
        raise AssertionError("nothing is trained without a guard")
    [run] = store.search([store.experiment("tests")])
    assert run.info.status == "FAILED"
    assert "FileNotFoundError" in run.data.tags[NOTE]
    assert "/nowhere/python" in run.data.tags[NOTE]


def test_runs_are_made_explicitly_whatever_run_mlflow_takes_for_the_active_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_run(store, "tests", "first", {}) as first:
        first.metrics(1, {"validation/epoch/loss": 1.0})
    before = store.run(first.id).to_dictionary()
    monkeypatch.setenv("MLFLOW_RUN_ID", first.id)
    with mlflow.start_run(), start_run(store, "tests", "second", {}) as second:
        second.metrics(1, {"validation/epoch/loss": 2.0})
        second.tags({"mine": "yes"})
        second.picture("note.txt", lambda: "text")
        second.card("validation/epoch/latent", 0, lambda: np.zeros((8, 8, 3), np.uint8))
        second.describe("the second")
    assert second.id != first.id
    after = store.run(first.id).to_dictionary()
    assert after["data"]["metrics"] == before["data"]["metrics"]
    assert "mine" not in after["data"]["tags"]
    assert NOTE not in after["data"]["tags"]
    assert not store.client.list_artifacts(first.id)
    assert {file.path for file in store.client.list_artifacts(second.id)} == {"images", "note.txt"}


def test_a_trial_that_a_lost_process_still_trains_is_not_trained_beside_it(store: Store) -> None:
    with start_run(store, "tests", "study", {}) as parent:
        trials = Trials(store, "mine", parent.id)
        message = f"trial 3: process {os.getpid()} still trains it. End it, then go on"
        with (
            start_run(store, "tests", "child", {**trials.tags(3), "mlflow.parentRunId": parent.id}),
            pytest.raises(InputError, match=message),
        ):
            trials.run_of(3, patience=0)
        run = trials.run_of(3, patience=0)
        assert run
        assert run.info.status == "FINISHED"
        assert trials.run_of(4) is None


def test_the_run_of_a_trials_replicates_says_that_it_was_interrupted_until_it_is_done(store: Store) -> None:
    """Its replicates may all be done when the trial is claimed again: nobody opens the run before it is closed."""
    with start_run(store, "tests", "study", {}) as parent:
        trials = Trials(store, "mine", parent.id)
        run_id = trials.opened(0, "it")
        trials.interrupt(0)
        assert store.run(run_id).info.status == "KILLED"
        assert store.run(run_id).data.tags[NOTE].startswith("**Killed:** a training was interrupted. Go on with the co")
        trials.close(0, {"validation/nll": 1.0})
        run = store.run(run_id)
        assert (run.info.status, run.data.tags[NOTE]) == ("FINISHED", "")
        trials.interrupt(0)
        assert store.run(run_id).info.status == "FINISHED"


def test_a_store_that_refuses_to_close_the_run_of_a_trial_is_told_as_one_that_cannot_be_reached(store: Store) -> None:
    """The worker then lets the trial wait all the same."""
    with start_run(store, "tests", "study", {}) as parent:
        trials = Trials(store, "mine", parent.id)
        trials.opened(0, "it")
        with sqlite3.connect(store.uri.removeprefix("sqlite:///")) as database:
            refusal = "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            database.execute(f"CREATE TRIGGER full BEFORE UPDATE ON runs {refusal}")
        with pytest.raises(StoreUnreachable):
            trials.interrupt(0)
        with sqlite3.connect(store.uri.removeprefix("sqlite:///")) as database:
            database.execute("DROP TRIGGER full")


def test_a_run_that_a_lost_machine_left_open_is_closed_by_whoever_has_its_trial_now(store: Store) -> None:
    with start_run(store, "tests", "study", {}) as parent:
        trials = Trials(store, "mine", parent.id)
        lost = owner_tags() | {"host": "lost"} | trials.tags(0) | {PARENT: parent.id}
        run_id = store.client.create_run(store.experiment("tests"), tags=lost).info.run_id
        run = trials.run_of(0)
        assert run
        assert (run.info.run_id, run.info.status) == (run_id, "KILLED")
        assert run.data.tags[NOTE].startswith("**The process was killed.** Go on with the command of the study, typed")


def test_the_command_that_shows_a_run_names_its_database_as_a_shell_reads_it(tmp_path: Path) -> None:
    before = mlflow.get_tracking_uri()
    store = Store(f"sqlite:///{tmp_path / 'my runs.db'}")
    with start_run(store, "tests", "it", {}) as run:
        assert shlex.split(run.where_to_look()) == ["mlflow", "server", "--backend-store-uri", store.uri]
    mlflow.set_tracking_uri(before)


def test_a_run_that_a_power_cut_left_running_says_how_its_kind_goes_on(store: Store) -> None:
    experiment, gone = store.experiment("tests"), owner_tags() | {"pid": "0"}

    def left(tags: dict[str, str]) -> str:
        return str(store.client.create_run(experiment, tags=gone | tags).info.run_id)

    study, family, lone = left({STUDY: "mine", STUDY_KEY: "1"}), left({}), left({})
    trial, member = left({STUDY: "mine", PARENT: study}), left({PARENT: family})
    early = left({PARENT: family, "command": "python -m pipeline.train -m training.seed=0,1"})
    placed = left({PARENT: family, "command": f"python -m pipeline.train tracking.parent={family}"})
    own = left({"command": "python -m pipeline.train 'trusted=[my_models,mine]' dataset=mnist"})
    for trained in (member, own):
        store.client.log_metric(trained, "validation/epoch/loss", 1.0, step=1)
    close_abandoned(store)
    notes = {
        run_id: store.run(run_id).data.tags[NOTE] for run_id in (study, trial, family, member, early, placed, lone, own)
    }
    killed = "**The process was killed.** Go on with "
    assert notes[study] == notes[trial] == f"{killed}the command of the study, typed once more as it was"
    assert notes[family] == notes[early] == f"{killed}the command of the family, typed once more with `resume={family}`"
    assert notes[member] == f"{killed}`{resume_command(store.uri, member)}`"
    assert notes[lone] == notes[placed] == f"{killed}its command, typed once more: no epoch had ended"
    assert notes[own] == f"{killed}`{resume_command(store.uri, own, ['my_models', 'mine'])}`"
    assert notes[own].endswith("'trusted=[my_models,mine]'`")


def test_many_that_record_the_same_images_at_once_all_do(store: Store) -> None:
    """MLflow keeps each only once, and all of these find at first that it does not have it."""
    experiment, instant = store.experiment("tests"), Barrier(4)
    runs = [Run(store, store.client.create_run(experiment).info.run_id) for _ in range(4)]
    for number in range(10):
        split = Split(np.full((2, 4, 4, 1), number, "uint8"), np.zeros(2, int))
        data = ImageData("same", split, split, split, ("one",))

        def record(run: Run, data: ImageData = data) -> None:
            instant.wait()
            run.data(data)

        with ThreadPoolExecutor() as pool:
            list(pool.map(record, runs))
        for run in runs:
            inputs = store.client.get_run(run.id).inputs.dataset_inputs
            assert sorted(each.dataset.digest for each in inputs if data.fingerprint[:8] in each.dataset.digest) == [
                f"{data.fingerprint[:8]}-{context}" for context in ("test", "train", "validation")
            ]


def test_many_that_begin_an_experiment_or_name_its_champion_at_once_share_it(store: Store) -> None:
    """All of these find at first that there is none, and MLflow makes a name only once."""
    instant = Barrier(4, timeout=60)
    client, first = store.client, store.experiment("tests")
    runs = [client.create_run(first).info.run_id for _ in range(4)]
    for run in runs:
        model = client.create_logged_model(first, name="model", source_run_id=run)
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        client.log_outputs(run, [LoggedModelOutput(model.model_id, 0)])
    for number in range(10):

        def begun(run: str, number: int = number) -> tuple[str, str]:
            instant.wait()
            experiment = store.experiment(f"experiment {number}")
            instant.wait()
            return experiment, register(store, run, f"study {number}", "nll 100")

        with ThreadPoolExecutor() as pool:
            experiments, versions = zip(*pool.map(begun, runs), strict=True)
        assert len(set(experiments)) == 1
        assert sorted(versions) == ["1", "2", "3", "4"]
        assert client.get_model_version_by_alias(f"study {number}", CHAMPION).run_id in runs


def test_a_defect_is_recorded_with_its_traceback(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), start_run(store, "tests", "broken", {}) as run:
        print(1 / 0)
    assert "ZeroDivisionError" in store.run(run.id).data.tags[NOTE]


def test_a_finished_run_cannot_be_reopened_and_an_unknown_one_is_named(store: Store) -> None:
    with start_run(store, "tests", "done", {}) as run:
        pass
    with pytest.raises(InputError, match=f"resume={run.id}: this run is finished"), reopen_run(store, run.id):
        pass
    with pytest.raises(
        InputError,
        match=r"run nothing is not in sqlite.* the id of a run, as make ui shows it.*a server has it, set tracking.uri",
    ):
        store.run("nothing")


def test_a_run_is_named_by_what_only_its_id_begins_with(store: Store) -> None:
    experiment = store.experiment("tests")
    ids = [store.client.create_run(experiment).info.run_id for _ in range(17)]
    assert [store.run(id[:8]).info.run_id for id in ids] == ids
    store.client.set_tag(ids[1], PARENT, ids[0])
    assert [run.info.run_id for run in store.children(ids[0][:8])] == ids[1:2]
    first = next(letter for letter in "0123456789abcdef" if sum(id.startswith(letter) for id in ids) > 1)
    with pytest.raises(InputError, match="run 12345678 is not in sqlite"):
        store.run(12345678)
    with pytest.raises(InputError, match=f"run {first}: several ids begin with this. Type more characters"):
        store.run(first)


def test_a_resumed_run_records_no_epoch_twice(store: Store) -> None:
    def two_epochs() -> None:
        run.metrics(1, {"validation/epoch/loss": 3.0})
        run.metrics(2, {"validation/epoch/loss": 2.0})
        raise Interrupted

    with pytest.raises(Interrupted), start_run(store, "tests", "again", {}) as run:
        two_epochs()
    with reopen_run(store, run.id) as again:
        again.metrics(2, {"validation/epoch/loss": 2.0})
        again.metrics(3, {"validation/epoch/loss": 1.0})
    points = store.client.get_metric_history(run.id, "validation/epoch/loss")
    assert [(point.step, point.value) for point in points] == [(1, 3.0), (2, 2.0), (3, 1.0)]


def test_what_is_taken_over_is_the_training_and_not_what_it_was_found_by(store: Store) -> None:
    with start_run(store, "tests", "source", {"trial": "3", "purpose": "draft", TRAINING_KEY: "r"}) as source:
        source.params({"model.latent_dim": 2})
        source.metrics(1, {"validation/epoch/loss": 3.0})
        source.metrics(2, {"validation/epoch/loss": 2.0})
        source.file("config.yaml", "seed: 0")
        source.tags({"no_bound": "latents without noise"})
    with start_run(store, "tests", "other", {"study": "mine", TRAINING_KEY: "r"}) as other:
        assert other.take_over(source.id) == {"validation/epoch/loss": 2.0}
    taken = store.run(other.id).data
    assert trained_before(store, "r") == source.id, "and not the one that has no model of its own"
    assert (taken.tags["taken_over_from"], taken.tags["study"]) == (source.id, "mine")
    assert taken.tags["no_bound"] == "latents without noise", "else its ELBO would be ranked"
    assert not {"trial", "purpose"} & set(taken.tags)
    assert taken.params == {"model.latent_dim": "2"}
    assert [point.value for point in store.client.get_metric_history(other.id, "validation/epoch/loss")] == [3.0, 2.0]
    assert artifact_text(store, other.id, "config.yaml") == "seed: 0"


def test_successive_runs_have_different_colours(store: Store) -> None:
    ids = []
    for _ in range(len(COLOURS) + 1):
        with start_run(store, "tests", "coloured", {}) as run:
            ids.append(run.id)
    colours = [store.run(run_id).data.tags[COLOUR] for run_id in ids]
    assert colours == [*COLOURS, COLOURS[0]]


def test_trials_have_the_colours_of_their_numbers(store: Store) -> None:
    shades = {colour(number) for number in range(36)}
    assert len(shades) == 36
    assert all(re.fullmatch("#[0-9a-f]{6}", shade) for shade in shades)
    with start_run(store, "tests", "trial", {"trial": "13"}) as run:
        pass
    with start_run(store, "tests", "seed=1", {"replicate": "13.1"}) as replicate:
        pass
    assert store.run(run.id).data.tags[COLOUR] == colour(13) != COLOURS[1]
    assert store.run(replicate.id).data.tags[COLOUR] == colour(13), "else curves are coloured by seed"
    with start_run(store, "tests", "own tag", {"trial": "first"}) as other:
        pass
    assert store.run(other.id).data.tags[COLOUR] == COLOURS[0], "as of a run after one that has none of these"


@pytest.mark.fault("deleted", "an experiment was deleted in the UI")
def test_a_deleted_experiment_is_refused_with_the_cure(store: Store) -> None:
    """A run that would join it is refused with the cure."""
    store.client.delete_experiment(store.experiment("gone"))
    with pytest.raises(InputError, match=r"tracking.experiment=gone: this experiment was deleted.*choose another name"):
        store.experiment("gone")


def test_a_store_of_runs_in_files_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tracking.uri=.*MLflow cannot keep runs there.*use the file in mlruns"):
        Store(f"nonsense://{tmp_path}")


def test_a_server_that_is_down_is_reported_soon() -> None:
    before, began = mlflow.get_tracking_uri(), time.monotonic()
    with pytest.raises(InputError, match="no answer from MLflow there"):
        Store("http://127.0.0.1:9")
    assert time.monotonic() - began < 15
    mlflow.set_tracking_uri(before)


def test_a_server_that_accepts_and_never_answers_is_reported_too() -> None:
    before = mlflow.get_tracking_uri()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(InputError, match="no answer from MLflow there"):
            Store(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - began < 15
    mlflow.set_tracking_uri(before)


def test_owners_are_told_apart_by_process_and_time() -> None:
    mine = owner_tags()
    assert is_alive(mine)
    ticks, _, boot = mine["process_started"].partition(" ticks after boot ")
    assert not is_alive(mine | {"process_started": f"{int(ticks) - 100} ticks after boot {boot}"}), "a reused number"
    assert not is_alive(mine | {"process_started": f"{ticks} ticks after boot another pid:[1]"}), (
        "switched off meanwhile"
    )
    namesake = {"machine": "another", "process_started": f"{ticks} ticks after boot another pid:[1]"}
    assert is_alive(mine | namesake), "another machine of the same name"
    container = f"{ticks} ticks after boot {boot.split()[0]} pid:[1]"
    assert is_alive(mine | {"process_started": container}), "a container that has the host's name"
    of_before = psutil.Process().create_time()
    assert is_alive(mine | {"process_started": str(of_before)}), "as earlier versions wrote it"
    assert not is_alive(mine | {"process_started": str(of_before - 100)})
    assert not is_alive({})
    assert is_alive({"host": "another", "pid": "1", "process_started": "0"}), "nobody can tell from here"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert not is_alive(mine | {"pid": str(gone.pid)})


@pytest.mark.parametrize("last", [False, True])
def test_a_busy_port_is_refused_with_one_that_is_free(last: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(server, "PORTS", range(1, port + 1) if last else PORTS)
        with pytest.raises(InputError, match=f"port {port} on 127.0.0.1 cannot be used .*in use.*. Choose ") as refused:
            refuse_busy(port, lambda other: f"Choose {other}")
    free = int(str(refused.value).split()[-1])
    assert free < port if last else free > port
    with socket.socket() as another:
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a server does
        another.bind(("127.0.0.1", free))


@pytest.mark.parametrize("typed", ["70000", "0", "-1", "many"])
def test_a_port_that_there_is_not_is_refused_with_those_that_there_are(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ui", f"--port={typed}"])
    with pytest.raises(SystemExit) as ended:
        ui.main()
    assert ended.value.code == 2
    assert f"{typed}: expected a number from 1 to 65535, such as 5001\n" in capsys.readouterr().err


def test_the_link_opens_the_runs_that_were_made_last(store: Store) -> None:
    assert latest_link(store, "http://x", {}).endswith("/#/experiments?workflowType=machine_learning")
    for name in ("first", "second"):
        with start_run(store, name, "run", {}):
            pass
    second = store.experiment("second")
    link = f"http://x/#/experiments/{second}/runs?workflowType=machine_learning"
    assert latest_link(store, "http://x", {}) == link
    assert latest_link(store, "http://x", {second: "#/prepared"}) == "http://x/#/prepared"
