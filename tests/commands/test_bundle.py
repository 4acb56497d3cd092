"""`python -m pipeline.bundle`: a run, a family or a study leaves one store in a file, and is the same in another."""

import re
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import optuna
import pytest
from checkout import SMALL, Checkout, free_port, wait_for_epoch
from mlflow.tracking import MlflowClient
from run_content import content_of
from studies import COMMAND, prepared_view, study_of
from warm import Forked

from pipeline.sweep.study.storage import JournalLock
from pipeline.tracking.file_path import paths_below
from pipeline.tracking.run_facts import beginning

pytestmark = pytest.mark.slow

TRAINING = ("dataset.limit=300", "model.hidden=[16]", "pictures.final=[latent]", "training.patience=null")
STUDY = (*COMMAND, "sweep.study=searched", "sweep.n_trials=3", "objective.beta=interval(0.5,4)", "sweep.workers=1")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Checkout:
    """Another machine, which has no runs yet."""
    return Checkout(tmp_path_factory.mktemp("elsewhere"), empty_database)


@pytest.fixture(scope="module")
def study(checkout: Checkout) -> Path:
    """A bundle of a finished study."""
    done = checkout.run("pipeline.train", *STUDY, "tracking.experiment=searched")
    assert done.returncode == 0, done.stderr
    packed = checkout.run("pipeline.bundle", "run=searched", "out=a study.zip")
    assert packed.returncode == 0, packed.stderr
    said, command = packed.stdout.splitlines()[-1].split(" Elsewhere: ")
    assert re.fullmatch(r"Written: a study\.zip \(\d+\.\d MB\)\.", said)
    assert command == """python -m pipeline.bundle 'import="a study.zip"'"""
    return checkout.root / "a study.zip"


def rows(checkout: Checkout) -> list[str]:
    """Everything in a database of runs."""
    with closing(sqlite3.connect(checkout.root / "mlruns" / "mlflow.db")) as database:
        return list(database.iterdump())


def rows_of_runs(checkout: Checkout) -> list[str]:
    """The ids of all runs of a database."""
    with closing(sqlite3.connect(checkout.root / "mlruns" / "mlflow.db")) as database:
        return [row[0] for row in database.execute("SELECT run_uuid FROM runs")]


def ids(client: MlflowClient, experiment: str) -> dict[str, str]:
    """The name of each run of an experiment by its id."""
    known = client.get_experiment_by_name(experiment)
    assert known
    return {run.info.run_id: str(run.info.run_name) for run in client.search_runs([known.experiment_id])}


def imported(checkout: Checkout, bundle: Path, *overrides: str) -> str:
    """What is said when a bundle is imported."""
    done = checkout.run("pipeline.bundle", f"import={bundle}", *overrides)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_study_is_the_same_in_another_store(
    checkout: Checkout, elsewhere: Checkout, study: Path, tmp_path: Path
) -> None:
    elsewhere.client.create_experiment("so that the ids of experiments differ")
    before = ids(checkout.client, "searched")
    assert len(before) == 4
    said = imported(elsewhere, study)
    assert said.count("imported as run") == 4
    assert "Study searched: imported" in said
    assert ids(elsewhere.client, "searched") == before
    for run_id in before:
        here, there = (content_of(each.client, run_id, tmp_path) for each in (checkout, elsewhere))
        note = here["tags"].pop("mlflow.note.content", ""), there["tags"].pop("mlflow.note.content", "")
        assert there == here
        experiment = elsewhere.client.get_run(run_id).info.experiment_id
        assert re.sub(r"#/experiments/\d+/", f"#/experiments/{experiment}/", note[0]) == note[1]

    trials, copies = (study_of(each, "searched").trials for each in (checkout, elsewhere))
    assert copies == trials
    champion = elsewhere.client.get_model_version_by_alias("searched", "champion")
    assert champion.run_id == checkout.client.get_model_version_by_alias("searched", "champion").run_id
    [parent] = [run_id for run_id, name in before.items() if name == "searched"]
    views = [
        prepared_view(each, each.client.get_run(parent).info.experiment_id, parent) for each in (checkout, elsewhere)
    ]
    assert views[0] == views[1]
    made = elsewhere.run("pipeline.generate", "run=searched@champion", "what=samples")
    assert made.returncode == 0, made.stderr

    unchanged = rows(elsewhere)
    imported(elsewhere, study)
    assert rows(elsewhere) == unchanged
    assert study_of(elsewhere, "searched").trials == trials

    more = elsewhere.run("pipeline.train", *STUDY, "tracking.experiment=searched", "sweep.n_trials=4")
    assert more.returncode == 0, more.stderr
    assert len(ids(elsewhere.client, "searched")) == 5
    grown = rows(elsewhere)
    again = imported(elsewhere, study)
    assert again.count("was there already and stays: run") == 1
    assert "The runs below it stay as they are, too: what was added to one copy since is not brought into" in again
    assert rows(elsewhere) == grown
    assert len(study_of(elsewhere, "searched").trials) == 4


