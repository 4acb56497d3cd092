"""Unpacking a bundle: its runs, and the study that they are of, are brought into another store."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from rich.console import Console

from pipeline.address import Address
from pipeline.bundling.bundle_file import unpacked
from pipeline.bundling.contents import HEAD, JOURNAL, Head, checkpoint_in, run_folder
from pipeline.errors import InputError
from pipeline.places import MLRUNS, checkpoint_of
from pipeline.sweep.study.copied_study import StudyInJournal
from pipeline.text.wording import one_line
from pipeline.tracking.model.logged_model import check_model
from pipeline.tracking.outbox.arrival import Arrived, arrive
from pipeline.tracking.outbox.lines import parsed
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.registry import champion_of, register
from pipeline.tracking.store import Store
from pipeline.tracking.tags import PARENT
from pipeline.tracking.ui.travelling_page import bring_description, bring_page, check_page
from pipeline.tracking.writes import Model
from pipeline.training.checkpoint import history_in


@dataclass(frozen=True)
class _Bundle:
    """A bundle whose files are in a folder, each of them checked."""

    folder: Path
    head: Head
    outboxes: Mapping[str, Outbox]
    study: StudyInJournal | None


def unpack(file: Path, store: Store, storage: Address | None, console: Console) -> None:
    """Bring the runs of a bundle into a store, and its study into a storage.

    Nothing is written before all of the bundle was checked. Importing it again changes nothing, or goes on with what
    was cut off; a run or a study that was there before stays as it is.

    Args:
        file: the bundle.
        store: to which the runs are brought, under their ids where it is a database.
        storage: of the study; None for a file in `mlruns/studies/`.
        console: where it is told what was brought.

    Raises:
        InputError: the file is no bundle, or a damaged or hostile one, or something is there that is in its way.
    """
    if not file.is_file():
        raise InputError(f"import={file}: there is no such file. Expected a bundle that pipeline.bundle has written")
    with unpacked(file) as folder, FileLock(MLRUNS / "import.lock"):
        bundle = _checked(file, folder)
        if bundle.study:
            bundle.study.check_place(storage)
        arrived = {run_id: _arrive(file, outbox, store) for run_id, outbox in bundle.outboxes.items()}
        top = arrived[bundle.head.runs[0]]
        mark = f"{bundle.outboxes[bundle.head.runs[0]].begun.delivered_tag}.whole"
        was_imported = mark in store.run(top.run_id).data.tags
        for run_id, place in arrived.items():
            how = (
                "imported as run"
                if place.is_from_elsewhere and not was_imported
                else "was there already and stays: run"
            )
            name = one_line(bundle.outboxes[run_id].begun.name)
            console.print(f"{name}: {how} {place.run_id}", highlight=False, markup=False, soft_wrap=True)
        if was_imported:
            return
        _complete(bundle, arrived, store, storage, console)
        if top.is_from_elsewhere:
            store.set_tags(top.run_id, {mark: "true"})
        for place in arrived.values():
            store.settle(place.run_id)


def _complete(
    bundle: _Bundle, arrived: Mapping[str, Arrived], store: Store, storage: Address | None, console: Console
) -> None:
    """Bring what belongs to the runs that have arrived: checkpoints, addresses, pages, champions, the study."""
    brought = {run_id: place for run_id, place in arrived.items() if place.is_from_elsewhere}
    for run_id, place in brought.items():
        _install_checkpoint(bundle.folder, run_id, place)
        bring_description(store, place.run_id, place.experiment_id, run_id)
        if run_id in bundle.head.pages:
            bring_page(store, bundle.head.pages[run_id], run_id, place.run_id)
    versions = _name_champions(bundle.head, brought, store, console)
    if bundle.study:
        _bring_study(bundle.study, arrived, versions, storage, console)


def _checked(file: Path, folder: Path) -> _Bundle:
    """Read all of a bundle before any of it is used."""
    try:
        head = parsed(HEAD, Head.model_validate_json, (folder / HEAD).read_bytes())
        outboxes = {run_id: Outbox(run_folder(folder, run_id)) for run_id in head.runs}
        for run_id, outbox in outboxes.items():
            _check_outbox(run_id, outbox)
        for page in head.pages.values():
            check_page(page)
        for path in folder.glob("checkpoints/**/*.npz"):
            history_in(path)
        journal = folder / JOURNAL
        return _Bundle(folder, head, outboxes, StudyInJournal(journal) if journal.exists() else None)
    except (InputError, OSError) as error:
        reason = str(error).replace(f"{folder}/", "")
        raise InputError(f"import={file}: {reason}. Nothing was imported") from error


def _check_outbox(run_id: str, outbox: Outbox) -> None:
    if not outbox.exists:
        raise InputError(f"run {run_id} is named in {HEAD} and is not in the bundle")
    begun = outbox.begun
    is_known = set(begun.tags) <= {PARENT, begun.delivered_tag} and begun.tags.get(PARENT, run_id).isalnum()
    if begun.run_id != run_id or not begun.here or not is_known:
        raise InputError(f"run {run_id} is recorded as another one than {HEAD} says")
    for line in outbox.lines.after(0):
        files = outbox.files_of(line.number)
        for path in line.write.files:
            if not (files / path).is_file():
                raise InputError(f"run {run_id} lacks its file {path}")
        if isinstance(line.write, Model):
            check_model(files, line.write.paths)


def _arrive(file: Path, outbox: Outbox, store: Store) -> Arrived:
    try:
        return arrive(outbox, store)
    except InputError as error:
        raise InputError(
            f"import={file}: {error}. The same command, typed again, goes on where this one ended"
        ) from error


def _install_checkpoint(folder: Path, former: str, arrived: Arrived) -> None:
    """Put the checkpoint of an interrupted run in its place, unless this machine has one of the run."""
    source, target = checkpoint_in(folder, former), checkpoint_of(arrived.run_id)
    if not source.exists() or target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    snapshots = source.with_suffix("")
    if snapshots.exists():
        shutil.copytree(snapshots, target.with_suffix(""), dirs_exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    shutil.copyfile(source, unfinished)
    unfinished.replace(target)  # last, as it says that its epochs are done


def _name_champions(head: Head, brought: Mapping[str, Arrived], store: Store, console: Console) -> dict[str, str]:
    """Name the champions of a bundle, unless their names have others; gives the version of each by its name."""
    versions = {}
    for run_id, names in head.champions.items():
        for name, description in names.items() if run_id in brought else ():
            there = champion_of(store, name)
            if there not in (None, brought[run_id].run_id):
                console.print(
                    f"{name}@champion is the model of run {there} and stays so", highlight=False, markup=False
                )
            elif version := register(store, brought[run_id].run_id, name, description):
                versions[name] = version
    return versions


def _bring_study(
    study: StudyInJournal,
    arrived: Mapping[str, Arrived],
    versions: Mapping[str, str],
    storage: Address | None,
    console: Console,
) -> None:
    run = arrived.get(study.run_id)
    report = {**study.report, "version": versions.get(study.name)} if study.report else {}
    is_from_elsewhere = study.copy_to(storage, run.run_id if run else study.run_id, report)
    how = "imported" if is_from_elsewhere else "was there already and stays"
    console.print(f"Study {study.name}: {how}", highlight=False, markup=False)
