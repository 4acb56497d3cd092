"""Scores of disentanglement: closed forms where codes are the factors, noise, or factors turned into each other."""

from dataclasses import replace

import numpy as np
import pytest
from linear_gaussian import linear_vae, settings
from scipy.stats import entropy

from pipeline.data.factors import Factor
from pipeline.data.images import ImageData, Split
from pipeline.evaluation.disentanglement.compared import FEWEST, Compared
from pipeline.evaluation.disentanglement.dci import dci
from pipeline.evaluation.disentanglement.disentanglement import disentanglement
from pipeline.evaluation.disentanglement.factor_vae import factor_vae_score
from pipeline.evaluation.disentanglement.followed import followed_factors
from pipeline.evaluation.disentanglement.infomec import infomec
from pipeline.evaluation.disentanglement.information import information_beyond_chance, normalised_information
from pipeline.evaluation.disentanglement.mig import mig
from pipeline.evaluation.disentanglement.sap import sap
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.scores import CATALOGUE

FACTORS = (Factor("shape", 3, ordered=False), Factor("size", 4), Factor("x", 8), Factor("y", 8))
VALUES = np.tile(np.array(list(np.ndindex(3, 4, 8, 8))), (2, 1))
"""Every combination as often as any other, so that the factors are exactly independent."""
ORDERED = [factor.ordered for factor in FACTORS]
NAMES = {name for name, score in CATALOGUE.items() if score.of_factors}


def scaled(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(axis=0)) / values.std(axis=0)


def scores(latents: np.ndarray, values: np.ndarray = VALUES, factors=FACTORS, *, prior: bool = False) -> dict:
    return disentanglement(Compared.of(latents, values, factors, prior=prior, told=None))


