"""The GPUs that a process sees: those that a scheduler gave it, or all of the machine."""

import os
import re
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The variable by which schedulers say which GPUs a job may use, and by which CUDA knows them."""


def gpus() -> list[str]:
    """Return the GPUs that this process may use, as CUDA names them; on a machine without any an empty list.

    CUDA itself is not asked: it cannot be used any more in processes that are forked after that.
    """
    if VISIBLE in os.environ:
        return [each.strip() for each in os.environ[VISIBLE].split(",") if each.strip() and each.strip() != "-1"]
    devices = Path("/dev").glob("nvidia*")
    return [str(number) for number in range(sum(bool(re.fullmatch(r"nvidia\d+", each.name)) for each in devices))]


def see_only(gpu: str) -> None:
    """Have this process see one GPU alone, before it uses CUDA."""
    os.environ[VISIBLE] = gpu
