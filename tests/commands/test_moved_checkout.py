"""A checkout that was copied or moved with its runs: they are found where they are now, and none goes where it was."""

import hashlib
import shutil
from pathlib import Path

import pytest
from checkout import SMALL, Checkout
from mlflow.tracking import MlflowClient

from pipeline.tracking.run_files import artifact_text
from pipeline.tracking.store import Store

pytestmark = pytest.mark.slow


def files_of(folder: Path) -> dict[str, str]:
    """Every file below a folder with the hash of its content; of the database the name alone, as looking changes it."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("mlflow.db")]
    return {str(path.relative_to(folder)): hashlib.md5(path.read_bytes()).hexdigest() for path in files}


def moved(checkout: Checkout, root: Path) -> Checkout:
    """The checkout as it is found at another place."""
    there = Checkout.__new__(Checkout)
    there.root = root
    return there


@pytest.mark.fault("folders", "`mlruns/` or the whole checkout is moved or copied")
def test_runs_of_a_copied_and_of_a_moved_checkout_are_found_there(tmp_path: Path) -> None:
    """Runs, models and pictures are found at the new place, which is said once."""
    original = Checkout(tmp_path / "first place")
    assert original.train(*SMALL, "tracking.experiment=kept").returncode == 0
    [run] = original.runs("kept")
    copy = moved(original, tmp_path / "copy")
    shutil.copytree(original.root, copy.root)
    before = files_of(original.root)

    done = copy.run("pipeline.generate", f"run={run.info.run_id}", "what.n=4", "out=generated", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 run was found beside the database, which still named their former place" in done.stdout
    again = copy.run("pipeline.evaluate", f"run={run.info.run_id}", "evaluation.importance_samples=20")
    assert again.returncode == 0, again.stderr
    assert "former place" not in again.stdout
    assert copy.train(*SMALL, "tracking.experiment=kept", "training.seed=1").returncode == 0
    for each in copy.runs("kept"):
        assert (copy.artifacts(each.info.run_id) / "config.yaml").is_relative_to(copy.root)
        assert (copy.artifacts(each.info.run_id) / "config.yaml").exists()
    assert files_of(original.root) == before, "nothing is written where the copy came from"

    shutil.rmtree(original.root)
    copy.root = copy.root.rename(tmp_path / "third")
    done = copy.train(f"from={run.info.run_id}", "training.seed=2", f"init={run.info.run_id}")
    assert done.returncode == 0, done.stderr
    compared = copy.run("pipeline.compare", "experiment=kept", "out=compared", cwd=tmp_path)
    assert compared.returncode == 0, compared.stderr
    assert (tmp_path / "compared" / "comparison.html").read_text().count('<img alt="" src="data:image/png') == 7
    assert "Without pictures" not in compared.stdout

    shutil.rmtree(copy.root / "mlruns" / "artifacts" / "models")
    compared = copy.run("pipeline.compare", "experiment=kept")
    assert compared.stdout.count("Without pictures, run") == 3
    assert "has no model that can be read" in compared.stdout
    assert not (tmp_path / "copy").exists()
    assert not (tmp_path / "first place").exists()


def test_artifacts_that_are_kept_elsewhere_on_purpose_stay_there(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    elsewhere = (tmp_path / "large disk" / "artifacts").as_uri()
    Store(uri)
    client = MlflowClient(uri)
    run = client.create_run(client.create_experiment("large", artifact_location=elsewhere))
    client.log_text(run.info.run_id, "kept", "file.txt")
    store = Store(uri)
    assert store.client.get_run(run.info.run_id).info.artifact_uri.startswith(elsewhere)
    assert artifact_text(store, run.info.run_id, "file.txt") == "kept"
