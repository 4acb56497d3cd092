"""From config nodes to objects: what is right is built, what is wrong is refused in the user's own words."""

import inspect
import sys
from pathlib import Path

import keras
import pytest

from pipeline.config.build import ALLOWED, build, locate
from pipeline.errors import InputError
from pipeline.models.architecture import Architecture
from pipeline.models.dense import Dense
from pipeline.models.likelihood import Gaussian, Likelihood
from pipeline.models.objectives.objective import Objective
from pipeline.places import CONF
from pipeline.training.schedule import Constant, Cosine
from pipeline.training.settings import TrainingSettings

DENSE = {
    "_target_": "pipeline.models.dense.Dense",
    "latent_dim": 2,
    "scale": "log_variance",
    "activation": "relu",
    "initializer": None,
    "hidden": [64, 32],
    "decoder_hidden": None,
    "batch_norm": False,
    "dropout": 0.0,
    "conditional": False,
    "levels": None,
}
TRAINING = {
    "_target_": "pipeline.training.settings.TrainingSettings",
    "epochs": 3,
    "batch_size": 8,
    "patience": None,
    "seed": 0,
    "learning_rate": 0.001,
    "optimizer": {"_target_": "keras.optimizers.Adam", "beta_1": 0.8},
    "schedule": {"_target_": "pipeline.training.schedule.Constant"},
    "steps_per_execution": 1,
    "jit_compile": False,
    "runtime": {"_target_": "pipeline.runtime.RuntimeSettings", "precision": "float32", "threads": None},
}
OBJECTIVE = {"_target_": "pipeline.models.objectives.weighted_elbo.WeightedElbo", "beta": 1.0, "distortion_weight": 1.0}
OBJECTIVE |= {
    "schedule": {"_target_": "pipeline.models.objectives.weight_schedule.Constant", "of": None},
    "free_bits": 0.0,
    "sampling": True,
}


def refusal(node, key: str = "model", **how) -> str:
    with pytest.raises(InputError) as refused:
        build(node, key, **how)
    return str(refused.value)


def without(node, name: str) -> dict:
    return {key: value for key, value in node.items() if key != name}


# Every YAML of ours.

GROUPS = ("model", "likelihood", "objective", "training")
FILES = sorted(file.relative_to(CONF).with_suffix("") for group in GROUPS for file in (CONF / group).rglob("*.yaml"))
WANTED = {"model": Architecture, "likelihood": Likelihood, "objective": Objective, "training": TrainingSettings}


def node_of(file: Path, composed) -> dict:
    node = composed(f"{file.parent}={file.name}")
    for part in file.parent.parts:
        node = node[part]
    return node


every_file = pytest.mark.parametrize("file", FILES, ids=str)


def test_files_are_found() -> None:
    below = {"objective/schedule", "training/optimizer", "training/schedule"}
    assert {file.parent.as_posix() for file in FILES} == {*GROUPS, *below}


@every_file
def test_every_file_composes_and_builds(file: Path, composed) -> None:
    config = composed(f"{file.parent}={file.name}")
    group = file.parts[0]
    assert isinstance(build(config[group], group), WANTED[group])


@every_file
def test_every_key_of_a_file_is_a_parameter_and_every_parameter_a_key(file: Path, composed) -> None:
    node = node_of(file, composed)
    target = locate(node["_target_"], "node")
    parameters = inspect.signature(target).parameters.values()
    names = {each.name for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)}
    keys = set(node) - {"_target_"}
    if target.__module__.startswith("pipeline."):
        assert keys == names
        assert all(each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in parameters)
        assert all(each.default is each.empty for each in parameters), "defaults stand in the YAML alone"
    else:
        assert keys <= names


@every_file
def test_every_file_says_what_it_is_in_a_comment(file: Path) -> None:
    assert (CONF / file).with_suffix(".yaml").read_text().startswith("# ")


# What is right.


def test_values_arrive_as_they_are() -> None:
    assert build(DENSE, "model") == Dense(**without(DENSE, "_target_"))


