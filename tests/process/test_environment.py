"""What a scheduler, a notebook or a profile sets for other programs, and what lies where a command is typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from checkout import SMALL, Checkout

from pipeline import ROOT
from pipeline.places import python
from pipeline.process.environment import OBEYED, forwarded_variables

OF_OTHERS = {
    "MLFLOW_EXPERIMENT_NAME": "another",
    "MLFLOW_EXPERIMENT_ID": "0",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "true",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "true",
    "MLFLOW_REGISTRY_URI": "http://127.0.0.1:9",
    "MLFLOW_RUN_CONTEXT": "{not json",
    "MLFLOW_BACKEND_STORE_URI": "http://127.0.0.1:9",
    "MLFLOW_ACTIVE_MODEL_ID": "m-0",
    "KERAS_BACKEND": "torch",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "HYDRA_MAIN_MODULE": "another.module",
    "HYDRA_FULL_ERROR": "0",
    "OPTUNA_STORAGE": "nonsense://",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "ascii",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A directory with files that bear the names of Python's and of ours, settings of Keras, and images."""
    for name in ("random.py", "tempfile.py", "socket.py", "typing.py", "hydra.py"):
        (tmp_path / name).write_text("raise SystemExit('a file of the working directory was imported')")
    for folder in ("pipeline", "conf", "hydra_plugins", "mlflow"):
        (tmp_path / folder).mkdir()
    settings = {"backend": "jax", "floatx": "float64", "epsilon": 0.1, "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(60) % 2)
    return tmp_path


@pytest.mark.slow
def test_a_training_obeys_its_command_and_not_the_environment(checkout: Checkout, hostile: Path) -> None:
    assert checkout.train(*SMALL, "tracking.experiment=before").returncode == 0
    [before] = checkout.runs("before")
    ours = ("dataset=npz", "dataset.dir=mine.npz", "model=conv", "training.epochs=3", "hydra.job.chdir=true")
    env = OF_OTHERS | {"MLFLOW_RUN_ID": before.info.run_id, "KERAS_HOME": str(hostile)}
    process = checkout.start_anew("pipeline.train", *ours, "tracking.experiment=ours", cwd=hostile, env=env)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), err
    assert "epoch 3/3" in out
    [run] = checkout.runs("ours")
    assert run.info.status == "FINISHED"
    assert (checkout.artifacts(run.info.run_id) / "latent.png").exists()
    after = checkout.client.get_run(before.info.run_id)
    assert after.to_dictionary() == before.to_dictionary(), "the run that MLFLOW_RUN_ID names is another's"
    assert {path.name for path in hostile.iterdir() if path.suffix not in {".py", ".npz", ".json"}} == {
        *("pipeline", "conf", "hydra_plugins", "mlflow")
    }, "a command leaves nothing where it was typed"


@pytest.mark.slow
def test_a_study_obeys_its_command_and_not_the_environment(checkout: Checkout, hostile: Path) -> None:
    small = ("model.hidden=[8]", "training.epochs=1", "pictures=cards")
    ours = ("dataset=npz", "dataset.dir=mine.npz", "hydra.job.chdir=true", *small)
    study = ("sweep=study", "sweep.study=ours", "model.latent_dim=1,2", "sweep.slots=2", "tracking.experiment=studied")
    env = OF_OTHERS | {"KERAS_HOME": str(hostile)}
    process = checkout.start_anew("pipeline.train", "-m", *study, *ours, cwd=hostile, env=env)
    _, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), err
    runs = checkout.runs("studied")
    assert [run.info.status for run in runs] == ["FINISHED"] * 3
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert (checkout.artifacts(parent.info.run_id) / "history.png").exists()
    assert checkout.client.get_model_version_by_alias("ours", "champion").run_id in {run.info.run_id for run in runs}


def test_a_folder_of_our_name_does_not_hide_the_installation(tmp_path: Path) -> None:
    (tmp_path / "pipeline").mkdir()
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONSAFEPATH"}}
    command = [sys.executable, "-m", "pipeline.train", "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Train a variational autoencoder" in done.stdout


def test_a_command_to_type_runs_the_same_python_in_the_shell_that_is_told(tmp_path: Path, monkeypatch) -> None:
    """Activated or not, and wherever the shell is."""
    ours = Path(sys.executable)
    assert python() == "python"
    another = tmp_path / "bin" / "python"
    another.parent.mkdir()
    another.write_text("#!/bin/sh\nexit 1\n")
    another.chmod(0o755)
    for path in (f"{another.parent}:{os.environ['PATH']}", str(tmp_path)):
        monkeypatch.setenv("PATH", path)
        for directory, said in ((ours.parents[2], f"{ours.parts[-3]}/bin/{ours.name}"), (tmp_path, str(ours))):
            monkeypatch.chdir(directory)
            assert python() == said
            done = subprocess.run(f"{python()} -c 'print(1)'", shell=True, capture_output=True, text=True, check=True)
            assert done.stdout == "1\n"


def test_a_folder_that_is_named_has_the_runs_in_place_of_the_checkout(checkout: Checkout, tmp_path: Path) -> None:
    done = checkout.train(*SMALL, "hydra.job.chdir=true", cwd=tmp_path, env={"VAE_HOME": "mine"})
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert (tmp_path / "mine" / "mlruns" / "mlflow.db").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}


def test_what_is_obeyed_says_where_runs_are_or_how_that_is_reached() -> None:
    assert "MLFLOW_TRACKING_URI" in OBEYED
    assert not {name for name in OBEYED if name.endswith(("RUN_ID", "EXPERIMENT_NAME", "EXPERIMENT_ID", "BACKEND"))}


def test_a_job_elsewhere_has_the_variables_that_its_config_refers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STUDY_STORAGE", "TOKEN", "UNNAMED"):
        monkeypatch.setenv(name, f"of {name}")
    monkeypatch.delenv("ABSENT", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    composed = "storage: ${oc.env:STUDY_STORAGE}\nuri: '${oc.decode:${oc.env:\"TOKEN\",null}}'\nno: ${oc.env:ABSENT,3}"
    given = forwarded_variables(composed)
    assert given["STUDY_STORAGE"] == "of STUDY_STORAGE"
    assert given["TOKEN"] == "of TOKEN"
    assert given["MLFLOW_TRACKING_URI"] is None, "a node's own would be another place"
    assert not {"UNNAMED", "ABSENT"} & set(given)


ON_ONE_CORE = """
import os
from pathlib import Path
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from pipeline.process.circumstances import circumstances
from pipeline.runtime import RuntimeSettings, start_tensorflow
start_tensorflow()
RuntimeSettings(precision="float32", threads=None).apply()
names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
print(circumstances()["threads"], names.count("tf_Compute"))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system does not confine processes to cores")
def test_a_run_records_as_many_threads_as_tensorflow_takes_of_the_cores_that_its_process_may_use() -> None:
    done = subprocess.run([sys.executable, "-c", ON_ONE_CORE], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["1", "1"]
