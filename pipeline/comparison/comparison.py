"""Finished runs compared: a table in the terminal, and files that are kept in the tracking store."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.text import Text as Styled

from pipeline.comparison.contact_sheet import sheets
from pipeline.comparison.page import page
from pipeline.comparison.selection import Selection
from pipeline.comparison.table import Table
from pipeline.comparison.verdict import UNITS, verdict_table
from pipeline.config.build import check, check_value, trusted_of
from pipeline.config.names import Config
from pipeline.config.values import Text
from pipeline.errors import InputError
from pipeline.evaluation.image_scores import ImageScores
from pipeline.metric_names import ELBO
from pipeline.places import new_folder
from pipeline.process.circumstances import circumstances
from pipeline.runs.loaded_run import load
from pipeline.runs.recorded_scores import evaluate_commands, recorded_scores
from pipeline.text.markdown import literal
from pipeline.text.wording import counted, one_line
from pipeline.tracking.comparability import evaluated_split, incomparable_in
from pipeline.tracking.ended_run import add_files
from pipeline.tracking.lifecycle import start_run
from pipeline.tracking.run_facts import FinishedRun, beginning, curve
from pipeline.tracking.settings import store_of
from pipeline.tracking.store import MlflowRun, Store
from pipeline.tracking.tags import PARENT

EXPERIMENT = "comparisons"
"""Where comparisons are kept whose runs have no parent in common."""
NAMED = 5
"""Runs that a message names."""


def compare(config: Config, console: Console) -> list[Path]:
    """Compare the runs that the config chooses; gives the files, which are also kept in the tracking store.

    Raises:
        InputError: a wrong setting, or nothing to compare.
    """
    chosen = {key: config[key] for key in ("runs", "experiment", "study", "filter")}
    selection = Selection(**check(Selection, chosen, "compare"))
    trusted = trusted_of(config)
    folder = new_folder(config["out"], "comparisons")
    store = store_of(config)
    runs = selection.of(store)
    images = _scores_of_images(store, runs, trusted, console)
    table = Table(runs, check_value(config["sort"], Text | None, "sort"), images)
    table.report(console)
    curves = {run.id: curve(store, run.id, ELBO) for run in table.runs}
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Contact sheets", total=len(table.runs))
        bring_back = partial(load, store, dataset_dir=config["dataset_dir"], trusted=trusted)
        contact = list(sheets(table.runs, bring_back, partial(progress.advance, task)))
    for run_id, reason in (missing for sheet in contact for missing in sheet.left_out.items()):
        console.print(f"Without pictures, run {run_id}: {reason}", style="yellow", markup=False, soft_wrap=True)
    parent = _parent(store, table.runs)
    title = str(parent.info.run_name) if parent and len(selection.runs) == 1 < len(table.runs) else str(selection)
    content = {"comparison.html": page(title, table, curves, contact), "comparison.csv": table.frame.to_csv()}
    if any(found.each for found in table.verdicts.values()):
        content["verdicts.csv"] = verdict_table(list(table.verdicts.values())).to_csv(index=False)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in content.items():
        (folder / name).write_text(text, "utf-8")
    paths = [folder / name for name in content]
    _keep(store, parent, title, paths)
    console.print(Styled(f"\nOpen {paths[0]}"), soft_wrap=True)
    return paths


def _scores_of_images(
    store: Store, runs: Sequence[FinishedRun], trusted: Sequence[str], console: Console
) -> dict[str, ImageScores]:
    """Read the scores of single images by the ids of the runs, and say which runs have none, and what adds them."""
    split = evaluated_split(runs)
    if len(runs) == 1 or all(incomparable_in(runs, f"{split}/{name}") for name in UNITS):
        return {}
    found: dict[str, ImageScores] = {}
    without: list[FinishedRun] = []
    for run in runs:
        try:
            scores = recorded_scores(store, run.id, split)
        except InputError as error:
            console.print(str(error), style="yellow", markup=False, soft_wrap=True)
            scores = None
        if scores:
            found[run.id] = scores
        else:
            without.append(run)
    if without:
        named = ", ".join(f"{one_line(run.name)} ({beginning(run.id)})" for run in without[:NAMED])
        more = f" and {counted(len(without) - NAMED, 'other')}" if len(without) > NAMED else ""
        said = f"Without scores of single images, so that no verdict is given on them: {named}{more}. Add them with:"
        commands = evaluate_commands(store, [run.id for run in without], split, trusted)
        console.print("\n".join([said, *commands]), style="yellow", markup=False, soft_wrap=True)
    return found


def _parent(store: Store, runs: Sequence[FinishedRun]) -> MlflowRun | None:
    """The run that holds all of these runs, if one does."""
    parents = {run.tags.get(PARENT) for run in runs}
    parent = parents.pop() if len(parents) == 1 else None
    try:
        return store.run(parent) if parent else None
    except InputError:  # it was deleted for good
        return None


def _keep(store: Store, parent: MlflowRun | None, title: str, paths: Sequence[Path]) -> None:
    """Keep the files in the parent, or in a run of their own."""
    if parent:
        add_files(store, parent.info.run_id, paths)
        return
    with start_run(store, EXPERIMENT, title, circumstances()) as run:
        run.describe(f"`comparison.html` compares {literal(title)}")
        add_files(store, run.id, paths)
