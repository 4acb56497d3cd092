"""Finished runs in a table, on the rate-distortion plane, and on the page of `python -m pipeline.compare`."""

import html
import io
import json
import re
import subprocess
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkout import SMALL, Checkout
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from PIL import Image
from plotly.offline import get_plotlyjs
from rich.console import Console
from studies import settings_of

from pipeline import ROOT
from pipeline.comparison.contact_sheet import IMAGES, Sheet, sheets
from pipeline.comparison.page import page
from pipeline.comparison.pareto_front import pareto_front
from pipeline.comparison.selection import Selection
from pipeline.comparison.table import Table
from pipeline.errors import InputError
from pipeline.evaluation.scores import CATALOGUE
from pipeline.runs.family import best_of
from pipeline.runs.loaded_run import load
from pipeline.sweep.objectives import check_objectives
from pipeline.tracking.comparability import OURS, incomparable_in, reservations
from pipeline.tracking.run_facts import CONDITIONAL, FinishedRun, beginning, differing, finished_among
from pipeline.tracking.store import Store
from pipeline.tracking.tags import PARENT


def run(name: str, likelihood: str = "Bernoulli", **metrics: float) -> FinishedRun:
    scores = {f"test/{score}": value for score, value in metrics.items()}
    params = {"model": "Dense", "model.latent_dim": name, "likelihood": likelihood}
    return FinishedRun(f"{name}_id", name, params, scores, {"data_fingerprint": "same"}, minutes=1.0)


def test_the_front_holds_what_no_other_beats() -> None:
    points = [tuple(point) for point in np.random.default_rng(0).integers(0, 8, (60, 2)).tolist()]
    kept = [points[index] for index in pareto_front(points)]
    assert kept == sorted(set(kept))
    for point in points:
        beaten = any(other != point and other[0] <= point[0] and other[1] <= point[1] for other in points)
        assert beaten != (point in kept)
    assert pareto_front([]) == []


def test_the_table_sorts_by_likelihood_and_marks_the_best_of_what_can_be_compared() -> None:
    table = Table([run("2", elbo=-9.0, nll=8.0), run("4", elbo=-7.0, nll=6.0), run("8", elbo=-5.0, nll=7.0)])
    assert table.frame["run"].tolist() == ["4", "8", "2"]
    assert table.settings == ["model.latent_dim"]
    assert (table.best("test/nll"), table.best("test/elbo")) == (6.0, -5.0)
    assert Table(table.runs, "test/elbo").frame["run"].tolist() == ["8", "4", "2"]
    mixed = Table([*table.runs, run("1", "Gaussian", elbo=100.0)])
    assert mixed.sort == "test/elbo", "not all have the other"
    assert mixed.best("test/elbo") is None, "probabilities are no densities"


def test_samples_are_not_ranked_by_features_of_different_networks() -> None:
    def sampled(name: str, network: str, kid: float) -> FinishedRun:
        plain = run(name, elbo=-kid, kid=kid)
        return replace(plain, tags=plain.tags | {"feature_network": network})

    alike = [sampled("2", "a", 0.3), sampled("4", "a", 0.2), run("8", elbo=-9.0)]
    assert Table(alike, "test/kid").best("test/kid") == 0.2
    assert Table(alike, "test/kid").frame["run"].tolist() == ["4", "2", "8"]
    mixed = [*alike, sampled("16", "b", 0.1)]
    assert Table(mixed).best("test/kid") is None
    assert Table(mixed).best("test/elbo") == -0.1
    with pytest.raises(InputError) as refused:
        Table(mixed, "test/kid")
    assert str(refused.value) == (
        "sort=test/kid: the scores of these runs were made by different feature_network (a, b), so that they rank none "
        "before another. Sort by another score, or compare those that agree in it"
    )