def test_a_champion_that_is_there_stays_the_champion(study: Path, tmp_path: Path, empty_database: Path) -> None:
    (tmp_path / "there").mkdir()
    there = Checkout(tmp_path / "there", empty_database)
    done = there.train(*SMALL, "tracking.experiment=own")
    assert done.returncode == 0, done.stderr
    [own] = there.runs("own")
    there.client.create_registered_model("searched")
    version = there.client.create_model_version("searched", own.info.artifact_uri, run_id=own.info.run_id).version
    there.client.set_registered_model_alias("searched", "champion", version)
    assert f"searched@champion stays the model of run {own.info.run_id}" in imported(there, study)
    assert there.client.get_model_version_by_alias("searched", "champion").run_id == own.info.run_id


def test_a_bundle_that_comes_home_changes_nothing(checkout: Checkout, study: Path) -> None:
    before = rows(checkout)
    said = imported(checkout, study)
    assert said.count("was there already and stays: run") == 1
    assert rows(checkout) == before
    assert study_of(checkout, "searched").user_attrs["parent_run"] in rows_of_runs(checkout)


def test_a_bundle_that_was_packed_again_changes_nothing(checkout: Checkout, elsewhere: Checkout, study: Path) -> None:
    again = checkout.run("pipeline.bundle", "run=searched", "out=again.zip")
    assert again.returncode == 0, again.stderr
    with ZipFile(study) as one, ZipFile(checkout.root / "again.zip") as other:
        assert one.namelist() == other.namelist()
        assert all(one.read(name) == other.read(name) for name in one.namelist() if name != "study.journal")
    imported(elsewhere, study)
    before = rows(elsewhere)
    imported(elsewhere, checkout.root / "again.zip")
    assert rows(elsewhere) == before
    taken = checkout.run("pipeline.bundle", "run=searched", "out=again.zip")
    assert taken.returncode == 2
    assert "out=again.zip: there is a file already; name another one: out=…" in taken.stderr


def test_a_study_comes_to_a_server_below_ids_of_its_own(
    checkout: Checkout, study: Path, tmp_path: Path, empty_database: Path
) -> None:
    elsewhere = Checkout(tmp_path / "elsewhere", empty_database)
    with elsewhere.ui(free_port()) as server:
        uri = f"tracking.uri={server.address}"
        assert imported(elsewhere, study, uri).count("imported as run") == 4
        client = MlflowClient(server.address)
        found = ids(client, "searched")
        assert set(found).isdisjoint(ids(checkout.client, "searched"))
        [parent] = [run_id for run_id, name in found.items() if name == "searched"]
        for run_id in found:
            run = client.get_run(run_id)
            former = run.data.tags["mlflow.begunAs"]
            assert run.data.tags.get("mlflow.parentRunId", parent) == parent
            here, there = content_of(checkout.client, former, tmp_path), content_of(client, run_id, tmp_path)
            for part in ("params", "metrics", "files", "model", "model metrics", "inputs", "status"):
                assert there[part] == here[part], part
        assert f"tags.`mlflow.parentRunId` = '{parent}'" in str(
            prepared_view(elsewhere, client.get_run(parent).info.experiment_id, parent)
        )
        assert f"viewStateShareKey={parent}" in client.get_run(parent).data.tags["mlflow.note.content"]
        assert study_of(elsewhere, "searched").user_attrs["parent_run"] == parent
        imported(elsewhere, study, uri)
        assert ids(client, "searched") == found
        more = elsewhere.run("pipeline.train", *STUDY, "tracking.experiment=searched", "sweep.n_trials=4", uri)
        assert more.returncode == 0, more.stderr
        assert len(ids(client, "searched")) == 5


