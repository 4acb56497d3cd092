"""How a command ends: mistakes that Hydra finds are explained, defects of this project keep their traceback."""

import subprocess
import sys

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


@pytest.mark.parametrize(
    ("program", "code", "is_traced"), [(WITHIN_OWN_WORK, 1, True), (BEFORE, 2, False)], ids=["own work", "before"]
)
def test_a_value_error_is_a_defect_where_this_project_is_at_work(program: str, code: int, is_traced: bool) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert ("Traceback" in done.stderr) is is_traced
