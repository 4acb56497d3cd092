"""Our own training from the composed config on, with its reading of the published files; no tracking, no pictures."""

import tempfile
from pathlib import Path

from benchmarks.racers.task import RaceTask
from benchmarks.turns import Turn


def run(task: RaceTask, turn: Turn) -> None:
    """Train one epoch a turn."""
    turn.ready()
    turn.wait()
    from pipeline.runtime import start_tensorflow

    start_tensorflow()
    from benchmarks.network import config_for
    from benchmarks.racers.turn_an_epoch import TurnAnEpoch
    from pipeline.runs.setup import Setup
    from pipeline.training.fit import fit

    own = f"training.seed={task.seed}", f"training.runtime.threads={task.threads}"
    setup = Setup.from_config(config_for(*task.overrides, *own))
    data = setup.dataset.load()
    vae = setup.model_for(data)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "checkpoint.npz"
        fit(vae, data, setup.training, checkpoint=checkpoint, callbacks=[TurnAnEpoch(turn)])
