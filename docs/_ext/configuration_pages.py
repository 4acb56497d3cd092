"""The reference of all settings, written from `conf/` and the signatures: a page a group, a section an option.

What a key is, and which values it takes, is said where the code checks it; its value here is what `--help` prints.
"""

import re
from collections.abc import Iterator

from annotated_yaml import AnnotatedYaml, Key
from options import Option, Row, options_of, sentence

from pipeline.places import CONF

GROUPS = {
    "dataset": "Data sets",
    "model": "Models",
    "likelihood": "Likelihoods",
    "objective": "Objectives",
    "objective/schedule": "Schedules of a weight",
    "training": "Training",
    "training/optimizer": "Optimizers",
    "training/schedule": "Schedules of the learning rate",
    "evaluation": "Evaluation",
    "pictures": "Pictures",
    "tracking": "Tracking",
    "sweep": "Studies",
    "sweep/sampler": "Samplers of a study",
    "sweep/pruner": "Pruners of a study",
    "hydra/launcher": "Launchers of jobs",
    "hydra/sweeper": "What -m calls",
    "experiment": "Presets",
    "commands/what": "What is generated",
}
"""The title of each folder of `conf/` that has options to choose from, in the order of reading."""

FOR_SEVERAL = {"sweep", "sweep/sampler", "sweep/pruner", "hydra/launcher", "hydra/sweeper"}
"""Groups that only a command with `-m` has a use for."""

OF_HYDRA = {
    "hydra/launcher": {
        "basic": "One job begins after the other, in the process of the command: Hydra's own launcher, the default.\n",
        "joblib": "The workers of a study, or the trainings of a family, are processes on this machine, side by side. "
        "It is the plugin hydra-joblib-launcher, which `make setup` installs; `n_jobs` processes work at once, as many "
        "as there are cores unless it is set.\n\n"
        "```sh\n"
        "python -m pipeline.train -m hydra/launcher=joblib hydra.launcher.n_jobs=2 training.seed=0,1,2,3\n"
        "python -m pipeline.train hydra/launcher=joblib --cfg hydra -p hydra.launcher   # all of its keys\n"
        "```\n",
    }
}
"""Options of Hydra and its plugins that belong to a group, and what there is to say of them."""


def pages() -> dict[str, str]:
    """The Markdown of each page by its name below `docs/configuration`."""
    written = {group.replace("/", "_").removeprefix("commands_"): _page(group) for group in GROUPS}
    return written | {"commands": _commands_page(), "index": _index(list(written))}


def _page(group: str) -> str:
    typed = group.removeprefix("commands/")
    several = " It belongs to commands with `-m`." if group in FOR_SEVERAL else ""
    command = "generate" if group.startswith("commands/") else "train"
    lines = [
        f"# {GROUPS[group]}: `{typed}`",
        "",
        f"An option is chosen with `{typed}=…` on the command line of `python -m pipeline.{command}`.{several}",
        "",
    ]
    if group == "dataset":
        lines += _section(Option(CONF / "bases" / "dataset.yaml"), "Of every data set")
    for option in options_of(group):
        lines += _section(option, f"`{option.path.stem}`")
    for name, text in OF_HYDRA.get(group, {}).items():
        lines += [f"## `{name}`", "", text]
    return "\n".join(lines)


def _section(option: Option, title: str) -> list[str]:
    text, commands = option.yaml.header
    lines = [f"## {title}", "", prose(text), ""]
    lines += ["```sh", *commands, "```", ""] if commands else []
    if option.yaml.is_global:
        return [*lines, "```yaml", option.yaml.body, "```", ""]
    if option.parent and option.parent.group == option.group:
        lines += [f"All other keys are those of `{option.parent.path.stem}`.", ""]
    subgroups = [f"`{option.group}/{name}={value}`" for name, value in option.subgroups.items()]
    lines += [f"It chooses {' and '.join(subgroups)}.", ""] if subgroups else []
    target = option.yaml.content.get("_target_")
    lines += [f"Its keys are the arguments of `{target}`.", ""] if target and option.rows else []
    lines += [f"It calls `{target}`, without arguments.", ""] if target and not option.rows else []
    return [*lines, *_table(option.rows)]


