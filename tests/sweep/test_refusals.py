"""Sweeps that the real command refuses before anything is trained."""

from pathlib import Path

import pytest
from checkout import Checkout
from data_files import pixels
from PIL import Image
from studies import COMMAND

DEFECTIVE = """
from pipeline.data.digits import Digits

class Source(Digits):
    def read(self, directory):
        raise ZeroDivisionError("a defect")
"""
"""A package of the user's, whose data cannot be read."""


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("model.latent_dim=1,2", "sweep.objective=test/nll"),
            "Use the validation split: validation/nll",
        ),
        (
            ("model.latent_dim=1,2", "evaluation=brief"),
            "sweep.objective=validation/nll: evaluation.importance_samples=null leaves it out. Set it to a number",
        ),
        (
            ("model.latent_dim=1,2", "sweep.objective=validation/kid"),
            "sweep.objective=validation/kid: evaluation.samples=null leaves it out. Set it to a number",
        ),
        (
            ("model.latent_dim=1,2", "evaluation.split=test"),
            "sweep.objective=validation/nll: evaluation.split=test scores another split. Leave evaluation.split out",
        ),
        (
            ("model.latent_dim=1,2", "dataset.validation=test"),
            "dataset.validation=test: a study must not choose by the test split, whose scores would then no longer "
            "tell how a model does on new images. Set the validation images apart from the training images: "
            "dataset.validation=0.1",
        ),
        (
            ("model.latent_dim=1,2", "sweep.objective=validation/bits_per_dimension"),
            "likelihood=Bernoulli gives these images no probability in bits, or choose another objective",
        ),
        (
            ("model.latent_dim=1,2", "objective.sampling=false"),
            "sweep.objective=validation/nll: objective.sampling=false gives an autoencoder, which has none",
        ),
        (
            ("model.latent_dim=1,2", "objective=autoencoder", "sweep.objective=validation/elbo"),
            "sweep.objective=validation/elbo: latents without noise bound no likelihood, so that it tells nothing. "
            "Choose an objective that draws them, or choose another objective: validation/mse",
        ),
        (
            ("model.latent_dim=1,2", "objective=autoencoder", "sweep.objective=validation/mse"),
            "sweep.prune_by=validation/epoch/elbo: latents without noise bound no likelihood, so that it tells "
            "nothing. Choose an objective that draws them, or set sweep.prune_by=validation/epoch/distortion",
        ),
        (
            ("likelihood=bernoulli,gaussian",),
            "and this study searches the likelihood. Use a metric that does not depend on it: ",
        ),
        (("model.latent_dim=2,-1",), "the point latent_dim=-1: model.latent_dim=-1: expected a number greater than 0"),
        (
            ("model.latent_dims=1,2",),
            "\nmodel.latent_dims: no such key. Did you mean model.latent_dim?",
        ),
        (
            ("model.latent_dim=1,2", "training.batch_size=1000000000"),
            "GB are free. Narrow the space, or lower training.batch_size",
        ),
        (
            ("model.latent_dim=1,2", "trusted=[os]", "likelihood._target_=os.abort"),
            "the search space was killed by SIGABRT; perhaps the memory was used up: narrow the space",
        ),
        (
            ("model.latent_dim=1,2", "trusted=[sys]", "likelihood._target_=sys.exit"),
            "the process that checked the search space ended with code 0 and gave no answer. Correct the code of yours",
        ),
        (
            ("training.runtime.threads=1,2",),
            "training.runtime.threads=2: TensorFlow already computes with another number in this",
        ),
        ((), "nothing is searched. Name keys and values, such as model.latent_dim=2,8,32"),
        (("model.latent_dim=1,2", "sweep.n_trial=3"), "sweep.n_trial: no such key. Did you mean sweep.n_trials?"),
        (
            ("model.latent_dim=1,2", "sweep/sampler=tpe", "sweep.sampler.n_startup_trials=x"),
            "sweep.sampler.n_startup_trials=x: expected",
        ),
        (
            ("objective.beta=interval(0,4)", "sweep/sampler=grid"),
            "an interval has infinitely many values, so no grid holds them",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_trained(
    checkout: Checkout, overrides, message: str
) -> None:
    done = checkout.train(
        *COMMAND, "sweep.study=refused", "sweep.n_trials=3", "tracking.experiment=refused", *overrides
    )
    assert done.returncode == 2, done.stdout
    assert message in f"\n{done.stderr}"
    assert "Traceback" not in done.stderr
    assert checkout.client.get_experiment_by_name("refused") is None


def test_a_defect_of_a_source_is_told_with_its_traceback(checkout: Checkout) -> None:
    (checkout.root / "defective.py").write_text(DEFECTIVE)
    source = ("trusted=[defective]", "dataset.source._target_=defective.Source")
    done = checkout.train(*COMMAND, "sweep.study=refused", "model.latent_dim=1,2", *source)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.endswith("\nZeroDivisionError: a defect\n")
    assert "memory" not in done.stderr


def test_missing_images_are_of_no_point(checkout: Checkout) -> None:
    done = checkout.train(*COMMAND, "sweep.study=refused", "model.latent_dim=1,2", "dataset=folder", "dataset.dir=none")
    assert done.returncode == 2
    assert "none: No such file or directory; expected a directory of images" in done.stderr
    assert "the point" not in done.stderr


def test_an_objective_that_needs_factors_is_refused_where_none_are_known(checkout: Checkout) -> None:
    objective = "sweep.objective=validation/mig"
    done = checkout.train(*COMMAND, "sweep.study=refused", "model.latent_dim=1,2", objective)
    assert done.returncode == 2
    assert (
        f"{objective}: it needs data whose factors are known, which digits has not. Set dataset=shapes, or choose"
        in done.stderr
    )


def test_an_objective_that_needs_factors_is_refused_where_images_are_few(checkout: Checkout) -> None:
    objective = "sweep.objective=validation/mig"
    few = ("dataset=shapes", "dataset.limit=300", "dataset.validation=99")
    done = checkout.train(*COMMAND, "sweep.study=refused", "model.latent_dim=1,2", objective, *few)
    assert done.returncode == 2
    assert f"{objective}: latents are compared with factors over 100 validation images or more" in done.stderr
    assert "these 99 are too few for any factor that the model is not told. Take more of them, or" in done.stderr


def test_an_objective_that_needs_classes_is_refused_where_there_is_one(checkout: Checkout, tmp_path: Path) -> None:
    for number in range(20):
        Image.fromarray(pixels(8, 8, seed=number)).save(tmp_path / f"{number}.png")
    images = ("dataset=folder", f"dataset.dir={tmp_path}", "dataset.source.height=8", "dataset.source.width=8")
    objective = "sweep.objective=validation/knn_accuracy"
    done = checkout.train(*COMMAND, "sweep.study=refused", "model.latent_dim=1,2", objective, *images)
    assert done.returncode == 2
    assert (
        f"{objective}: accuracy needs images of at least two classes. Sort the images into one folder per class, or"
        in done.stderr
    )
