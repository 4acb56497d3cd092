"""Sweeps on a Ray cluster of two nodes: they share a study, and whatever is killed, nothing is lost or done twice."""

import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import optuna
import psutil
import pytest
from checkout import SMALL, Checkout, free_port
from processes import family, wait_until
from ray_cluster import RayCluster, ray_cluster
from studies import COMMAND, assert_trained_once, parent_and_trials, study_of, wait_for_training

from pipeline.errors import InputError
from pipeline.sweep.job_failures import failures_of
from pipeline.sweep.ray import jobs, launcher, supervisor
from pipeline.sweep.ray.settings import AUTO, RaySettings

pytestmark = pytest.mark.slow

ON_RAY = (*COMMAND, "hydra/launcher=ray", "sweep.workers=2", "sweep/pruner=none", "sweep/sampler=grid")
SEEN = """
import os
from pipeline.models.likelihood import Bernoulli

class Seeing(Bernoulli):
    def __init__(self):
        print("GPU", os.environ.get("CUDA_VISIBLE_DEVICES"))
        super().__init__()
"""
"""A package of the user's that says which GPU a training sees."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """Two nodes with room for one job of two slots each, or for two of one."""
    with ray_cluster(cpus=2, gpus=2) as started:
        yield started


def study(name: str, n_trials: int, epochs: int) -> tuple[str, ...]:
    """The overrides of a small study with as many points as trials."""
    space = f"model.latent_dim={','.join(str(each) for each in range(1, n_trials + 1))}"
    named = (f"sweep.study={name}", f"tracking.experiment={name}", f"sweep.n_trials={n_trials}")
    own = f"training.seed={sum(map(ord, name))}"  # so that none is taken over from another study
    return (*ON_RAY, *named, own, space, f"training.epochs={epochs}")


def states(checkout: Checkout, name: str) -> list[str]:
    """The states of a study's trials."""
    return [trial.state.name for trial in study_of(checkout, name).trials]


def test_two_nodes_share_a_study_its_slots_their_gpus_and_no_log_has_its_password(
    checkout: Checkout, cluster: RayCluster
) -> None:
    (checkout.root / "seeing.py").write_text(SEEN)
    storage = f"sqlite:///file:{checkout.root}/optuna.db?uri=true&password=s3cret"
    done = checkout.train(
        *study("shared", 6, 5),
        f"hydra.launcher.address={cluster.address}",
        "hydra.launcher.num_gpus=2",
        "sweep.slots=2",
        "sweep.storage='${oc.env:STUDY_STORAGE}'",  # which the nodes do not have
        "trusted=[seeing]",
        "likelihood._target_=seeing.Seeing",
        env={**cluster.environment, "STUDY_STORAGE": storage},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"Ray at {cluster.address}: shared-\w+-0 to 1, 2 CPUs and 2 GPUs each, which go on", done.stdout)
    told = re.findall(r"(?m)^job ([01]), \S+: trial +(\d) done", done.stdout)
    assert sorted(number for _, number in told) == list("012345"), "each trial is told once"
    assert {job for job, _ in told} == {"0", "1"}, "both jobs have worked"
    assert "(raylet)" not in done.stdout + done.stderr
    assert done.stderr == ""
    trials = optuna.load_study(study_name="shared", storage=storage).trials
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 6
    owners = {trial.system_attrs["owner"]["pid"] for trial in trials}
    logs = {number: checkout.root / "mlruns" / "jobs" / "shared" / str(number) / "training.log" for number in range(6)}
    seen = {number: set(re.findall(r"(?m)^GPU (.*)$", log.read_text())) for number, log in logs.items()}
    assert len(owners) == 2
    assert all(gpus in ({"0"}, {"1"}) for gpus in seen.values()), "a trial sees one GPU"
    assert {gpu for gpus in seen.values() for gpu in gpus} == {"0", "1"}
    assert {run.data.tags["threads"] for run in parent_and_trials(checkout, "shared")[1].values()} == {"1"}
    sessions = [path for path in cluster.folder.rglob("*") if path.is_file() and not path.is_socket()]
    assert any(b"Supervisor" in path.read_bytes() for path in sessions), "the logs are where they are looked for"
    records = [path for path in (checkout.root / "mlruns").rglob("*") if path.is_file()]
    assert not [path for path in (*sessions, *records) if b"s3cret" in path.read_bytes()]