def _table(rows: list[Row]) -> list[str]:
    if not rows:
        return []
    typed = any(row.kind for row in rows)
    heads = ["key", *(["type"] if typed else []), "default", "meaning"]
    lines = [
        ":::{container} keys" + ("" if typed else " untyped"),
        "",
        f"| {' | '.join(heads)} |",
        f"|{' --- |' * len(heads)}",
    ]
    for row in rows:
        cells = [
            f"`{row.key}`",
            *([row.kind] if typed else []),
            f"`{row.value}`" if row.value else "",
            prose(row.meaning),
        ]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return [*lines, "", ":::", ""]


def prose(text: str) -> str:
    """Text of a comment as Markdown: what looks like code is set as such, nothing is taken for markup."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if part.startswith("`") else _plain(part) for part in parts)


CODE = re.compile(
    r"(?<![\w/.])(?:[+]?[a-z_]+(?:[./][a-z_]+)*=[^\s,;)]*[^\s,;:.)]|conf/[\w/.]+|mlruns/[\w/.]*[\w/]|(?<![\w-])--[a-z][\w-]*|[\w/]+\.(?:yaml|md|json|csv)\b|VAE_\w+|MLFLOW_\w+)"
)


def _plain(text: str) -> str:
    found, at = [], 0
    for code in CODE.finditer(text):
        found += [_escaped(text[at : code.start()]), f"`{code[0]}`"]
        at = code.end()
    return "".join([*found, _escaped(text[at:])])


def _escaped(text: str) -> str:
    return re.sub(r"([*_\[\]<>$\\])", r"\\\1", text)


def _commands_page() -> str:
    lines = [
        "# Commands",
        "",
        "Each command is `python -m pipeline.` and its name. `--help` prints its groups and keys.",
        "",
    ]
    for path in sorted((CONF / "commands").glob("*.yaml"), key=lambda path: (path.stem != "train", path.stem)):
        yaml = AnnotatedYaml(path)
        told = yaml.content["hydra"]["help"]
        lines += [f"## `{path.stem}`", "", prose(told["header"]), "", *_examples(told["footer"])]
        lines += _table([Row(key.name, "", key.written or "", sentence(key.comment)) for key in keys_of_command(yaml)])
    return "\n".join(lines)


def keys_of_command(yaml: AnnotatedYaml) -> Iterator[Key]:
    bases = [each for each in yaml.content["defaults"] if isinstance(each, str) and each.startswith("bases/")]
    bases = ["bases/store", *bases] if "bases/run" in bases else bases
    files = [AnnotatedYaml(CONF / "commands" / f"{base}.yaml") for base in bases]
    for file in (yaml, *files):
        for key in file.keys:
            if not key.name.startswith("references.") and key.written != "":
                yield key


def _examples(footer: str) -> list[str]:
    blocks = re.findall(r"(?:^  .*\n?)+|^(?!Examples?:$).+(?:\n(?!  |Examples?:$).+)*", footer, re.MULTILINE)
    lines: list[str] = []
    for block in blocks:
        if block.startswith("  "):
            commands = [re.sub(r"(?<=\S) {4,}(?=\S)", "   # ", each[2:]) for each in block.splitlines()]
            lines += ["```sh", *commands, "```", ""]
        else:
            lines += [prose(block), ""]
    return lines


INDEX = """# Configuration

All groups, options and keys, written from `conf/` and from the signatures that values are checked against.
`group=option` chooses a file of `conf/`, `key=value` sets a key, and `--help` prints what a command would use:

```sh
python -m pipeline.train dataset=mnist model=conv model.latent_dim=8 --help
```

Lists are written `[1,2]`, nothing is `null`, `???` has to be given, and what has brackets or spaces is quoted for the
shell. Whatever has the wrong type or is out of range is refused before any image is loaded.

:::{{container}} groups

| | group | options |
| --- | --- | --- |
{rows}

:::

```{{toctree}}
:hidden:

{names}
commands
```
"""


def _names(group: str) -> list[str]:
    return [*(option.path.stem for option in options_of(group)), *OF_HYDRA.get(group, {})]


def _index(names: list[str]) -> str:
    rows = [
        f"| [{GROUPS[group]}]({name}.md) | `{group.removeprefix('commands/')}` | "
        f"{' '.join(f'`{name}`' for name in _names(group))} |"
        for group, name in zip(GROUPS, names, strict=True)
    ]
    return INDEX.format(rows="\n".join(rows), names="\n".join(names))
