"""The YAML files of `conf/dataset`, and what the settings refuse."""

import importlib
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from data_files import FOLDER, Memory, dataset, node, refusal

from pipeline.config.build import build
from pipeline.data.npz_layout import WHOLE
from pipeline.data.settings import DatasetSettings
from pipeline.errors import InputError

NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_builds_with_the_same_defaults(name: str) -> None:
    settings: DatasetSettings = build(node(name), "dataset")
    assert settings.name == name
    published = name in ("folder", "npz")  # a validation split of the user's own
    assert (settings.validation, settings.limit, settings.seed) == (None if published else 0.1, None, 0)
    assert (settings.train, settings.binarisation) == ("train", "none")
    assert settings.classes == (["A", "E", "I", "O", "U"] if name == "emnist_vowels" else None)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_says_what_it_is_and_how_to_use_it(name: str) -> None:
    header = [line for line in (FOLDER / f"{name}.yaml").read_text().splitlines() if line.startswith("#")]
    assert len(header) >= 2
    command = header[-1].removeprefix("#").split()
    assert command[0] == "python"
    assert f"dataset={name}" in command
    assert max(map(len, header)) <= 120


def test_the_default_needs_no_files() -> None:
    assert build(node("digits"), "dataset").load().image_shape == (8, 8, 1)


def test_the_environment_gives_the_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAE_DATA_DIR", "/somewhere")
    assert build(node("mnist"), "dataset").dir == Path("/somewhere")
    assert build(node("mnist", "dir=/elsewhere"), "dataset").dir == Path("/elsewhere")
    assert build(node("folder"), "dataset").dir is None, "the variable is for published data sets"
    monkeypatch.delenv("VAE_DATA_DIR")
    assert build(node("mnist"), "dataset").dir is None


@pytest.mark.parametrize("name", ["folder", "npz", "dsprites"])
def test_your_own_files_must_be_pointed_at(name: str) -> None:
    assert refusal(build(node(name), "dataset").load).startswith("dataset.dir: missing; expected a")


def test_numbers_are_class_names_too() -> None:
    assert build(node("mnist", "classes=[3,7]"), "dataset").classes == ["3", "7"]
    assert build(node("fashion", "classes=[T-shirt/top,Ankle boot]"), "dataset").classes == [
        "T-shirt/top",
        "Ankle boot",
    ]


def test_home_is_understood() -> None:
    assert dataset(dir="~/images").dir == Path.home() / "images"


SETTINGS = [
    (
        "validation=0",
        "a share between 0 and 1, a number of images, the word test, or null, for example dataset.validation=0.1",
    ),
    ("validation=1.0", "a share between 0 and 1"),
    ("validation=-3", "a share between 0 and 1"),
    ("validation=true", "a share between 0 and 1"),
    ("validation=tests", "a share between 0 and 1"),
    ("train=test", "expected 'train' or 'all', for example dataset.train=train"),
    ("train=null", "expected 'train' or 'all'"),
    ("binarisation=true", "expected 'none', 'fixed' or 'each_epoch', for example dataset.binarisation=fixed"),
    ("binarisation=null", "expected 'none', 'fixed' or 'each_epoch'"),
    ("binarisation=None", "expected 'none', 'fixed' or 'each_epoch'"),
    ("binarisation=0.5", "expected 'none', 'fixed' or 'each_epoch'"),
    ("limit=0", "greater than 0"),
    ("limit=10.5", "a valid integer"),
    ("seed=-1", "greater than or equal to 0"),
    ("seed=null", "a valid integer"),
    ("classes=[]", "a list of class names, for example dataset.classes=[3,7]"),
    ("classes=A", "a list of class names"),
    ("classes=[A,A]", "each class name once"),
    ("classes=[true]", "class names that are text or whole numbers"),
    ("classes=[1.5]", "class names that are text or whole numbers"),
    ("dir=1.5", "a folder, or null"),
    ("source=mnist", "a node with the _target_ of a source of images"),
]


