"""Circumstances of a machine that are not as they should be: clocks, folders, memory, a second command."""

import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from checkout import SMALL, Checkout, wait_for_epoch
from studies import study_of

AS_A_USER = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")
"""Before a command of root's, so that permissions hold for it as for everybody."""
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
LONG = ("dataset.limit=600", "model.hidden=[32]", "training.epochs=60", "training.patience=null", "pictures=few")


@pytest.mark.fault("clock", "the clock of the machine is set back by an hour, then forward by a day, during a training")
@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed: apt-get install faketime")
def test_clock(checkout: Checkout, tmp_path: Path) -> None:
    """The training ends with each epoch recorded once, in its order, and the run is closed."""
    now = tmp_path / "now"
    now.write_text("+0")
    clock = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(now), "FAKETIME_NO_CACHE": "1"}
    clock["DONT_FAKE_MONOTONIC"] = "1"  # which no change of the clock changes
    process = checkout.start_anew(
        "pipeline.train", *LONG, "training.epochs=400", "tracking.experiment=clock", env=clock
    )
    assert process.stdout
    for offset in ("-1h", "+1d"):
        for line in process.stdout:
            if re.match(r"epoch +\d+", line):
                break
        now.write_text(offset)
        time.sleep(0.5)
    _, err = process.communicate(timeout=400)  # of 400 epochs, also on a busy machine
    assert process.returncode == 0, err
    [run] = checkout.runs("clock")
    assert run.info.status == "FINISHED"
    times = {point.timestamp for point in checkout.client.get_metric_history(run.info.run_id, "train/epoch/loss")}
    assert max(times) - min(times) > 20 * 3600 * 1000, "the clock was set while it trained"
    assert [step for step, _ in checkout.history(run.info.run_id, "train/epoch/loss")] == list(range(1, 401))


