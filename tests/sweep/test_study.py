"""Studies in their storage: budgets, claims, leases and the definition that must not change."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread, Timer

import optuna
import psutil
import pytest
from optuna.trial import TrialState
from privileges import unprivileged
from studies import SPACE, worked

from pipeline import places
from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.runs import decisive_code
from pipeline.runs.decisive_code import code_of
from pipeline.sweep.study import lease
from pipeline.sweep.study import storage as journal
from pipeline.sweep.study.claimed_trial import ClaimedTrial
from pipeline.sweep.study.lease import LEASE, Leases
from pipeline.sweep.study.node import CODE, RefusedNode, adopt_code, refuse_unwritable
from pipeline.sweep.study.results import N_TRIALS
from pipeline.sweep.study.study import Study


@pytest.mark.parametrize("address", [None, "sqlite:///{folder}/optuna.db"])
def test_many_at_once_train_exactly_the_trials_that_were_asked_for(plan, tmp_path: Path, address: str | None) -> None:
    asked = plan(n_trials=20, storage=address and Address(address.format(folder=tmp_path)))
    studies = [Study(asked) for _ in range(4)]
    points: list[dict] = []
    threads = [Thread(target=lambda study=study: points.extend(worked(study))) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(points) == 20
    trials = Study(asked).optuna.trials
    assert [trial.number for trial in trials] == list(range(20))
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}


def test_the_budget_is_a_total(plan) -> None:
    assert len(worked(Study(plan()))) == 6
    assert len(worked(Study(plan()))) == 0
    assert len(worked(Study(plan(n_trials=8)))) == 2
    assert len(Study(plan(n_trials=3)).trials) == 3


def test_a_trial_is_gone_on_with_under_its_number_with_its_values(plan) -> None:
    study = Study(plan())
    claimed = study.claim()
    study.end(claimed, TrialState.WAITING)
    assert not study.leases.holds(claimed.id)
    assert Study(plan()).claim() == claimed


def test_a_trial_whose_worker_is_gone_is_claimed_by_another_and_one_at_work_is_not(plan) -> None:
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    assert Study(plan(n_trials=1)).claim() is None, "its worker lives"
    owner = study.storage.get_trial(claimed.id).system_attrs[LEASE]
    study.storage.set_trial_system_attr(claimed.id, LEASE, owner | {"process_started": "1.0"})
    assert Study(plan(n_trials=1)).claim() == claimed


def test_a_trial_that_is_put_back_by_halves_is_claimed_at_once_when_its_worker_is_gone(plan) -> None:
    """As on a disk that is full after the lease was written, and before the state was."""
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    study.leases.release(claimed.id)
    assert Study(plan(n_trials=1)).claim() is None, "its worker is about to write the state"
    owner = study.storage.get_trial(claimed.id).system_attrs[LEASE]
    study.storage.set_trial_system_attr(claimed.id, LEASE, owner | {"process_started": "1.0"})
    assert Study(plan(n_trials=1)).claim() == claimed


def test_a_trial_that_waits_for_any_machine_has_no_lease_that_names_a_process(plan) -> None:
    """Else a third machine might take it for abandoned before another, which has claimed it, writes its lease."""
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    leases = Leases(study.storage, one_machine=False)
    leases.acquire(claimed.id)
    assert leases.holds(claimed.id)
    leases.release(claimed.id)
    trial = study.storage.get_trial(claimed.id)
    assert trial.system_attrs[LEASE] == {}
    assert not leases.holds(claimed.id)
    assert not leases.is_abandoned(trial)


def test_leases_are_renewed_and_looked_at_no_more_often_than_is_needed(plan, monkeypatch) -> None:
    study, looks = Study(plan(n_trials=1)), []

    def running() -> list:
        looks.append("look")
        return []

    leases = Leases(study.storage, one_machine=True)
    assert leases.is_due
    leases.renew([])
    assert not leases.is_due
    for _ in range(3):
        leases.look(running)
    assert len(looks) == 1
    monkeypatch.setattr(lease, "RENEWAL", -1.0)
    monkeypatch.setattr(lease, "LOOK", -1.0)
    assert leases.is_due
    leases.look(running)
    assert len(looks) == 2


def test_a_lease_of_another_machine_lasts_while_its_beat_changes(plan, monkeypatch) -> None:
    monkeypatch.setattr(lease, "EXPIRY", 0.4)
    study = Study(plan(n_trials=1))
    observer = Study(plan(n_trials=1))
    claimed = study.claim()
    for beat in range(6):
        elsewhere = {"host": "elsewhere", "beat": str(beat)}
        study.storage.set_trial_system_attr(claimed.id, LEASE, elsewhere)
        assert observer.claim() is None, "it gave a sign of life"
        time.sleep(0.15)
    assert _claimed_after_a_while(observer) == claimed, "the beat has stopped"
    assert study.renew([claimed]) == [claimed], "its first worker hears of it"
    study.end(claimed, TrialState.FAIL)
    assert [trial.state for trial in observer.trials] == [TrialState.RUNNING], "which is of no effect"


def _claimed_after_a_while(study: Study) -> ClaimedTrial | None:
    for _ in range(100):
        if claimed := study.claim():
            return claimed
        time.sleep(0.05)
    return None


def test_a_trial_that_another_machine_has_ended_is_no_longer_this_ones(plan) -> None:
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    study.storage.set_trial_state_values(claimed.id, TrialState.COMPLETE, [1.0])
    assert study.renew([claimed]) == [claimed]


@pytest.mark.parametrize("address", [None, "sqlite:///{folder}/optuna.db"])
@pytest.mark.parametrize("at_this_instant", [False, True])
def test_what_is_said_of_a_trial_that_another_machine_has_ended_has_no_effect(
    plan, tmp_path: Path, address: str | None, at_this_instant: bool
) -> None:
    """As by a machine that was suspended: the trial was taken over and ended, perhaps just after its lease is read."""
    asked = plan(n_trials=1, storage=address and Address(address.format(folder=tmp_path)))
    study, other = Study(asked), Study(asked)
    claimed = study.claim()
    if not at_this_instant:
        other.leases.acquire(claimed.id)
    other.storage.set_trial_state_values(claimed.id, TrialState.COMPLETE, [1.0])
    assert not study.report(claimed, 1, {"validation/epoch/elbo": -1.0})
    study.note(claimed, {"validation/nll_std": 0.5})
    for state in (TrialState.FAIL, TrialState.PRUNED, TrialState.WAITING):
        study.end(claimed, state, reason="mine")
    study.end(claimed, TrialState.COMPLETE, [2.0])
    [trial] = other.trials
    assert (trial.state, trial.values) == (TrialState.COMPLETE, [1.0])
    assert not trial.user_attrs
    assert not trial.intermediate_values


def test_a_trial_that_is_taken_over_is_told_nothing_by_the_worker_that_had_it(plan) -> None:
    study, other = Study(plan(n_trials=1)), Study(plan(n_trials=1))
    claimed = study.claim()
    other.leases.acquire(claimed.id)
    assert not study.report(claimed, 1, {"validation/epoch/elbo": -1.0})
    study.note(claimed, {"validation/nll_std": 0.5})
    [trial] = other.trials
    assert trial.state == TrialState.RUNNING
    assert not trial.user_attrs
    assert not trial.intermediate_values


def test_an_observer_that_slept_watches_anew(plan, monkeypatch) -> None:
    monkeypatch.setattr(lease, "EXPIRY", 0.4)
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    study.storage.set_trial_system_attr(claimed.id, LEASE, {"host": "elsewhere", "beat": "0"})
    observer = Study(plan(n_trials=1))
    assert observer.claim() is None
    time.sleep(0.6)
    assert observer.claim() is None, "all machines may have slept"


def test_other_code_is_a_studys_once_its_dead_workers_are_freed(plan) -> None:
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    study.optuna.set_user_attr(CODE, "other")
    with pytest.raises(RefusedNode, match="has other code"):
        adopt_code(Study(plan(n_trials=1)))
    dead = {"host": os.uname().nodename, "pid": "1", "process_started": "1.0"}
    study.storage.set_trial_system_attr(claimed.id, LEASE, dead)
    adopt_code(Study(plan(n_trials=1)))
    assert study.optuna.user_attrs[CODE] == code_of()
    assert [trial.state for trial in study.trials] == [TrialState.WAITING]


def test_a_node_that_cannot_write_logs_of_trials_is_refused() -> None:
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with unprivileged(), pytest.raises(RefusedNode) as refused:
            refuse_unwritable(Path(name) / "jobs")
        assert str(refused.value).startswith(
            f"node {os.uname().nodename}: {name}/jobs: Permission denied. Trials write "
        )
        assert str(refused.value).endswith("Trials write their logs there: make it writable")
        refuse_unwritable(Path(name) / "jobs")


def test_a_node_with_another_version_of_a_trusted_package_is_refused(plan, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    own = replace(plan(n_trials=1), trusted=["my_networks"])
    (tmp_path / "my_networks.py").write_text("WIDTH = 64")
    adopt_code(study := Study(own))
    study.claim()
    adopt_code(Study(own))
    (tmp_path / "my_networks.py").write_text("WIDTH = 128")
    adopt_code(Study(own))  # as a process has the code that it began with
    decisive_code._code_with.cache_clear()
    with pytest.raises(RefusedNode, match="Install the same version of the pipeline and of my_networks on all nodes"):
        adopt_code(Study(own))
    (tmp_path / "my_networks.py").unlink()
    decisive_code._code_with.cache_clear()
    with pytest.raises(RefusedNode, match="On this node my_networks cannot be found: put the folder that has it into"):
        adopt_code(Study(own))


def test_other_code_is_refused_once_a_node_is_seen_at_work(plan) -> None:
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    study.optuna.set_user_attr(CODE, "other")
    beat = {"host": "elsewhere", "beat": "0"}
    study.storage.set_trial_system_attr(claimed.id, LEASE, beat)
    Timer(2, study.storage.set_trial_system_attr, (claimed.id, LEASE, beat | {"beat": "1"})).start()
    with pytest.raises(RefusedNode, match="has other code"):
        adopt_code(Study(plan(n_trials=1)))


def test_other_code_is_a_studys_once_no_node_was_seen_at_work_for_long(
    plan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lease, "EXPIRY", 3.0)  # of which the looks at it, one a second, are the smaller part
    caplog.set_level("INFO", "pipeline")
    study = Study(plan(n_trials=1))
    claimed = study.claim()
    study.optuna.set_user_attr(CODE, "other")
    study.storage.set_trial_system_attr(claimed.id, LEASE, {"host": "elsewhere", "beat": "0"})
    adopt_code(Study(plan(n_trials=1)))
    assert study.optuna.user_attrs[CODE] == code_of()
    assert [trial.state for trial in study.trials] == [TrialState.WAITING]
    [told] = [each.message for each in caplog.records if "waiting" in each.message]
    assert told.startswith("sweep.study=mine: waiting to see whether another node trains it, up to ")


FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
BEATING = """
import sys, time
sys.path[:0] = {path}
from pathlib import Path
from studies import plan_of
from pipeline import places
from pipeline.runs.decisive_code import code_of
from pipeline.sweep.study import lease
from pipeline.sweep.study.study import Study
import pipeline.tracking.owner as owner
places.STUDIES = Path({folder!r})
lease.EXPIRY, lease.RENEWAL = 1.5, 0.1
owner.socket.gethostname = lambda: {host!r}
study = Study(plan_of(n_trials=1))
{then}
"""
HOLD = """
claimed = study.claim()
print("claimed", flush=True)
while True:
    study.renew([claimed])
    time.sleep(0.1)
