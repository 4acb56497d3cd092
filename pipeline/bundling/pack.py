"""Packing runs, and the study that they are of, into a bundle."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from pipeline.address import Address
from pipeline.bundling.bundle_file import working_folder, write_bundle
from pipeline.bundling.contents import HEAD, JOURNAL, RUNS, Head, checkpoint_in
from pipeline.errors import InputError, NoSuchRun, StoreUnreachable, unwritable
from pipeline.places import MLRUNS, STUDIES, checkpoint_of
from pipeline.runs.travelling_checkpoint import copy_checkpoint, fetch_checkpoint
from pipeline.sweep.study.copied_study import copy_to_journal, run_id_of_study
from pipeline.text.wording import did_you_mean
from pipeline.tracking.outbox.recorded_run import record
from pipeline.tracking.owner import is_alive
from pipeline.tracking.registry import names_of_champion
from pipeline.tracking.store import MlflowRun, Store
from pipeline.tracking.tags import BEGUN_AS, PARENT, REUSED, STUDY, STUDY_KEY
from pipeline.tracking.ui.travelling_page import page_of


def pack(name: str, store: Store, storage: Address | None, out: Path | None, console: Console) -> Path:
    """Write a run into a file: with the runs below it, what those took over, and the study's trials if it is one's.

    Args:
        name: the id of a run, the beginning of one, `<study>@champion`, or the name of a study.
        store: that has the run.
        storage: of the study; None for a file in `mlruns/studies/`.
        out: the path of the bundle; None for one in `mlruns/bundles/`.
        console: where progress is shown.

    Returns:
        The path of the bundle.

    Raises:
        InputError: there is no such run, one of them is at work, or the file exists.
    """
    _refuse_silent(store)
    top = _run(name, store, storage)
    file = out or MLRUNS / "bundles" / f"{_as_file_name(str(top.info.run_name))}_{top.info.run_id[:8]}.zip"
    _refuse_place(file)
    runs = _whole(top, store)
    _refuse_open(runs)
    with working_folder("packed") as folder:
        (folder / RUNS).mkdir()
        for run in runs:
            record(store, run.info.run_id, folder / RUNS)
            _copy_checkpoint(store, run, folder)
            console.print(f"{run.info.run_name}: run {run.info.run_id}", highlight=False, markup=False, soft_wrap=True)
        if STUDY_KEY in top.data.tags:
            known_as = (top.info.run_id, store.id_here(top), top.data.tags.get(BEGUN_AS, ""))
            copy_to_journal(top.data.tags[STUDY], storage, known_as, folder / JOURNAL)
        (folder / HEAD).write_text(_head(store, runs).model_dump_json())
        _refuse_silent(store)
        write_bundle(folder, file)
    return file


def _refuse_place(file: Path) -> None:
    """Refuse a path at which no file can be written, before all is gathered that belongs into it."""
    if file.exists():
        what = "that is a folder; name a file in it" if file.is_dir() else "there is a file already; name another one"
        raise InputError(f"out={file}: {what}: out=…")
    probe = file.with_name(f"{file.name}.unfinished")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        if unwritable(error):
            raise
        raise InputError(f"out={file}: {error.strerror}. Expected a file in a folder that can be written to") from error


def _refuse_silent(store: Store) -> None:
    """Raise StoreUnreachable if runs are read from what this machine has of them, which may not be all."""
    if store.silence:
        raise StoreUnreachable(f"{store.silence}. A bundle needs all that its server has: try again when it answers")


def _run(name: str, store: Store, storage: Address | None) -> MlflowRun:
    """The run of this name, or of the study of this name."""
    try:
        return store.run(name)
    except NoSuchRun:
        run_id = run_id_of_study(name, storage)
    if run_id is None:
        known = [path.stem for path in STUDIES.glob("*.journal")]
        raise InputError(
            f"run={name}: {store.uri} has no such run, and {storage or STUDIES} no such study. "
            f"{did_you_mean(name, known)}Expected the id of a run or the beginning of one, <study>@champion, or the "
            "name of a study. Runs of a server need its address, tracking.uri=http://…; studies in a database theirs, "
            "storage=…"
        )
    return store.run(run_id)


def _whole(top: MlflowRun, store: Store) -> list[MlflowRun]:
    """A run with those below it and those that they took over, a parent before its children."""
    found: dict[str, MlflowRun] = {}
    waiting = [top]
    while waiting:
        run = waiting.pop(0)
        if run.info.run_id not in found:
            found[run.info.run_id] = run
            waiting += store.children(run.info.run_id)
            waiting += [store.run(run.data.tags[REUSED])] if REUSED in run.data.tags else []
    return _parents_first(found)


def _parents_first(found: Mapping[str, MlflowRun]) -> list[MlflowRun]:
    """Sort runs so that each one comes after its parent; what a run took over may be a child of another one."""
    placed: dict[str, MlflowRun] = {}
    while len(placed) < len(found):
        for run_id, run in found.items():
            parent = run.data.tags.get(PARENT)
            if parent not in found or parent in placed:
                placed.setdefault(run_id, run)
    return list(placed.values())


def _refuse_open(runs: Sequence[MlflowRun]) -> None:
    for run in runs:
        if run.info.status == "RUNNING" and is_alive(run.data.tags):
            where = f"process {run.data.tags.get('pid')} of {run.data.tags.get('host')}"
            raise InputError(
                f"run {run.info.run_id} ({run.info.run_name}) is still written by {where}. Wait for its end, or "
                "interrupt it with Ctrl-C; its checkpoint goes with it then"
            )


def _copy_checkpoint(store: Store, run: MlflowRun, folder: Path) -> None:
    """Copy the checkpoint of an interrupted run into the folder of a bundle, with its snapshots."""
    if run.info.status == "FINISHED":
        return
    here = checkpoint_of(store.id_here(run))
    fetch_checkpoint(store, run.info.run_id)
    if here.exists():
        copy_checkpoint(here, here.with_suffix(""), checkpoint_in(folder, run.info.run_id))


def _head(store: Store, runs: Sequence[MlflowRun]) -> Head:
    ids = [str(run.info.run_id) for run in runs]
    named = {run_id: names_of_champion(store, run_id) for run_id in ids}
    champions = {run_id: kept for run_id, names in named.items() if (kept := _registrable(names))}
    pages = {run_id: page for run_id in ids if (page := page_of(store, run_id))}
    begun_as = {str(run.info.run_id): run.data.tags[BEGUN_AS] for run in runs if BEGUN_AS in run.data.tags}
    return Head(runs=ids, champions=champions, begun_as=begun_as, pages=pages)


def _registrable(names: Mapping[str, str]) -> dict[str, str]:
    """Leave out names with quotes, by which MLflow does not find a model."""
    return {name: description for name, description in names.items() if not set(name) & set("'\"`")}


def _as_file_name(name: str) -> str:
    return re.sub(r"\W+", "_", name)[:60].strip("_") or "run"