def test_runs_that_are_told_the_class_are_not_ranked_with_others() -> None:
    def of(name: str, **params: str) -> FinishedRun:
        return replace(run(name, nll=1.0), params={"likelihood": "Bernoulli"} | params)

    told, untold, before = of("a", **{CONDITIONAL: "true"}), of("b", **{CONDITIONAL: "false"}), of("c")
    assert incomparable_in([told, told], "test/nll") is None
    assert incomparable_in([untold, before], "test/nll") is None
    condition = "whether they are told the class of an image, as p(image | class) is not p(image)"
    assert (
        incomparable_in([told, before], "test/nll") == incomparable_in([told, before], "test/knn_accuracy") == condition
    )
    other = replace(untold, tags={"data_fingerprint": "other"})
    assert str(incomparable_in([told, other], "test/nll")).startswith("data set and in whether they are told")
    assert incomparable_in([told, other], "test/mse") == "data set"
    assert Table([told, untold]).best("test/nll") is None
    assert Table([untold, before]).condition is None


def test_settings_of_a_likelihood_of_ones_own_may_change_its_measure() -> None:
    def scored(likelihood: str, **settings: str) -> FinishedRun:
        changed = {"likelihood": likelihood} | {f"likelihood.{key}": value for key, value in settings.items()}
        return replace(run("2", nll=1.0), params=changed)

    narrow, wide = (scored("Huber", delta=delta) for delta in ("0.05", "0.5"))
    assert incomparable_in([narrow, wide], "test/nll") == "likelihood"
    assert incomparable_in([narrow, wide], "test/knn_accuracy") is None
    assert incomparable_in([narrow, narrow], "test/nll") is None
    assert incomparable_in([scored("Gaussian", scale="0.1"), scored("Gaussian", scale="1")], "test/nll") is None


def test_the_settings_of_every_likelihood_in_conf_leave_its_measure_as_it_is() -> None:
    targets = [OmegaConf.load(path)["_target_"] for path in (ROOT / "conf" / "likelihood").glob("*.yaml")]
    assert sorted(target.rpartition(".")[2] for target in targets) == sorted(OURS)


@pytest.mark.parametrize(("searched", "values"), [(CONDITIONAL, ("true", "false")), ("likelihood", ("a", "b"))])
def test_a_study_may_optimise_what_a_table_of_its_trials_ranks(searched: str, values: tuple[str, str]) -> None:
    one, other = (replace(run("2", **dict.fromkeys(CATALOGUE, 1.0)), params={searched: value}) for value in values)
    ranked = [name for name in CATALOGUE if incomparable_in([one, other], f"validation/{name}") is None]
    allowed = []
    for name in CATALOGUE:
        with suppress(InputError):
            check_objectives(settings_of(objective=[f"validation/{name}"]), [searched])
            allowed.append(name)
    assert ranked == allowed
    assert {"mse", "kid", "mig"} < set(allowed) < set(CATALOGUE)
    table = Table([one, other])
    assert table.best("test/mse") == 1.0
    assert table.best("test/elbo") is None
    [said] = [each for each in table.reservations if each.startswith("test/elbo, test/nll, test/distortion, ")]
    assert " cannot be compared: the runs differ in " in said


def test_scores_of_other_settings_are_not_ranked() -> None:
    def annealed(name: str, nll: float, **tags: str) -> FinishedRun:
        plain = run(name, elbo=-9.0, nll_ais=nll)
        return replace(plain, tags=plain.tags | {f"evaluation.{key}": value for key, value in tags.items()})

    few, many, before = (
        annealed("2", 8.0, annealing_steps="300"),
        annealed("4", 7.0, annealing_steps="3000"),
        annealed("8", 6.0),
    )
    assert Table([few, annealed("1", 7.5, annealing_steps="300")]).best("test/nll_ais") == 7.5
    assert Table([before, annealed("1", 7.5)]).best("test/nll_ais") == 6.0, "those of an earlier version are alike"
    table = Table([few, many, run("1", elbo=-8.0)])
    assert table.best("test/nll_ais") is None
    assert table.marked("test/elbo") == {"1_id"}
    assert table.settings == ["model.latent_dim", "evaluation.annealing_steps"]
    assert table.frame["evaluation.annealing_steps"].to_dict() == {"2_id": "300", "4_id": "3000", "1_id": ""}
    reason = "the runs differ in evaluation.annealing_steps (300, 3000)."
    assert table.reservations == [f"test/nll_ais cannot be compared: {reason}"]
    [said] = reservations([few, before], ["test/elbo", "test/nll_ais"])
    assert "(300, not recorded); what is not recorded is added by python -m pipeline.evaluate run=<id>" in said
    with pytest.raises(
        InputError, match=r"made by different evaluation.annealing_steps \(300, 3000\), so that they rank"
    ):
        Table([few, many], "test/nll_ais")


