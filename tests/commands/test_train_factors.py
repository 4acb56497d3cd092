"""Trainings on data whose factors are known: scores, pictures and tables, through the real commands."""

import pytest
from checkout import SMALL, Checkout
from PIL import Image

pytestmark = pytest.mark.slow

FEW = ("dataset=shapes", "dataset.source.sizes=2", "dataset.source.angles=2", "dataset.source.x=6")
SCORES = {
    *("mig", "sap", "factor_vae", "dci_disentanglement", "dci_completeness", "dci_informativeness"),
    *("infomec_modularity", "infomec_explicitness", "infomec_compactness"),
}


@pytest.fixture(scope="module")
def trained(checkout: Checkout) -> str:
    """The id of a run on 576 shapes."""
    done = checkout.train(
        *(*FEW, *SMALL, "pictures.final=[factors,traversals]", "training.epochs=15", "training.batch_size=16"),
        *("model.latent_dim=4", "model.hidden=[64]", "objective.beta=0.5", "training.learning_rate=0.003"),
        *("evaluation.importance_samples=null", "tracking.experiment=factors"),
    )
    assert done.returncode == 0, done.stderr
    assert "known factors, with the number of values: shape (3), size (2), angle (2), x (6), y (8)" in done.stdout
    [run] = checkout.runs("factors")
    return str(run.info.run_id)


def test_the_run_has_the_scores_and_the_heat_map(checkout: Checkout, trained: str) -> None:
    [run] = checkout.runs("factors")
    found = {name.removeprefix("test/"): value for name, value in run.data.metrics.items() if name.startswith("test/")}
    assert set(found) >= SCORES
    assert all(0 <= found[name] <= 1 for name in SCORES)
    assert found["infomec_explicitness"] > 0.1
    folder = checkout.artifacts(trained)
    assert Image.open(folder / "factors.png").width > 300
    [card] = (folder / "images").glob("test~factors+step+0+*.png")
    assert Image.open(card).size == (448, 448)


def test_a_comparison_has_a_column_of_some_of_them(checkout: Checkout, trained: str) -> None:
    done = checkout.run("pipeline.compare", "experiment=factors", "sort=test/mig")
    assert done.returncode == 0, done.stderr
    [page] = checkout.root.glob("mlruns/comparisons/*/comparison.csv")
    heading = page.read_text().splitlines()[0].split(",")
    shown = [name for name in heading if name.startswith("test/") and name.removeprefix("test/") in SCORES]
    assert shown == ["test/mig", "test/dci_disentanglement", "test/infomec_modularity"]


def test_generated_traversals_name_the_factors(checkout: Checkout, trained: str) -> None:
    done = checkout.run("pipeline.generate", f"run={trained}", "what=traversals")
    assert done.returncode == 0, done.stderr
