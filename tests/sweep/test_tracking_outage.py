"""A study whose tracking server is away for a while: trials wait, leases are renewed, and nothing fails."""

import re
import signal
from pathlib import Path

from checkout import Checkout, free_port
from processes import trainings, wait_until
from studies import COMMAND, assert_trained_once, study_of, wait_for_training

RETRIES = {"MAX_RETRIES": "10", "BACKOFF_FACTOR": "0", "BACKOFF_JITTER": "40"}


def test_a_study_outlives_its_tracking_server_and_its_leases_are_renewed_meanwhile(
    checkout: Checkout, commands, tmp_path: Path
) -> None:
    port, said = free_port(), tmp_path / "log"
    with checkout.ui(port) as server, said.open("w") as log:
        process = checkout.start(
            "pipeline.train",
            *COMMAND,
            "training.epochs=60",
            "sweep.study=outage",
            "sweep.n_trials=3",
            "sweep.slots=2",
            "sweep.max_failures=0",
            "sweep/sampler=grid",
            "sweep/pruner=none",
            "model.latent_dim=1,2,3",
            "tracking.experiment=outage",
            f"tracking.uri={server.address}",
            # A training asks again within 40 s of its server's return, however long that was away.
            env={f"MLFLOW_HTTP_REQUEST_{name}": value for name, value in RETRIES.items()},
            out=log,
            group=True,
        )
        commands.append(process)
        wait_for_training(checkout, "outage", 2, process)
        begun = {trial.number for trial in study_of(checkout, "outage").trials if trial.state.name == "RUNNING"}
    [one, _] = trainings(process)
    one.send_signal(signal.SIGTERM)
    wait_until(lambda: said.read_text().count(" waits ") >= 2, "no trial ever looked for its run in vain", process)
    [trained] = begun - {int(number) for number in re.findall(r"^trial +(\d+) waits ", said.read_text(), re.MULTILINE)}
    beats = {_beat(checkout, trained)}

    def is_renewed_twice() -> bool:
        beats.add(_beat(checkout, trained))
        return len(beats) > 2

    wait_until(is_renewed_twice, "the lease of the other trial is not renewed", process)
    assert f"{server.address} does not answer: nothing listens there" in said.read_text()
    with checkout.ui(port):
        assert process.wait(300) == 0, said.read_text()
    assert "\n3 done\n" in said.read_text()
    assert_trained_once(checkout, "outage", 3, 60)


def _beat(checkout: Checkout, number: int) -> str:
    """The beat of the lease of a trial."""
    beat: str = study_of(checkout, "outage").trials[number].system_attrs["owner"]["beat"]
    return beat