@pytest.mark.fault("two commands", "two commands of a machine resume the same run at once")
def test_two_resume_at_once(checkout: Checkout) -> None:
    """One goes on, the other is refused with the process that has the run; every epoch is trained once."""
    process = checkout.start("pipeline.train", *LONG, "training.epochs=100000", "tracking.experiment=twice")
    wait_for_epoch(process, 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    [run] = checkout.runs("twice")
    both = [checkout.start("pipeline.train", f"resume={run.info.run_id}") for _ in range(2)]
    deadline = time.monotonic() + 120
    while all(each.poll() is None for each in both):
        assert time.monotonic() < deadline, "both go on"
        time.sleep(0.1)
    [refused] = [each for each in both if each.poll() is not None]
    [going] = [each for each in both if each.poll() is None]
    _, err = refused.communicate(timeout=60)
    assert refused.returncode == 2, err
    assert re.search(rf"resume={run.info.run_id}: this run is still training, in process \d+", err)
    wait_for_epoch(going, 6)
    going.send_signal(signal.SIGINT)
    going.communicate(timeout=60)
    assert going.returncode == 130
    steps = [step for step, _ in checkout.history(run.info.run_id, "train/epoch/loss")]
    assert steps == list(range(1, len(steps) + 1))


@pytest.mark.fault("memory", "a trial of a study asks for more memory than its process may have")
def test_memory_of_a_trial(checkout: Checkout) -> None:
    """The trial fails with the reason, and the study goes on with the others."""
    limit = 4_500_000_000
    wide = (
        "model.hidden=[16],[400000]",
        "training.batch_size=1000",
        "dataset.limit=1200",
    )  # 1.6 GB for each activation
    study = ("-m", "sweep=study", "sweep.study=memory", "sweep.n_trials=2", "sweep.slots=1", "sweep/sampler=grid")
    command = (*study, *SMALL[2:], *wide, "tracking.experiment=memory")
    limited = ("sh", "-c", f'ulimit -d {limit // 1024} && exec "$@"', "sh")
    with checkout.start_anew("pipeline.train", *command, before=limited) as process:
        out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "1 done, 1 failed" in out
    [failed] = [trial for trial in study_of(checkout, "memory").trials if trial.state.name == "FAIL"]
    assert re.search("the memory was used up|OOM", failed.user_attrs["reason"])


@pytest.mark.fault("folders", "the folder for temporary files is gone")
def test_folder_of_temporary_files(checkout: Checkout, tmp_path: Path) -> None:
    """Python takes another folder for temporary files, and the training ends as usual."""
    gone = tmp_path / "gone"
    gone.mkdir()
    environment = {"TMPDIR": str(gone), "TEMP": str(gone), "TMP": str(gone)}
    shutil.rmtree(gone)
    process = checkout.start_anew("pipeline.train", *SMALL, "tracking.experiment=no_tmp", env=environment)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    [run] = checkout.runs("no_tmp")
    assert run.info.status == "FINISHED"


@pytest.mark.fault("folders", "the folder for temporary files is removed while a training uses it")
def test_folder_of_temporary_files_that_goes_away(checkout: Checkout, tmp_path: Path) -> None:
    """The run ends with a message that names the folder, without a traceback, and can be gone on with."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment = {name: str(folder) for name in ("TMPDIR", "TEMP", "TMP")}
    command = (*LONG[:2], "training.epochs=400", "training.patience=null", "pictures=cards", "tracking.experiment=lost")
    process = checkout.start_anew("pipeline.train", *command, env=environment)
    assert process.stdout
    next(line for line in process.stdout if line.startswith("epoch"))
    shutil.rmtree(folder)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert f"{folder}: the folder for temporary files is gone" in err
    assert "Traceback" not in err
    [run] = checkout.runs("lost")
    done = checkout.train(f"resume={run.info.run_id}")
    assert done.returncode == 0, done.stderr


@pytest.mark.fault("folders", "the home directory is missing, or cannot be written to")
@pytest.mark.parametrize("home", ["/nonexistent", "/proc"])
def test_home(checkout: Checkout, home: str) -> None:
    """A training ends as usual, with its pictures."""
    experiment = f"home_{home.strip('/')}"
    environment = {"HOME": home, "XDG_CACHE_HOME": f"{home}/cache", "XDG_CONFIG_HOME": f"{home}/config"}
    process = checkout.start_anew(
        "pipeline.train", *SMALL[:3], "pictures.final=[latent]", f"tracking.experiment={experiment}", env=environment
    )
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    [run] = checkout.runs(experiment)
    assert (checkout.artifacts(run.info.run_id) / "latent.png").exists()


@pytest.fixture
def as_a_user() -> tuple[str, ...]:
    """What comes before a command so that permissions hold for it."""
    if os.getuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        pytest.skip("permissions do not hold for root, and setpriv (Debian's util-linux) is not there")
    return AS_A_USER


@pytest.mark.fault("folders", "a folder in `mlruns/` belongs to another user")
@pytest.mark.parametrize("folder", ["artifacts", "checkpoints", "studies", "jobs", "outbox"])
@pytest.mark.parametrize("command", [(), ("-m", "sweep=study", "sweep.study=foreign", "model.latent_dim=1,2")], ids=len)
def test_foreign_folders(checkout: Checkout, as_a_user: tuple[str, ...], folder: str, command: tuple[str, ...]) -> None:
    """The command is refused before anything is trained, with the folder and the cure."""
    place = checkout.root / "mlruns" / folder
    place.mkdir(exist_ok=True)
    place.chmod(0o555)
    try:
        typed = (*command, *SMALL, "tracking.experiment=foreign")
        out, err = checkout.start_anew("pipeline.train", *typed, before=as_a_user).communicate(timeout=120)
    finally:
        place.chmod(0o755)
    assert err == (
        f"{place} cannot be written to. Expected a folder in which whoever types the command may write: sudo chown -R "
        f'"$USER" {place.parent}\n'
    )
    assert "epoch" not in out


@pytest.mark.fault("folders", "the permission to write is taken from a training")
def test_permission_that_is_taken(checkout: Checkout, as_a_user: tuple[str, ...]) -> None:
    """The run ends with a message that names the file, without a traceback, and can be gone on with."""
    folder = checkout.root / "mlruns" / "checkpoints"
    command = (*LONG[:2], "training.epochs=400", "training.patience=null", "pictures=few", "tracking.experiment=taken")
    with checkout.start_anew("pipeline.train", *command, before=as_a_user) as process:
        assert process.stdout
        next(line for line in process.stdout if re.match("epoch +2/", line))  # so that the first one is kept
        folder.chmod(0o555)
        _, err = process.communicate(timeout=120)
        folder.chmod(0o755)
    assert process.returncode == 2, err
    assert re.search(rf"Nothing more can be written \({folder}/\w+.unfinished: Permission denied\)", err)
    assert "Traceback" not in err
    [run] = checkout.runs("taken")
    assert run.info.status == "FAILED"
    done = checkout.train(f"resume={run.info.run_id}")
    assert done.returncode == 0, done.stderr