def test_bounds_of_other_numbers_of_latents_decide_nothing() -> None:
    runs = [run("2", elbo=-9.0, nll=8.0), run("4", elbo=-8.5, nll=8.2)]
    assert Table(runs).sort == "test/nll"
    for each, samples in zip(runs, ("500", "50"), strict=True):
        each.tags["evaluation.importance_samples"] = samples
    assert Table(runs).sort == "test/elbo"
    assert best_of(runs).name == "4"


def test_the_score_that_runs_are_sorted_by_is_shown_and_said() -> None:
    shown = io.StringIO()
    runs = [run("2", elbo=-9.0, active_units=2.0), run("4", elbo=-9.5, active_units=4.0)]
    Table(runs, "test/active_units").report(Console(file=shown, width=120))
    said, headings, first, second = (line.split() for line in shown.getvalue().splitlines())
    assert " ".join(said) == "Scores of the test split, sorted by test/active_units"
    assert headings[-1] == "active_units"
    assert (first[-1], second[-1]) == ("4", "2"), "the most first"


def test_what_follows_from_the_class_of_a_model_is_no_difference_of_its_own() -> None:
    def of(**params: str) -> FinishedRun:
        return FinishedRun("", "", {f"model{'.' * bool(key)}{key}": value for key, value in params.items()}, {}, {}, 0)

    dense = [{"": "Dense", "hidden": "[8]", "latent_dim": "2"}, {"": "Dense", "hidden": "[8]", "latent_dim": "4"}]
    conv = [{"": "Conv", "filters": "[4]", "latent_dim": "2"}, {"": "Conv", "filters": "[8]", "latent_dim": "2"}]
    assert differing([of(**each) for each in (*dense, conv[0])]) == ["model", "model.latent_dim"]
    assert differing([of(**each) for each in (conv[0], *dense)]) == ["model", "model.latent_dim"]
    assert differing([of(**each) for each in (*dense, *conv)]) == ["model", "model.latent_dim", "model.filters"]
    assert differing([of(**dense[0]), of(**dense[0], dropout="0.1")]) == ["model.dropout"]
    assert differing([of(**dense[0]), of(**dense[0], dropout="0.1"), of(**conv[0])]) == ["model", "model.dropout"]


def test_a_setting_that_earlier_versions_did_not_record_is_no_difference() -> None:
    def of(**params: str) -> FinishedRun:
        return FinishedRun("", "", {name.replace("_", "."): value for name, value in params.items()}, {}, {}, 0)

    old = of(model="Dense", training_seed="0")
    assert differing([old, of(model="Dense", training_seed="1", training_optimizer="Adam")]) == ["training.seed"]
    two = [of(training_optimizer="Adam"), of(training_optimizer="SGD", training_optimizer_momentum="0.9")]
    assert differing([old, *two]) == ["training.optimizer"]
    chosen = [of(**{"training/schedule": name, "training_schedule": "Cosine"}) for name in ("cosine", "one_cycle")]
    chosen.append(of(**{"training/schedule": "constant", "training_schedule": "Constant"}))
    assert differing(chosen) == ["training/schedule"]
    assert differing([*chosen, two[0]]) == ["training/schedule", "training.schedule"]


def test_a_narrow_terminal_shortens_names_before_numbers() -> None:
    table = Table([run("2.123456789", elbo=-9.123, nll=8.0), run("4", elbo=-7.0, nll=6.0)])
    console = Console(width=60, record=True, file=io.StringIO())
    table.report(console)
    said = console.export_text()
    for word in ("2.123 ", "-9.123", "latent_dim", "elbo", "nll"):
        assert word in said
    assert all(len(line.rstrip()) <= 60 for line in said.splitlines())


