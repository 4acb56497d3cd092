"""The page of reference numbers, written from runs."""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.evaluation.scores import COMPARED
from pipeline.metric_names import LOSS
from pipeline.text.markdown import literal, table
from pipeline.tracking.run_facts import FinishedRun, curve, finished_children, finished_runs, images_trained_on
from pipeline.tracking.store import Store
from pipeline.verification.reference import Reference

TUTORIALS = ("letters", "convolutional", "clothes", "generations", "generate", "disentanglement")
PUBLISHED = "Published numbers"


def reference_page(store: Store, references: Mapping[str, Reference], experiment: str, before: str) -> str:
    """Write the page in Markdown: published numbers beside those of the latest runs, then the tutorials' families.

    Args:
        store: with the runs. What it does not know stays as it was.
        references: by name, which is also the name of their runs.
        experiment: of the references' runs.
        before: the page as it was.
    """
    sections = _sections(before)
    lines = [
        "# Reference",
        "",
        "Written from runs by `make verify`; the tutorials' runs are those of `make tutorial NAME=…`. Nats per image.",
        "",
        f"## {PUBLISHED}",
        "",
        table(_reference_rows(store, references, experiment, sections.get(PUBLISHED, []))),
    ]
    for tutorial in TUTORIALS:
        lines += ["", f"## {tutorial}", "", *(_family(store, tutorial) or sections.get(tutorial) or ["Not run."])]
    return "\n".join(lines) + "\n"


def _sections(text: str) -> dict[str, list[str]]:
    """The lines below each heading of a page, without the empty ones around them."""
    parts = (part.partition("\n") for part in text.split("\n## ")[1:])
    return {title.strip(): body.strip().splitlines() for title, _, body in parts}


def _reference_rows(
    store: Store, references: Mapping[str, Reference], experiment: str, before: Sequence[str]
) -> Iterator[Sequence[str]]:
    yield "what", "published", "here", "expected", "command", "minutes", "source", "run"
    latest = {run.name: run for run in reversed(finished_runs(store, experiment))}
    known = {cells[0]: cells for line in before if (cells := line.strip("| ").split(" | "))}
    for name, reference in references.items():
        trainings = reference.trainings(name)
        runs = [latest[run] for run in trainings if run in latest]
        published = "" if reference.published is None else f"{reference.published:g}"
        if len(runs) < len(trainings):
            cells = known.get(reference.what, [reference.what, published, "not run", *[""] * 5])
            yield *cells[:3], reference.expected(False), *cells[4:]
            continue
        commands = (f"`python -m pipeline.train {' '.join(arguments)}`" for arguments in reference.commands())
        here = f"**{reference.value(store, [run.id for run in runs]):.2f}**"
        minutes = f"{sum(run.minutes for run in runs):.1f}"
        made = (here, reference.expected(False), " against ".join(commands), minutes)
        yield reference.what, published, *made, reference.source, _made(*runs)


def _family(store: Store, tutorial: str) -> list[str]:
    """The table of a tutorial's latest family; nothing where it was not run."""
    parents = [run for run in finished_runs(store, tutorial) if not run.is_child]
    children = next((found for run in parents if (found := finished_children(store, run.id))), [])
    if not children:
        return []
    made = f"`make tutorial NAME={tutorial}`, {_made(*children)}."
    split = "Scores are of the test split; the validation loss is the best epoch's; images are those trained on."
    return [f"{made} {split}", "", table(_family_rows(store, children))]


def _family_rows(store: Store, children: Sequence[FinishedRun]) -> Iterator[Sequence[str]]:
    compared = [name for name in COMPARED if any(name in child.scores("test") for child in children)]
    yield "training", "epochs", "validation loss", *(name.replace("_", " ") for name in compared), "images", "minutes"
    for child in children:
        losses = curve(store, child.id, LOSS)
        best_epoch, best = min(losses, key=lambda point: point[1])
        scores, images = child.scores("test"), images_trained_on(store, child.id)
        numbers = [f"{scores[name]:.5g}" if name in scores else "" for name in compared]
        size = "" if images is None else f"{images:,}"
        yield (
            literal(child.name),
            str(len(losses)),
            f"{best:.2f} ({best_epoch})",
            *numbers,
            size,
            f"{child.minutes:.1f}",
        )


def _made(*runs: FinishedRun) -> str:
    """Say what runs were made with, and whether the checkout had changes, of which the commit knows nothing."""
    changed = {"true": " with changes"}
    commits = dict.fromkeys(run.tags["commit"][:7] + changed.get(run.tags.get("dirty", ""), "") for run in runs)
    tags = runs[-1].tags
    return f"commit {', '.join(commits)}, {tags['device']}, {tags['threads']} threads, TensorFlow {tags['tensorflow']}"
