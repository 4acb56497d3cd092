"""A node is a machine that works on a study, for which it must have the same code and data as the other nodes."""

import hashlib
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from pipeline.config.names import Config
from pipeline.errors import InputError
from pipeline.process.source_code import is_found
from pipeline.runs.decisive_code import code_with
from pipeline.sweep.study.locks import common_lock
from pipeline.sweep.study.study import Study

CODE = "code"
"""The user attribute of a study that keeps the hash of the code by which its trials are trained."""
DATA = "data:"
"""The beginning of the names of user attributes that keep the fingerprint of each data set of a study."""
SHOWN = 8
"""Characters of a hash that messages show."""


class RefusedNode(InputError):  # noqa: N818 — an error by its parent's name
    """A node differs from those that train a study; the message has both values."""


def adopt_code(study: Study) -> None:
    """Write down this node's code as the code of a study that nobody is training.

    Trials of processes that are gone are freed first. It takes seconds to see that another node is at work, and up to
    `lease.EXPIRY` to see that it is not.

    Raises:
        RefusedNode: others are training the study with other code.
    """
    here = code_with(study.plan.trusted)
    if study.optuna.user_attrs.get(CODE) == here:
        return
    if study.is_trained():
        refuse_other_code(study)
    study.optuna.set_user_attr(CODE, here)


def refuse_other_code(study: Study) -> None:
    """Refuse this node if its code is not the one that a study is trained with.

    Raises:
        RefusedNode: the code differs.
    """
    code = study.optuna.user_attrs.get(CODE)
    here = code_with(study.plan.trusted)
    if code and code != here:
        raise RefusedNode(
            f"sweep.study={study.settings.study}: node {socket.gethostname()} has other code ({here[:SHOWN]}) than "
            f"the study is trained with ({code[:SHOWN]}), so their numbers could not be compared. "
            f"{_cure(study.plan.trusted)}"
        )


def _cure(trusted: Sequence[str]) -> str:
    if missing := [package for package in trusted if not is_found(package)]:
        return f"On this node {' and '.join(missing)} cannot be found: put the folder that has it into PYTHONPATH"
    own = f" of the pipeline and of {' and '.join(trusted)}" if trusted else ""
    return (
        f"Install the same version{own} on all nodes; or wait until no other node trains the study, and type the "
        "command again"
    )


def dataset_key(dataset: Config) -> str:
    """Give a name for the settings of a data set that is the same wherever a node keeps the files."""
    settings = {name: value for name, value in dataset.items() if name != "dir"}
    return f"{dataset['name']} {hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:SHOWN]}"


def adopt_data(study: Study, key: str, fingerprint: str) -> str | None:
    """Write down which images are the data set of a study, unless a node has done so before.

    Args:
        study: the study.
        key: the `dataset_key` of the data set that this node has loaded.
        fingerprint: the fingerprint of that data set.

    Returns:
        Why this node must not train: the other node has other images; None if it may.
    """
    attribute = f"{DATA}{key}"
    name = study.settings.study
    if attribute not in study.optuna.user_attrs:
        with common_lock(name, study.settings.storage):  # two nodes may have loaded theirs at the same time
            if attribute not in study.optuna.user_attrs:
                study.optuna.set_user_attr(attribute, fingerprint)
    expected = study.optuna.user_attrs[attribute]
    if fingerprint == expected:
        return None
    return (
        f"sweep.study={name}: node {socket.gethostname()} has other data (dataset {key.partition(' ')[0]}, "
        f"fingerprint {fingerprint[:SHOWN]}) than the study is trained on ({expected[:SHOWN]}). Put the same files "
        f"there, or begin another study: sweep.study={name}_2"
    )


@contextmanager
def refusals_name_this_node(host: str) -> Iterator[None]:
    """Name this node in the message of a refusal, unless it is the one where the command was typed.

    Args:
        host: the name of the node where the command was typed.
    """
    try:
        yield
    except RefusedNode:
        raise
    except InputError as error:
        if (here := socket.gethostname()) == host:
            raise
        raise RefusedNode(f"node {here}: {error}") from error


def refuse_unwritable(folder: Path) -> None:
    """Refuse this node if nothing can be written into the folder of a study's jobs.

    Raises:
        RefusedNode: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise RefusedNode(
            f"node {socket.gethostname()}: {folder}: {error.strerror}. Trials write their logs there: make it writable"
        ) from error
