"""A run from its beginning to its end, which it has whatever happens."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from socket import gethostname
from traceback import format_exception
from typing import Literal

from filelock import FileLock
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags

from pipeline import places
from pipeline.errors import InputError, Interrupted, Pruned, StoreUnreachable, unwritable
from pipeline.process.interruption import interruption_first, signals_deferred
from pipeline.secrets import masked
from pipeline.text.markdown import code, paragraphs
from pipeline.tracking.colour import COLOUR, colour_of
from pipeline.tracking.description import ended_early, pruned_tags, shown
from pipeline.tracking.guard import Guard
from pipeline.tracking.measurement import milliseconds
from pipeline.tracking.owner import is_alive, owner_tags
from pipeline.tracking.run import Run
from pipeline.tracking.server_check import silence_told
from pipeline.tracking.store import Store
from pipeline.tracking.tags import NOTE, PARENT
from pipeline.tracking.trials import trial_number
from pipeline.tracking.writes import Status


@contextmanager
def start_run(
    store: Store, experiment: str, name: str, tags: Mapping[str, str], *, parent: str | None = None
) -> Iterator[Run]:
    """Open a new run, and close it as FINISHED, KILLED (`Interrupted`) or FAILED (anything else), whatever happens.

    Args:
        store: where it is kept.
        experiment: the name of the MLflow experiment that it joins.
        name: of the run.
        tags: its circumstances.
        parent: id of the run that it is a child of.
    """

    def begin() -> str:
        colour = {COLOUR: colour_of(store, store.experiment(experiment), trial_number(tags))}
        all_tags = {**owner_tags(), **tags, **colour, **({PARENT: parent} if parent else {})}
        return store.begin(experiment, name, resolve_tags(all_tags))

    with _guarded(store, begin) as run:
        yield run


@contextmanager
def reopen_run(store: Store, run_id: str) -> Iterator[Run]:
    """Open a run again that was interrupted.

    Raises:
        InputError: it is finished, or its process is still at work.
    """
    with ExitStack() as opened:
        places.CHECKPOINTS.mkdir(parents=True, exist_ok=True)
        with FileLock(places.CHECKPOINTS / "resume.lock"):  # of two that resume a run at once, one does
            known = store.run(run_id)
            if known.info.status == "FINISHED":
                raise InputError(f"resume={run_id}: this run is finished. Train anew, with more epochs if you wish")
            if known.info.status == "RUNNING" and is_alive(known.data.tags):
                owner = known.data.tags["pid"]
                raise InputError(f"resume={run_id}: this run is still training, in process {owner}")
            run_id = store.id_here(known)
            run = opened.enter_context(_guarded(store, lambda: _begun_again(store, run_id)))
        yield run


def is_open(store: Store, run_id: str, *, here: bool = False) -> bool:
    """Tell whether a process has a run open; with `here`, whether one of this machine has."""
    known = store.run(run_id)
    owner = known.data.tags
    return known.info.status == "RUNNING" and is_alive(owner) and (not here or owner.get("host") == gethostname())


@contextmanager
def join_run(store: Store, run_id: str, *, take_over: bool = False) -> Iterator[Run]:
    """Open a run that several processes may write to, unless one of them has it open, whatever it ended as.

    Args:
        store: the tracking store.
        run_id: the id of the run.
        take_over: open it also if another process has it open.

    Raises:
        InputError: there is none.
    """
    run_id = store.id_here(store.run(run_id))
    if not take_over and is_open(store, run_id):
        yield Run(store, run_id)
        return

    with _guarded(store, lambda: _begun_again(store, run_id)) as run:
        yield run


def _begun_again(store: Store, run_id: str) -> str:
    tags = store.run(run_id).data.tags
    note = shown(tags)
    # Only a note that changes is written, as another worker may write the report of a study into it at this instant.
    notes = {NOTE: note} if note != tags.get(NOTE, "") else {}
    store.set_tags(run_id, owner_tags() | notes)  # first, so that a run that is open has an owner
    store.write(run_id, Status(status="RUNNING"))
    return run_id


@contextmanager
def _guarded(store: Store, begin: Callable[[], str]) -> Iterator[Run]:
    """Guard the run that `begin` opens and names. Signals are deferred until the guard exists, so none is left open."""
    with ExitStack() as opening:
        opening.enter_context(signals_deferred())
        with silence_told(store.uri):
            run_id = begin()
        guard = None
        try:
            guard = Guard(store.uri, run_id, owner_tags(), store.offline_of_helpers)
            run = Run(store, run_id)
            opening.close()
            with interruption_first():
                yield run
        except BaseException as error:
            _give_up(store, run_id, guard, error)
            if isinstance(error, Pruned):
                run.finished()
            store.settle(run_id)
            raise
        _finish(store, run_id, guard)
        run.finished()
        store.settle(run_id)


def _finish(store: Store, run_id: str, guard: Guard) -> None:
    with store.transaction():
        store.write(run_id, Status(status="FINISHED", ended=milliseconds()))
        guard.dismiss()


def _give_up(store: Store, run_id: str, guard: Guard | None, error: BaseException) -> None:
    try:
        with store.transaction():
            _close(store, run_id, error)
    except (MlflowException, OSError, StoreUnreachable):
        if guard:
            guard.abandon()
        if not unwritable(error):  # which says more than that the end of the run could not be written either
            raise
    else:
        if guard:
            guard.dismiss()


def _close(store: Store, run_id: str, error: BaseException) -> None:
    status = _status_after(error)
    if isinstance(error, Pruned):
        store.set_tags(run_id, pruned_tags(paragraphs(error)))
    else:
        # A mistake or a wish of the user's explains itself; a defect needs its traceback.
        known = isinstance(error, InputError | Interrupted)
        reason = paragraphs(error) if known else f"\n{code(masked(''.join(format_exception(error))))}"
        how = f"**{status.capitalize()}:** {reason}"
        store.set_tags(run_id, {NOTE: ended_early(how, store.run(run_id).data.tags)})
    store.write(run_id, Status(status=status, ended=milliseconds()))


def _status_after(error: BaseException) -> Literal["FINISHED", "KILLED", "FAILED"]:
    if isinstance(error, Pruned):
        return "FINISHED"
    return "KILLED" if isinstance(error, Interrupted) else "FAILED"
