"""The real command on images that are read, that are mapped from the cache, and that are read without one."""

from pathlib import Path

import pytest
from checkout import Checkout
from data_files import pixels, write_image

SIZE = ("dataset=folder", "dataset.source.height=8", "dataset.source.width=8", "dataset.source.channels=1")
NETWORK = ("model.hidden=[16]", "training.epochs=3", "training.batch_size=16", "pictures=few", "pictures.final=[]")


@pytest.mark.slow
def test_the_cache_changes_no_number_and_no_word(checkout: Checkout, tmp_path: Path) -> None:
    for number in range(60):
        write_image(tmp_path / "images" / "ab"[number % 2] / f"{number}.png", pixels(8, 8, seed=number))
    said, numbers = [], []
    for start, size in (("first", "1"), ("second", "1"), ("uncached", "0")):
        env = {"VAE_CACHE_DIR": str(tmp_path / "cache"), "VAE_CACHE_GB": size}
        where = (f"dataset.dir={tmp_path / 'images'}", f"tracking.experiment={start}")
        done = checkout.train(*SIZE, *NETWORK, *where, "dataset.binarisation=each_epoch", env=env)
        assert done.returncode == 0, done.stderr
        [run] = checkout.runs(start)
        metrics = {name: value for name, value in run.data.metrics.items() if "per_second" not in name}
        history = checkout.history(run.info.run_id, "train/epoch/loss")
        numbers.append((metrics, history, run.data.tags["data_fingerprint"]))
        said.append([line for line in done.stdout.splitlines() if line.startswith("folder: ")])
    assert len(numbers[0][1]) == 3
    assert numbers[0] == numbers[1] == numbers[2]
    assert said[0][2].startswith(f"folder: kept for the next start in {tmp_path / 'cache'}/folder-")
    assert said[1] == said[2] == said[0][:2]