def test_nodes_within_nodes_are_built_first() -> None:
    training = build(TRAINING, "training")
    assert training.schedule == Constant()
    assert isinstance(training.optimizer, keras.optimizers.Adam)
    assert training.optimizer.beta_1 == 0.8
    assert training.patience is None


@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_every_seed_is_a_seed(seed: int) -> None:
    assert build(TRAINING | {"seed": seed}, "training").seed == seed


def test_whole_number_will_do_for_a_real_one() -> None:
    assert build(OBJECTIVE | {"beta": 4}, "objective").beta == 4.0


# Names.


@pytest.mark.parametrize(
    ("typed", "meant"), [("latent_dims", "latent_dim"), ("hiden", "hidden"), ("batchnorm", "batch_norm")]
)
def test_misspelt_key_is_answered_with_the_one_meant_and_all_there_are(typed: str, meant: str) -> None:
    assert refusal(DENSE | {typed: 1}) == (
        f"model.{typed}: no such key. Did you mean model.{meant}? "
        "model has: latent_dim, scale, activation, initializer, hidden, decoder_hidden, batch_norm, dropout, "
        "conditional, levels"
    )


def test_key_like_no_other_is_answered_without_a_guess() -> None:
    assert refusal(DENSE | {"xyz": 1}).startswith("model.xyz: no such key. model has: latent_dim, ")


def test_keras_bookkeeping_is_no_setting_of_a_layer_of_ours() -> None:
    node = {"_target_": "pipeline.models.likelihood.Gaussian", "scale": 0.1, "learned": True, "link": "sigmoid"}
    assert isinstance(build(node, "likelihood"), Gaussian)
    assert refusal(node | {"name": "x"}, "likelihood") == (
        "likelihood.name: no such key. likelihood has: scale, learned, link"
    )


@pytest.mark.parametrize("name", [name for name in DENSE if name != "_target_"])
def test_missing_key_is_named(name: str) -> None:
    assert refusal(without(DENSE, name)) == f"model.{name}: missing. Give it a value: model.{name}=…"


def test_key_within_a_nested_node_has_its_whole_path() -> None:
    node = TRAINING | {"runtime": {"_target_": "pipeline.runtime.RuntimeSettings", "precision": "float32", "thread": 1}}
    assert refusal(node, "training") == (
        "training.runtime.thread: no such key. Did you mean training.runtime.threads? "
        "training.runtime has: precision, threads"
    )


# Types and ranges.


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("latent_dim", 2.5, "model.latent_dim=2.5: expected a valid integer, for example model.latent_dim=2"),
        ("latent_dim", 2.0, "model.latent_dim=2.0: expected a valid integer, for example model.latent_dim=2"),
        ("latent_dim", True, "model.latent_dim=true: expected a valid integer, for example model.latent_dim=2"),
        ("latent_dim", "2", "model.latent_dim='2': expected a valid integer, for example model.latent_dim=2"),
        ("latent_dim", None, "model.latent_dim=null: expected a valid integer, for example model.latent_dim=2"),
        ("latent_dim", 0, "model.latent_dim=0: expected a number greater than 0, for example model.latent_dim=2"),
        ("latent_dim", -1, "model.latent_dim=-1: expected a number greater than 0, for example model.latent_dim=2"),
        ("scale", "sigma", "model.scale=sigma: expected 'log_variance' or 'softplus'"),
        (
            "activation",
            "rleu",
            "model.activation=rleu: expected the name of a Keras activation, for example model.activation=relu",
        ),
        (
            "initializer",
            "he_norml",
            "model.initializer=he_norml: expected the name of a Keras initializer, the _target_ of one, or null, "
            "for example model.initializer=he_normal",
        ),
        ("hidden", 64, "model.hidden=64: expected a valid list, for example model.hidden=[32,64]"),
        ("hidden", [64, 0], "model.hidden=[64,0]: expected a number greater than 0, for example model.hidden=[32,64]"),
        ("batch_norm", 1, "model.batch_norm=1: expected a valid boolean, for example model.batch_norm=true"),
        ("dropout", 1.0, "model.dropout=1.0: expected a number less than 1, for example model.dropout=0.1"),
        (
            "dropout",
            "much",
            "model.dropout=much: expected a valid number, for example model.dropout=0.1",
        ),
        ("dropout", None, "model.dropout=null: expected a valid number, for example model.dropout=0.1"),
    ],
)
def test_wrong_value_is_refused_with_key_value_want_and_example(name: str, value: object, message: str) -> None:
    assert refusal(DENSE | {name: value}) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", None),
        ("batch_size", 1.5),
        ("patience", 0),
        ("patience", False),
        ("seed", -1),
        ("seed", 2**31),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("jit_compile", None),
    ],
)
def test_refusals_name_a_value_that_works(name: str, value: object) -> None:
    message = refusal(TRAINING | {name: value}, "training")
    assert message.startswith(f"training.{name}=")
    assert ": expected " in message
    cure = message.rpartition(f"for example training.{name}=")[2]
    good = {"true": True, "false": False}.get(cure) if cure in ("true", "false") else float(cure)
    good = int(good) if isinstance(good, float) and good.is_integer() else good
    build(TRAINING | {name: good}, "training")


