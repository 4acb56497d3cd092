"""How a command ends: mistakes that Hydra finds are explained, defects of this project keep their traceback."""

import subprocess
import sys
from errno import ENOENT, ENOSPC, EROFS

import pytest

WITHIN_OWN_WORK = """
from pipeline.process.command import enter, own_work
from pipeline.config.composition import TRAIN

def command():
    with own_work():
        raise ValueError("a defect")

enter(command, TRAIN)
"""
BEFORE = """
from pipeline.process.command import enter
from pipeline.config.composition import TRAIN

def command():
    raise ValueError("what Hydra found")

enter(command, TRAIN)
"""


FAILING = """
import os
from contextlib import nullcontext
from pipeline.process.command import enter, own_work
from pipeline.config.composition import TRAIN

def command():
    with {block}():
        raise OSError({number}, os.strerror({number}), "/somewhere/file")

enter(command, TRAIN)
"""


@pytest.mark.parametrize(
    ("program", "code", "is_traced"), [(WITHIN_OWN_WORK, 1, True), (BEFORE, 2, False)], ids=["own work", "before"]
)
def test_a_value_error_is_a_defect_where_this_project_is_at_work(program: str, code: int, is_traced: bool) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert ("Traceback" in done.stderr) is is_traced


@pytest.mark.parametrize(
    ("block", "number", "code", "said"),
    [
        ("own_work", ENOENT, 1, "FileNotFoundError: [Errno 2] No such file or directory: '/somewhere/file'\n"),
        (
            "own_work",
            ENOSPC,
            2,
            "Nothing more can be written (/somewhere/file: No space left on device). Mend ",
        ),
        (
            "nullcontext",
            EROFS,
            2,
            "/somewhere/file: Read-only file system. Runs and their logs are kept there: make",
        ),
    ],
)
def test_an_error_of_a_file_is_a_defect_unless_nothing_can_be_written(
    block: str, number: int, code: int, said: str
) -> None:
    program = FAILING.format(block=block, number=number)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stderr
    assert ("Traceback" in done.stderr) is (code == 1)
