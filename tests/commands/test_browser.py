"""What a person sees: the MLflow UI over real runs, and the page of `python -m pipeline.compare`, in Chromium."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from browser import CHROMIUM, DRIVER, MISSING, Page, browsing
from checkout import SMALL, Checkout, Ui, free_port
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from pipeline import figures

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)]


@pytest.fixture(scope="module")
def trained(checkout: Checkout) -> Checkout:
    """A family of three, a study of two, and a single run."""
    for command in (
        ("-m", "model.latent_dim=1,2,4", *SMALL, "tracking.experiment=family"),
        (*("-m", "sweep=study", "sweep.study=seen", "model.latent_dim=2,3"), *SMALL, "tracking.experiment=study"),
        (*SMALL, "tracking.experiment=single"),
    ):
        done = checkout.train(*command)
        assert done.returncode == 0, done.stderr
    return checkout


@pytest.fixture(scope="module")
def ui(trained: Checkout) -> Iterator[Ui]:
    with trained.ui(free_port()) as served:
        yield served


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browsing() as opened:
        yield opened


def experiment_id(checkout: Checkout, name: str) -> str:
    found = checkout.client.get_experiment_by_name(name)
    assert found
    return str(found.experiment_id)


def test_the_link_that_make_ui_prints_opens_charts_and_pictures_of_the_latest_runs(ui: Ui, page: Page) -> None:
    page.open(ui.link)
    page.wait_for("single", "Compared", "validation/epoch/elbo", "test/reconstructions", "test/latent", "test/samples")
    page.pictures(3)
    page.shoot("overview of a single run")


@pytest.mark.parametrize(
    ("experiment", "words"),
    [("family", ("latent_dim=1", "latent_dim=4", "test/samples")), ("study", ("latent_dim=3", "validation/samples"))],
)
def test_the_description_of_an_experiment_leads_to_its_prepared_page(
    ui: Ui, page: Page, trained: Checkout, experiment: str, words: tuple[str, ...]
) -> None:
    page.open(f"{ui.address}/#/experiments/{experiment_id(trained, experiment)}/runs?workflowType=machine_learning")
    page.wait_for("Compare these runs")
    page.follow("Compare these runs")
    page.wait_for("Compared", "Parallel Coordinates", "validation/epoch/elbo", *words)
    page.pictures(6)
    page.shoot(f"overview of a {experiment}")


@pytest.mark.parametrize(("experiment", "words"), [("family", "Compare all of them"), ("study", "Compare all trials")])
def test_a_parent_shows_its_table_and_leads_to_the_comparison(
    ui: Ui, page: Page, trained: Checkout, experiment: str, words: str
) -> None:
    parent = next(run for run in trained.runs(experiment) if "mlflow.parentRunId" not in run.data.tags)
    home = f"{ui.address}/#/experiments/{parent.info.experiment_id}/runs/{parent.info.run_id}"
    page.open(f"{home}?workflowType=machine_learning")
    said = page.wait_for(words, "nll")
    assert "distortion" in said or "validation/nll" in said
    page.shoot(f"parent of a {experiment}")
    page.follow(words)
    page.wait_for("Compared", "validation/epoch/elbo", "latent_dim")
    page.pictures(3)


def test_three_selected_runs_are_compared_by_the_ui_itself(ui: Ui, page: Page, trained: Checkout) -> None:
    runs = [run for run in trained.runs("family") if "mlflow.parentRunId" in run.data.tags]
    ids, experiments = json.dumps([run.info.run_id for run in runs]), json.dumps([runs[0].info.experiment_id])
    page.open(f"{ui.address}/#/compare-runs?runs={quote(ids)}&experiments={quote(experiments)}")
    said = page.wait_for("Comparing 3 Runs", "model.latent_dim", "test/elbo")
    for run in runs:
        assert str(run.info.run_name)[:12] in said
        assert f"{run.data.metrics['test/elbo']:.2f}".rstrip("0") in said
    page.shoot("compare page of three runs")


def test_the_comparison_page_shows_the_runs_and_sorts_them(page: Page, trained: Checkout, tmp_path: Path) -> None:
    done = trained.run("pipeline.compare", "experiment=family", f"out={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    page.open((tmp_path / "out" / "comparison.html").as_uri())
    said = page.wait_for("Rate and distortion", "validation/epoch/elbo", "Contact sheet: digits")
    assert said.index("latent_dim=4") < said.index("latent_dim=1"), "the best first"
    assert page.pictures(7) == 7
    for plot in ("plane", "curves"):
        assert page.driver.find_elements(By.CSS_SELECTOR, f"#{plot} .plotly .trace")
    page.shoot("comparison page")
    column = next(head for head in page.driver.find_elements(By.CSS_SELECTOR, "#runs th") if "latent_dim" in head.text)
    column.click()
    cells = page.driver.find_elements(By.CSS_SELECTOR, "#runs tbody td:last-child")
    assert [cell.text for cell in cells] == ["1", "2", "4"]
    column.click()
    cells = page.driver.find_elements(By.CSS_SELECTOR, "#runs tbody td:last-child")
    assert [cell.text for cell in cells] == ["4", "2", "1"]


@pytest.mark.parametrize(("dimensions", "place"), [(1, "(−1.50)"), (2, "(−1.50, 0.25)")])
def test_the_interactive_page_shows_the_image_under_the_mouse(
    page: Page, tmp_path: Path, dimensions: int, place: str
) -> None:
    points, images = np.array([[-1.5, 0.25], [2, 1]])[:, :dimensions], np.zeros((2, 8, 8, 1), np.uint8)
    html = figures.interactive_latent(figures.LabelledPoints(points, np.arange(2), ["<b>first</b>", "second"]), images)
    (tmp_path / "latent.html").write_text(html, "utf-8")
    page.open((tmp_path / "latent.html").as_uri())
    page.wait_for("2 images", "<b>first</b>", "second")
    assert place not in page.text
    dot = page.driver.find_element(By.CSS_SELECTOR, ".scatterlayer .point")
    ActionChains(page.driver).move_to_element(dot).perform()
    said = page.wait_for(place)
    assert said.count("<b>first</b>") == 2 + (dimensions == 1), "in the legend, beside the image, beside its row"
    image = page.driver.find_element(By.ID, "image")
    assert image.size == {"width": 168, "height": 168}
    assert page.driver.execute_script("return arguments[0].naturalWidth", image) == 8
    page.shoot(f"interactive page of {dimensions} dimensions")
