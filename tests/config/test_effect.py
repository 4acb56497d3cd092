"""What is typed and has no effect is refused or said."""

import shlex

import pytest
from checkout import SMALL, Checkout

from pipeline.config.effect import without_effect
from pipeline.errors import InputError
from pipeline.models.objectives.weight_schedule import Cyclical

QUANTILE = "pictures.plane.x=[-2,2]"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ([QUANTILE], f"{QUANTILE} has no effect: only even coordinates have ends: add pictures.plane.spacing=even"),
        (["pictures=few", "pictures.pairs=[[0,1]]"], "has no effect: pictures.final leaves interpolations out"),
        (["pictures=cards", "pictures.mixture=3"], "pictures.mixture=3 has no effect: pictures.final leaves samples"),
        (
            ["training/schedule=steps", "training.epochs=10"],
            "training/schedule=steps has no effect: training.epochs ends",
        ),
        (
            ["objective/schedule=warmup", "training.epochs=10"],
            "objective/schedule=warmup has no full effect: training.epochs ends before",
        ),
        (
            ["objective=control", "training.patience=3"],
            "training.patience=3 has no effect: objective/schedule=by_rate moves the weight to the end",
        ),
        (["objective=autoencoder", "objective/schedule=warmup"], "has no effect: objective.beta is 0"),
        (["objective=control", "objective.beta=4"], "moves it: set objective.schedule.rate"),
        (["objective/schedule=cyclical", "training.epochs=10"], "objective/schedule=cyclical has no full effect"),
        (
            ["objective=autoencoder", "objective.free_bits=1"],
            "objective.free_bits=1 has no effect: objective.beta is 0",
        ),
        (
            ["evaluation=brief", "evaluation.nll_images=9"],
            "evaluation.nll_images=9 has no effect: evaluation.importance",
        ),
        (
            ["model.conditional=true", "evaluation.neighbours=3"],
            "evaluation.neighbours=3 has no effect: model.conditional=true tells the model the class",
        ),
        (
            ["objective=autoencoder", "evaluation=annealing"],
            "evaluation=annealing has no effect: objective= gives an auto",
        ),
        (
            ["objective=rae_l2", "evaluation.importance_samples=9"],
            "importance_samples=9 has no effect: objective= gives",
        ),
        (["dataset=digits", "evaluation.factor_samples=99"], "=99 has no effect: these images have no known factors"),
        (["model.latent_dim=2", "model.latent_dim=8"], "model.latent_dim=2 has no effect: model.latent_dim=8 follows"),
        (["model=conv", "model=dense"], "model=conv has no effect: model=dense follows"),
    ],
)
def test_a_setting_without_effect_is_said(composed, typed: list[str], said: str) -> None:
    [remark] = without_effect(typed, composed(*typed))
    assert said in remark


@pytest.mark.parametrize(
    "typed",
    [
        [QUANTILE, "pictures.plane.spacing=even"],
        [QUANTILE, "objective=autoencoder"],
        [QUANTILE, "objective=rae_l2"],
        ["pictures.mixture=3"],
        ["training/schedule=steps"],
        ["objective/schedule=warmup", "objective.schedule.epochs=29"],
        ["objective/schedule=cyclical", "training.epochs=20"],
        ["objective=mmd", "objective/schedule=warmup"],
        ["model.latent_dim=2", "model.latent_dim=2"],
        ["evaluation=annealing", "evaluation.annealing_images=9"],
        ["objective=autoencoder", "evaluation=brief"],
        ["objective=autoencoder", "evaluation.importance_samples=null"],
        ["dataset=shapes", "evaluation.factor_samples=99"],
        ["dataset=mnist", "dataset.dir=/tmp"],
        ["experiment=convolutional"],
        ["experiment=pythae_table"],
        ["+tracking.tags.who=me", "~dataset.seed"],
    ],
)
def test_a_setting_with_effect_is_not(composed, typed: list[str]) -> None:
    assert without_effect(typed, composed(*typed)) == []