def test_a_terminal_shows_as_many_settings_as_it_has_room_for() -> None:
    long = {f"model.setting{index}": f"a value of {index}" for index in range(6)}
    runs = [run(f"run {index}", elbo=-index, nll=8.0, rate=1.0, distortion=2.0) for index in range(1, 3)]
    for index, each in enumerate(runs):
        each.params.update({key: value + "!" * index for key, value in long.items()})
    shown = {}
    for width in (60, 80, 120, 300):
        console = Console(width=width, record=True, file=io.StringIO())
        Table(runs).report(console)
        table, also = [text.split() for text in console.export_text().partition("In the files also")[::2]]
        rest = [key.strip(",") for key in also]
        assert {"-1", "8", "latent_dim"} <= set(table), "nothing was cut short"
        shown[width] = len([key for key in long if key.removeprefix("model.") in table])
        assert shown[width] + len(rest) == len(long)
    assert shown[60] < shown[80] < shown[120] < shown[300] == len(long)


@pytest.mark.parametrize(
    "id", ["9f2bc3449c30b12a", "12345678ae30b12a", "12e45678ae30b12a", "0e12345678e30b12", "12e4ab"]
)
def test_what_the_table_calls_a_run_is_read_as_it_is_printed(id: str) -> None:
    for override in (f"run={beginning(id)}", f"run=[{beginning(id)}]"):
        assert beginning(id) in str(OverridesParser.create().parse_override(override).value())
    assert id.startswith(beginning(id))


def test_names_are_short_where_they_are_nobody_elses() -> None:
    both = run("2", elbo=-9.0)
    both.metrics["validation/elbo"] = -8.0
    headings = Table([both, run("4", elbo=-7.0)]).headings
    assert headings == {name: name for name in ("test/elbo", "validation/elbo")} | {"model.latent_dim": "latent_dim"}


def test_a_score_that_no_run_has_is_refused() -> None:
    with pytest.raises(InputError, match=r"sort=test/nil: these runs have no such score. They have: test/elbo"):
        Table([run("2", elbo=-9.0)], "test/nil")


def test_names_on_the_page_are_no_markup() -> None:
    wicked = ['</script><script>alert("1")</script>', "<b>bold</b> & 'co'", "$x$ {{ y }} {% if %}"]
    table = Table([run(name, elbo=-1.0, rate=1.0, distortion=index) for index, name in enumerate(wicked)])
    curves = {each.id: [(1, -2.0), (2, float("nan"))] for each in table.runs}
    sheet = Sheet("<i>data</i>", b"", [], dict.fromkeys(curves, "<u>gone</u>"))
    ours = page("<i>title</i>", table, curves, [sheet]).replace(get_plotlyjs(), "")
    assert ours.count("<script>") == 2
    assert not re.search("<(i|b|u)>", ours)
    for name in wicked:
        assert html.unescape(ours).count(name) >= 4, "in the table, on the sheet, in the settings, as a title"
    [scene] = re.findall(r"const scene = (\{.*\});$", ours, re.MULTILINE)
    names = {html.unescape(curve["name"]) for curve in json.loads(scene)["curves"]["data"]}
    assert names == set(wicked)
    assert "&quot;" not in scene, "which plotly does not read"


def compared(checkout: Checkout, *overrides: str) -> subprocess.CompletedProcess[str]:
    return checkout.run("pipeline.compare", *overrides)


@pytest.fixture(scope="module")
def trained(checkout: Checkout) -> dict[str, str]:
    """Ids by name: three below a parent, one elsewhere on other data."""
    commands = [
        ("-m", "model.latent_dim=1,2,4", *SMALL, "tracking.experiment=compared"),
        (*SMALL, "dataset.limit=200", "tracking.experiment=elsewhere"),
    ]
    for command in commands:
        done = checkout.train(*command)
        assert done.returncode == 0, done.stderr
    runs = [*checkout.runs("compared"), *checkout.runs("elsewhere")]
    return {run.info.run_name: run.info.run_id for run in runs}


