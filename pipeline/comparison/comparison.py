"""Finished runs compared, shown and kept."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from pipeline.build import check, check_value
from pipeline.comparison.contact import sheets
from pipeline.comparison.page import CURVE, page
from pipeline.comparison.selection import Selection
from pipeline.comparison.table import Table
from pipeline.config import Config
from pipeline.newfolder import new_folder
from pipeline.runtime import circumstances
from pipeline.settings import Text
from pipeline.tracking.finished import Finished
from pipeline.tracking.lifecycle import start
from pipeline.tracking.run import add_files
from pipeline.tracking.settings import Uri
from pipeline.tracking.store import PARENT, Store

EXPERIMENT = "comparisons"
"""Where comparisons are kept whose runs have no parent in common."""


def compare(config: Config, console: Console) -> list[Path]:
    """Compare the runs that the config chooses; gives the files, which are also kept in the tracking store.

    Raises:
        InputError: a wrong setting, or nothing to compare.
    """
    chosen = {key: config[key] for key in ("runs", "experiment", "study", "filter")}
    selection = Selection(**check(Selection, chosen, "compare"))
    trusted = check_value(config["trusted"], list[Text], "trusted")
    folder = new_folder(config["out"], "comparisons")
    store = Store(check_value(config["tracking"]["uri"], Uri, "tracking.uri"))
    table = Table(selection.of(store), check_value(config["sort"], Text | None, "sort"))
    table.report(console)
    curves = {run.id: store.curve(run.id, CURVE) for run in table.runs}
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Their pictures", total=len(table.runs))
        contact = list(sheets(store, table.runs, trusted, partial(progress.advance, task)))
    content = {"comparison.html": page(str(selection), table, curves, contact), "comparison.csv": table.frame.to_csv()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in content.items():
        (folder / name).write_text(text, "utf-8")
    paths = [folder / name for name in content]
    _keep(store, table.runs, str(selection), paths)
    console.print(f"\nOpen {paths[0]}", highlight=False, soft_wrap=True)
    return paths


def _keep(store: Store, runs: Sequence[Finished], name: str, paths: Sequence[Path]) -> None:
    """In the run that holds all of them, or in one of its own."""
    parents = {run.tags.get(PARENT) for run in runs}
    parent = parents.pop() if len(parents) == 1 else None
    if parent:
        add_files(store, parent, paths)
        return
    with start(store, EXPERIMENT, name, circumstances()) as run:
        run.describe(f"`comparison.html` compares {len(runs)} runs: {name}")
        add_files(store, run.id, paths)
