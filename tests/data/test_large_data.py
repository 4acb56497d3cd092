"""Data larger than memory, to which the kernel sets the limit."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline import ROOT

SHAPE = (20_000, 64, 64, 3)
"""Of 246 MB of pixels."""
ALLOWED = 150
"""Megabytes that a process may have beside what TensorFlow has taken."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux, to set such a limit"),
]


def write_npz(path: Path) -> None:
    """An `.npz` file, written image by image."""
    row = np.random.default_rng(0).integers(0, 256, SHAPE[1:], dtype=np.uint8)
    with zipfile.ZipFile(path, "w") as archive, archive.open("images.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, {"shape": SHAPE, "fortran_order": False, "descr": "|u1"})
        for number in range(SHAPE[0]):
            file.write(np.roll(row, number).tobytes())


def train_on(file: Path, **env: str) -> subprocess.CompletedProcess[str]:
    env = dict(os.environ) | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])} | env
    command = [sys.executable, "-m", "limited_memory", str(file), str(ALLOWED)]
    return subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=400)


def test_more_pixels_than_memory_are_read_trained_on_and_evaluated(tmp_path: Path) -> None:
    write_npz(tmp_path / "large.npz")
    done = train_on(tmp_path / "large.npz", VAE_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    size, fingerprint, loss = done.stdout.split()[-3:]
    assert int(size) == np.prod(SHAPE) > ALLOWED * 10**6
    assert len(fingerprint) == 64
    assert float.fromhex(loss) > 0
    in_memory = train_on(tmp_path / "large.npz", VAE_CACHE_GB="0")
    assert in_memory.returncode, "without the cache they are in memory, which the limit does not allow"
    assert "MemoryError" in in_memory.stderr