@pytest.mark.parametrize(("override", "phrase"), SETTINGS)
def test_a_bad_value_is_refused_with_its_key_and_the_cure(override: str, phrase: str) -> None:
    told = refusal(lambda: build(node("digits", override), "dataset"))
    assert told.startswith(f"dataset.{override.partition('=')[0]}")
    assert phrase in told


@pytest.mark.parametrize(
    ("name", "override", "phrase"),
    [
        ("folder", "source.channels=2", "dataset.source.channels=2: expected 1 or 3"),
        ("folder", "source.height=0", "dataset.source.height=0: expected"),
        ("folder", "source.test=1", "dataset.source.test=1: expected"),
        ("folder", "source.background=grey", "dataset.source.background=grey: expected 'black' or 'white'"),
        ("folder", "source.background=256", "for example dataset.source.background=white"),
        ("folder", "source.white=true", "dataset.source.white=true: expected"),
        ("folder", "source.white=0", "white=0 is black as well; expected two different values, or null for either"),
        ("mnist", "source.white=0", "white=0 is black as well"),
        ("folder", "source.skip_unreadable=2", "dataset.source.skip_unreadable=2: expected a valid boolean"),
        ("npz", "source.train_images=[a]", "dataset.source.train_images=[a]: expected a valid string"),
        ("npz", "source.class_names=[a,a]", "each class name once"),
        ("mnist", "source.md5.train_images=abc", "dataset.source.md5"),
        ("mnist", "source.mirrors=here", "dataset.source.mirrors=here: expected"),
    ],
)
def test_a_bad_value_of_a_source_is_refused(name: str, override: str, phrase: str) -> None:
    assert phrase in refusal(lambda: build(node(name, override), "dataset"))


def test_a_source_from_elsewhere_needs_one_method() -> None:
    settings = node("digits") | {"source": {"_target_": "data_files.Memory"}}
    data = build(settings, "dataset", trusted=["data_files"]).load()
    assert data.class_names == Memory().names


@pytest.mark.parametrize("source", [object(), Memory, None, {"folder": "mnist"}])
def test_what_is_no_source_is_refused(source: object) -> None:
    with pytest.raises(InputError, match="a node with the _target_ of a source of images"):
        dataset(source=source)


LATER = {
    "idx": {"black", "white"},
    "emnist": {"black", "white"},
    "folder": {"background", "black", "white", "skip_unreadable"},
    "npz": {"black", "white"} | {f"{part}_{kind}" for part in ("train", "validation", "test") for kind in WHOLE},
}
"""Settings of sources that came later: records of earlier versions lack them."""


@pytest.mark.parametrize(
    ("module", "name", "option"),
    [
        ("settings", "DatasetSettings", "mnist"),
        ("idx", "Idx", "mnist"),
        ("emnist", "Emnist", "emnist_letters"),
        ("folder", "Folder", "folder"),
        ("npz", "Npz", "npz"),
    ],
)
def test_no_setting_has_a_default_in_python_but_for_what_earlier_records_lack(
    module: str, name: str, option: str
) -> None:
    settings = {each.name: each for each in fields(getattr(importlib.import_module(f"pipeline.data.{module}"), name))}
    later = LATER.get(module, set())
    assert {key for key, each in settings.items() if not each.default is each.default_factory is MISSING} == later
    for key in later:
        assert settings[key].default == node(option)["source"][key], key


@pytest.mark.parametrize("name", ["mnist", "emnist_letters", "folder", "npz"])
def test_a_record_of_an_earlier_version_still_builds(name: str) -> None:
    settings = node(name)
    module = settings["source"]["_target_"].split(".")[2]
    settings["source"] = {key: value for key, value in settings["source"].items() if key not in LATER[module]}
    assert build(settings, "dataset") == build(node(name), "dataset")
