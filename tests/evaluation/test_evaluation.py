"""Scores of images that were not trained on."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from linear_gaussian import PIXELS, data_of, linear_vae, noise_images, settings

from pipeline.data.batches import as_floats
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.evaluation import Evaluation
from pipeline.evaluation.scores import CATALOGUE
from pipeline.latent import encoding as encoded
from pipeline.models.dense import Dense
from pipeline.models.likelihood import Bernoulli, ContinuousBernoulli, Gaussian, SquaredError
from pipeline.models.objectives.weight_schedule import Constant, Warmup
from pipeline.models.objectives.weighted_elbo import WeightedElbo
from pipeline.models.vae import assemble

OF_FACTORS = {name for name, score in CATALOGUE.items() if score.of_factors}
OF_POSTERIOR = {"nll", "nll_standard_error", "bits_per_dimension", "mutual_information", "marginal_kl"}


def evaluation_of(vae, images: np.ndarray, **changed) -> Evaluation:
    return evaluate(vae, data_of(images), settings(**changed))


def numbers(evaluation: Evaluation) -> dict[str, object]:
    """All but the scores of single images, which are no numbers that can be compared."""
    return {name: value for name, value in vars(evaluation).items() if name != "images"}


def keras_scores(vae, images: np.ndarray) -> dict[str, float]:
    vae.compile(optimizer="adam")
    return vae.evaluate(as_floats(images), batch_size=32, return_dict=True)


def test_what_is_left_out_changes_nothing_else(small_vae, blobs) -> None:
    whole, brief = (
        numbers(evaluation_of(small_vae(), blobs(60), **left_out))
        for left_out in ({}, {"importance_samples": None, "neighbours": None})
    )
    missing = {"nll", "nll_standard_error", "bits_per_dimension", "knn_accuracy"}
    assert {name for name, value in brief.items() if value is None and whole[name] is not None} <= missing
    assert {name: value for name, value in brief.items() if name not in missing} == {
        name: value for name, value in whole.items() if name not in missing
    }
    assert brief["nll"] is None
    assert brief["knn_accuracy"] is None


def test_scores_are_those_of_keras_when_nothing_is_drawn(small_vae, blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "BATCH_VALUES", 64 * 50)
    images, vae = blobs(137), small_vae(sampling=False, beta=3.0, distortion_weight=0.5)
    evaluated, by_keras = numbers(evaluation_of(vae, images)), keras_scores(vae, images)
    assert {name: evaluated[name] for name in by_keras} == pytest.approx(by_keras, rel=1e-5)
    reconstructions = vae.predict(as_floats(images))
    assert evaluated["mse"] == pytest.approx(np.mean((as_floats(images) - reconstructions) ** 2), rel=1e-5)


def test_scores_are_those_of_keras_within_the_sampling_error(small_vae, blobs) -> None:
    images, vae = blobs(400), small_vae(beta=3.0)
    runs = [evaluation_of(vae, images, seed=seed, importance_samples=1).distortion for seed in range(10)]
    by_keras, evaluated = keras_scores(vae, images), evaluation_of(vae, images)
    assert evaluated.rate == pytest.approx(by_keras["rate"], rel=1e-5)
    assert np.std(runs) > 0
    assert abs(np.mean(runs) - by_keras["distortion"]) < 5 * np.std(runs)


def test_equal_seeds_give_equal_scores_whatever_was_drawn_before(small_vae, blobs) -> None:
    images, vae = blobs(30), small_vae()
    some = {"nll_images": 10, "information_images": 12, "seed": 3}
    first = evaluation_of(vae, images, **some)
    vae(as_floats(images))
    keras.random.normal((5,))
    np.random.default_rng().normal()
    assert evaluation_of(vae, images, **some) == first


def test_another_seed_draws_anew_but_does_not_change_what_is_not_drawn(small_vae, blobs) -> None:
    images, vae = blobs(30), small_vae()
    one, other = (numbers(evaluation_of(vae, images, seed=seed)) for seed in (3, 4))
    drawn = {"loss", "distortion", "elbo", "mutual_information", "marginal_kl"}
    drawn |= {"nll", "nll_standard_error"}
    assert {name for name in one if one[name] != other[name]} == drawn


def test_scoring_leaves_the_models_own_noise_alone(small_vae, blobs) -> None:
    vae = small_vae()
    before = vae.noise.state.numpy()
    evaluation_of(vae, blobs(5))
    assert np.array_equal(vae.noise.state, before)


def test_batches_decide_nothing(small_vae, blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    vae, images = small_vae(), blobs(53)
    at_once = evaluation_of(vae, images)
    monkeypatch.setattr(encoded, "BATCH_VALUES", 7 * 64)
    assert evaluation_of(vae, images).metrics("test") == pytest.approx(at_once.metrics("test"), rel=1e-5)


def test_elbo_is_minus_the_parts_and_the_loss_has_the_final_weights(small_vae, blobs) -> None:
    vae = small_vae(beta=4.0, distortion_weight=0.5, schedule=Warmup(of=None, epochs=5))
    vae.weight.assign(0.0)
    evaluated = evaluation_of(vae, blobs(30))
    assert evaluated.elbo == -(evaluated.rate + evaluated.distortion)
    assert evaluated.loss == pytest.approx(0.5 * evaluated.distortion + 4 * evaluated.rate, rel=1e-6)


def test_free_bits_count_over_all_images_at_once(small_vae, blobs) -> None:
    vae = small_vae(free_bits=100.0, sampling=False)
    evaluated = evaluation_of(vae, blobs(137))
    assert evaluated.loss == pytest.approx(evaluated.distortion + 2 * 100.0, rel=1e-6)


def test_dropout_and_batch_statistics_are_off(small_vae, blobs) -> None:
    vae = small_vae(dropout=0.5, batch_norm=True, sampling=False)
    together, *apart = (evaluation_of(vae, images) for images in (blobs(20), blobs(20)[:5], blobs(20)[5:]))
    assert together == evaluation_of(vae, blobs(20))
    for name in ("rate", "distortion", "mse"):
        first, second = (getattr(part, name) for part in apart)
        assert getattr(together, name) == pytest.approx((5 * first + 15 * second) / 20, rel=1e-5)


def test_the_split_that_is_asked_for_is_scored(small_vae, blobs) -> None:
    vae, data = small_vae(), data_of(blobs(30))
    of_validation = evaluate(vae, data, settings(split="validation"))
    assert replace(of_validation, split="test") == evaluation_of(vae, blobs(30)[:3])
    assert "validation/elbo" in of_validation.metrics()
    assert evaluate(vae, data, settings()) == evaluation_of(vae, blobs(30))


def test_a_model_that_draws_nothing_has_no_posterior_to_speak_of(small_vae, blobs) -> None:
    drawing, evaluated = (
        evaluation_of(small_vae(likelihood=ContinuousBernoulli(), sampling=sampling), blobs(30))
        for sampling in (True, False)
    )
    without, with_posterior = (
        {name for name, value in numbers(each).items() if value is None} for each in (evaluated, drawing)
    )
    assert without - with_posterior == OF_POSTERIOR
    assert {"knn_accuracy", *OF_FACTORS} <= with_posterior, "there is one class, and no factor is known"


@pytest.mark.parametrize(
    ("likelihood", "bits"),
    [
        (Bernoulli(), None),
        (ContinuousBernoulli(), 8),
        (Gaussian(scale=0.3, learned=False, link="sigmoid"), 8),
        (SquaredError(link="sigmoid"), None),
    ],
    ids=lambda each: getattr(each, "name", str(each)),
)
def test_bits_are_those_of_the_bound_where_the_likelihood_has_bits(likelihood, bits) -> None:
    vae = linear_vae(encoder=np.eye(PIXELS)[:, :2], likelihood=likelihood)
    evaluated = evaluation_of(vae, noise_images(10))
    expected = None if bits is None else pytest.approx(evaluated.nll / PIXELS / np.log(2) + bits)
    assert evaluated.bits_per_dimension == expected
    assert ("test/bits_per_dimension" in evaluated.metrics("test")) == (bits is not None)


def test_colour_images_that_are_not_square_are_scored() -> None:
    network = {
        "hidden": [8],
        "decoder_hidden": None,
        "batch_norm": False,
        "dropout": 0.0,
        "conditional": False,
        "levels": None,
    }
    vae = assemble(
        architecture=Dense(latent_dim=3, scale="softplus", activation="relu", initializer=None, **network),
        likelihood=Gaussian(scale=0.3, learned=True, link="sigmoid"),
        objective=WeightedElbo(
            beta=1.0, distortion_weight=1.0, free_bits=0.0, sampling=True, schedule=Constant(of=None)
        ),
        image_shape=(5, 4, 3),
        seed=0,
    )
    evaluated = evaluation_of(vae, noise_images(40, (5, 4, 3)))
    assert evaluated.nll < -evaluated.elbo
    assert evaluated.bits_per_dimension == pytest.approx(evaluated.nll / (60 * np.log(2)) + 8)


@pytest.mark.parametrize("sampling", [True, False])
@pytest.mark.parametrize("beta", [0.0, 1.0])
@pytest.mark.parametrize("log_variance", [-1e30, -200.0, 60.0, 1e4, 1e30])
def test_no_posterior_gives_a_score_that_is_no_number(log_variance: float, beta: float, sampling: bool) -> None:
    objective = {"beta": beta, "sampling": sampling}
    vae = linear_vae(encoder=np.eye(PIXELS)[:, :2], decoder=np.eye(PIXELS)[:2], log_variance=log_variance, **objective)
    evaluated = evaluation_of(vae, noise_images(20))
    assert np.isfinite(list(evaluated.metrics("test").values())).all()
    assert not np.isnan([value for value in numbers(evaluated).values() if isinstance(value, float)]).any()


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_scored_in_full(small_vae, blobs, precision: str) -> None:
    keras.config.set_dtype_policy(precision)
    try:
        half = small_vae()
    finally:
        keras.config.set_dtype_policy("float32")
    full = small_vae()
    full.set_weights(half.get_weights())
    assert evaluation_of(half, blobs(50)).metrics("test") == pytest.approx(
        evaluation_of(full, blobs(50)).metrics("test"), rel=0.05
    )


EXAMPLE = {"loss": 1.0, "rate": 2.0, "distortion": 3.0, "elbo": -5.0, "mse": 0.1, "active_units": 1, "collapsed": 0.5}


def test_metrics_are_named_by_their_split_and_absent_where_there_are_none() -> None:
    evaluated = Evaluation(**EXAMPLE, nll=4.0, nll_standard_error=np.inf, warning="Beware.")
    assert evaluated.metrics("test") == {f"test/{name}": value for name, value in {**EXAMPLE, "nll": 4.0}.items()}


OTHERS = {"split", "warning", "feature_network", "samples", "images", "given_class", "has_bound"}
NUMBERS = [name for name in Evaluation.__dataclass_fields__ if name not in OTHERS]


def test_labels_say_what_each_score_is() -> None:
    every = {name: float(index) for index, name in enumerate(NUMBERS)}
    labelled = Evaluation(**every).labelled()
    assert sorted(labelled.values()) == sorted(every.values())
    assert labelled["ELBO, nats per image"] == every["elbo"]
    assert list(Evaluation(**EXAMPLE).labelled().values()) == [-5.0, 2.0, 3.0, 1.0, 0.1, 1.0, 0.5]
