"""`python -m pipeline.verify`: known trainings beside what others published of them."""

import subprocess
from pathlib import Path

import pytest
from checkout import SMALL, Checkout

from pipeline.tracking.store import Store
from pipeline.verification.reference import Reference
from pipeline.verification.reference_page import reference_page

pytestmark = pytest.mark.slow


def reference(**changed: object) -> Reference:
    facts = {
        "what": "a loss",
        "overrides": [],
        "metric": "validation/epoch/loss",
        "take": "lowest",
        "published": 100.0,
        "against": None,
        "seeds": 1,
        "bounds": [99.0, 100.5],
        "source": "a paper",
        "quick_overrides": [],
        "quick_bounds": [110.0, 120.0],
    }
    return Reference(**facts | changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(("quick", "bounds"), [(False, (99.0, 100.5)), (True, (110.0, 120.0))])
def test_a_number_holds_between_its_bounds(quick: bool, bounds: tuple[float, float]) -> None:
    """One that is far too good is no success either."""
    low, high = bounds
    tried = (low - 0.01, low, high, high + 0.01, float("nan"))
    assert [reference().holds(value, quick) for value in tried] == [False, True, True, False, False]
    assert reference().expected(quick) == f"{low:g} to {high:g}"


def test_a_difference_is_of_the_means_over_seeds() -> None:
    one = reference(overrides=["a"], against=["b"], seeds=2, quick_overrides=["c"])
    assert one.trainings("iwae") == {
        "iwae, seed 0": ["a", "training.seed=0"],
        "iwae, seed 1": ["a", "training.seed=1"],
        "iwae, against, seed 0": ["b", "training.seed=0"],
        "iwae, against, seed 1": ["b", "training.seed=1"],
    }
    assert one.trainings("iwae", quick=True) == {"iwae quick": ["a", "c"], "iwae, against quick": ["b", "c"]}
    assert one.commands() == [["-m", "a", "training.seed=0,1"], ["-m", "b", "training.seed=0,1"]]
    assert reference(overrides=["a"]).commands() == [["a"]]


def tiny(highest: float, against: str = "null", seeds: int = 1) -> str:
    """A reference that takes a second."""
    overrides = ", ".join(f"'{each}'" for each in SMALL)
    return (
        "+references.tiny={_target_: pipeline.verification.reference.Reference, what: a small training, "
        f"overrides: [{overrides}], against: {against}, seeds: {seeds}, metric: validation/epoch/loss, take: lowest, "
        f"published: 5.0, bounds: [0.0, {highest}], "
        "source: these tests, quick_overrides: ['training.epochs=1'], quick_bounds: [0.0, 1.0]}"
    )


def verified(checkout: Checkout, *overrides: str) -> subprocess.CompletedProcess[str]:
    return checkout.run("pipeline.verify", "only=[tiny]", *overrides)


def test_the_page_is_written_from_the_runs_of_references_and_families(checkout: Checkout) -> None:
    done = checkout.train("-m", *SMALL, "training.seed=0,1", "tracking.experiment=letters")
    assert done.returncode == 0, done.stderr
    done = verified(checkout, tiny(50.0))
    assert done.returncode == 0, done.stderr
    assert "holds" in done.stdout
    written = (checkout.root / "docs" / "reference.md").read_text()
    [run] = checkout.runs("verify")
    best = min(value for _, value in checkout.history(run.info.run_id, "validation/epoch/loss"))
    row = next(line for line in written.splitlines() if line.startswith("| a small training |"))
    assert f"| **{best:.2f}** | 0 to 50 |" in row
    assert "these tests" in row
    assert run.data.tags["commit"][:7] in row
    assert sum("not run" in line for line in written.splitlines()) == 5, "the published ones were not asked for"
    assert "## letters" in written
    for child in checkout.runs("letters")[:-1]:
        row = next(line for line in written.splitlines() if line.startswith(f"| {child.info.run_name} |"))
        assert f"{child.data.metrics['test/elbo']:.5g}" in row
        assert row.split(" | ")[-2] == "270", "images trained on: a tenth of 300 validates"


def test_what_a_store_does_not_know_stays_on_the_page(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'm.db'}")
    assert "not run" in reference_page(store, {"ours": reference()}, "verify", "")
    row = "| a loss | 100 | **99.00** | 99 to 100.5 | `python` | 3.0 | a paper | commit abc |"
    before = f"# Reference\n\n## Published numbers\n\n{row}\n\n## clothes\n\nfine clothes\n"
    after = reference_page(store, {"ours": reference()}, "verify", before)
    assert row in after
    assert "## clothes\n\nfine clothes\n" in after
    assert "## letters\n\nNot run.\n" in after
    assert reference_page(store, {"ours": reference()}, "verify", after) == after


def test_a_number_that_is_not_as_good_ends_the_command_with_1(checkout: Checkout) -> None:
    done = verified(checkout, tiny(6.0))
    assert done.returncode == 1
    assert "misses" in done.stdout
    assert "0 to 6" in done.stdout


def test_a_difference_of_two_trainings_is_written_with_both_commands(checkout: Checkout) -> None:
    """Here of two equal ones, which is 0."""
    same = f"[{', '.join(f'{each!r}' for each in SMALL)}]"
    done = verified(checkout, tiny(1.0, against=same, seeds=2))
    assert done.returncode == 0, done.stdout + done.stderr
    written = (checkout.root / "docs" / "reference.md").read_text()
    row = next(line for line in written.splitlines() if line.startswith("| a small training |"))
    assert "| **0.00** | 0 to 1 |" in row
    assert row.count("training.seed=0,1` ") == 2
    assert " against `python -m pipeline.train" in row
    named = {run.info.run_name for run in checkout.runs("verify")}
    assert {"tiny, seed 0", "tiny, seed 1", "tiny, against, seed 0", "tiny, against, seed 1"} <= named


def test_the_short_version_trains_less_and_writes_nothing(checkout: Checkout) -> None:
    written = checkout.root / "docs" / "reference.md"
    written.unlink(missing_ok=True)
    done = verified(checkout, tiny(50.0), "quick=true")
    assert done.returncode == 1
    assert "0 to 1" in done.stdout
    assert "epoch 1/1" in done.stdout
    assert not written.exists()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("only=[kears]", "only: there is no reference 'kears'. There are: tutorial, keras, pythae, burda, dis"),
        ("quick=perhaps", "quick=perhaps: expected a valid boolean"),
        ("references.keras.seeds=0", "references.keras.seeds=0: expected a number greater than 0"),
    ],
)
def test_mistakes_are_named_with_the_cure(checkout: Checkout, override: str, words: str) -> None:
    done = checkout.run("pipeline.verify", override)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
