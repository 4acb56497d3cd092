"""Studies in a database of a server: machines that begin one at once agree, and share its trials exactly."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from database_servers import started
from mysql import MySQL
from postgresql import PostgreSQL

pytestmark = pytest.mark.slow

MACHINE = """
import sys
sys.path[:0] = {path}
from pathlib import Path
from optuna.trial import TrialState
from studies import {sampler}, plan_of
from pipeline import places
from pipeline.address import Address
from pipeline.sweep.study.study import Study

places.STUDIES = Path({folder!r})
space = {{"model.latent_dim": "range(1,9)"}}
study = Study(plan_of(sampler={sampler}, space=space, n_trials=8, storage=Address({address!r})))
while claimed := study.claim():
    study.end(claimed, TrialState.COMPLETE, [1.0])
    print(claimed.number, claimed.point["model.latent_dim"], flush=True)
"""
"""A machine, with locks of its own, that works on a study until no trial is left."""


@pytest.fixture(params=[PostgreSQL, MySQL], ids=lambda kind: kind.__name__)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database."""
    with started(request.param) as server:
        yield server.created("studies")


@pytest.mark.parametrize("sampler", ["GRID", "TPE"])
def test_machines_that_begin_a_study_at_once_train_each_of_its_trials_once(
    address: str, sampler: str, tmp_path: Path
) -> None:
    def machine(number: int) -> subprocess.Popen[str]:
        folder = str(tmp_path / str(number))
        code = MACHINE.format(path=sys.path, folder=folder, address=address, sampler=sampler)
        return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    machines = [machine(number) for number in range(3)]
    said = [each.communicate(timeout=300) for each in machines]
    assert [each.returncode for each in machines] == [0] * 3, said
    trained = [tuple(map(int, line.split())) for out, _ in said for line in out.splitlines()]
    assert sorted(number for number, _ in trained) == list(range(8))
    assert sorted(latent_dim for _, latent_dim in trained) == list(range(1, 9)), "no point twice"
    [study] = optuna.get_all_study_names(address)
    trials = optuna.load_study(study_name=study, storage=address).trials
    assert {trial.state.name for trial in trials[:8]} == {"COMPLETE"}
    assert {trial.state.name for trial in trials[8:]} <= {"WAITING"}