def rotated(degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Two factors, and two latents that are they turned by an angle."""
    values = np.tile(np.array(list(np.ndindex(8, 8))), (20, 1))
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scaled(values) @ turn, values


def test_codes_that_are_the_factors_have_the_highest_scores() -> None:
    found = scores(scaled(VALUES))
    assert set(found) == NAMES
    # From another latent, three shapes are guessed as by chance.
    assert found.pop("sap") == pytest.approx((3 * 1 + 1 - 1 / 3) / 4)
    for name in ("mig", "dci_disentanglement", "dci_completeness", "dci_informativeness", "factor_vae"):
        assert found.pop(name) == pytest.approx(1), name
    for name, value in found.items():
        assert value == pytest.approx(1, abs=0.02), name


def test_values_that_are_not_equally_frequent_are_told_as_well() -> None:
    values = np.tile(np.array([(a, b) for a in (0, 1, 1, 1, 1) for b in (0, 0, 0, 1, 2)]), (40, 1))
    assert factor_vae_score(scaled(values), values) == 1


def test_a_latent_has_to_predict_kinds_better_than_chance_does() -> None:
    kinds = VALUES[:, :1]
    assert sap(kinds.astype(float), kinds, [False]) == pytest.approx(1 - 1 / 3), "the second best of one is chance"


def test_noise_has_the_lowest() -> None:
    found = scores(np.random.default_rng(0).normal(size=(len(VALUES), 6)))
    # Where nothing is told, chance decides which latent tells most of it.
    del found["infomec_modularity"], found["infomec_compactness"]
    chance = np.mean([1 / factor.number for factor in FACTORS])
    assert found.pop("dci_informativeness") == pytest.approx(chance, abs=0.04)
    assert found.pop("factor_vae") == pytest.approx(1 / len(FACTORS), abs=0.05)
    assert set(found) == {"mig", "sap", "dci_disentanglement", "dci_completeness", "infomec_explicitness"}
    for name, value in found.items():
        assert value == pytest.approx(0, abs=0.03), name


def test_two_factors_turned_into_each_other_by_45_degrees_cannot_be_told_apart() -> None:
    latents, values = rotated(45)
    sum_and_difference = np.stack([values[:, 0] + values[:, 1], values[:, 0] - values[:, 1]], axis=1)
    share = (entropy(np.bincount(sum_and_difference[:, 0])) - np.log(8)) / np.log(8)  # I(a + b; a) = H(a + b) − H(b)
    np.testing.assert_allclose(normalised_information(sum_and_difference, values), share)
    assert mig(sum_and_difference, values) == pytest.approx(0, abs=1e-12)
    assert sap(latents, values, [True, True]) == pytest.approx(0, abs=1e-12)
    by_trees, by_information = dci(latents, values), infomec(latents, values)
    for low in (by_trees[0], by_trees[1], by_information.modularity, by_information.compactness):
        assert low == pytest.approx(0, abs=0.05)
    unequal = latents + 0.1 * np.random.default_rng(6).normal(size=latents.shape)  # else rounding decides each vote
    assert factor_vae_score(unequal, values) == pytest.approx(0.5, abs=0.1)
    assert by_trees.informativeness == pytest.approx(1), "everything is still there"


@pytest.mark.parametrize("degrees", [0, 10, 30, 60, 90])
def test_the_separation_of_turned_factors_is_the_cosine_of_twice_the_angle(degrees: float) -> None:
    """The squared correlations are cos² and sin² of the angle."""
    latents, values = rotated(degrees)
    assert sap(latents, values, [True, True]) == pytest.approx(abs(np.cos(np.radians(2 * degrees))), abs=1e-9)


def test_a_latent_that_tells_one_bit_of_three_leaves_two_thirds_to_the_gap() -> None:
    values = np.tile(np.arange(8), 50)[:, None]
    parity, whole = values % 2, values
    np.testing.assert_allclose(normalised_information(np.hstack([parity, whole]), values)[:, 0], [1 / 3, 1])
    assert mig(np.hstack([parity, whole]).astype(float), values) == pytest.approx(2 / 3)
    assert mig(parity.astype(float), values) == pytest.approx(1 / 3), "the second best of one tells nothing"


def test_what_counts_tell_by_chance_is_taken_off() -> None:
    """What is taken off a latent that tells the factor is what latents that know nothing of it seem to tell."""
    rng = np.random.default_rng(5)
    factor = rng.choice([0, 2, 3, 7], p=[0.4, 0.3, 0.2, 0.1], size=3000)[:, None]  # no image has the values between
    telling = factor + rng.normal(size=factor.shape)
    taken_off = normalised_information(telling, factor) - information_beyond_chance(telling, factor)
    by_chance = normalised_information(rng.uniform(size=(3000, 100)), factor)
    assert taken_off.item() == pytest.approx(by_chance.mean(), rel=0.05)


def test_neither_order_nor_scale_nor_place_of_the_latents_matters() -> None:
    rng = np.random.default_rng(1)
    mixed = scaled(VALUES) @ rng.normal(size=(4, 5)) + 0.3 * rng.normal(size=(len(VALUES), 5))
    changed = mixed[:, [3, 0, 4, 2, 1]] * np.array([2.0, 4.0, 0.5, 8.0, 1.0]) + 16
    before, after = scores(mixed), scores(changed)
    for name, value in before.items():
        exact = name in ("mig", "sap", "factor_vae", "infomec_explicitness")
        assert after[name] == pytest.approx(value, abs=1e-3 if exact else 0.02), name
        assert 0.005 < value < 0.995, name


def test_collapsed_latents_change_nothing() -> None:
    latents = scaled(VALUES) + 0.2 * np.random.default_rng(2).normal(size=VALUES.shape)
    remains = 0.01 * scaled(VALUES)[:, [2, 0]]  # which tell two factors, though nobody could hear it
    with_them = np.hstack([remains[:, :1], latents, remains[:, 1:], np.zeros((len(VALUES), 1))])
    assert scores(with_them) == scores(latents)
    compared = Compared.of(with_them, VALUES, FACTORS, prior=False, told=None)
    assert compared.positions.tolist() == [1, 2, 3, 4]


def test_where_all_latents_collapsed_every_score_is_that_of_chance() -> None:
    of_chance = dict.fromkeys(NAMES, 0.0) | {"factor_vae": 1 / 4}
    of_chance["dci_informativeness"] = pytest.approx((1 / 3 + 1 / 4 + 1 / 8 + 1 / 8) / 4)
    assert scores(np.ones((len(VALUES), 3))) == of_chance
    small = 0.05 * scaled(VALUES)
    assert scores(small, prior=True) == of_chance, "beside a prior of variance 1"
    assert scores(small, prior=False)["mig"] == pytest.approx(1), "an autoencoder's codes have any scale"


def test_a_factor_of_one_value_has_no_part() -> None:
    constant = np.hstack([VALUES, np.ones((len(VALUES), 1), int)])
    assert scores(scaled(VALUES), constant, (*FACTORS, Factor("colour", 2))) == scores(scaled(VALUES))


def test_of_one_latent_and_of_one_factor_there_is_no_choice() -> None:
    one = scores(scaled(VALUES)[:, 2:3])
    assert one["dci_completeness"] is one["infomec_compactness"] is None
    assert one["mig"] == pytest.approx(1 / len(FACTORS)), "one factor of four is told, and by it alone"
    assert one["infomec_modularity"] == pytest.approx(1, abs=0.02)
    only = scores(scaled(VALUES), VALUES[:, 2:3], FACTORS[2:3])
    assert only["dci_disentanglement"] is only["infomec_modularity"] is None
    assert only["mig"] == only["factor_vae"] == pytest.approx(1)


@pytest.mark.parametrize(
    "values",
    [
        None,
        np.zeros_like(VALUES),
        np.repeat(np.arange(len(VALUES))[:, None] // 3, 4, axis=1),
    ],
    ids=["none", "constant", "three images a value"],
)
def test_without_factors_that_vary_there_are_no_scores(values: np.ndarray | None) -> None:
    assert scores(scaled(VALUES), values) == {}


def test_of_few_images_and_of_latents_that_are_no_numbers_there_are_none() -> None:
    assert scores(scaled(VALUES)[:99], VALUES[:99]) == {}
    broken = scaled(VALUES)
    broken[7, 1] = np.nan
    assert scores(broken) == {}


def test_images_whose_value_of_a_factor_nothing_shares_are_no_obstacle() -> None:
    rng = np.random.default_rng(3)
    values = np.stack([rng.integers(30, size=120), rng.integers(2, size=120)], axis=1)
    assert np.bincount(values[:, 0]).min() < 2
    found = scores(rng.normal(size=(120, 3)), values, (Factor("rare", 30), Factor("common", 2)))
    assert set(found) == NAMES
    assert all(np.isfinite(value) for value in found.values())


def test_scores_are_the_same_every_time() -> None:
    values = np.random.default_rng(4).permutation(VALUES)[:400]
    latents = scaled(values) + 0.5 * np.random.default_rng(4).normal(size=values.shape)
    assert scores(latents, values) == scores(latents.copy(), values.copy())


def test_the_factor_that_a_latent_follows_is_named() -> None:
    noise = np.random.default_rng(5).normal(size=(len(VALUES), 1))
    latents = np.hstack([scaled(VALUES)[:, [3, 0]], noise, 0.001 * noise, scaled(VALUES)[:, 1:2]])
    assert followed_factors(Compared.of(latents, VALUES, FACTORS, prior=False, told=None)) == {
        0: "y",
        1: "shape",
        4: "size",
    }
    assert followed_factors(None) == {}


@pytest.mark.parametrize("number", [FEWEST, 200, 400, 1200])
def test_noise_follows_no_factor_however_few_the_images(number: int) -> None:
    rng = np.random.default_rng(number)
    values = rng.integers(8, size=(number, 3))
    factors = (Factor("size", 8), Factor("x", 8), Factor("y", 8))
    for _ in range(20):
        noise = rng.normal(size=(number, 4))
        assert followed_factors(Compared.of(noise, values, factors, prior=False, told=None)) == {}


def test_what_a_conditional_model_is_told_is_no_factor_of_its_latents() -> None:
    told = Compared.of(scaled(VALUES), VALUES, FACTORS, prior=False, told=VALUES[:, 0])
    assert told
    assert [factor.name for factor in told.factors] == ["size", "x", "y"]
    np.testing.assert_array_equal(told.values, VALUES[:, 1:])
    both = Compared.of(scaled(VALUES), VALUES, FACTORS, prior=False, told=4 * VALUES[:, 0] + VALUES[:, 1])
    assert both
    assert [factor.name for factor in both.factors] == ["x", "y"]


def images_of(values: np.ndarray) -> np.ndarray:
    """Images [N, 2, 2, 1], each of whose pixels is a factor."""
    return (30 * values).astype(np.uint8).reshape(-1, 2, 2, 1)


def drawn(factors=FACTORS) -> ImageData:
    split = Split(images_of(VALUES), VALUES[:, 0], VALUES if factors else None)
    return ImageData("drawn", split, split.take(np.arange(150)), split, ("a", "b", "c"), factors)


def test_an_evaluation_has_them_where_factors_are_known() -> None:
    vae = linear_vae(encoder=np.eye(4) * 4, shape=(2, 2, 1))
    found = vars(evaluate(vae, drawn(), settings(factor_samples=2000)))
    assert {name for name in NAMES if found[name] is not None} == NAMES
    assert found["mig"] == pytest.approx(1, abs=0.05)
    fewer = evaluate(vae, drawn(), settings(factor_samples=300))
    assert fewer.mig != found["mig"]
    without = [
        evaluate(vae, drawn(), settings(factor_samples=None)),
        evaluate(vae, drawn(factors=()), settings(factor_samples=2000)),
    ]
    for each in without:
        assert {name for name in NAMES if getattr(each, name) is not None} == set()
        others = dict.fromkeys(NAMES)
        assert replace(each, **others) == replace(evaluate(vae, drawn(), settings()), **others)
