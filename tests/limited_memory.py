"""A program that trains on more pixels than the kernel lets it hold: `python -m limited_memory FILE MEGABYTES`.

The limit is set once TensorFlow has started its threads and trained a little, since what these take differs by machine.
Files that are mapped do not count; memory that the process asks for does, and is refused with an error.
"""

import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from pipeline.runtime import start_tensorflow

NETWORK = ("model=dense", "model.hidden=[4]", "training.epochs=1", "training.batch_size=64", "evaluation=brief")


def main() -> None:
    """Print the fingerprint of the data and the loss."""
    file, megabytes = sys.argv[1], int(sys.argv[2])
    start_tensorflow()
    train_on(file, "dataset.limit=640")
    limit = held() + megabytes * 10**6
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    data, loss = train_on(file)
    print(data.nbytes, data.fingerprint, loss.hex())


def train_on(file: str, *overrides: str) -> tuple[Any, float]:
    """Train on the images of a file and evaluate; the data, and the loss of the evaluation."""
    from hydra import compose, initialize_config_dir

    from pipeline.config.composition import TRAIN, plain
    from pipeline.evaluation.evaluate import evaluate
    from pipeline.runs.setup import Setup
    from pipeline.training.fit import fit

    with initialize_config_dir(str(TRAIN.root), version_base="1.3"):
        config = plain(compose(TRAIN.name, ["dataset=npz", f"dataset.dir={file}", *NETWORK, *overrides]))
    setup = Setup.from_config(config)
    data = setup.dataset.load()
    vae = setup.model_for(data)
    with tempfile.TemporaryDirectory() as folder:
        fit(vae, data, setup.training, checkpoint=Path(folder) / "checkpoint.npz")
    return data, evaluate(vae, data, setup.evaluation).loss


def held() -> int:
    """Bytes of memory of its own that this process has asked for."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
