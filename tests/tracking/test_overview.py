"""Prepared pages of the MLflow UI, and plain ones where the UI does not know their format."""

import json
import zlib
from base64 import b64decode
from pathlib import Path

from pipeline.tracking.store import Store
from pipeline.tracking.tags import NOTE, PARENT
from pipeline.tracking.ui import prepared_page
from pipeline.tracking.ui.overview import MARK, family_page, overviews
from pipeline.tracking.ui.prepared_page import BUILD, PreparedPage, is_understood, prepare

VIEW = PreparedPage(
    where="",
    keys=["model"],
    axes=["model"],
    scores={"test/nll": True, "test/rate": True},
    curves=["validation/epoch/elbo"],
    cards=["test/samples"],
    runs=3,
)


def test_the_ui_that_is_installed_knows_the_format(tmp_path: Path) -> None:
    assert is_understood(BUILD)
    (tmp_path / "main.js").write_text("viewStateShareKey, compareRunCharts, mlflow.sharedViewStates of another kind")
    assert is_understood(tmp_path)


def test_where_the_format_is_unknown_links_lead_to_the_plain_page(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "main.js").write_text("viewStateShareKey, but no charts")
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = store.experiment("tests")
    assert "viewStateShareKey=page" in prepare(store, experiment, "page", VIEW)
    assert "mlflow.sharedViewState.page" in store.client.get_experiment(experiment).tags
    monkeypatch.setattr(prepared_page, "BUILD", tmp_path)
    plain = f"#/experiments/{experiment}/runs?workflowType=machine_learning"
    assert prepare(store, experiment, "other", VIEW) == plain
    assert "mlflow.sharedViewState.other" not in store.client.get_experiment(experiment).tags


def test_a_family_without_scores_has_the_plain_page(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    parent = store.client.create_run(store.experiment("tests")).info
    for _ in range(2):
        child = store.client.create_run(parent.experiment_id, tags={PARENT: parent.run_id}).info.run_id
        store.client.set_terminated(child)
    assert (
        family_page(store, parent.run_id) == f"#/experiments/{parent.experiment_id}/runs?workflowType=machine_learning"
    )


def test_a_chart_of_runs_of_two_classes_has_the_axes_that_all_have_and_room_for_their_pictures(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = store.experiment("tests")
    parent = store.client.create_run(experiment).info.run_id
    members = [("Dense", "hidden", "[8]", 2), ("Dense", "hidden", "[16]", 2), ("Conv", "filters", "[4]", 2)]
    heights = []
    for kind, key, value, latent_dim in [*members, *members[:2]]:
        run_id = store.client.create_run(experiment, tags={PARENT: parent}).info.run_id
        for name, each in {"model": kind, f"model.{key}": value, "model.latent_dim": latent_dim}.items():
            store.client.log_param(run_id, name, each)
        store.client.log_metric(run_id, "test/elbo", -1.0)
        store.client.set_terminated(run_id)
        family_page(store, parent)
        tag = store.client.get_experiment(experiment).tags[f"mlflow.sharedViewState.{parent}"]
        view = json.loads(zlib.decompress(b64decode(tag.removeprefix("deflate;"))))
        heights.append(view["compareRunSections"][1]["cardHeight"])
    assert view["selectedColumns"] == ["params.`model`", "params.`model.hidden`", "metrics.`test/elbo`"]
    assert view["compareRunCharts"][0]["selectedParams"] == ["model"]
    assert heights[0] == heights[1] == heights[2] < heights[3] == heights[4], "three runs stand beside each other"


def test_a_description_that_somebody_wrote_stays(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'mlflow.db'}")
    for name in ("mine", "theirs", "empty"):
        experiment = store.experiment(name)
        if name == "empty":
            continue
        run = store.client.create_run(experiment, tags={"data_fingerprint": "x"})
        store.client.log_metric(run.info.run_id, "test/elbo", 1.0)
        store.client.set_terminated(run.info.run_id)
    store.client.set_experiment_tag(store.experiment("theirs"), NOTE, "What I think of it.")
    for _ in range(2):
        pages = overviews(store)
        assert set(pages) == {store.experiment("mine"), store.experiment("theirs")}
        notes = {name: store.client.get_experiment_by_name(name).tags.get(NOTE, "") for name in ("mine", "theirs")}
        assert notes["mine"].startswith(f"{MARK}{pages[store.experiment('mine')]})")
        assert notes["theirs"] == "What I think of it."
