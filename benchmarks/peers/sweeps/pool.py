"""The floor of a search: a pool of processes that were forked with TensorFlow loaded, without sweeper or config.

python -m benchmarks.peers.sweeps.pool '<JSON: setting, points, jobs>'
"""

import json
import multiprocessing
import sys

from benchmarks.peers.sweeps.trial import Setting, train

PRELOADED = ["tensorflow", "keras", "mlflow", "matplotlib.figure", "benchmarks.peers.keras_tutorial"]


def main() -> None:
    """Train every point, each in a process of its own."""
    task = json.loads(sys.argv[1])
    setting = Setting(**task["setting"])
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOADED)
    with processes.Pool(task["jobs"], maxtasksperchild=1) as pool:
        losses = pool.starmap(train, [(setting, dim, tuple(filters)) for dim, filters in task["points"]], chunksize=1)
    print(min(losses))


if __name__ == "__main__":
    main()
