"""The page of reference numbers, written from runs."""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.reference import Reference
from pipeline.tracking.finished import Finished, finished_children, finished_runs
from pipeline.tracking.store import Store

TUTORIALS = ("letters", "convolutional", "clothes", "generations", "generate")
NUMBERS = ("elbo", "nll", "rate", "distortion", "mse", "active_units", "knn_accuracy")


def page(store: Store, references: Mapping[str, Reference], experiment: str) -> str:
    """Markdown: published numbers beside those of the latest runs, then the latest family of each tutorial.

    Args:
        store: with the runs.
        references: by name, which is also the name of their runs.
        experiment: of the references' runs.
    """
    lines = [
        "# Reference",
        "",
        "Written from runs by `make verify`; the tutorials' runs are those of `make tutorial NAME=…`. Nats per image.",
        "",
        "## Published numbers",
        "",
        *_table(_reference_rows(store, references, experiment)),
    ]
    for tutorial in TUTORIALS:
        lines += _family(store, tutorial)
    return "\n".join(lines) + "\n"


def _reference_rows(store: Store, references: Mapping[str, Reference], experiment: str) -> Iterator[Sequence[str]]:
    yield "what", "published", "here", "wanted", "command", "minutes", "source", "run"
    latest = {run.name: run for run in reversed(finished_runs(store, experiment))}
    for name, reference in references.items():
        run = latest.get(name)
        here = f"**{reference.value(store, run.id):.2f}**" if run else "not run"
        command = f"`python -m pipeline.train {' '.join(reference.overrides)}`"
        wanted, minutes, made = reference.wanted(False), f"{run.minutes:.1f}" if run else "", _made(run) if run else ""
        yield reference.what, f"{reference.published:g}", here, wanted, command, minutes, reference.source, made


def _family(store: Store, tutorial: str) -> list[str]:
    """The table of a tutorial's latest family; nothing where it was not run."""
    parents = [run for run in finished_runs(store, tutorial) if not run.is_child]
    children = next((found for run in parents if (found := finished_children(store, run.id))), [])
    if not children:
        return []
    head = ["", f"## {tutorial}", "", f"`make tutorial NAME={tutorial}`, {_made(children[-1])}. Test split.", ""]
    return [*head, *_table(_family_rows(store, children))]


def _family_rows(store: Store, children: Sequence[Finished]) -> Iterator[Sequence[str]]:
    yield "training", "epochs", "best val/loss", *(name.replace("_", " ") for name in NUMBERS), "minutes"
    for child in children:
        points = store.client.get_metric_history(child.id, "val/loss")
        values = [point.value for point in points]
        numbers = [f"{child.metrics[key]:.4g}" if (key := f"test/{name}") in child.metrics else "" for name in NUMBERS]
        yield child.name, str(len(values)), f"{min(values):.2f}", *numbers, f"{child.minutes:.1f}"


def _made(run: Finished) -> str:
    tags = run.tags
    return f"commit {tags['commit'][:7]}, {tags['device']}, {tags['threads']} threads, TensorFlow {tags['tensorflow']}"


def _table(rows: Iterator[Sequence[str]]) -> list[str]:
    head, *body = list(rows)
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in body)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