def test_a_study_goes_from_server_to_server_once_and_its_trials_into_a_database_and_home(
    checkout: Checkout, study: Path, tmp_path: Path, empty_database: Path
) -> None:
    one, other = (Checkout(tmp_path / name, empty_database) for name in ("one", "other"))
    storage = f"storage=sqlite:///{tmp_path / 'study.db'}"
    with one.ui(free_port()) as server, other.ui(free_port()) as second:
        imported(one, study, f"tracking.uri={server.address}")
        packed = one.run("pipeline.bundle", "run=searched", "out=again.zip", f"tracking.uri={server.address}")
        assert packed.returncode == 0, packed.stderr
        for _ in range(2):
            imported(other, one.root / "again.zip", f"tracking.uri={second.address}", storage)
        client = MlflowClient(second.address)
        found = ids(client, "searched")
        assert len(found) == 4
        [parent] = [run_id for run_id, name in found.items() if name == "searched"]
        kept = optuna.load_study(study_name="searched", storage=storage.removeprefix("storage="))
        assert kept.user_attrs["parent_run"] == parent
        assert len(kept.trials) == 3
        deleted = next(iter(found))
        client.delete_run(deleted)
        again = other.run(
            "pipeline.bundle", f"import={one.root / 'again.zip'}", f"tracking.uri={second.address}", storage
        )
        assert len(ids(client, "searched")) == 3, again.stdout
    before = rows(checkout)
    assert imported(checkout, one.root / "again.zip").count("was there already and stays: run") == 1
    assert rows(checkout) == before


def test_a_study_that_is_there_stays_as_it_is_whatever_store_its_runs_are_brought_to(
    study: Path, tmp_path: Path, empty_database: Path
) -> None:
    elsewhere = Checkout(tmp_path / "elsewhere", empty_database)
    imported(elsewhere, study)
    more = elsewhere.run("pipeline.train", *STUDY, "tracking.experiment=searched", "sweep.n_trials=4")
    assert more.returncode == 0, more.stderr
    before = study_of(elsewhere, "searched")
    said = imported(elsewhere, study, f"tracking.uri=sqlite:///{tmp_path / 'second.db'}")
    assert "Study searched: was there already and stays" in said
    after = study_of(elsewhere, "searched")
    assert (after.user_attrs, after.trials) == (before.user_attrs, before.trials)


def test_a_storage_that_does_not_answer_is_told_before_anything_is_written(elsewhere: Checkout, study: Path) -> None:
    before = rows(elsewhere)
    refused = elsewhere.run(
        "pipeline.bundle", f"import={study}", f"storage=postgresql+psycopg://127.0.0.1:{free_port()}/x"
    )
    assert refused.returncode == 2
    assert "the study's storage postgresql+psycopg://127.0.0.1" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert rows(elsewhere) == before


@pytest.mark.fault("kills", "the import of a bundle is killed")
def test_an_import_that_is_killed_is_gone_on_with(
    checkout: Checkout, study: Path, tmp_path: Path, empty_database: Path
) -> None:
    """The same command goes on; runs and study are as in the store that they came from."""
    elsewhere = Checkout(tmp_path / "elsewhere", empty_database)
    for told in range(1, 5):
        process: Forked = elsewhere.start("pipeline.bundle", f"import={study}")
        assert process.stdout
        for _, line in zip(range(told), process.stdout, strict=False):  # each is said as soon as it has arrived
            assert "imported as run" in line
        process.send_signal(signal.SIGKILL)
        process.communicate()
    imported(elsewhere, study)
    for run_id in ids(checkout.client, "searched"):
        here, there = (content_of(each.client, run_id, tmp_path) for each in (checkout, elsewhere))
        assert there["files"] == here["files"]
        assert there["metrics"] == here["metrics"]
        assert there["model"] == here["model"]
        assert there["status"] == here["status"]
        assert there["tags"].keys() == here["tags"].keys()
        differing = [name for name in here["tags"] if there["tags"][name] != here["tags"][name]]
        assert set(differing) <= {"mlflow.note.content"}, "whose address leads to another experiment"
        assert "was killed" not in there["tags"].get("mlflow.note.content", "")
    assert study_of(elsewhere, "searched").trials == study_of(checkout, "searched").trials