"""
TAKE = """
began = time.monotonic()
while not study.claim():
    time.sleep(0.1)
print(time.monotonic() - began)
"""


@pytest.mark.fault("clock", "the clocks of two machines are twenty minutes apart")
@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed: apt-get install faketime")
def test_clocks_ten_minutes_apart_neither_lose_a_trial_nor_give_it_away(tmp_path: Path) -> None:
    """A trial is neither taken from the machine that trains it nor lost with a machine that is gone."""

    def machine(offset: str, host: str, then: str) -> subprocess.Popen[str]:
        code = BEATING.format(path=sys.path, folder=str(tmp_path), host=host, then=then)
        clock = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset}
        command = [sys.executable, "-c", code]
        return subprocess.Popen(command, env=os.environ | clock, stdout=subprocess.PIPE, text=True)

    holds = machine("-10m", "one", HOLD)
    assert holds.stdout
    assert holds.stdout.readline() == "claimed\n"
    takes = machine("+10m", "two", TAKE)
    time.sleep(8)
    assert takes.poll() is None, "the trial was taken from a machine whose clock is slow"
    holds.kill()
    holds.wait()
    out, _ = takes.communicate(timeout=60)
    assert float(out) > 1.5, "the trial was taken before its lease had expired"


def test_another_definition_under_the_same_name_is_refused_with_the_difference(plan) -> None:
    worked(Study(plan(fixed={"training.epochs": 3})))
    changed = {**SPACE, "model.latent_dim": "choice(2, 16)"}
    with pytest.raises(InputError) as refused:
        Study(plan(space=changed, fixed={"training.epochs": 5}))
    message = str(refused.value)
    assert "sweep.study=mine: a study of this name exists, and its settings differ" in message
    assert "space: model.latent_dim: choice(2, 4, 8) before, choice(2, 16) now" in message
    assert "config: training.epochs: 3 before, 5 now" in message
    assert "begin another study: sweep.study=mine_2" in message


def test_a_study_that_did_not_keep_how_its_trials_are_evaluated_takes_what_the_next_command_says(plan) -> None:
    Study(plan(fixed={"training.epochs": 3}))
    Study(plan(fixed={"training.epochs": 3, "evaluation.importance_samples": 50}))
    with pytest.raises(InputError, match=r"evaluation\.importance_samples: 50 before, 500 now"):
        Study(plan(fixed={"training.epochs": 3, "evaluation.importance_samples": 500}))


def test_with_several_objectives_the_front_comes_first_and_prune_by_ranks_it(plan) -> None:
    study = Study(plan(objective=["validation/rate", "validation/distortion"], n_trials=4))
    for (rate, distortion), elbo in (
        ((0.0, 200.0), -200.0),  # collapsed: no rate at all is on the front, and of no use
        ((30.0, 100.0), -130.0),
        ((20.0, 100.0), -120.0),
        ((10.0, 120.0), -130.0),
    ):
        claimed = study.claim()
        study.note(claimed, {"validation/epoch/elbo": elbo})
        study.end(claimed, TrialState.COMPLETE, [rate, distortion])
    assert [trial.number for trial in study.ranking()] == [2, 3, 0, 1]


def test_too_many_failures_end_a_study(plan) -> None:
    study = Study(plan(max_failures=1))
    for _ in range(2):
        assert not study.gave_up
        study.end(study.claim(), TrialState.FAIL, reason="because")
    assert study.gave_up
    assert study.is_over
    assert study.claim() is None
    assert study.last_failure() == "trial 1: because"


@pytest.mark.parametrize("objective", [["validation/nll"], ["validation/rate", "validation/distortion"]])
def test_a_pruner_judges_by_the_metric_of_each_epoch_also_with_two_objectives(plan, objective) -> None:
    pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=0)
    study = Study(plan(objective=objective, pruner=pruner))
    for elbo in (-100.0, -110.0):
        claimed = study.claim()
        assert not study.report(claimed, 1, {"validation/epoch/elbo": elbo})
        study.end(claimed, TrialState.COMPLETE, [1.0] * len(objective))
    assert study.report(study.claim(), 1, {"validation/epoch/elbo": -120.0})
    assert not study.report(study.claim(), 1, {"validation/epoch/elbo": -90.0})


def test_a_journal_that_was_cut_off_is_mended(plan) -> None:
    study = Study(plan())
    claimed = study.claim()
    path = places.STUDIES / "mine.journal"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code": 6, "worker_id": "')
    study.end(claimed, TrialState.COMPLETE, [1.0])
    assert Study(plan()).of_state(TrialState.COMPLETE)[0].number == claimed.number


def test_a_wrong_storage_is_refused(plan) -> None:
    with pytest.raises(
        InputError, match=r"the study's storage nonsense://x: .* Expected an address of Optuna's, such as sqlite:"
    ):
        Study(plan(storage=Address("nonsense://x")))


def test_a_journal_on_a_network_file_system_is_refused_with_the_reason(plan, monkeypatch, tmp_path: Path) -> None:
    mounts = {Path("/"): "ext4", Path("/home"): "nfs4", Path("/home/me/disk"): "xfs", Path("/share"): "cifs"}
    kinds = {"/tmp/x": None, "/home/me/x": "nfs4", "/home/me/disk/x": None, "/share/x": "cifs", "/homes/x": None}
    assert {path: journal.network_file_system(Path(path), mounts) for path in kinds} == kinds
    mounted = [each for each in psutil.disk_partitions(all=True) if tmp_path.is_relative_to(each.mountpoint)]
    monkeypatch.setattr(journal, "NETWORK", tuple(each.fstype for each in mounted))
    with pytest.raises(InputError) as refused:
        Study(plan())
    assert f"{places.STUDIES} is on a network file system ({mounted[-1].fstype})" in str(refused.value)
    assert "Keep the study in a database: sweep.storage=postgresql://" in str(refused.value)
    Study(plan(storage=Address(f"sqlite:///{tmp_path}/optuna.db")))


def test_the_direction_of_a_metric_is_known_and_may_be_set(plan) -> None:
    names = ["validation/nll", "validation/elbo", "validation/knn_accuracy"]
    assert plan(objective=names).settings.directions == ["minimize", "maximize", "maximize"]
    assert plan(objective=names[:1], direction=["maximize"]).settings.directions == ["maximize"]
    with pytest.raises(
        InputError, match=r"sweep.direction=\[maximize\]: expected one direction for each of validation/nll, validat"
    ):
        plan(objective=names, direction=["maximize"])


def test_all_processes_know_its_run_and_its_key_and_another_study_has_others(plan) -> None:
    one = Study(plan())
    assert one.run_id is None
    one.run_id = "abc"
    again, another = Study(plan()), Study(plan(study="other"))
    assert (again.run_id, another.run_id) == ("abc", None)
    assert one.key == again.key != another.key


def test_the_number_of_trials_that_others_are_told_only_grows(plan) -> None:
    study = Study(plan())
    for asked, told in ((4, 6), (9, 9), (5, 9)):
        study.raise_n_trials(asked)
        assert study.optuna.user_attrs[N_TRIALS] == told


def test_the_best_comes_first_and_of_failures_the_last_is_told(plan) -> None:
    study = Study(plan(objective=["validation/active_units"]))
    assert study.last_failure() == ""
    for value in (2.0, 5.0, 3.0):
        study.end(study.claim(), TrialState.COMPLETE, [value])
    for reason in ("one", "two."):
        study.end(study.claim(), TrialState.FAIL, reason=reason)
    assert [trial.number for trial in study.ranking()] == [1, 2, 0]
    assert study.last_failure() == "trial 4: two"
