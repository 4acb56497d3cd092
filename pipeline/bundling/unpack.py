"""Unpacking a bundle: its runs, and the study that they are of, are brought into another store."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from pipeline.address import Address
from pipeline.bundling.bundle_file import unpacked
from pipeline.bundling.contents import HEAD, JOURNAL, Head, checkpoint_in, run_folder
from pipeline.bundling.foreign_parts import check_checkpoint, check_outbox
from pipeline.errors import InputError, StoreUnreachable
from pipeline.places import checkpoint_of
from pipeline.runs.travelling_checkpoint import copy_checkpoint
from pipeline.sweep.study.copied_study import StudyInJournal
from pipeline.text.wording import counted, one_line
from pipeline.tracking.outbox.arrival import Arrived, arrive
from pipeline.tracking.outbox.lines import parsed
from pipeline.tracking.outbox.outbox import Outbox
from pipeline.tracking.registry import champion_of, register
from pipeline.tracking.store import Store
from pipeline.tracking.ui.travelling_page import bring_description, bring_page, check_page


@dataclass(frozen=True)
class _Bundle:
    """A bundle whose files are in a folder, each of them checked."""

    folder: Path
    head: Head
    outboxes: Mapping[str, Outbox]
    study: StudyInJournal | None

    @property
    def top(self) -> Outbox:
        """The outbox of the run that holds the others, or that they were packed for."""
        return self.outboxes[self.head.runs[0]]


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
        what = "that is a folder" if file.is_dir() else "there is no such file"
        raise InputError(f"import={file}: {what}. Expected a bundle that pipeline.bundle has written")
    with unpacked(file) as folder:
        bundle = _checked(file, folder)
        if bundle.study:
            bundle.study.check_place(storage)
        arrived: dict[str, Arrived] = {}
        mark = f"{bundle.top.begun.delivered_tag}.whole"
        for run_id, outbox in bundle.outboxes.items():
            place = arrived[run_id] = _arrive(file, outbox, store, bundle.head.begun_as.get(run_id))
            is_top = outbox is bundle.top
            stays = is_top and (not place.is_from_elsewhere or mark in store.run(place.run_id).data.tags)
            how = "imported as run" if place.is_from_elsewhere and not stays else "was there already and stays: run"
            _say(console, f"{one_line(outbox.begun.name)}: {how} {place.run_id}")
            if stays:
                _say_that_all_stays(bundle, storage, console)
                return
        _complete(bundle, arrived, store, storage, console)
        store.set_tags(arrived[bundle.head.runs[0]].run_id, {mark: "true"})
        for place in arrived.values():
            store.settle(place.run_id)


def _say_that_all_stays(bundle: _Bundle, storage: Address | None, console: Console) -> None:
    if len(bundle.outboxes) > 1:
        others = "what was added to one copy since is not brought into the other"
        _say(console, f"The runs below it stay as they are, too: {others}")
    if bundle.study:
        here, there = bundle.study.trials_there(storage)
        _say(console, f"Study {bundle.study.name} has {counted(here, 'trial')} here, and {there} in the bundle")


def _complete(
    bundle: _Bundle, arrived: Mapping[str, Arrived], store: Store, storage: Address | None, console: Console
) -> None:
    """Bring what belongs to the runs that have arrived: checkpoints, addresses, pages, champions, the study."""
    if store.silence:
        raise StoreUnreachable(store.silence)
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
        for place, run_id in enumerate(head.runs):
            check_outbox(run_id, outboxes[run_id], head.runs[:place])
        for page in head.pages.values():
            check_page(page)
        for run_id in head.runs:
            check_checkpoint(checkpoint_in(folder, run_id))
        journal = folder / JOURNAL
        study = StudyInJournal(journal, head.runs) if journal.exists() else None
        return _Bundle(folder, head, outboxes, study)
    except (InputError, OSError) as error:
        reason = str(error).replace(f"{folder}/", "")
        raise InputError(f"import={file}: {reason}. Nothing was imported") from error


def _arrive(file: Path, outbox: Outbox, store: Store, begun_as: str | None) -> Arrived:
    try:
        return arrive(outbox, store, begun_as)
    except InputError as error:
        raise InputError(
            f"import={file}: {error}. The same command, typed again, goes on where this one ended"
        ) from error


def _install_checkpoint(folder: Path, former: str, arrived: Arrived) -> None:
    """Put the checkpoint of an interrupted run in its place, unless this machine has one of the run."""
    source, target = checkpoint_in(folder, former), checkpoint_of(arrived.run_id)
    if source.exists() and not target.exists():
        copy_checkpoint(source, source.with_suffix(""), target)


def _name_champions(head: Head, brought: Mapping[str, Arrived], store: Store, console: Console) -> dict[str, str]:
    """Name the champions of a bundle, unless their names have others; gives the version of each by its name."""
    versions = {}
    for run_id, names in head.champions.items():
        for name, description in names.items() if run_id in brought else ():
            there = champion_of(store, name)
            if there not in (None, brought[run_id].run_id):
                _say(console, f"{name}@champion stays the model of run {there}")
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
    _say(console, f"Study {study.name}: {how}")


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
