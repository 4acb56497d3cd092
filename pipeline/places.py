"""Places: where configs, data and runs are, where servers listen, the folders that commands make, and their Python."""

import os
import shlex
import shutil
import sys
from datetime import datetime
from pathlib import Path

from pipeline import ROOT
from pipeline.errors import InputError

_INSTALLED_CONF = ROOT / "pipeline" / "conf"  # which a wheel has, and a checkout has not
IS_INSTALLED = _INSTALLED_CONF.is_dir()
"""Whether this is an installed package; a checkout, which an editable installation points to, is none."""
CONF = _INSTALLED_CONF if IS_INSTALLED else ROOT / "conf"
"""The folder of all configs."""
HOME_VARIABLE = "VAE_HOME"
"""The environment variable that names another `HOME`."""
HOME = Path(os.environ.get(HOME_VARIABLE) or (Path.cwd() if IS_INSTALLED else ROOT)).expanduser().absolute()
"""The folder that runs and downloads are below: the checkout, or the folder where an installed command is typed."""
DATA = HOME / "data"
"""Downloads, and published data sets for which no other folder is named."""
MLRUNS = HOME / "mlruns"
"""All that commands leave. Hydra's jobs are in `jobs/` there, which `conf/commands/bases/command.yaml` says."""
DATABASE_FILE = MLRUNS / "mlflow.db"
"""The runs, where no other store is named."""
ARTIFACTS = MLRUNS / "artifacts"
"""Files of runs that our own server records."""
CHECKPOINTS = MLRUNS / "checkpoints"
"""The state of trainings that are not finished, by the id of their run."""
OUTBOX = MLRUNS / "outbox"
"""What is written into runs, until their tracking server has it: a folder a server, and in it one a run."""
STUDIES = MLRUNS / "studies"
"""The storage of studies, a journal each, where no other is named."""
JOBS = MLRUNS / "jobs"
"""Hydra's folders of a study's trainings: a folder a study, and in it one a trial."""
CACHE = MLRUNS / "cache"
"""Images as they were read and feature networks, for the next start, where `VAE_CACHE_DIR` names no other folder."""
HOST = "127.0.0.1"
"""Where our servers listen: on this machine alone."""
PORTS = range(1, 65536)
"""The ports at which a server can listen."""


def refuse_unwritable() -> None:
    """Refuse folders of this machine's runs in which nothing can be written.

    Raises:
        InputError: there is one, which belongs to another user as a rule.
    """
    for folder in (ARTIFACTS, CHECKPOINTS, OUTBOX, STUDIES, JOBS):
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(
                f"{folder} cannot be written to. Expected a folder in which whoever types the command may write: "
                f'sudo chown -R "$USER" {shlex.quote(str(MLRUNS))}'
            )


def checkpoint_of(run_id: str) -> Path:
    """Return the path of the checkpoint from which an interrupted run goes on."""
    return CHECKPOINTS / f"{run_id}.npz"


def new_folder(out: str | None, kind: str) -> Path:
    """Return the folder that the user named, or a new one in `mlruns/`; it is not made yet.

    Args:
        out: what the user said.
        kind: of what is made, where the user said nothing.

    Raises:
        InputError: it holds something.
    """
    if out is None:
        return MLRUNS / kind / f"{datetime.now():%Y-%m-%d_%H-%M-%S-%f}"
    folder = Path(out).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"out={out}: there is something already. Name a folder that does not exist yet")
    return folder


def ui_command(port: int | None = None) -> str:
    """Return the command that shows the runs of `mlruns/`, with the port if one is given."""
    if IS_INSTALLED:
        return f"vae-ui --port {port}" if port else "vae-ui"
    return f"make ui PORT={port}" if port else "make ui"


def python() -> str:
    """Return the word by which a shell runs this Python, for commands in messages."""
    here = Path(sys.executable)
    found = shutil.which("python")
    if found and Path(found).absolute().parent == here.parent:
        return "python"
    return shlex.quote(str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here))
