"""The page of all messages, by what they are about, with a field that finds the one that somebody has met."""

from configuration_pages import prose
from messages import Message, messages

from pipeline.config.effect_rules import RULES

TITLES = {
    "Settings and the command line": ("config", "train.py", "runtime.py", "address.py", "places.py", "process"),
    "Data sets and image files": ("data",),
    "Models, objectives and training": ("models", "training"),
    "Evaluation and pictures": ("evaluation", "pictures", "figures", "latent", "plotting.py"),
    "Going on with a run, or beginning from one": ("runs",),
    "Runs, tracking servers and the UI": ("tracking", "ui.py"),
    "Studies and several trainings": ("sweep", "study.py"),
    "Comparing runs": ("comparison", "compare.py"),
    "Generating images, scores and latents": ("generation", "generate.py"),
    "Serving a model": ("serve.py",),
    "Training a run again": ("reproduction", "reproduce.py", "verification", "verify.py"),
    "Bundles": ("bundling", "bundle.py"),
}
"""The chapters, and the rooms whose messages are in each."""

INTRODUCTION = """# Troubleshooting by error message

Every message with which a command refuses something, or warns, as it stands in the code; … is filled in when it is
shown. It says what was given, what is expected and what to type instead. A refusal ends the command with exit code 2,
and where settings or data are at fault, before anything is trained or written.

Messages of the form `key=value: expected …, for example key=…` come from the types of the settings: the
[configuration reference](configuration/index.md) has the values that each key takes.

```{raw} html
<input id="met" type="search" placeholder="Paste the message that you met" aria-label="The message that you met">
<p id="none" hidden>No message is like this. If a command of this project printed it, this page is at fault.</p>
```
"""


def page() -> str:
    """The Markdown of the page."""
    found = messages()
    placed = [
        _chapter(title, [each for each in found if each.file.split("/")[0] in rooms]) for title, rooms in TITLES.items()
    ]
    without = {each.file for each in found} - {each.file for each in found if _has_title(each)}
    assert not without, f"Give these a title in docs/_ext/error_page.py: {without}"
    return "\n".join([INTRODUCTION, *placed, _without_effect()])


def _has_title(message: Message) -> bool:
    return any(message.file.split("/")[0] in rooms for rooms in TITLES.values())


def _chapter(title: str, found: list[Message]) -> str:
    lines = [f"## {title}", "", ":::{container} messages", ""] if found else []
    for each in found:
        where = f"`pipeline/{each.file}`"
        lines += [prose(each.text), f": {'A warning, in ' if each.is_warning else ''}{where}", ""]
    return "\n".join([*lines, ":::", ""]) if found else ""


def _without_effect() -> str:
    """What is said of settings that are typed and change nothing."""
    lines = [
        "## Settings without effect",
        "",
        "`… has no effect: <reason>`, with one of these reasons. Those that are certainly a mistake end the command.",
        "",
    ]
    lines += [":::{container} messages", ""]
    for key, why, refused in dict.fromkeys((rule.key, rule.why, rule.is_refused) for rule in RULES):
        lines += [
            f"`{key}`: {prose(why)}",
            f": {'A refusal' if refused else 'A line before the training'}, in `pipeline/config/effect_rules.py`",
            "",
        ]
    return "\n".join([*lines, ":::", ""])