def test_object_of_the_wrong_kind_is_refused_with_the_right_one() -> None:
    swapped = TRAINING | {"schedule": {"_target_": "keras.optimizers.Adam"}}
    assert (
        refusal(swapped, "training") == "training.schedule: that is of type Adam; expected the _target_ of a Schedule"
    )
    assert refusal(TRAINING | {"schedule": "cosine"}, "training") == (
        "training.schedule: that is of type str; expected the _target_ of a Schedule; "
        "choose one with training/schedule=cosine"
    )
    assert refusal(DENSE, expected=Likelihood) == "model: that is of type Dense; expected the _target_ of a Likelihood"


def test_what_the_target_itself_refuses_is_said_with_its_key() -> None:
    node = {"_target_": "pipeline.models.conv.Conv", **without(DENSE, "_target_")}
    node = without(without(node, "hidden"), "decoder_hidden")
    node |= {"filters": [8, 8], "strides": [2], "kernel": 3, "units": [], "decoder_units": []}
    node |= {"decoder_channels": None, "decoder_filters": None, "decoder_strides": None}
    assert refusal(node).startswith("model: expected as many strides as filters, but strides=[2] has 1")


@pytest.mark.parametrize(
    ("arguments", "given", "reason"),
    [
        ({"beta_9": 0.5}, "training.optimizer.beta_9=0.5", "not recognized"),
        ({"learning_rate": "x"}, "training.optimizer.learning_rate=x", "should be float"),
        (
            {"clipnorm": 1.5, "clipvalue": 0.5},
            "training.optimizer.clipnorm=1.5, training.optimizer.clipvalue=0.5",
            "Only one of",
        ),
    ],
)
def test_what_keras_refuses_is_said_with_keys_values_and_its_reason(arguments, given: str, reason: str) -> None:
    node = TRAINING | {"optimizer": {"_target_": "keras.optimizers.Adam", **arguments}}
    message = refusal(node, "training")
    assert message.startswith(f"training.optimizer: keras.optimizers.Adam refused {given}: ")
    assert reason in message


def test_abstract_target_is_refused() -> None:
    message = refusal({"_target_": "pipeline.training.schedule.Schedule"}, "schedule")
    assert message.startswith("schedule: pipeline.training.schedule.Schedule refused its defaults: ")