@pytest.mark.fault("nodes", "the command of a study on Ray is killed, then the process of a job")
def test_a_study_ends_though_its_command_is_killed_and_then_what_runs_its_jobs(
    checkout: Checkout, cluster: RayCluster, commands
) -> None:
    """Ray starts the job again, and each trial is trained once."""
    command = (*study("forgotten", 4, 60), f"hydra.launcher.address={cluster.address}")
    process = checkout.start("pipeline.train", *command, env=cluster.environment, group=True)
    commands.append(process)
    wait_for_training(checkout, "forgotten", 2, process)
    process.kill()
    supervisors = [each for number in (0, 1) for each in cluster.processes(number, "ray::Supervisor")]
    assert len(supervisors) == 2
    supervisors[0].kill()
    [above] = supervisors[1].children()
    [job] = [each for each in above.children() if "pipeline.sweep.ray.job" in " ".join(each.cmdline())]
    job.kill()
    wait_until(lambda: states(checkout, "forgotten") == ["COMPLETE"] * 4, "the study never ended")
    wait_until(lambda: not any(cluster.processes(number, "ray.job") for number in (0, 1)), "the jobs never ended")
    assert_trained_once(checkout, "forgotten", 4, 60)


def test_kill_actor_ends_a_job_tidily_and_ctrl_c_the_others(checkout: Checkout, cluster: RayCluster, commands) -> None:
    command = (*study("stopped", 2, 100000), f"hydra.launcher.address={cluster.client}")
    process = checkout.start("pipeline.train", *command, env=cluster.environment, group=True)
    commands.append(process)
    wait_for_training(checkout, "stopped", 2, process)
    name = next(found[1] for line in process.stdout if (found := re.search(r": (stopped-\w+-0) to 1,", line)))
    cluster.say("kill-actor", "--namespace=vae", f"--name={name}")
    wait_until(lambda: sorted(states(checkout, "stopped")) == ["RUNNING", "WAITING"], "its trial never waited")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Cancelling the jobs on Ray" in out
    assert "Stopped by SIGINT. Go on with the same command" in err
    assert "Traceback" not in out + err
    assert states(checkout, "stopped") == ["WAITING"] * 2
    parent, runs = parent_and_trials(checkout, "stopped")
    assert {run.info.status for run in (parent, *runs.values())} == {"KILLED"}
    checkpoints = {path.name for path in (checkout.root / "mlruns" / "checkpoints").iterdir()}
    assert {run.info.run_id for run in runs.values()} <= {name.partition(".")[0] for name in checkpoints}


@pytest.mark.fault("nodes", "the process dies that the head of Ray starts for the command of another machine")
def test_a_command_connects_though_the_process_that_the_head_starts_for_it_dies(checkout: Checkout, commands) -> None:
    """The command asks the head once more, three times in all, and the study ends."""
    with ray_cluster(cpus=2, nodes=1, patience=30) as cluster:
        command = (*study("unlucky", 2, 3), f"hydra.launcher.address={cluster.client}")
        process = checkout.start("pipeline.train", *command, env=cluster.environment, group=True)
        commands.append(process)
        started: list[psutil.Process] = []

        def is_there() -> bool:
            started[:] = cluster.processes(0, "--mode=specific-server")
            return bool(started)

        wait_until(is_there, "the head never started a process for the client", process)
        started[0].kill()
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, out + err
    assert_trained_once(checkout, "unlucky", 2, 3)


def test_a_family_runs_on_ray_that_is_started_here_and_a_failure_is_told(checkout: Checkout) -> None:
    process = checkout.start(
        "pipeline.train",
        "-m",
        *SMALL,
        "hydra/launcher=ray",
        "hydra.launcher.address=null",
        "training.learning_rate=0.001,1e30",
        "tracking.experiment=family",
        env={"RAY_AUTH_TOKEN": "0" * 64},  # else Ray writes one into the home of whoever tests
    )
    supervisors: set[psutil.Process] = set()

    def both_are_there() -> bool:
        supervisors.update(each for each in family(process) if each.name().startswith("ray::Supervisor"))
        return len(supervisors) == 2

    wait_until(both_are_there, "two supervisors were never there", process)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 2, out + err
    assert re.search(r"Ray on this machine: family-\w+-0 to 1, 1 CPU each\n", out)
    assert re.search(r"(?m)^job 0, \S+: epoch +3/3", out)
    assert re.search(r"(?m)^job 1, \S+: .*Try a lower training.learning_rate", err)
    assert "Traceback" not in out + err
    members = checkout.runs("family", "tags.mlflow.parentRunId LIKE '%'")
    assert sorted(run.info.status for run in members) == ["FAILED", "FINISHED"]
    assert not [each for each in supervisors if each.is_running()]


def test_jobs_go_on_where_nobody_reads_any_more_what_they_print(checkout: Checkout, commands) -> None:
    process = checkout.start(
        "pipeline.train",
        "-m",
        *SMALL,
        "hydra/launcher=ray",
        "hydra.launcher.address=null",
        "training.learning_rate=0.001,1e30",
        "tracking.experiment=unread",
        env={"RAY_AUTH_TOKEN": "0" * 64},
        group=True,
    )
    commands.append(process)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()  # as `2>&1 | head -1` does
    process.stderr.close()
    assert process.wait(300) == 2
    members = checkout.runs("unread", "tags.mlflow.parentRunId LIKE '%'")
    assert sorted(run.info.status for run in members) == ["FAILED", "FINISHED"]