def test_an_interrupted_training_goes_on_elsewhere(checkout: Checkout, elsewhere: Checkout) -> None:
    whole = (*TRAINING[:2], "training.patience=null", "training.epochs=40", "tracking.experiment=travels")
    assert checkout.train(*whole, "tracking.name=undisturbed").returncode == 0
    training = checkout.start("pipeline.train", *whole, "tracking.name=interrupted")
    wait_for_epoch(training, 3)
    at_work = next(run for run in checkout.runs("travels") if run.info.run_name == "interrupted").info.run_id
    early = checkout.run("pipeline.bundle", f"run={at_work}")
    assert early.returncode == 2
    assert re.search(r"is still written by process \d+ of .*Wait for its end, or interrupt it", early.stderr)
    training.send_signal(signal.SIGINT)
    training.communicate(timeout=60)
    packed = checkout.run("pipeline.bundle", f"run={beginning(at_work)}")
    assert packed.returncode == 0, packed.stderr
    [bundle] = (checkout.root / "mlruns" / "bundles").glob(f"interrupted_{at_work[:8]}.zip")
    imported(elsewhere, bundle)
    resumed = elsewhere.train(f"resume={at_work}")
    assert resumed.returncode == 0, resumed.stderr
    [undisturbed] = [run for run in checkout.runs("travels") if run.info.run_name == "undisturbed"]
    for metric in ("validation/epoch/elbo", "train/epoch/loss"):
        assert elsewhere.history(at_work, metric) == checkout.history(undisturbed.info.run_id, metric) != []
    films = [
        {path: (each.artifacts(run) / path).read_bytes() for path in paths_below(each.artifacts(run)) if ".gif" in path}
        for each, run in ((elsewhere, at_work), (checkout, undisturbed.info.run_id))
    ]
    assert films[0] == films[1] != {}, "drawn from the snapshots of all epochs, those before the journey, too"


def test_what_a_run_took_over_comes_with_it(checkout: Checkout, elsewhere: Checkout) -> None:
    first, second = (
        (
            "-m",
            "sweep=study",
            *SMALL,
            f"sweep.study={name}",
            "sweep.n_trials=2",
            "model.latent_dim=2,3",
            "sweep.workers=1",
        )
        for name in ("taken_from", "taking")
    )
    for command in (first, second):
        done = checkout.run("pipeline.train", *command, "tracking.experiment=takes")
        assert done.returncode == 0, done.stderr
    [taking, _] = [run for run in checkout.runs("takes") if "taken_over_from" in run.data.tags]
    packed = checkout.run("pipeline.bundle", f"run={taking.info.run_id}", "out=taking.zip")
    assert packed.returncode == 0, packed.stderr
    assert imported(elsewhere, checkout.root / "taking.zip").count("imported as run") == 2
    made = elsewhere.run("pipeline.generate", f"run={taking.info.run_id}", "what=samples")
    assert made.returncode == 0, made.stderr


@pytest.fixture
def other_study(elsewhere: Checkout) -> Iterator[None]:
    """Another study, of the name of the one that is imported."""
    journal = elsewhere.root / "mlruns" / "studies" / "searched.journal"
    journal.parent.mkdir(exist_ok=True)
    kept = journal.with_suffix(".kept")
    if journal.exists():
        journal.rename(kept)
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(journal), JournalLock(journal))
    )
    optuna.create_study(study_name="searched", storage=storage).set_user_attr("key", "another")
    yield
    journal.unlink()
    if kept.exists():
        kept.rename(journal)


