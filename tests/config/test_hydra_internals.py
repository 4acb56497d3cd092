"""Hydra's private names do what `pipeline/config/hydra_internals.py` needs of them."""

from pipeline.config.hydra_internals import CommandLine, command_line


def test_a_command_line_is_told_apart_as_hydra_does() -> None:
    arguments = ["-m", "--config-dir", "/configs", "model=conv", "training.seed=1,2", "--epochs=5", "--cfg", "job"]
    assert command_line(arguments) == CommandLine(["model=conv", "training.seed=1,2"], "/configs", ["--epochs=5"])
    assert command_line(["model=conv", "-m", "training.seed=1,2"]) == CommandLine(
        ["model=conv"], None, ["training.seed=1,2"]
    )
    assert command_line([]) == CommandLine([], None, [])
