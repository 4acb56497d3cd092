"""What a command shows in a terminal, where a person waits for it."""

import os
import pty

import pytest
from checkout import SMALL, Checkout

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run_id(checkout: Checkout) -> str:
    done = checkout.train(*SMALL, "tracking.experiment=waited")
    assert done.returncode == 0, done.stderr
    return str(checkout.runs("waited")[0].info.run_id)


def shown(checkout: Checkout, module: str, *arguments: str) -> str:
    """What the command writes to a terminal."""
    ours, its = pty.openpty()
    with os.fdopen(its, "w") as terminal:
        process = checkout.start(module, *arguments, env={"TERM": "xterm"}, out=terminal)
    said = b""
    while True:
        try:
            said += os.read(ours, 1 << 16)
        except OSError:  # which is how Linux says that nobody has the terminal open any more
            break
    os.close(ours)
    assert process.wait(60) == 0, said.decode()
    return said.decode()


@pytest.mark.parametrize(
    ("module", "does"),
    [
        ("pipeline.evaluate", "Evaluating the run"),
        ("pipeline.generate", "Loading the model and generating"),
        ("pipeline.reproduce", "Evaluating the model"),
    ],
)
def test_command_on_a_run_says_what_it_does_for_seconds(
    checkout: Checkout, run_id: str, module: str, does: str
) -> None:
    assert does in shown(checkout, module, f"run={run_id}")
    assert does not in checkout.run(module, f"run={run_id}").stdout, "a file keeps what came of it alone"


def test_training_says_that_it_is_not_over_after_the_last_epoch(checkout: Checkout) -> None:
    said = shown(checkout, "pipeline.train", *SMALL, "tracking.experiment=watched")
    last, done = said.rindex("epoch 3/3"), said.index("Done:")
    assert last < said.index("Evaluating the model and drawing its pictures") < done


@pytest.mark.parametrize(
    "arguments",
    [
        ("tracking.experiment=unread",),
        ("-m", "tracking.experiment=unread_family", "training.seed=1,2"),
        ("-m", "tracking.experiment=unread_jobs", "training.seed=1,2", "hydra/launcher=joblib"),
        ("-m", "tracking.experiment=unread_study", "sweep=study", "sweep.study=unread", "model.latent_dim=2,3"),
    ],
)
def test_work_goes_on_where_nobody_reads_any_more_what_it_prints(
    checkout: Checkout, arguments: tuple[str, ...]
) -> None:
    process = checkout.start("pipeline.train", *arguments, *SMALL)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()  # as `| head -1` does
    assert process.wait(120) == 0, process.stderr.read()
    assert process.stderr.read() == ""
    experiment = next(each for each in arguments if each.startswith("tracking.experiment=")).partition("=")[2]
    assert {run.info.status for run in checkout.runs(experiment)} == {"FINISHED"}


@pytest.mark.parametrize(("module", "key"), [("pipeline.reproduce", "run={}"), ("pipeline.compare", "runs=[{}]")])
def test_command_on_a_run_leaves_what_it_is_for_where_nobody_reads(
    checkout: Checkout, run_id: str, module: str, key: str
) -> None:
    process = checkout.start(module, key.format(run_id))
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.wait(120) == 0, process.stderr.read()
    assert process.stderr.read() == ""
    if module == "pipeline.reproduce":
        assert checkout.client.get_run(run_id).data.tags["reproduced"].startswith("bit-identical")
    else:
        assert list((checkout.root / "mlruns" / "comparisons").glob("*/comparison.html"))
