"""What is left in the outboxes of this machine, sent to the servers that it is for."""

import shutil
from dataclasses import dataclass

from filelock import Timeout
from mlflow.tracking import MlflowClient
from rich.console import Console
from rich.progress import Progress, TaskID

from pipeline import places
from pipeline.address import Address
from pipeline.errors import InputError, StoreUnreachable
from pipeline.text.wording import counted, first_line, one_line
from pipeline.tracking.outbox.delivery import TRANSFER, run_on_server
from pipeline.tracking.outbox.outbox import Outbox, outboxes
from pipeline.tracking.outbox.sending import Sending
from pipeline.tracking.outbox.write_behind import home_of, name_server, server_of
from pipeline.tracking.owner import is_alive
from pipeline.tracking.server_check import ELSE, check_server, silence_told
from pipeline.tracking.storage_error import is_of_storage
from pipeline.tracking.store_address import impatience, is_server, try_once
from pipeline.tracking.writes import Batch


@dataclass
class Left:
    """What could not be sent: the number of runs, and why; and how many writes could."""

    runs: int = 0
    reason: str = ""
    sent: int = 0


def send_outboxes(uri: Address | None, console: Console, moved_from: Address | None = None) -> None:
    """Send all outboxes of this machine, or those of one server.

    Args:
        uri: of the server; with its password, if it needs one.
        console: where progress is shown.
        moved_from: the address that the server had when the outboxes were written, if another.

    Raises:
        InputError: the address is of no server, or something could not be sent, which stays on this machine.
    """
    if uri is not None and not is_server(uri):
        raise InputError(f"tracking.uri={uri} is no server. A database has all that is recorded in it already")
    if moved_from is not None:
        _move(moved_from, uri)
    known = {home_of(each): uri for each in (uri, moved_from) if each and uri}
    homes = sorted(each.parent for each in places.OUTBOX.glob("*/server"))
    try_once()
    left = [
        _send(known.get(home, server_of(home)), found, console)
        for home in homes
        if (uri is None or home in known) and (found := [each for each in outboxes(home) if each.lines.count])
    ]
    if not any(each.runs or each.sent for each in left):
        console.print("Nothing is left to send.")
    if any(each.runs for each in left):
        reason = next(each.reason for each in left if each.runs)
        raise InputError(
            f"{counted(sum(each.runs for each in left), 'run')} could not be sent as a whole: {reason}. What is left "
            "stays on this machine: type the command again when that is cured"
        )


def _move(before: Address, uri: Address | None) -> None:
    """Have what is kept for a server kept for the address that it has now."""
    if uri is None:
        raise InputError(f"moved_from={before} needs the address that the server has now: add tracking.uri=…")
    home = home_of(before)
    if not home.exists():
        others = ", ".join(str(server_of(each.parent)) for each in places.OUTBOX.glob("*/server")) or "none"
        raise InputError(
            f"moved_from={before}: nothing is kept on this machine for a server at that address. What is kept is for: "
            f"{others}"
        )
    target = home_of(uri)
    kept = outboxes(home)
    if alive := [outbox.folder.name for outbox in kept if _is_at_work(outbox)]:
        raise InputError(f"moved_from={before}: run {alive[0]} is still at work. Type the command when it has ended")
    target.mkdir(exist_ok=True)
    try:
        for outbox in kept:
            with outbox.delivering(), outbox.lock:
                if not (target / outbox.folder.name).exists():
                    outbox.folder.rename(target / outbox.folder.name)
    except Timeout as error:
        raise InputError(
            f"moved_from={before}: another process sends what is kept there. Type the command when that has ended"
        ) from error
    name_server(target, uri)
    if not [*home.glob("*/")]:  # else a run has two outboxes, or one that is damaged
        shutil.rmtree(home)


def _is_at_work(outbox: Outbox) -> bool:
    """Tell whether a process of this machine goes on with the run of an outbox."""
    owner = dict(outbox.begun.tags)
    for line in outbox.lines.after(0):
        owner |= line.write.tags if isinstance(line.write, Batch) else {}
    return outbox.lines.status in ("", "RUNNING") and is_alive(owner)


def _send(server: Address, found: list[Outbox], console: Console) -> Left:
    left = Left()
    client = MlflowClient(server.full)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for outbox in found:
            try:
                task = progress.add_task(one_line(outbox.begun.name), total=outbox.lines.count)
                with impatience(TRANSFER, retries=0), silence_told(server):
                    if not left.runs:
                        check_server(server)
                    name, run_id = one_line(outbox.begun.name), run_on_server(outbox, client)
                    sent = _deliver(outbox, client, run_id, progress, task)
                left.sent += sent
                if sent:
                    console.print(
                        f"{name}: {counted(sent, 'write')} sent, run {run_id}", highlight=False, soft_wrap=True
                    )
                if refused := list(outbox.set_aside.values()):
                    left.runs += 1
                    left.reason = f"{server} did not take {counted(len(refused), 'file')}, such as {refused[0]}"
            except Exception as error:
                if not is_of_storage(error):
                    raise
                is_busy = isinstance(error, Timeout)
                left.runs += 1
                why = first_line(error).removesuffix(f". {ELSE}")
                left.reason = "a training on this machine sends them at this moment" if is_busy else f"{server}: {why}"
                if isinstance(error, StoreUnreachable):  # and so would the others be
                    left.runs += len(found) - found.index(outbox) - 1
                    break
    return left


def _deliver(outbox: Outbox, client: MlflowClient, run_id: str, progress: Progress, task: TaskID) -> int:
    """Send an outbox, and give how many of its writes were not on the server before."""
    with outbox.delivering():
        delivery = Sending(outbox, client, run_id)
        before = delivery.done
        for done in delivery.go_on():
            progress.update(task, completed=done)
        if outbox.lines.count == delivery.done and outbox.is_over and not outbox.set_aside:
            outbox.clear(delivery.done)
    return delivery.done - before
