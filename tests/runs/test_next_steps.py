"""What to type next works as it is printed."""

from pathlib import Path

import mlflow

from pipeline.runs.next_steps import next_steps
from pipeline.tracking.lifecycle import start_run
from pipeline.tracking.store import Store


def test_each_command_has_the_store_and_the_packages_that_the_training_had(tmp_path: Path) -> None:
    before = mlflow.get_tracking_uri()
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    typed = [f"tracking.uri=sqlite:///{tmp_path / 'a b.db'}", "trusted=[mine]", "model.latent_dim=2,4"]
    with start_run(store, "tests", "parent", {}) as parent:
        lines = next_steps(parent, "abc@champion", "the best", typed, split="test").splitlines()
        chosen = next_steps(parent, "abc@champion", "the best", typed, split="validation").splitlines()
    mlflow.set_tracking_uri(before)
    assert [line.split("pipeline.")[1].split()[0] for line in lines[1:]] == [
        "compare",
        "generate",
        "serve",
        "reproduce",
    ]
    for line in lines[1:]:
        assert line.endswith(f" 'tracking.uri=sqlite:///{tmp_path}/a b.db' 'trusted=[mine]'")
    [added] = [line for line in chosen if "evaluate" in line]
    assert added.startswith("Score the best on the test split  ")
    assert " run=abc@champion evaluation.split=test 'tracking.uri=" in added
    assert len(chosen) == len(lines) + 1
