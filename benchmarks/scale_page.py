"""The page about studies at scale, written from what `benchmarks.scale` has measured."""

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.sweep.study import lease

WORKERS = 1_000
"""Workers for which the page computes what they ask."""
MINUTES = (1, 10, 60)
"""Durations of their trainings."""
EPOCHS = 30
"""Epochs of a training, each of which is reported to the study and recorded."""
OTHER_REQUESTS = 64
"""Requests of a run beside one for each epoch, as counted of a training with `pictures=cards`: 84 of 20 epochs."""
RENEWAL = 3
"""Transactions of a renewal of a lease: the lease is read and written, and it is read whether the study is over."""


def page(record: dict[str, Any]) -> str:
    """Write the page in Markdown."""
    return "\n".join([*_head(record), *_measured(record), *_computed(record), *_walls(record), ""])


def _head(record: dict[str, Any]) -> Iterator[str]:
    host = record["machine"]
    yield "# Studies at scale"
    yield ""
    yield (
        "Where is the first wall of a study of 10,000 trials on 1,000 workers? `python -m benchmarks.scale` wrote this "
        f"page on {host['date'][:10]}: {host['cores']} cores ({host['cpu']}), {host['memory_gib']:.0f} GiB, with "
        "PostgreSQL, an MLflow server over it and all workers on this one machine. Trainings slept, and reported "
        f"{EPOCHS} epochs each to a median pruner; all workers of a process shared its lock and its connections, as "
        "the slots of a worker do."
    )


def _measured(record: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Measured", "")
    yield (
        "A worker claims a trial, with a point that the Tree-structured Parzen Estimator suggests, of a study that has "
        "so many ended trials. The first claim reads them all, the others what is new."
    )
    yield ""
    rows = [(f"{each['trials']:,}", _s(each["first"]), _s(each["claim"])) for each in record["suggestions"]]
    yield from _table(("ended trials", "first claim", "later claims"), rows)
    yield ""
    yield "The same in an empty study while other trials are at work, which Optuna reads at every look:"
    yield ""
    rows = [(f"{each['running']:,}", _s(each["claim"]), _s(each["look"])) for each in record["beside"]]
    yield from _table(("trials at work", "claim", "look at all leases, once a minute"), rows)
    yield ""
    yield (
        "Whole studies. Trainings of the first take no time, so that it shows what this machine can do; ideal is that "
        "nobody ever waits for a service."
    )
    yield ""
    rows = [
        (
            f"{each['trials']:,} of {name}",
            str(each["workers"]),
            _s(each["of_trials"]),
            _s(each["ideal"]),
            f"{each['trials'] / each['of_trials']:.1f}",
            _s(each["report"]),
            f"{each['transactions'] / each['trials']:.0f}",
        )
        for name, each in (("0 s", record["busy"]), ("60 s", record["sleeping"]))
    ]
    yield from _table(
        ("trials", "workers", "took", "ideal", "trials/s", "report of an epoch", "transactions a trial"), rows
    )
    yield ""
    yield f"Runs of {EPOCHS} epochs with 12 metrics each, recorded as fast as the tracking server takes them:"
    yield ""
    rows = [(str(each["clients"]), f"{each['runs']:.2f}", f"{each['writes']:.0f}") for each in record["recording"]]
    yield from _table(("clients", "runs/s", "requests/s"), rows)


def _computed(record: dict[str, Any]) -> Iterator[str]:
    most = record["beside"][-1]
    load, limit = Load(record), Limit(record)
    yield from ("", f"## Computed: {WORKERS:,} workers", "")
    yield (
        f"A claim beside {most['running']:,} trials at work takes {_s(most['claim'])} here. What that is of a "
        "training, and what all workers together ask of the services:"
    )
    yield ""
    rows = []
    for minutes in MINUTES:
        transactions, requests = WORKERS * load.transactions(minutes), WORKERS * load.requests(minutes)
        rows.append(
            (
                f"{minutes} min",
                f"{most['claim'] / (60 * minutes):.1%}",
                f"{WORKERS / (60 * minutes):.1f}",
                f"{transactions:.0f} ({transactions / limit.transactions:.0%} of the {limit.transactions:.0f} above)",
                f"{requests:.0f} ({requests / limit.requests:.0%} of the {limit.requests:.0f} above)",
            )
        )
    yield from _table(("training", "claim of it", "claims/s", "database, transactions/s", "tracking, requests/s"), rows)


def _walls(record: dict[str, Any]) -> Iterator[str]:
    load, limit = Load(record), Limit(record)
    yield from ("", "## The first walls, and what to do", "")
    yield "Workers at which each service of this machine has no more to give, by what a training takes:"
    yield ""
    rows = [
        (
            f"{minutes} min",
            f"{limit.connections / load.connections:,.0f}",
            f"{limit.requests / load.requests(minutes):,.0f}",
            f"{limit.transactions / load.transactions(minutes):,.0f}",
        )
        for minutes in MINUTES
    ]
    yield from _table(("training", "connections", "requests to MLflow", "transactions"), rows)
    yield ""
    yield (
        f"1. **Connections.** A worker keeps {load.connections:.1f} connections to the database of the study while it "
        f"works, and PostgreSQL lets in {limit.connections} here. Give it more (`max_connections`, some megabytes of "
        "memory each), or have fewer workers of more slots (`sweep.slots`), which share what a worker has. A pooler "
        "must keep sessions (PgBouncer: `pool_mode = session`), as locks of a study belong to a session."
    )
    yield (
        f"2. **Requests to MLflow.** Each epoch is a request, and a run has {OTHER_REQUESTS} others where its pictures "
        "are `cards`, twice as many with the default ones. More processes (`mlflow server --workers`), or several "
        "servers over one database behind a balancer, take more; each is bound by the CPU. Short trainings of many "
        "epochs ask for most."
    )
    yield (
        "3. **Trials at work.** Each claim reads all trials that have not ended, so that it takes longer the more "
        "workers a study has: see the table of claims beside trials at work. Longer trainings make it matter less."
    )
    yield (
        "4. **Suggestions.** The Tree-structured Parzen Estimator reads all ended trials. Where a later claim takes "
        "too much of a training, those of `sweep/sampler=random` and `sweep/sampler=grid` do not depend on them."
    )


class Load:
    """What one worker asks of the services, as measured.

    Args:
        record: what was measured.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        self.connections: float = record["sleeping"]["connections"]
        self._transactions = record["busy"]["transactions"] / record["busy"]["trials"]

    def transactions(self, minutes: float) -> float:
        """Transactions a second of the study's database, where a training takes so many minutes."""
        return self._transactions / (60 * minutes) + RENEWAL / lease.RENEWAL

    def requests(self, minutes: float) -> float:
        """Requests a second to the tracking server, where a training takes so many minutes."""
        return (EPOCHS + OTHER_REQUESTS) / (60 * minutes)


class Limit:
    """What the services of the machine took at most, as measured.

    Args:
        record: what was measured.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        self.connections: int = record["max_connections"]
        self.transactions = record["busy"]["transactions"] / record["busy"]["of_trials"]
        self.requests = max(each["writes"] for each in record["recording"])


def _s(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---:' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
