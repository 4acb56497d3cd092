"""Ray Tune as its documentation uses it: a grid, each trial a trainable of one core, on Ray that is started here.

python -m benchmarks.peers.sweeps.ray_tune '<JSON: setting, space, jobs>'
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": os.pathsep.join(sys.path)}

import ray
from ray import tune

from benchmarks.peers.sweeps.trial import Setting, train


def main() -> None:
    """Train every point of the grid."""
    task = json.loads(sys.argv[1])
    setting = Setting(**task["setting"])

    def trainable(point: dict[str, Any]) -> None:
        loss = train(setting, point["latent_dim"], tuple(point["filters"]), point["learning_rate"])
        tune.report({"loss": loss})

    ray.init("local", num_cpus=task["jobs"], include_dashboard=False, object_store_memory=100_000_000)
    tuner = tune.Tuner(
        tune.with_resources(trainable, {"cpu": 1}),
        param_space={key: tune.grid_search(values) for key, values in task["space"].items()},
        tune_config=tune.TuneConfig(metric="loss", mode="min"),
        run_config=tune.RunConfig(storage_path=str(Path(setting.uri.removeprefix("sqlite:///")).parent), verbose=0),
    )
    results = tuner.fit()
    if results.errors:
        sys.exit(str(results.errors[0]))
    print(results.get_best_result().metrics["loss"])


if __name__ == "__main__":
    main()