@pytest.mark.parametrize("rise", [0.0, 0.3, 0.5, 0.75])
@pytest.mark.parametrize("cycles", [1, 3])
def test_a_rise_takes_too_long_if_no_epoch_is_left_whose_weight_is_final(composed, rise: float, cycles: int) -> None:
    typed = ["objective/schedule=cyclical", f"objective.schedule.rise={rise}", f"objective.schedule.cycles={cycles}"]
    config = composed(*typed, "objective.schedule.epochs=5")
    final_from = Cyclical(of=None, cycles=cycles, epochs=5, rise=rise).final_from
    for epochs in range(1, 17):
        config["training"]["epochs"] = epochs
        assert bool(without_effect(typed[:1], config)) == (final_from >= epochs), epochs


def test_free_bits_have_an_effect_on_a_rate_that_is_held_though_beta_is_0(composed) -> None:
    typed = ["objective=control", "objective.beta=0", "objective.free_bits=1"]
    [remark] = without_effect(typed, composed(*typed))
    assert remark.startswith("objective.beta=0 has no effect: objective/schedule=by_rate moves it")


def test_a_folder_for_digits_that_need_none_is_refused(composed) -> None:
    with pytest.raises(InputError, match=r"dataset.dir=/tmp has no effect: these images need no files. .* dataset=npz"):
        without_effect(["dataset.dir=/tmp"], composed("dataset.dir=/tmp"))
    assert without_effect(["dataset.dir=/tmp"], composed("dataset.dir=/tmp"), varied=["dataset"]) == []


@pytest.mark.parametrize(
    "typed",
    [["sweep=latent_filters"], ["sweep=study", "sweep.n_trials=5"], ["hydra/launcher=joblib"], ["sweep.points={}"]],
)
def test_what_only_several_trainings_have_is_refused_in_one(checkout: Checkout, typed: list[str]) -> None:
    done = checkout.train(*typed, "tracking.experiment=one")
    assert done.returncode == 2
    assert f"{' '.join(typed)}: without -m this is one training, in which that has no effect. Add -m, or" in done.stderr
    assert checkout.client.get_experiment_by_name("one") is None


@pytest.mark.slow
def test_the_command_that_the_refusal_prints_searches(checkout: Checkout) -> None:
    typed = ("sweep=kl_weight", "sweep.study=meant", "sweep.n_trials=1", *SMALL)
    refused = checkout.train(*typed, "training.patience=null")
    assert refused.returncode == 2
    module, *arguments = shlex.split(refused.stderr.partition("leave it out: python -m ")[2])
    done = checkout.run(module, *arguments)
    assert done.returncode == 0, done.stderr
    assert "\n1 done\n" in done.stdout


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["what=plane", "point=[0,1]"], "what=plane has no effect: point= decides what is made. Leave one out"),
        (
            ["what=interpolations", "what.files=[a,b]", "what.pairs=[[0,1]]"],
            "what.pairs=[[0,1]] has no effect: what.files decide. Leave one out",
        ),
        (["what.components=3"], "what.components=3 has no effect: add what.density=mixture"),
    ],
)
def test_generate_refuses_what_has_no_effect(checkout: Checkout, typed: list[str], said: str) -> None:
    done = checkout.run("pipeline.generate", "run=nothing", *typed)
    assert (done.returncode, done.stderr.strip()) == (2, said)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["objective/schedule=warmup", "objective.schedule.epochs=a"], "objective.schedule.epochs=a: expected"),
        (["training/schedule=steps", "training.schedule.milestones=5"], "training.schedule.milestones=5: expected"),
    ],
)
def test_a_wrong_value_of_what_may_have_no_effect_is_refused_as_any_other(
    checkout: Checkout, overrides: list[str], said: str
) -> None:
    done = checkout.train(*overrides)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_finished_run_decides_is_said_with_that_condition() -> None:
    config = {"what": {"settings": {"spacing": "quantile", "x": [-2, 2]}}}
    [remark] = without_effect(["what.settings.x=[-2,2]"], config)
    assert remark.startswith("what.settings.x=[-2,2] has no effect, unless the run is an autoencoder: only even coord")


def test_settings_idle_for_one_reason_are_said_in_one_line(composed) -> None:
    typed = ["objective=autoencoder", "evaluation.importance_samples=9", "training.epochs=2", "evaluation.nll_images=5"]
    [remark] = without_effect(typed, composed(*typed))
    assert remark.startswith("evaluation.importance_samples=9 and evaluation.nll_images=5 have no effect: objective=")
