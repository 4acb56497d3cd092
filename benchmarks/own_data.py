"""Data of a user's own: seconds and memory of the first start and of later ones, and of data larger than memory.

Images are made up: a folder of JPEG files as large as those of CelebA, and an `.npz` file of pixels. Each start is a
process of its own, which reads the data set as a training does and ends.
"""

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipeline import ROOT

HEIGHT, WIDTH = 218, 178
SIDE = 64
STARTS = 3
"""The first of them reads the files, the others find them in the cache."""


def own_data(files: int, pixels: float, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The record of all starts.

    Args:
        files: JPEG files in the folder.
        pixels: gigabytes of the `.npz` file.
        scratch: for the images and the cache.
        say: told what is going on.
    """
    say(f"making {files:,} JPEG files")
    folder = _write_folder(scratch / "jpegs", files)
    say(f"making an .npz file of {pixels:g} GB")
    archive = _write_npz(scratch / "pixels.npz", round(pixels * 1e9 / SIDE**2 / 3))
    small = ["dataset=folder", f"dataset.dir={folder}", f"dataset.source.height={SIDE}", f"dataset.source.width={SIDE}"]
    whole = [*small[:2], f"dataset.source.height={HEIGHT}", f"dataset.source.width={WIDTH}"]
    return {
        f"folder, {SIDE}x{SIDE}": _starts(small, scratch, say),
        f"folder, {HEIGHT}x{WIDTH}": _starts(whole, scratch, say),
        "npz": _starts(["dataset=npz", f"dataset.dir={archive}"], scratch, say),
    }


def _starts(overrides: list[str], scratch: Path, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Seconds, and gigabytes of memory at the peak, of each start; the last is one without a cache."""
    kept = {"VAE_CACHE_DIR": str(scratch / "cache")}
    found = []
    for number, env in enumerate([kept] * STARTS + [{"VAE_CACHE_GB": "0"}]):
        say(f"start {number + 1} with {' '.join(overrides)}")
        found.append({"cached": env is kept} | _start(overrides, env))
    return found


def _start(overrides: list[str], env: Mapping[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", __name__, *overrides]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    answer = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    record: dict[str, Any] = json.loads(answer.splitlines()[-1])
    return record


def _write_folder(folder: Path, count: int) -> Path:
    """JPEG files of noise on soft colours, about as large as photographs."""
    random = np.random.default_rng(0)
    soft = [
        np.asarray(Image.fromarray(random.integers(0, 256, (7, 6, 3), np.uint8)).resize((WIDTH, HEIGHT)), np.int16)
        for _ in range(32)
    ]
    noise = [random.normal(0, 6, (HEIGHT, WIDTH, 3)).astype(np.int16) for _ in range(16)]

    def write(number: int) -> None:
        pixels = (soft[number % 32] + soft[number // 32 % 32]) // 2 + noise[number // 1024 % 16]
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{number}.jpg", quality=85)

    folder.mkdir()
    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(count)))
    return folder


def _write_npz(path: Path, count: int) -> Path:
    row = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    with zipfile.ZipFile(path, "w") as archive, archive.open("images.npy", "w", force_zip64=True) as file:
        header = {"shape": (count, SIDE, SIDE, 3), "fortran_order": False, "descr": "|u1"}
        np.lib.format.write_array_header_1_0(file, header)
        for number in range(count):
            file.write(np.roll(row, number).tobytes())
    return path


def main() -> None:
    """Load the data set that the arguments name, and print how long that took and what it needed."""
    from benchmarks.network import config_for
    from pipeline.config.build import build

    settings = build(config_for(*sys.argv[1:])["dataset"], "dataset")
    begun = time.perf_counter()
    data = settings.load()
    fingerprint = data.fingerprint
    seconds = time.perf_counter() - begun
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    memory = {"peak": lines["VmHWM"], "own": lines["RssAnon"]}
    gigabytes = {f"gigabytes_{name}": int(value.split()[0]) * 1024 / 1e9 for name, value in memory.items()}
    print(json.dumps({"seconds": seconds, "fingerprint": fingerprint[:8], **gigabytes}))


if __name__ == "__main__":
    main()
