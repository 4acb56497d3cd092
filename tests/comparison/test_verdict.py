"""Verdicts: their errors have closed forms, equal contenders are seldom told apart, and marks follow them."""

import io
from dataclasses import replace

import numpy as np
import pytest
from mlflow.entities import Param, RunData, RunInfo, RunTag
from mlflow.entities import Run as MlflowRun
from rich.console import Console
from scipy import stats

from pipeline.comparison.contender import contenders
from pipeline.comparison.difference import Sample, Variance, difference, pooled_variance
from pipeline.comparison.page import page
from pipeline.comparison.table import Table
from pipeline.comparison.verdict import LEVEL, verdict_table, verdicts
from pipeline.evaluation.image_scores import ImageScores, image_table
from pipeline.evaluation.likelihood_bound import mean_with_control
from pipeline.tracking.run_facts import FinishedRun, differing, finished_among

IMAGES = 64
METRIC = "test/elbo"


def run(name: str, seed: int = 0, elbo: float = 0.0, **settings: str) -> FinishedRun:
    params = {"model": "Dense", "likelihood": "Bernoulli", "training.seed": str(seed)} | settings
    tags = {"data_fingerprint": "same"}
    return FinishedRun(f"{name} {seed} id", f"{name} seed={seed}", params, {METRIC: elbo}, tags, minutes=1.0)


def scores_of(elbo: np.ndarray, nll: np.ndarray | None = None, samples: int = 5) -> ImageScores:
    """Scores of images with these ELBOs, nats, [N]."""
    zero = np.zeros(len(elbo))
    table = image_table(zero, zero, -elbo, zero, np.full(len(elbo), np.nan) if nll is None else nll)
    origin = {"split": "test", "fingerprint": "same", "likelihood": "Bernoulli", "seed": 0}
    return ImageScores(table=table, importance_samples=samples, **origin)


def judged(elbos: dict[str, list[np.ndarray]]) -> tuple[list[FinishedRun], dict[str, ImageScores]]:
    """A run for each name and seed, with the scores of its images."""
    runs, images = [], {}
    for name, seeds in elbos.items():
        for seed, elbo in enumerate(seeds):
            runs.append(run(name, seed, elbo.mean(), **{"model.latent_dim": name}))
            images[runs[-1].id] = scores_of(elbo)
    return runs, images


def sample(*models: np.ndarray) -> Sample:
    values = np.stack(models)
    return Sample(values, values)


@pytest.fixture
def elbo() -> np.ndarray:
    """In quarters, so that float32 holds sums of them."""
    return np.random.default_rng(0).integers(-400, -300, IMAGES) / 4


def test_a_run_ties_with_itself(elbo) -> None:
    runs, images = judged({"2": [elbo], "4": [elbo]})
    found = verdicts(runs, images, METRIC)
    [verdict] = found.each
    assert (verdict.lead.mean, verdict.lead.standard_error, verdict.p_value) == (0, 0, 1)
    assert str(verdict) == "2 seed=0 and 4 seed=0 tie: 0 ± 0 nats on the same 64 images (p = 1)"
    assert found.winners == {"2 0 id", "4 0 id"}
    for each in runs:
        each.metrics["test/mse"] = 0.0
    assert " tie: 0 ± 0 of squared error on" in str(verdicts(runs, images, "test/mse").each[0]), "not −0"


def test_a_shift_of_a_nat_is_a_lead_of_a_nat_without_error(elbo) -> None:
    found = verdicts(*judged({"2": [elbo], "4": [elbo + 1]}), METRIC)
    [verdict] = found.each
    assert str(verdict) == "4 seed=0 beats 2 seed=0 by 1 ± 0 nats on the same 64 images (p < 0.001)"
    assert found.winners == {"4 0 id"}
    runs, images = judged({"2": [elbo], "4": [elbo]})
    for each, nll in zip(runs, (-elbo, -elbo - 1), strict=True):
        each.metrics["test/nll"] = nll.mean()
        images[each.id] = scores_of(elbo, nll)
    assert verdicts(runs, images, "test/nll").winners == {"4 0 id"}, "of the NLL, less is better"


