"""`python -m benchmarks`: µs an image beside other programs, seconds to a loss, of whole runs, and of whole searches.

    python -m benchmarks                                  all of it
    python -m benchmarks --quick                          a small version, about a minute
    python -m benchmarks --parts training --peers floor   only our training, beside the CPU's floor
    python -m benchmarks --parts race --race-seeds 0 1    who is first at a published loss, twice
    python -m benchmarks --parts search                   searches beside the published Hydra sweeper, an hour
    python -m benchmarks --parts engines                  the same grid on Ray and Slurm, beside Ray Tune, an hour
    python -m benchmarks --parts server                   what a tracking server costs that answers, or freezes, an hour
    python -m benchmarks --parts data                     images of one's own: starts, memory, speed of mapped ones
    python -m benchmarks --out benchmark.json             the record, with every round

Nothing is asserted: targets stand beside the ratios. A peer that is not installed is named and left out.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import tables
from benchmarks.machine import cores, machine
from benchmarks.programs import OURS, PEERS
from benchmarks.race import PUBLISHED_LOSS, races

PARTS = ("training", "race", "run", "costs", "server", "search", "engines", "data")
SERVER_RUN = ["experiment=convolutional", "training.epochs=14"]
QUICK = {
    "images": 960,
    "rounds": 2,
    "warmup": 1,
    "batch_sizes": [32],
    "race_limit": 960,
    "race_epochs": 3,
    "race_loss": 300.0,
    "repeats": 1,
    "overrides": ["training.epochs=3"],
    "run_limit": 1000,
    "server_rounds": 1,
    "server_overrides": ["experiment=convolutional", "training.epochs=3", "dataset.limit=1000"],
    "grid_repeats": 1,
    "search_images": 300,
    "search_trials": 4,
    "overhead_trials": 16,
    "data_files": 300,
    "data_gigabytes": 0.1,
}


def main() -> None:
    """Measure what is asked for, show it, and write it down if there is a place for it."""
    options = _options()
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": str(options.threads)}
    console = Console(width=None if os.isatty(1) else 120)
    with tempfile.TemporaryDirectory() as folder, console.status("starting") as status:
        record = _measure(options, Path(folder), console, status.update)
    if options.out:
        options.out.write_text(json.dumps(record, indent=2) + "\n")


def _measure(
    options: argparse.Namespace, scratch: Path, console: Console, say: Callable[[str], None]
) -> dict[str, Any]:
    from benchmarks.images import mnist_files

    data, name = mnist_files(scratch)
    record: dict[str, Any] = {"machine": machine(options.threads), "images": name}
    tables.show_machine(console, record["machine"], name)
    if "training" in options.parts:
        record["training"] = _contests(options, data, scratch, console, say)
    if "race" in options.parts:
        record["race"] = _races(options, data, scratch, say)
        tables.show_races(console, record["race"])
    if "run" in options.parts:
        record["run"] = _whole_run(options, scratch, say)
        tables.show_whole_run(console, record["run"])
    if "costs" in options.parts:
        record["costs"] = _costs(options, data, scratch, say)
        tables.show_costs(console, record["costs"])
    if "server" in options.parts:
        record["server"] = _server_costs(options, data, scratch, say)
        tables.show_server_costs(console, record["server"])
    if "search" in options.parts:
        record["search"] = _searches(options, data, scratch, say)
        tables.show_searches(console, record["search"])
    if "engines" in options.parts:
        record["engines"] = _engines(options, data, scratch, say)
        tables.show_engines(console, record["engines"])
    if "data" in options.parts:
        record["data"] = _own_data(options, data, scratch, console, say)
        tables.show_own_data(console, record["data"])
    return record


def _contests(
    options: argparse.Namespace, data: Path, scratch: Path, console: Console, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    import numpy as np

    from benchmarks.images import training_images
    from benchmarks.interleave import contest
    from benchmarks.turns import Task

    file = scratch / "images.npy"
    np.save(file, training_images(data, options.images))
    programs = [OURS, *(PEERS[peer] for peer in options.peers)]
    records = []
    for batch_size in options.batch_sizes:
        task = Task(str(file), batch_size, options.threads, options.warmup + options.rounds)
        records.append(contest(programs, task, options.warmup, say))
        tables.show_contest(console, records[-1])
    return records


def _races(options: argparse.Namespace, data: Path, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    if data == scratch:
        return {"failed": "race: a loss can only be reached on MNIST, whose files are not here: set VAE_DATA_DIR"}
    return races(
        data=data,
        scratch=scratch,
        seeds=options.race_seeds,
        limit=options.race_limit,
        epochs=options.race_epochs,
        target_loss=options.race_loss,
        threads=options.threads,
        say=say,
    )


def _whole_run(options: argparse.Namespace, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    from benchmarks.whole_run import whole_runs

    folder = scratch / "runs"
    folder.mkdir()
    return whole_runs(options.overrides, options.repeats, folder, say)


def _costs(options: argparse.Namespace, data: Path, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    from benchmarks.interleave import Competitor, ProgramError
    from benchmarks.run_costs import RunTask
    from benchmarks.whole_run import recording_in

    folder = scratch / "costs"
    folder.mkdir()
    limit = [f"dataset.limit={options.run_limit}"] if options.run_limit else []
    shown = ["experiment=convolutional", f"training.epochs={options.run_epochs}", *limit]
    hidden = [f"dataset.dir={data}", "training.patience=null", *recording_in(folder)]
    command = " ".join(["python -m pipeline.train", *shown])
    say(command)
    runner = Competitor("benchmarks.run_costs", RunTask((*shown, *hidden), options.epochs))
    try:
        return {"command": command, "limit": options.run_limit} | runner.heard("ready")
    except ProgramError as error:
        return {"command": command, "failed": str(error)}
    finally:
        runner.close()


def _server_costs(options: argparse.Namespace, data: Path, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    from benchmarks.server_costs import server_costs

    folder = scratch / "server"
    folder.mkdir()
    hidden = [f"dataset.dir={data}", "training.patience=null"]
    return server_costs(options.server_overrides, hidden, options.server_rounds, folder, say)


def _searches(options: argparse.Namespace, data: Path, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    from benchmarks.search import Search, grids, learning, overhead

    def search(epochs: int) -> Search:
        return Search(data, scratch, options.search_images, epochs, options.threads)

    return {
        "images": options.search_images,
        "grid": grids(search(3), options.grid_repeats, say),
        "learning": learning(search(10), options.search_trials, options.search_seeds, say),
        "overhead": overhead(search(1), options.overhead_trials, say),
    }


def _engines(options: argparse.Namespace, data: Path, scratch: Path, say: Callable[[str], None]) -> dict[str, Any]:
    from benchmarks.engines import engines
    from benchmarks.search import Search

    search = Search(data, scratch, options.search_images, 3, options.threads)
    return engines(search, options.grid_repeats, say)


def _own_data(
    options: argparse.Namespace, data: Path, scratch: Path, console: Console, say: Callable[[str], None]
) -> dict[str, Any]:
    import numpy as np

    from benchmarks.images import training_images
    from benchmarks.interleave import contest
    from benchmarks.own_data import own_data
    from benchmarks.programs import IN_MEMORY, MAPPED
    from benchmarks.turns import Task

    file = scratch / "mapped.npy"
    np.save(file, training_images(data, options.images))
    task = Task(str(file), options.batch_sizes[0], options.threads, options.warmup + options.rounds)
    mapped = contest([MAPPED, IN_MEMORY], task, options.warmup, say)
    tables.show_contest(console, mapped)
    return {"mapped": mapped, "starts": own_data(options.data_files, options.data_gigabytes, scratch, say)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer images, rounds and epochs: about a minute, and rough")
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    add("--peers", nargs="*", choices=list(PEERS), default=list(PEERS), help="who trains beside us")
    add("--batch-sizes", nargs="+", type=_count, default=[32, 128])
    add("--images", type=_count, default=6400, help="a round")
    add("--rounds", type=_count, default=7, help="that count")
    add("--warmup", type=_count, default=2, help="rounds before them, which do not")
    add("--threads", type=_count, default=cores(), help="of every program; all cores by default")
    add("--race-seeds", nargs="+", type=int, default=[0], help="a race for each")
    add("--race-loss", type=float, default=PUBLISHED_LOSS, help="validation loss to reach; by default the published")
    add("--race-limit", type=_count, help="images of each split, at most; all by default")
    add("--race-epochs", type=_count, help="of each program, at most; as many as it has by default")
    add("--overrides", nargs="*", default=[], help="of the whole run; none is the default experiment")
    add("--repeats", type=_count, default=3, help="of the whole run")
    add("--run-epochs", type=_several, default=2, help="of the run that is taken apart, at least 2")
    add("--run-limit", type=_count, help="its images, at most; all by default")
    add("--epochs", type=_count, default=30, help="to which its costs are counted up")
    add("--server-overrides", nargs="*", default=SERVER_RUN, help="of the run with a tracking server and without")
    add("--server-rounds", type=_count, default=5, help="in each of which it is timed with each server once")
    add("--grid-repeats", type=_count, default=3, help="of the grid, by each program")
    add("--search-images", type=_count, default=6000, help="that each trial trains on")
    add("--search-trials", type=_count, default=30, help="of the searches that learn")
    add("--search-seeds", nargs="+", type=int, default=[0], help="of the samplers, a pair of searches for each")
    add("--overhead-trials", type=_count, default=200, help="of the search that trains next to nothing, at least 16")
    add("--data-files", type=_count, default=20_000, help="JPEG files that are made and read")
    add("--data-gigabytes", type=float, default=1.84, help="pixels of an .npz file that is made and read")
    add("--out", type=Path, help="a JSON file for the whole record")
    if parser.parse_known_args()[0].quick:
        parser.set_defaults(**QUICK)
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number, at least 1")
    return int(text)


def _several(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(
            f"{text}: expected a whole number, at least 2: the first epoch also pays for tracing"
        )
    return int(text)


if __name__ == "__main__":
    main()
