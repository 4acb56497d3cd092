"""Each trial has a job folder, with the log of its training and, while it lasts, its temporary files."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOG = "training.log"
"""The file of a job folder that has all that a training printed."""


@contextmanager
def in_job_folder(folder: Path) -> Iterator[None]:
    """Send what this process prints to the log of a job folder, and its temporary files to a folder below it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG).open("a") as log, _temporary_files_in(folder / "scratch"):
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
        yield
        sys.stdout.flush()
        sys.stderr.flush()


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Keep temporary files in a folder that is deleted at the end: a trial process ends without Python's clean-up."""
    shutil.rmtree(folder, ignore_errors=True)  # left by a process that was killed
    folder.mkdir()
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