def test_with_one_seed_each_it_is_the_paired_t_test(elbo) -> None:
    one, other = elbo, elbo + np.random.default_rng(1).normal(0.3, 1, IMAGES)
    found = difference(sample(other), sample(one))
    assert found.standard_error == pytest.approx(np.std(other - one, ddof=1) / np.sqrt(IMAGES))
    test = stats.ttest_rel(other, one)
    assert found.mean / found.standard_error == pytest.approx(test.statistic)
    assert found.degrees_of_freedom == pytest.approx(IMAGES - 1)
    assert found.p_value(2) == pytest.approx(test.pvalue, rel=1e-6)
    assert found.p_value(2) < found.p_value(3) < found.p_value(10), "the best of more leads by more"


def test_where_seeds_alone_differ_it_is_welchs_test_of_their_means(elbo) -> None:
    random = np.random.default_rng(2)
    one, other = random.normal(0, 1, 3), random.normal(1, 2, 5)
    found = difference(sample(*(elbo + each for each in one)), sample(*(elbo + each for each in other)))
    test = stats.ttest_ind(one, other, equal_var=False)
    assert found.mean == pytest.approx(one.mean() - other.mean())
    assert found.degrees_of_freedom == pytest.approx(test.df, rel=1e-6)
    assert found.p_value(2) == pytest.approx(test.pvalue, rel=1e-6)


def test_a_single_seed_is_taken_to_vary_as_those_of_the_others_do(elbo) -> None:
    replicated = sample(elbo, elbo + 2)
    assert pooled_variance([sample(elbo)]) is None
    pooled = pooled_variance([sample(elbo), replicated, sample(elbo, elbo, elbo + 3)])
    assert pooled == Variance(pytest.approx((2.0 * 1 + 3.0 * 2) / 3), 3)
    alone = difference(sample(elbo), sample(elbo + 1), pooled)
    assert alone.standard_error == pytest.approx(np.sqrt(2 * pooled.value))


def test_a_bound_that_is_known_of_some_images_is_corrected_by_their_elbos() -> None:
    random = np.random.default_rng(3)
    elbos = random.normal(-90, 10, (2, 500))
    nlls = -elbos - 3 + random.normal(0, 0.1, (2, 500))
    known = np.arange(40)
    values = np.full((2, 500), np.nan)
    values[:, known] = nlls[:, known]
    found = difference(*(Sample(values[[each]], elbos[[each]]) for each in (0, 1)))
    expected = mean_with_control(nlls[0, known] - nlls[1, known], elbos[0] - elbos[1], known)
    assert (found.mean, found.standard_error) == pytest.approx(expected)
    assert found.images == 40
    assert abs(found.mean - np.mean(nlls[0] - nlls[1])) < 0.2 < abs(np.mean(values[0, known] - values[1, known]))
    values[0, 2:] = np.nan
    assert difference(*(Sample(values[[each]], elbos[[each]]) for each in (0, 1))) is None, "two images tell no error"


def drawn(random: np.random.Generator, contestants: int, seeds: int, between_seeds: float) -> list[Sample]:
    """Contenders that are equally good, whose images, seeds and both together contribute at random."""
    images = random.normal(0, 10, IMAGES)
    of_seeds = random.normal(0, between_seeds, (contestants, seeds, 1))
    of_images = images + random.normal(0, 0.7, (contestants, 1, IMAGES))
    return [sample(*each) for each in of_images + of_seeds + random.normal(0, 1, (contestants, seeds, IMAGES))]


