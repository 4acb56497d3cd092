"""A folder for what a command makes."""

from datetime import datetime
from pathlib import Path

from pipeline.errors import InputError
from pipeline.tracking.address import MLRUNS


def new_folder(out: str | None, kind: str) -> Path:
    """The folder that the user named, or one of its own in `mlruns/`; not made yet.

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