# Targets.


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of the user's that is not imported yet."""
    (tmp_path / "their_package").mkdir()
    (tmp_path / "their_package" / "__init__.py").write_text("")
    (tmp_path / "their_package" / "schedule.py").write_text(
        "from pipeline.training.schedule import Constant\nclass Theirs(Constant):\n    pass\n"
        "def any_number(*values, factor):\n    return factor\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "their_package.schedule"
    for name in [name for name in sys.modules if name.startswith("their_package")]:
        del sys.modules[name]


def test_untrusted_package_is_refused_and_not_imported(outside: str) -> None:
    assert refusal({"_target_": f"{outside}.Theirs"}, "schedule") == (
        f"schedule._target_={outside}.Theirs: only {', '.join(ALLOWED)} may be named. "
        "If you trust this package, set trusted=[their_package]"
    )
    assert "their_package" not in sys.modules


def test_trusted_package_is_built_at_any_depth(outside: str) -> None:
    theirs = {"_target_": f"{outside}.Theirs"}
    assert type(build(theirs, "schedule", ["their_package"])).__name__ == "Theirs"
    training = build(TRAINING | {"schedule": theirs}, "training", ["their_package"])
    assert isinstance(training.schedule, Constant)


def test_name_that_only_begins_like_a_trusted_one_is_refused(outside: str) -> None:
    assert "keras.regularizers, their may be named" in refusal({"_target_": f"{outside}.Theirs"}, trusted=["their"])
    assert "may be named" in refusal({"_target_": "kerasx.layers.Dense"})


def test_positional_arguments_of_a_function_are_no_keys(outside: str) -> None:
    node = {"_target_": f"{outside}.any_number", "factor": 3}
    assert build(node, "node", ["their_package"]) == 3
    assert "no such key" in refusal(node | {"values": 1}, "node", trusted=["their_package"])
    assert "no such key" in refusal(node | {"factors": 1}, "node", trusted=["their_package"])


@pytest.mark.parametrize("path", ["os.system", "builtins.eval", "subprocess.run"])
def test_the_standard_library_is_not_to_be_called(path: str) -> None:
    assert f"model._target_={path}: only pipeline, keras.activations" in refusal({"_target_": path, "x": "true"})


@pytest.mark.parametrize(
    "path", ["pipeline.models.dense.Dnse", "pipeline.nowhere.Dense", "pipeline", "keras.optimizers.Adam.beta"]
)
def test_target_that_leads_nowhere_is_named(path: str) -> None:
    assert refusal({"_target_": path}).startswith(f"model._target_={path}: nothing found there (")


def test_target_that_cannot_be_called_is_refused() -> None:
    assert refusal({"_target_": "pipeline.config.build.ALLOWED"}) == (
        "model._target_=pipeline.config.build.ALLOWED: that is a tuple; expected a class or function"
    )


@pytest.mark.parametrize(("path", "shown"), [(None, "null"), (3, "3")])
def test_target_must_be_a_path(path: object, shown: str) -> None:
    message = f"model._target_={shown}: expected the dotted path of a class or function"
    assert refusal({"_target_": path}) == message
    if path is None:
        assert refusal({"latent_dim": 2}) == message


def test_cosine_settings_have_their_ranges() -> None:
    node = {"_target_": "pipeline.training.schedule.Cosine", "rise": 0.3, "start": 0.1, "end": 0.0}
    assert build(node, "schedule") == Cosine(rise=0.3, start=0.1, end=0.0)
    assert refusal(node | {"rise": 1}, "schedule") == (
        "schedule.rise=1: expected a number less than 1, for example schedule.rise=0.1"
    )


@pytest.mark.parametrize("path", ["keras", "keras.utils.get_file", "keras.saving.load_model", "keras.layers.TFSMLayer"])
def test_what_keras_reads_and_writes_files_with_is_not_to_be_called(path: str) -> None:
    assert f"model._target_={path}: only pipeline, keras.activations" in refusal({"_target_": path})


def test_what_a_module_uses_of_others_is_not_to_be_called_through_it() -> None:
    said = refusal({"_target_": "pipeline.bundling.bundle_file.ZipFile", "file": "x", "mode": "w"})
    assert "that is of zipfile, which pipeline.bundling.bundle_file uses for itself" in said


def test_a_class_of_another_kind_is_not_called(outside: str) -> None:
    said = refusal({"_target_": f"{outside}.Theirs"}, trusted=["their_package"], expected=Likelihood)
    assert said == "model: that is of type Theirs; expected the _target_ of a Likelihood"
