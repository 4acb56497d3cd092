"""The benchmark of searches: its commands are such as ours takes, and its arithmetic."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from benchmarks.engines import our_grid_on_ray, our_grid_on_slurm
from benchmarks.search import Search, our_grid, our_search, our_trifles, sooner
from pipeline.config.composition import TRAIN

SEARCH = Search(Path("data"), Path("scratch"), images=6000, epochs=3, threads=2)

STORE = "sqlite:////folder/x/mlflow.db"


@pytest.mark.parametrize(
    "command",
    [
        our_grid(SEARCH, STORE),
        our_grid_on_ray(SEARCH, STORE, workers=2),
        our_grid_on_slurm(SEARCH, STORE),
        our_search(SEARCH, STORE, 30, 0),
        our_trifles(SEARCH, STORE, 200),
    ],
    ids=["grid", "on Ray", "on Slurm", "search", "trifles"],
)
def test_our_commands_are_such_as_we_take(command: list[str]) -> None:
    assert command[:3] == ["-m", "pipeline.train", "-m"]
    typed = OverridesParser.create().parse_overrides(command[3:])
    keys = [each.key_or_group for each in typed]
    assert len(set(keys)) == len(keys)
    with initialize_config_dir(str(TRAIN.root), version_base="1.3"):
        config = compose(TRAIN.name, [each.input_line for each in typed if not each.is_sweep_override()])
    assert config.sweep.study == "x"


def test_searches_are_compared_at_the_worse_of_their_best_losses() -> None:
    found = {"ours": [(10.0, 5.0), (20.0, 3.0), (30.0, 1.0)], "theirs": [(15.0, 4.0), (60.0, 3.0)]}
    compared = sooner(found, "ours", "theirs")
    assert compared["best"] == {"ours": 1.0, "theirs": 3.0}
    assert compared["seconds_to_it"] == {"ours": 20.0, "theirs": 60.0}
    assert compared["ratio"] == 3.0