def test_a_family_is_compared_on_a_page_of_its_own_and_in_its_parent(
    checkout: Checkout, trained: dict[str, str], tmp_path: Path
) -> None:
    done = compared(checkout, "experiment=compared", f"out={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "out" / "comparison.csv", index_col="id", float_precision="round_trip")
    children = {id: name for name, id in trained.items() if re.fullmatch(r"latent_dim=\d", name)}
    assert len(children) == 3
    assert set(table.index) == set(children)
    assert table["test/nll"].is_monotonic_increasing
    for id, row in table.iterrows():
        metrics = checkout.client.get_run(str(id)).data.metrics
        assert row["test/nll"] == metrics["test/nll"]
        assert f"latent_dim={row['model.latent_dim']}" in children[str(id)]
        assert str(id)[:8] in done.stdout
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert page.count("<img ") == 1 + 2 * 3
    assert page.count('class="number best"') >= 3
    ours = page.replace(get_plotlyjs(), "")
    assert len(ours) < len(page)
    assert "://" not in ours, "it needs no network"
    parent = checkout.client.get_run(next(iter(children))).data.tags["mlflow.parentRunId"]
    assert {"comparison.html", "comparison.csv"} <= {path.name for path in checkout.artifacts(parent).iterdir()}


def test_verdicts_are_given_in_the_terminal_on_the_page_and_in_a_file(
    checkout: Checkout, trained: dict[str, str], tmp_path: Path
) -> None:
    done = compared(checkout, "experiment=compared", f"out={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    verdicts = pd.read_csv(tmp_path / "out" / "verdicts.csv").set_index("score")
    assert verdicts.index.tolist() == [score for score in ("test/elbo", "test/nll", "test/mse") for _ in range(2)]
    page = html.unescape((tmp_path / "out" / "comparison.html").read_text())
    assert "Verdicts on test/nll, ± one standard error over images; one seed each" in done.stdout
    for _, row in verdicts.loc["test/nll"].iterrows():
        said = f"{row['best']} and {row['other']} tie: " if row["verdict"] == "tie" else f"{row['best']} beats "
        assert said in done.stdout
        assert said in page
        assert row["images"] == 200
        of = [checkout.client.get_run(row[f"{side}_ids"]).data.metrics["test/nll"] for side in ("other", "best")]
        assert of[0] - of[1] == pytest.approx(row["difference"], abs=2 * row["standard_error"])
    table = pd.read_csv(tmp_path / "out" / "comparison.csv", index_col="id")
    errors = [
        pd.read_parquet(checkout.artifacts(str(id)) / "test_scores.parquet")["elbo"].to_numpy("float64")
        for id in table.sort_values("test/elbo").index[-2:]
    ]
    row = verdicts.loc["test/elbo"].iloc[0]
    assert row["difference"] == pytest.approx(np.mean(errors[1] - errors[0]), rel=1e-6)
    assert row["standard_error"] == pytest.approx(np.std(errors[1] - errors[0], ddof=1) / np.sqrt(300), rel=1e-6)


def test_runs_without_scores_of_images_are_named_with_the_command_that_adds_them(
    checkout: Checkout, trained: dict[str, str], tmp_path: Path
) -> None:
    names = [name for name in trained if re.fullmatch(r"latent_dim=\d", name)]
    files = {name: checkout.artifacts(trained[name]) / "test_scores.parquet" for name in names}
    before = {name: file.read_bytes() for name, file in files.items()}
    for name in names[:2]:
        files[name].unlink()
    done = compared(checkout, "experiment=compared", f"out={tmp_path / 'none'}")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "none" / "verdicts.csv").exists(), "a single run is left"
    assert "Without scores of single images, so that no verdict is given on them: " in done.stdout
    for name in names[:2]:
        assert f"{name} ({beginning(trained[name])})" in done.stdout
    [loop] = [line for line in done.stdout.splitlines() if line.startswith("for run in ")]
    ids, command = re.fullmatch(
        r"for run in ([0-9a-f ]+); do \S+ -m (pipeline\.evaluate run=\$run); done", loop
    ).groups()
    assert set(ids.split()) == {trained[name] for name in names[:2]}
    for id in ids.split():
        assert checkout.run(*command.replace("$run", id).split()).returncode == 0
    assert {name: file.read_bytes() for name, file in files.items()} == before, "they are those of the training"
    files[names[0]].write_bytes(b"PAR1")
    done = compared(checkout, "experiment=compared", f"out={tmp_path / 'damaged'}")
    assert f"test_scores.parquet of run {trained[names[0]]} is damaged (" in done.stdout
    assert f"python -m pipeline.evaluate run={trained[names[0]]}\n" in done.stdout
    assert len(pd.read_csv(tmp_path / "damaged" / "verdicts.csv")) == 3, "on the other two"
    done = checkout.run("pipeline.evaluate", f"run={trained[names[0]]}")
    assert "is damaged (" in done.stdout
    assert files[names[0]].read_bytes() == before[names[0]]


def tiles(row: bytes, width: int) -> np.ndarray:
    """The images of a strip, [N, H, W, 1] in [0, 1]."""
    pixels = np.asarray(Image.open(io.BytesIO(row)))[..., None] / 255
    return np.stack([pixels[:, left : left + width] for left in range(0, pixels.shape[1], width + 1)])


def test_the_same_images_and_latents_go_through_every_model(checkout: Checkout, trained: dict[str, str]) -> None:
    done = checkout.train("model.latent_dim=2", *SMALL, "tracking.experiment=again")
    assert done.returncode == 0, done.stderr
    store = Store(checkout.uri)
    ids = [trained["latent_dim=2"], checkout.runs("again")[0].info.run_id, trained["latent_dim=1"]]
    [sheet] = sheets(finished_among(store.run(id) for id in ids), partial(load, store), lambda: None)
    one, equal, narrow = sheet.strips
    assert (one.reconstructions, one.samples) == (equal.reconstructions, equal.samples)
    rows = [sheet.inputs, one.reconstructions, one.samples, narrow.reconstructions, narrow.samples]
    assert len(set(rows)) == len(rows)
    images = load(store, ids[0]).data.test.images / 255
    inputs, reconstructed, sampled = (tiles(row, len(images[0])) for row in rows[:3])
    assert len(inputs) == len(reconstructed) == len(sampled) == IMAGES
    closest = [np.abs(images - tile).max(axis=(1, 2, 3)).min() for tile in inputs]
    assert max(closest) < 1 / 255, "they are images of the test split"
    error = [np.square(made - inputs).mean() for made in (reconstructed, sampled)]
    assert error[0] < error[1]


def test_a_family_that_is_chosen_by_its_parent_has_its_name(
    checkout: Checkout, trained: dict[str, str], tmp_path: Path
) -> None:
    name, parent = next((name, id) for name, id in trained.items() if "latent_dim=1,2,4" in name)
    done = compared(checkout, f"runs=[{beginning(parent)}]", f"out={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    assert f"<h1>{name}</h1>" in (tmp_path / "out" / "comparison.html").read_text()


def test_a_parent_that_is_gone_costs_no_comparison(checkout: Checkout, trained: dict[str, str], tmp_path: Path) -> None:
    other = next(id for name, id in trained.items() if "limit=200" in name)
    checkout.client.set_tag(other, PARENT, "0" * 32)
    done = compared(checkout, f"runs=[{other}]", f"out={tmp_path / 'out'}")
    checkout.client.delete_tag(other, PARENT)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert f"<h1>run {other}</h1>" in page
    kept = checkout.runs("comparisons")[0]
    assert (checkout.artifacts(kept.info.run_id) / "comparison.html").read_text() == page


def test_runs_of_several_kinds_are_chosen_by_id_and_by_filter(
    checkout: Checkout, trained: dict[str, str], tmp_path: Path
) -> None:
    other = next(id for name, id in trained.items() if "limit=200" in name)
    one = trained["latent_dim=4"]
    done = compared(checkout, f"runs=[{one},{other}]", f"out={tmp_path / 'two'}")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "two" / "comparison.html").read_text()
    assert page.count("<h2>Contact sheet") == 2, "of two data sets"
    assert "cannot be compared" in page
    kept = checkout.runs("comparisons")[0]
    assert (checkout.artifacts(kept.info.run_id) / "comparison.html").read_text() == page
    done = compared(checkout, "filter=\"params.`model.latent_dim` = '4'\"", f"out={tmp_path / 'four'}")
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(tmp_path / "four" / "comparison.csv")["id"].tolist() == [one]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([], "compare: which runs? Set experiment=mnist, study=latent_filters, runs=[<id>,<id>] or filter=…"),
        (["experiment=nothing"], "experiment=nothing: there is no such experiment. There are: "),
        (["study=nothing"], "compare: study=nothing has no finished run to show"),
        (["runs=[nothing]"], "run nothing is not in sqlite"),
        (["filter=nonsense"], "filter=nonsense: "),
        (["experiment=compared", "sort=test/nil"], "sort=test/nil: these runs have no such score. They have: test/"),
        (["runs=3"], "compare.runs=3: expected a valid list"),
        (["experiment=compared", "out=conf"], "out=conf: there is something already"),
    ],
)
def test_mistakes_are_named_with_the_cure(
    checkout: Checkout, trained: dict[str, str], overrides: list[str], words: str
) -> None:
    done = compared(checkout, *overrides)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_did_not_end_well_is_refused(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'runs.db'}")
    run_id = store.client.create_run(store.experiment("poor"), run_name="poor").info.run_id
    store.client.set_terminated(run_id, "FAILED")
    with pytest.raises(InputError, match=f"runs: {run_id} is FAILED; expected finished runs. Leave it out, or train"):
        Selection(runs=[run_id], experiment=None, study=None, filter=None).of(store)


