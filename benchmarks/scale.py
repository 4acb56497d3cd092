"""`python -m benchmarks.scale`: what a study of thousands of trials on a thousand workers asks of its services.

    python -m benchmarks.scale --storage postgresql://… --tracking http://… --out docs/scale.md

Trainings only sleep, and report an epoch now and then. Workers are threads of several processes, which claim trials,
report and end them, and renew their leases as slots of a worker do. How much the services of this machine can take is
measured, and what a thousand workers ask of them is computed. The studies and runs stay in the database and on the
server: give empty ones.
and runs stay in the database and on the server: give empty ones.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from benchmarks.machine import cores, machine
from benchmarks.scale_page import EPOCHS, page

SIZES = (100, 1_000, 10_000)
"""Trials that a study has when its next one is suggested."""
RUNNING = (10, 100, 1_000)
"""Trials at work when another worker claims one."""


@dataclass(frozen=True)
class Work:
    """What one process of sleeping workers does.

    Attributes:
        storage: the address of the study's storage.
        study: the name of the study.
        n_trials: the number of trials of the study.
        workers: threads that claim trials.
        seconds: for which each training sleeps.
    """

    storage: str
    study: str
    n_trials: int
    workers: int
    seconds: float


def study_of(storage: str, name: str, n_trials: int) -> Any:
    """Open a study of two keys, which the Tree-structured Parzen Estimator searches."""
    import optuna
    from hydra.core.override_parser.overrides_parser import OverridesParser

    from pipeline.address import Address
    from pipeline.sweep.settings import StudySettings
    from pipeline.sweep.space.grammar import space_of
    from pipeline.sweep.study.plan import Plan
    from pipeline.sweep.study.study import Study

    settings = StudySettings(
        study=name,
        space={},
        n_trials=n_trials,
        slots=1,
        workers=1,
        replicates=1,
        objective=["validation/nll"],
        direction=None,
        prune_by="validation/epoch/elbo",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=n_trials),  # which looks, and prunes none
        enqueue=[],
        storage=Address(storage),
        trial_timeout=None,
        max_failures=None,
        seed=0,
    )
    space = {"model.latent_dim": "range(2, 64)", "objective.beta": "tag(log, interval(0.1, 10))"}
    sampler = {"_target_": "optuna.samplers.TPESampler", "constant_liar": True}
    return Study(Plan(settings, sampler, space_of(space, OverridesParser.create()), [], {}))


def sleep_through(work: Work) -> dict[str, Any]:
    """Have threads claim, sleep through and end the trials of a study until none is left, and time what is no sleep."""
    from optuna.trial import TrialState

    seconds: dict[str, list[float]] = {"claim": [], "report": [], "renew": [], "end": []}
    guard = threading.Lock()  # as the slots of a worker, these threads share what it knows of the study
    study = study_of(work.storage, work.study, work.n_trials)

    def timed(what: str, call: Any, *arguments: Any) -> Any:
        with guard:
            begun = time.perf_counter()
            answer = call(*arguments)
            seconds[what].append(time.perf_counter() - begun)
        return answer

    def worker() -> None:
        while claimed := timed("claim", study.claim):
            for epoch in range(1, EPOCHS + 1):
                time.sleep(work.seconds / EPOCHS)
                timed("report", study.report, claimed, epoch, {study.settings.prune_by: -100.0 / epoch})
                if study.leases.is_due:
                    timed("renew", study.renew, [claimed])
            timed("end", study.end, claimed, TrialState.COMPLETE, [claimed.point["objective.beta"]])

    threads = [threading.Thread(target=worker) for _ in range(work.workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: [median(each), max(each), len(each)] for name, each in seconds.items() if each}


def sleeping(storage: str, *, processes: int, workers: int, n_trials: int, seconds: float) -> dict[str, Any]:
    """Seconds of a whole study whose trainings sleep, by so many processes of so many workers each."""
    name = f"sleeping-{uuid4().hex[:6]}"
    work = Work(storage, name, n_trials, workers, seconds)
    before = transactions(storage)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.scale", "--work", json.dumps(asdict(work))]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    connections = max(connections_meanwhile(storage, started)) - 1
    told = [json.loads(each.communicate()[0]) for each in started]
    took = time.perf_counter() - begun
    trials = study_of(storage, name, n_trials).trials
    first, last = min(each.datetime_start for each in trials), max(each.datetime_complete for each in trials)
    return {
        "processes": processes,
        "workers": processes * workers,
        "trials": sum(each.state.name == "COMPLETE" for each in trials),
        "seconds": took,
        "ideal": n_trials * seconds / (processes * workers),
        "of_trials": (last - first).total_seconds(),
        "transactions": transactions(storage) - before,
        "connections": connections / processes,
        "claim": median(each["claim"][0] for each in told),
        "end": median(each["end"][0] for each in told),
        "report": median(each["report"][0] for each in told),
    }


def connections_meanwhile(storage: str, processes: Sequence[subprocess.Popen[str]]) -> Iterator[int]:
    """How many connections the database has, twice a second, with the one that asks, until all processes have ended."""
    while any(each.poll() is None for each in processes):
        yield answer(storage, "SELECT numbackends FROM pg_stat_database WHERE datname = current_database()")
        time.sleep(0.5)


def transactions(storage: str) -> int:
    """How many transactions the database has committed."""
    return answer(storage, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")


def answer(storage: str, query: str) -> int:
    """What PostgreSQL answers to a query for one number."""
    from sqlalchemy import NullPool, create_engine, text

    with create_engine(storage, poolclass=NullPool).connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def suggestions(storage: str, sizes: Sequence[int]) -> list[dict[str, float]]:
    """Seconds of a claim, with its suggestion, by a worker that has read a study of so many ended trials."""
    from optuna.distributions import FloatDistribution, IntDistribution
    from optuna.trial import TrialState, create_trial

    from pipeline.sweep.optuna_internals import FIXED_PARAMS

    found = []
    for size in sizes:
        study = study_of(storage, f"suggesting-{size}-{uuid4().hex[:6]}", size + 10)
        distributions = {
            "model.latent_dim": IntDistribution(2, 63),
            "objective.beta": FloatDistribution(0.1, 10, log=True),
        }
        ended = [
            create_trial(
                state=TrialState.COMPLETE,
                value=float(number % 97),
                params={"model.latent_dim": 2 + number % 62, "objective.beta": 0.1 + 9.9 * number / size},
                distributions=distributions,
                system_attrs={
                    FIXED_PARAMS: {"model.latent_dim": 2 + number % 62, "objective.beta": 0.1 + 9.9 * number / size}
                },
            )
            for number in range(size)
        ]
        begun = time.perf_counter()
        study.optuna.add_trials(ended)
        added = time.perf_counter() - begun
        begun = time.perf_counter()
        study.claim()
        first = time.perf_counter() - begun
        claims = []
        for _ in range(5):
            begun = time.perf_counter()
            claimed = study.claim()
            claims.append(time.perf_counter() - begun)
            study.end(claimed, TrialState.COMPLETE, [1.0])
        found.append({"trials": size, "adding": added / size, "first": first, "claim": median(claims)})
    return found


def beside(storage: str, sizes: Sequence[int]) -> list[dict[str, float]]:
    """Seconds of a claim, and of a look at all leases, while so many trials of the study are at work."""
    from optuna.trial import TrialState, create_trial

    from pipeline.sweep.study.lease import LEASE, Leases

    found = []
    for size in sizes:
        study = study_of(storage, f"beside-{size}-{uuid4().hex[:6]}", size + 10)
        running = create_trial(state=TrialState.RUNNING, system_attrs={LEASE: {"host": "elsewhere", "beat": "1"}})
        study.optuna.add_trials([running] * size)
        claims, looks = [], []
        for _ in range(5):
            begun = time.perf_counter()
            claimed = study.claim()
            claims.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            Leases(study.storage).look(partial(study.of_state, TrialState.RUNNING))  # the first is always due
            looks.append(time.perf_counter() - begun)
            study.end(claimed, TrialState.COMPLETE, [1.0])
        found.append({"running": size, "claim": median(claims), "look": median(looks)})
    return found


def recording(tracking: str, clients: Sequence[int]) -> list[dict[str, float]]:
    """Runs a second, of `EPOCHS` epochs of 12 metrics, that a tracking server records for so many clients at once."""
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking)
    experiment = client.create_experiment(f"scale-{uuid4().hex[:6]}")

    def record(runs: int) -> None:
        for _ in range(runs):
            run_id = client.create_run(experiment).info.run_id
            for epoch in range(EPOCHS):
                now = int(time.time() * 1000)
                client.log_batch(run_id, [Metric(f"m{number}", 1.0, now, epoch) for number in range(12)])
            client.set_terminated(run_id)

    found = []
    for number in clients:
        runs = max(1, 16 // number)
        threads = [threading.Thread(target=record, args=(runs,)) for _ in range(number)]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - begun
        writes = number * runs * (EPOCHS + 2) / seconds
        found.append({"clients": number, "runs": number * runs / seconds, "writes": writes})
    return found


def measure(storage: str, tracking: str, *, quick: bool) -> dict[str, Any]:
    """Measure all of it; `quick` is small and rough."""
    return {
        "machine": machine(cores()),
        "max_connections": answer(storage, "SELECT setting FROM pg_settings WHERE name = 'max_connections'"),
        "suggestions": suggestions(storage, SIZES[:2] if quick else SIZES),
        "beside": beside(storage, RUNNING[:2] if quick else RUNNING),
        "busy": sleeping(storage, processes=2, workers=4, n_trials=40 if quick else 400, seconds=0.0),
        "sleeping": sleeping(storage, processes=4, workers=25, n_trials=100 if quick else 1_000, seconds=60.0),
        "recording": recording(tracking, (1, 2) if quick else (1, 4, 16)),
    }


def main() -> None:
    """Measure, and write the page; or work as one of the processes that measure."""
    parser = argparse.ArgumentParser("python -m benchmarks.scale", description=__doc__.partition("\n")[0])
    parser.add_argument("--storage", help="the address of an empty database of PostgreSQL")
    parser.add_argument("--tracking", help="the address of an MLflow server")
    parser.add_argument("--quick", action="store_true", help="fewer trials: two minutes, and rough")
    parser.add_argument("--out", type=Path, help="the page to write; a record beside it has every number")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(sleep_through(Work(**json.loads(options.work)))))
        return
    if not options.storage or not options.tracking:
        parser.error("--storage and --tracking are needed: the addresses of a database and of an MLflow server")
    record = measure(options.storage, options.tracking, quick=options.quick)
    if options.out:
        options.out.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")
        options.out.write_text(page(record))
    print(page(record))


if __name__ == "__main__":
    main()
