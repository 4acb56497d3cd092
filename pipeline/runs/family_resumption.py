"""The resumption of a family: what it had begun, under which names, and with which settings."""

from collections.abc import Mapping

from pipeline.config.build import build
from pipeline.config.names import Config
from pipeline.errors import InputError
from pipeline.runs.record import parameters
from pipeline.tracking.settings import TrackingSettings
from pipeline.tracking.store import MlflowRun, Store


def begun_name(config: Config) -> str | None:
    """Give the name of the training of a family of one: what its run is called already, or is to be called.

    Args:
        config: of the command, which may go on with a family.

    Returns:
        The name; None where the command does not say.

    Raises:
        InputError: the store cannot be reached, or there is no such run.
    """
    tracking: TrackingSettings = build(config["tracking"], "tracking", expected=TrackingSettings)
    if config["resume"]:
        store = tracking.connect()
        children = store.children(str(store.run(config["resume"]).info.run_id))
        if len(children) == 1:
            return str(children[0].info.run_name)
    return tracking.name


def earlier_attempt(tracking: Config) -> MlflowRun | None:
    """Give the run of a member of a family that an earlier start of its job began; None if there is none.

    An engine such as Slurm starts a job again that it preempted. A run that failed was not preempted.

    Args:
        tracking: the node of the member's config that says where it is recorded, under which parent and name.

    Raises:
        InputError: the store cannot be reached.
    """
    if not tracking["parent"]:
        return None
    store = build(tracking, "tracking", expected=TrackingSettings).connect()
    named = [run for run in store.children(tracking["parent"]) if run.info.run_name == tracking["name"]]
    return next((run for run in reversed(named) if run.info.status != "FAILED"), None)


def refuse_others(store: Store, members: Mapping[str, Config], resume: str) -> None:
    """Refuse to go on with a family whose trainings were begun with other settings.

    Args:
        store: that has its runs.
        members: the config of each training that is to go on, by name.
        resume: the id of the family's run.

    Raises:
        InputError: a setting differs, the message has both values; or the run has no trainings.
    """
    children = store.children(resume)
    if not children:
        raise InputError(f"resume={resume}: this run has no trainings below it. To go on with one run, leave -m out")
    for child in children:
        now = parameters(members[child.info.run_name]) if child.info.run_name in members else {}
        for key, value in now.items():
            before = child.data.params.get(key, value)
            if value != before:
                raise InputError(
                    f"resume={resume}: {child.info.run_name} was begun with {key}={before}, now it is {value}. "
                    "Set it back, or train all anew without resume"
                )