@pytest.mark.parametrize(
    ("contestants", "seeds", "between_seeds"), [(2, 1, 0.0), (8, 1, 0.0), (2, 4, 0.3), (3, 4, 0.0)]
)
def test_equal_contenders_are_told_apart_at_the_level(contestants: int, seeds: int, between_seeds: float) -> None:
    random = np.random.default_rng(4)
    times = 250
    beaten = 0
    for _ in range(times):
        each = drawn(random, contestants, seeds, between_seeds)
        best = max(each, key=lambda one: one.values.mean())
        leads = [difference(best, other) for other in each if other is not best]
        longest = max(leads, key=lambda lead: lead.mean / lead.standard_error)
        # A lead of less is none for two contenders, and so for none more.
        beaten += longest.mean > 1.9 * longest.standard_error and longest.p_value(contestants) < LEVEL
    low, high = stats.binom.ppf([0.001, 0.999], times, LEVEL)
    assert low <= beaten <= high


def test_runs_that_differ_in_their_seed_alone_are_one_contender() -> None:
    replicated = [run("latent_dim=2", seed, elbo=seed, **{"model.latent_dim": "2"}) for seed in (0, 1, 2)]
    other = run("latent_dim=4", **{"model.latent_dim": "4"})
    first, second = contenders([replicated[0], other, *replicated[1:]])
    assert str(first) == "latent_dim=2 (3 seeds)"
    assert first.runs == tuple(replicated)
    assert first.mean(METRIC) == 1.0
    assert str(second) == "latent_dim=4 seed=0"
    again = run("again", **{"model.latent_dim": "4"})
    assert [len(each.runs) for each in contenders([other, again])] == [1, 1], "equal seeds are no replicates"
    alike = [replace(run("same", hidden=value), id=f"{value}2345678") for value in ("1", "2")]
    assert [each.name for each in contenders(alike)] == ["same seed=0 (12345678)", "same seed=0 (22345678)"]


def test_verdicts_over_seeds_are_about_the_means_of_the_groups(elbo) -> None:
    random = np.random.default_rng(5)
    means = {"2": (-2.0, 0.0, 2.0), "4": (3.0, 3.1, 3.2), "8": (20.0, 20.1, 19.9)}
    groups = {name: [elbo + mean + random.normal(0, 0.1, IMAGES) for mean in of_one] for name, of_one in means.items()}
    runs, images = judged(groups)
    found = verdicts(runs, images, METRIC)
    assert [str(verdict.other) for verdict in found.each] == ["4 (3 seeds)", "2 (3 seeds)"]
    assert [verdict.is_tie for verdict in found.each] == [False, False]
    assert found.each[1].lead.mean == pytest.approx(20, abs=0.1)
    assert found.each[1].lead.standard_error == pytest.approx(np.sqrt(4 / 3), rel=0.05)
    assert found.heading == f"Verdicts on {METRIC}, ± one standard error over images and seeds"
    rows = verdict_table([found])
    assert rows["best_seeds"].tolist() == rows["other_seeds"].tolist() == [3, 3]
    assert rows["verdict"].tolist() == ["beats", "beats"]


def test_what_is_not_significantly_worse_is_marked_with_the_best(elbo) -> None:
    noise = np.random.default_rng(6).normal(0, 1, IMAGES)
    runs, images = judged({"2": [elbo], "4": [elbo + noise - noise.mean() - 0.05], "8": [elbo - 1 + noise / 9]})
    table = Table(runs, images=images)
    assert table.marked(METRIC) == {"2 0 id", "4 0 id"}
    assert "one seed each" in table.deciding.heading
    assert Table(runs).marked(METRIC) == {"2 0 id"}, "without scores of images, the best value alone"
    assert Table(runs).deciding is None
    some = {id: each for id, each in images.items() if id != "8 0 id"}
    assert Table(runs, images=some).marked(METRIC) == {"2 0 id"}, "so too where one has none"
    assert [verdict.other.name for verdict in Table(runs, images=some).deciding.each] == ["4 seed=0"]
    other = [*runs, run("1", likelihood="Gaussian")]
    assert not Table(other, images=images | {"1 0 id": scores_of(elbo)}).verdicts, "probabilities are no densities"