def test_a_run_whose_model_is_gone_is_in_the_table_and_not_on_the_sheet(
    checkout: Checkout, trained: dict[str, str], tmp_path: Path
) -> None:
    one = trained["latent_dim=1"]
    config = checkout.artifacts(one) / "config.yaml"
    gone = config.rename(config.with_suffix(".gone"))
    done = compared(checkout, "experiment=compared", f"out={tmp_path / 'out'}")
    gone.rename(config)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert page.count("<img ") == 1 + 2 * 2
    assert f"run {one} has no config.yaml" in page


def test_an_autoencoder_is_ranked_with_no_vae_and_among_autoencoders_by_squared_error() -> None:
    """As its number called ELBO bounds no likelihood; earlier versions recorded a setting, and no tag."""
    vae = run("2", elbo=-100, nll=95, mse=0.03)
    tagged, earlier = run("4", mse=0.01), run("8", mse=0.02)
    tagged.tags["no_bound"] = "latents without noise"
    earlier.params["objective.sampling"] = "false"
    table = Table([earlier, tagged, vae])
    assert table.sort == "test/nll"
    assert table.runs[0] is vae
    assert table.marked("test/elbo") == table.marked("test/nll") == {vae.id}
    assert table.reservations == ["2 runs without ELBO and rate: latents without noise bound no likelihood."]
    assert best_of([tagged, vae, earlier]) is vae
    assert best_of([earlier, tagged]) is tagged
    codes = run("16", elbo=-110, nll=99)
    codes.params.update({"objective.sampling": "false", "model.levels": "5"})
    assert codes.has_bound, "codes have probabilities"


def test_the_split_of_all_comes_first_and_one_alone_on_another_split_beats_nobody() -> None:
    """As where many are scored on validation images, and the one that is chosen on test images, too."""
    runs = [run(str(latents), elbo=-100.0 - latents, nll=90.0 + latents, mse=0.03) for latents in (2, 4, 8)]
    for each in runs:
        each.metrics.update({f"validation/{name}": each.metrics[f"test/{name}"] for name in ("elbo", "nll", "mse")})
        each.metrics["validation/distortion"] = each.metrics["test/elbo"]
    for each in runs[1:]:
        for name in ("elbo", "nll", "mse"):
            del each.metrics[f"test/{name}"]
    table = Table(runs)
    assert (table.split, table.sort) == ("validation", "validation/nll")
    assert [name.partition("/")[0] for name in table.scores] == ["validation"] * 4 + ["test"] * 3
    assert table.marked("validation/nll") == {runs[0].id}
    assert table.marked("test/nll") == set()
    console = Console(width=80, record=True, file=io.StringIO())
    table.report(console)
    header = next(line for line in console.export_text().splitlines() if " id " in line)
    assert header.split() == ["run", "id", "latent_dim", "elbo", "nll", "distortion"]
