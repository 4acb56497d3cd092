"""What is mistyped is answered with what to type; that is typed, and works."""

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from checkout import Checkout
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from pipeline.config.names import hydra_literal, quoted

PROGRAM = """
import contextlib, importlib, io, json, sys
answers = []
for module, *arguments in json.loads(sys.argv[1]):
    out, err, code = io.StringIO(), io.StringIO(), 0
    sys.argv = [module, *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            importlib.import_module(f"pipeline.{module}").main()
        except SystemExit as end:
            code = end.code
    answers.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(answers))
"""


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


def answers(checkout: Checkout, commands: Sequence[Sequence[str]]) -> list[Answer]:
    """Of commands that end before anything heavy begins, all in one process: module and arguments each."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(list(map(list, commands)))],
        env=checkout.environment(),
        cwd=checkout.root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Answer(*each) for each in json.loads(done.stdout)]


MISTAKES = {
    ("train", "dataset=minst"): "dataset=minst: no such option. Did you mean dataset=mnist? dataset has: digits, ",
    ("train", "-m", "model=dense,cnv"): "model=cnv: no such option. Did you mean model=conv? model has: conv, dense",
    ("train", "+experiment=letters"): "+experiment=letters: an option of a group is typed without a plus: experiment=l",
    ("train", "objective/schedule=warmp"): "Did you mean objective/schedule=warmup? objective/schedule has: by_rate",
    ("train", "--epochs", "5"): "--epochs: no such flag. Settings are typed as key=value: training.epochs=5",
    (
        "train",
        "--batch-size=64",
    ): "--batch-size=64: no such flag. Settings are typed as key=value: training.batch_size=64",
    ("train", "model=conv", "-m", "training.seed=1,2"): "training.seed=1,2: Hydra reads no override behind a flag that",
    ("train", "--depth", "3"): "--depth: no such flag. --help lists the keys",
    ("compare", "--sort", "nll"): "--sort: no such flag. Settings are typed as key=value: sort=nll",
    ("train", "train.epochs=5"): "train: no such key. Did you mean training.epochs?",
    ("train", "likelihood.scale=1"): "likelihood.scale: no such key. The chosen option of likelihood has no settings;",
    ("train", "epochs=5"): "epochs: no such key. Did you mean training.epochs?",
    ("train", "modél.latent_dim=3"): "modél: no such key. Did you mean model.latent_dim?",
    ("generate", "run=a", "what.temperatur=3"): "Did you mean what.temperature?",
    ("train", "latent_dim"): "latent_dim: expected key=value; --help lists the keys",
    ("train", "model.latent_dim=choice(2,8)"): "several values are several trainings. Add -m, or give one value",
    ("train", "tracking.params={a: 1}"): "adds keys to tracking.params, which takes a plus: '+tracking.params={a: 1}'",
    ("train", "=3"): "=3: expected one of the group's options, which --help lists",
    ("train", "model.filters=[1"): "expected Hydra's grammar, such as 'model.filters=[32,64]'. Or if that is the text",
    ("train", "hydra.sweeper.n_trials=5"): "the key of a study for this is sweep.n_trials=5: -m sweep=study",
    ("train", "-m", "hydra.sweeper.n_jobs=2"): "the key of a study for this is sweep.slots=2: -m sweep=study",
    ("train", "hydra/sweeper=optuna"): "sweeper=optuna: the key of a study for this is sweep=study: -m sweep=study",
    ("train", "hydra/sweeper/sampler=tpe"): "the key of a study for this is sweep/sampler=tpe: -m sweep=study",
    ("train", "hydra.sweeper.sampler.seed=3"): "the key of a study for this is sweep.sampler.seed=3: -m sweep=study",
    ("train", "+hydra.sweeper.params={a:1}"): "the key of a study for this is +sweep.space={a:1}: -m sweep=study",
    ("train", "hydra.foo=1"): "hydra.foo: Hydra has no such key; --cfg hydra shows those that it has",
    ("train", "sweep.n_trials=5"): "no such key. Only a study has this key: add -m and, for example, sweep=",
    ("train", "-m", "sweep=architecture", "model.units=[8]"): (
        "model.units: this study searches it where model=conv alone. To fix it there: 'model.units=choice([8])'"
    ),
    ("train", "-m", "sweep=study", "sweep.space={a: choice(1,2)}"): "are typed in quotes where they are in braces",
}


@pytest.fixture(scope="module")
def refused(checkout: Checkout) -> dict[tuple[str, ...], Answer]:
    return dict(zip(MISTAKES, answers(checkout, list(MISTAKES)), strict=True))


@pytest.mark.parametrize("command", MISTAKES, ids=" ".join)
def test_a_mistyped_word_is_answered_with_the_right_one(refused: dict, command: tuple[str, ...]) -> None:
    answer = refused[command]
    assert MISTAKES[command] in answer.err
    assert answer.code == 2
    assert "Traceback" not in answer.err


TEXTS = (
    *(
        "/tmp/é/a",
        "/tmp/日/a",
        "/tmp/a(b)",
        "/tmp/a=b",
        "/tmp/a,b",
        "/tmp/[a]",
        "/tmp/a#b",
        "~/a",
        "/tmp/a'b",
        '/tmp/a"b',
    ),
    *("/tmp/${x}/a", "/tmp/a&b;c!d", "[a", 'it\'s (a) "test", é', "{a", "a,", "'a"),
)


def test_the_argument_that_a_refusal_prints_means_what_was_typed(checkout: Checkout) -> None:
    refused = answers(checkout, [["train", f"tracking.name={text}"] for text in TEXTS])
    assert [answer.code for answer in refused] == [2] * len(TEXTS)
    cures = [shlex.split(answer.err[answer.err.rindex("'tracking.name=\"") :])[0] for answer in refused]
    shown = answers(checkout, [["train", cure, "--cfg", "job", "--package", "tracking", "--resolve"] for cure in cures])
    assert [yaml.safe_load(answer.out)["name"] for answer in shown] == list(TEXTS)


def test_a_text_in_quotes_is_read_as_it_is() -> None:
    texts = [
        *TEXTS,
        "C:\\data\\${x}",
        "C:\\data\\new",
        "C:\\",
        "a\\'b",
        "\\${x}",
        "\\\\",
        "",
        "null",
        "true",
        "3",
        "a%20b",
        "-x",
        "\\'",
        "x\\\\'",
    ]
    parser = OverridesParser.create()
    for text in texts:
        for line in (quoted(text), quoted(text, '"'), hydra_literal(text)):
            value = parser.parse_override(f"key={line}").value()
            assert OmegaConf.to_container(OmegaConf.create({"key": value}), resolve=True) == {"key": text}, line


def test_a_reference_that_leads_nowhere_is_refused_with_how_to_mean_the_text(
    checkout: Checkout, tmp_path: Path
) -> None:
    done = checkout.train("dataset=folder", "dataset.dir=/tmp/${x}/a")
    assert done.returncode == 2
    cure = done.stderr.partition("Or if that is the text itself: ")[2]
    again = checkout.train("dataset=folder", *shlex.split(cure))
    assert "dataset.dir=/tmp/${x}/a: No such file or directory" in again.stderr


def test_several_values_without_m_are_refused_with_all_that_may_be_meant(checkout: Checkout) -> None:
    refused, listed = answers(checkout, [["train", "model.hidden=8,16"], ["compare", "experiment=a,b"]])
    assert refused.err.startswith(
        "model.hidden=8,16: several values. A training of each: add -m. A list: 'model.hidden=[8,16]'. One text: "
    )
    assert "-m" not in listed.err
    [shown] = answers(checkout, [["train", "model.hidden=[8,16]", "--cfg", "job", "--package", "model"]])
    assert yaml.safe_load(shown.out)["hidden"] == [8, 16]


def test_a_group_that_is_mistyped_is_named_as_a_whole(checkout: Checkout) -> None:
    optimizer, schedule, several = answers(
        checkout, [["train", "optimizer=sgd"], ["train", "schedule=cosine"], ["train", "dataset=mnist,fashion"]]
    )
    assert "Did you mean training/optimizer?" in optimizer.err
    assert "Did you mean training/schedule?" in schedule.err
    assert "A list" not in several.err
    assert "add -m" in several.err


def test_an_option_that_a_config_of_ones_own_names_wrongly_is_told(checkout: Checkout, tmp_path: Path) -> None:
    for group, content in {"dataset": "defaults: [digit]", "experiment": "defaults: [{override /model: cnv}]"}.items():
        (tmp_path / group).mkdir()
        (tmp_path / group / "mine.yaml").write_text(f"# @package _global_\n{content}\n")
    own = ("train", "--config-dir", str(tmp_path))
    dataset, experiment = answers(checkout, [(*own, "dataset=mine"), (*own, "experiment=mine")])
    assert dataset.err.startswith("dataset/mine.yaml: its defaults name dataset/digit, and there is no such config. ")
    assert experiment.err.startswith(
        "model=cnv, which a config names: no such option. Did you mean model=conv? model has: conv, dense"
    )