def bounded(elbo: np.ndarray, *each: tuple[str, float, int]) -> tuple[list[FinishedRun], dict[str, ImageScores]]:
    """Runs by latent dimensions, the mean of their bounds, nats, and the latents of each bound."""
    runs, images = judged({name: [elbo] for name, _, _ in each})
    for one, (_, nll, samples) in zip(runs, each, strict=True):
        one.metrics["test/nll"] = nll
        images[one.id] = scores_of(elbo, nll - elbo, samples)
    return runs, images


def test_the_bounds_of_other_numbers_of_samples_are_not_compared(elbo) -> None:
    runs, images = bounded(elbo, ("2", 1.0, 5), ("4", 2.0, 5), ("8", 1.5, 50))
    found = verdicts(runs, images, "test/nll")
    [verdict] = found.each
    assert (verdict.best.name, verdict.other.name) == ("2 seed=0", "4 seed=0")
    assert found.left_out == ("8 seed=0 (8 0 id) is left out, as its test/nll is by importance_samples=50, not 5",)
    assert Table(runs, images=images).marked("test/nll") == {"2 0 id"}


def test_a_best_run_that_was_scored_otherwise_is_left_out_rather_than_all_others(elbo) -> None:
    runs, images = bounded(elbo, ("2", 2.0, 5), ("4", 3.0, 5), ("8", 1.0, 50))
    found = verdicts(runs, images, "test/nll")
    assert (found.best.name, [verdict.other.name for verdict in found.each]) == ("2 seed=0", ["4 seed=0"])
    assert len(found.left_out) == 1
    shown = io.StringIO()
    Table(runs, images=images).report(Console(file=shown, width=200))
    assert found.left_out[0] in shown.getvalue()
    for each in runs:
        each.tags["evaluation.importance_samples"] = str(images[each.id].importance_samples)
    assert Table(runs, images=images).verdicts["test/nll"].judged == {"2 0 id", "4 0 id"}
    assert not Table(runs, images=images).marked("test/nll"), "not all are judged"
    for each in runs:
        each.tags.pop("evaluation.importance_samples")
    two = [runs[1], runs[2]]
    alone = verdicts(two, images, "test/nll")
    assert not alone.each
    assert alone.heading == "No verdict on test/nll, as no two contenders have been scored alike"
    assert verdict_table([alone]).empty
    assert alone.heading in page("two", Table(two, images=images), {}, [])


def test_seeds_of_the_best_that_were_scored_otherwise_do_not_take_it_away(elbo) -> None:
    runs, images = bounded(elbo, ("2", 1.0, 5), ("4", 2.0, 5))
    seed = replace(runs[0], id="other seed", name="2 seed=1", params=runs[0].params | {"training.seed": "1"})
    found = verdicts([*runs, seed], images | {seed.id: scores_of(elbo, 1.0 - elbo, 50)}, "test/nll")
    assert found.best.runs == (runs[0],)
    assert [said.split(" is ")[0] for said in found.left_out] == ["2 seed=1 (other se)"]


def test_what_an_evaluation_added_to_one_of_the_seeds_leaves_it_with_the_others() -> None:
    def recorded(seed: int, **tags: str) -> MlflowRun:
        info = RunInfo(f"{seed}234", "0", "", "FINISHED", 0, 60_000, "active", run_name=f"vae seed={seed}")
        of = {"model": "Dense", "training.seed": str(seed)}
        data = RunData(params=[Param(*each) for each in of.items()], tags=[RunTag(*each) for each in tags.items()])
        return MlflowRun(info, data)

    runs = finished_among([recorded(0, feature_network="abc"), recorded(1), recorded(2)])
    assert [str(each) for each in contenders(runs)] == ["vae (3 seeds)"]
    assert differing(runs) == ["training.seed"]