@pytest.mark.usefixtures("other_study")
def test_a_study_whose_name_is_taken_is_refused_before_anything_is_written(elsewhere: Checkout, study: Path) -> None:
    before = rows(elsewhere)
    refused = elsewhere.run("pipeline.bundle", f"import={study}")
    assert refused.returncode == 2
    assert "mlruns/studies/ has another study of the name searched. Name another storage" in refused.stderr
    assert rows(elsewhere) == before


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ((), "run= and import=: neither is given. Expected run=<id or study> to write a file, or import=<file>"),
        (("run=a", "import=b"), "run= and import=: both are given"),
        (("import=nothing.zip",), "import=nothing.zip: there is no such file. Expected a bundle that pipeline.bundle"),
        (("run=searched", "out=a study.zip/x.zip"), "out=a study.zip/x.zip: File exists. Expected a file in a folder"),
        (
            ("run=searched", "out=/proc/x.zip"),
            "out=/proc/x.zip: No such file or directory. Expected a file in a folder",
        ),
        (("run=searched", "out=mlruns"), "out=mlruns: that is a folder; name a file in it"),
        (("import=mlruns",), "import=mlruns: that is a folder. Expected a bundle that pipeline.bundle has written"),
        (("import=study.zip", "out=x.zip"), "out=x.zip: import= writes no file. Leave it out"),
        (("run=serched",), "has no such run, and "),
        (("run=serched",), "no such study. Did you mean searched? Expected the id of a run or the beginning of one"),
        (("run=nothing",), "Runs of a server need its address, tracking.uri=http://…"),
    ],
)
@pytest.mark.usefixtures("study")
def test_a_wrong_command_is_told_what_was_expected(checkout: Checkout, overrides: tuple[str, ...], said: str) -> None:
    refused = checkout.run("pipeline.bundle", *overrides)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_run_that_was_deleted_there_is_told(
    checkout: Checkout, study: Path, tmp_path: Path, empty_database: Path
) -> None:
    elsewhere = Checkout(tmp_path / "elsewhere", empty_database)
    imported(elsewhere, study)
    [deleted] = [run_id for run_id, name in ids(elsewhere.client, "searched").items() if name == "searched"]
    elsewhere.client.delete_run(deleted)
    refused = elsewhere.run("pipeline.bundle", f"import={study}")
    assert refused.returncode == 2
    assert f"run {deleted} was deleted from" in refused.stderr
    assert "The same command, typed again, goes on where this one ended" in refused.stderr


@pytest.mark.fault("disk", "the disk is full while a bundle is written")
def test_a_bundle_is_written_whole_or_not_at_all(checkout: Checkout, study: Path, small_disk: Path) -> None:
    """The command is refused with the place, and nothing is left."""
    (small_disk / "ballast").write_bytes(bytes(small_disk_free(small_disk) - study.stat().st_size // 2))
    file = small_disk / "study.zip"
    refused = checkout.run("pipeline.bundle", "run=searched", f"out={file}")
    assert refused.returncode == 2
    assert f"{file}.unfinished: No space left on device" in refused.stderr
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]
    assert not list((checkout.root / "mlruns").glob("packed_*"))


@pytest.mark.usefixtures("study")
def test_a_disk_that_is_too_small_for_a_bundle_is_told_before_anything_is_written(
    checkout: Checkout, small_disk: Path, tmp_path: Path, empty_database: Path
) -> None:
    bundle = tmp_path / "champion.zip"
    assert checkout.run("pipeline.bundle", "run=searched@champion", f"out={bundle}").returncode == 0
    elsewhere = Checkout(tmp_path / "elsewhere")
    (elsewhere.root / "mlruns").symlink_to(small_disk)
    shutil.copy(empty_database, small_disk / "mlflow.db")
    (small_disk / "ballast").write_bytes(bytes(small_disk_free(small_disk) - bundle.stat().st_size // 2))
    refused = elsewhere.run("pipeline.bundle", f"import={bundle}")
    assert refused.returncode == 2
    assert re.search(r"[\d,]+ bytes are needed in .*mlruns, which has [\d,]+\. Make room there", refused.stderr)
    assert not elsewhere.client.search_runs([each.experiment_id for each in elsewhere.client.search_experiments()])
    (small_disk / "ballast").unlink()
    assert imported(elsewhere, bundle).count("imported as run") == 1


def small_disk_free(disk: Path) -> int:
    """Bytes that are free on a disk."""
    return shutil.disk_usage(disk).free
