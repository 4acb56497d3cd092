"""What a person reads while a model trains."""

from io import StringIO

from rich.console import Console

from pipeline.training.progress import TrainingProgress

PARTS = {"loss": 30.123, "distortion": 25.1, "rate": 5.023}
METRICS = {f"{split}/epoch/{name}": value for split in ("train", "validation") for name, value in PARTS.items()}


def lines(terminal: bool, *epochs: int) -> list[str]:
    console = Console(file=StringIO(), force_terminal=terminal, width=200)
    with TrainingProgress(10, console) as progress:
        progress.set_params({"steps": 2})
        progress.on_train_begin()
        for epoch in epochs:
            progress.on_epoch_begin(epoch - 1)
            for batch in range(2):
                progress.on_train_batch_end(batch, PARTS)
            progress.epoch(epoch, METRICS)
    return console.file.getvalue().splitlines()


def test_every_epoch_is_one_plain_line_where_there_is_no_terminal() -> None:
    first, second = lines(False, 1, 2)
    loss = "loss 30.12 (distortion 25.10, rate 5.02)"
    assert first.startswith(f"epoch  1/10  {loss}  validation {loss}  0.0 s  ")
    assert first.endswith(" left")
    assert second.startswith("epoch  2/10  ")
    assert "\x1b" not in first


def test_last_epoch_has_nothing_left() -> None:
    assert lines(False, 10)[0].endswith(" s")


def test_terminal_shows_a_bar_beside_the_lines() -> None:
    shown = "\n".join(lines(True, 1, 2))
    assert "epoch 2/10" in shown
    assert "\x1b[" in shown


def test_resumed_training_says_what_is_left_from_where_it_goes_on() -> None:
    assert lines(False, 7)[0].startswith("epoch  7/10  ")