AGAIN = "The same command goes on in their place"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            None,
            "hydra.launcher.address=null: Ray, which this command had started on this machine, was lost (gone), and "
            f"its jobs with it. {AGAIN}",
        ),
        (
            AUTO,
            "hydra.launcher.address=auto: the connection to Ray was lost (gone). The jobs go on if the cluster does. "
            f"{AGAIN}",
        ),
    ],
)
def test_a_loss_of_ray_says_what_becomes_of_the_jobs(
    address: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    settings = RaySettings(address=address, num_cpus=1, num_gpus=0, memory=None, max_restarts=0)
    assert jobs.Jobs(settings, "study", {})._lost("gone") == said


def test_ray_that_cannot_be_started_here_is_told_with_another_launcher(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    settings = "address=None, num_cpus=1, num_gpus=0, memory=None, max_restarts=0"
    program = f"""
from pipeline.sweep.ray.cluster import connect
from pipeline.sweep.ray.settings import RaySettings
connect(RaySettings({settings}))
"""
    env = os.environ | {"RAY_TMPDIR": str(folder), "RAY_AUTH_TOKEN": "0" * 64}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert "InputError: hydra.launcher.address=null: Ray cannot be started on this machine: " in done.stderr
    assert "AF_UNIX path length cannot exceed" in done.stderr
    assert done.stderr.endswith("do without Ray: hydra/launcher=joblib runs jobs on one machine, too\n")


def test_a_command_without_the_token_of_the_cluster_is_told_where_it_belongs(
    checkout: Checkout, cluster: RayCluster
) -> None:
    env = cluster.environment | {"RAY_AUTH_TOKEN": "0" * 64}
    done = checkout.train(*study("tokenless", 2, 1), f"hydra.launcher.address={cluster.address}", env=env)
    assert done.returncode == 2
    assert f"hydra.launcher.address={cluster.address}: Failed to connect to Ray cluster" in done.stderr
    assert (
        "set RAY_AUTH_MODE=token, and the token of the cluster as RAY_AUTH_TOKEN or in ~/.ray/auth_token" in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "in_environment", "message"),
    [
        ({"address": "http://127.0.0.1:8265"}, "", "that is Ray's dashboard, which starts no workers. Expected ray://"),
        ({"address": "auto"}, "http://127.0.0.1:8265", "RAY_ADDRESS=http://127.0.0.1:8265: that is Ray's dashboard"),
        (
            {"address": "ray://127.0.0.1:PORT"},
            "",
            "no connection ([Errno 111] Connection refused). Start Ray on",
        ),
        ({"address": "127.0.0.1:PORT"}, "", "ray start --head --port=6379; or correct the address; null starts Ray"),
        ({"address": "auto"}, "127.0.0.1:PORT", "RAY_ADDRESS=127.0.0.1:"),
        ({"address": "here"}, "", "address=here: expected auto, <host>:6379, ray://<host>:10001, or null"),
        ({"num_cpus": 0}, "", "hydra.launcher.num_cpus=0: expected a number greater than 0"),
    ],
)
def test_what_ray_cannot_be_asked_is_refused(
    settings: dict[str, str], in_environment: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = str(free_port())
    given = {"address": None, "num_cpus": 1, "num_gpus": 0, "memory": None, "max_restarts": 0} | settings
    monkeypatch.setenv("RAY_ADDRESS", in_environment.replace("PORT", port)) if in_environment else None
    given["address"] = given["address"] and given["address"].replace("PORT", port)
    started = launcher.RayLauncher(**given)
    with pytest.raises(InputError, match=re.escape(message)):
        started.setup(hydra_context=None, task_function=None, config=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("address=http://127.0.0.1:8265", "hydra.launcher.address=http://127.0.0.1:8265: that is Ray's dashboard"),
        ("adress=auto", "hydra.launcher.adress: Hydra has no such key; --cfg hydra shows"),
    ],
)
def test_a_refusal_comes_before_anything_is_written(checkout: Checkout, setting: str, message: str) -> None:
    done = checkout.train(*study("refused", 2, 1), f"hydra.launcher.{setting}")
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (checkout.root / "mlruns" / "studies" / "refused.journal").exists()


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RaySettings(address=None, num_cpus=1, num_gpus=0, memory=None, max_restarts=0)
    monkeypatch.setitem(launcher.sys.modules, "ray", None)
    with pytest.raises(launcher.InputError, match=r"ray is not installed. Install it: pip install 'ray\[client\]"):
        launcher._check_installation(settings)


class Unreadable:
    """A job that no node can read."""

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("postgresql://me:s3cret@db",)


def test_a_job_that_cannot_begin_sends_back_the_reason_and_ends_well(tmp_path: Path) -> None:
    with (tmp_path / "sent").open("w+b") as sent:
        started = subprocess.run(
            [sys.executable, "-P", "-m", "pipeline.sweep.ray.job", str(sent.fileno())],
            input=pickle.dumps(Unreadable()),
            pass_fds=[sent.fileno()],
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert (started.returncode, started.stdout, started.stderr) == (0, b"", b""), "so that Ray starts it no more"
        sent.seek(0)
        [error] = failures_of([pickle.load(sent)])
    assert isinstance(error, InputError)
    assert f"node {os.uname().nodename} cannot begin the job (ValueError: invalid literal for int()" in str(error)
    assert "postgresql://me:***@db" in str(error)
    assert "s3cret" not in str(error)


def test_a_node_says_what_it_lacks(tmp_path: Path, checkout: Checkout) -> None:
    assert supervisor.missing_requirement(str(checkout.root)) is None
    assert supervisor.missing_requirement(None) is None, "as here the package is installed, too"
    said = supervisor.missing_requirement(str(tmp_path))
    assert (
        said == f"there is no checkout at {tmp_path}, where the command has its own. Put one there, of the same commit"
    )


@pytest.mark.fault("nodes", "the head of a Ray cluster is restarted")
def test_after_a_restart_of_the_head_the_same_command_goes_on(
    checkout: Checkout, cluster: RayCluster, commands
) -> None:
    """The command says so, and typed again goes on."""
    command = (*study("headless", 2, 60), f"hydra.launcher.address={cluster.address}")
    process = checkout.start("pipeline.train", *command, env=cluster.environment, group=True)
    commands.append(process)
    wait_for_training(checkout, "headless", 2, process)
    cluster.kill_node(0)
    cluster.start_node(cpus=2, gpus=2, again=0)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 2, out + err
    assert "the connection to Ray was lost (" in err
    assert "Traceback" not in err
    wait_until(lambda: not cluster.is_alive(1), "a node of the former head never ended")
    wait_until(lambda: states(checkout, "headless").count("RUNNING") <= 1, "the job of that node never ended tidily")
    cluster.start_node(cpus=2, gpus=2, again=1)
    done = checkout.train(*command, env=cluster.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n2 done\n" in done.stdout
    assert_trained_once(checkout, "headless", 2, 60)


@pytest.mark.fault("nodes", "a node of a Ray cluster is lost")
def test_a_node_that_is_lost_costs_no_trial(checkout: Checkout, cluster: RayCluster, commands, tmp_path: Path) -> None:
    """Its trials are trained on another node, each once."""
    command = (*study("powerless", 4, 60), f"hydra.launcher.address={cluster.address}")
    with (tmp_path / "said").open("w") as said:
        process = checkout.start("pipeline.train", *command, env=cluster.environment, out=said, group=True)
        commands.append(process)
        wait_for_training(checkout, "powerless", 2, process)
        cluster.kill_node(1)
        assert process.wait(600) == 0, (tmp_path / "said").read_text()
    assert ": starts again, as its process or its node was lost" in (tmp_path / "said").read_text()
    assert_trained_once(checkout, "powerless", 4, 60)


def test_a_training_of_a_family_whose_node_is_lost_goes_on_under_its_run_on_the_other(
    checkout: Checkout, cluster: RayCluster, commands, tmp_path: Path
) -> None:
    cluster.start_node(cpus=2, gpus=2, again=1)
    command = ("-m", *SMALL, "training.epochs=80", "training.patience=null", "model.latent_dim=2,3")
    where = ("tracking.experiment=nodes", "hydra/launcher=ray", f"hydra.launcher.address={cluster.address}")
    with (tmp_path / "said").open("w") as said:
        process = checkout.start("pipeline.train", *command, *where, env=cluster.environment, out=said, group=True)
        commands.append(process)
        told = tmp_path / "said"
        wait_until(lambda: len(re.findall(r"epoch +5/80", told.read_text())) == 2, "two never trained at once", process)
        [lost] = re.findall(r"(?m)^job (\d), node1: epoch +5/80", told.read_text())
        cluster.kill_node(1)
        assert process.wait(600) == 0, told.read_text()
    assert re.search(rf"(?m)^job {lost}, node0: starts again, as its process or its node was lost", told.read_text())
    runs = checkout.runs("nodes", "tags.mlflow.parentRunId LIKE '%'")
    assert sorted(run.info.run_name for run in runs) == ["latent_dim=2", "latent_dim=3"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        assert run.data.tags["host"] == "node0" or run.data.tags["ray_job"][-1] != lost
        assert [step for step, _ in checkout.history(run.info.run_id, "validation/epoch/loss")] == list(range(1, 81))
