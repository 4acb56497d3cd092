"""What to type once several trainings are done: commands that work as they are printed."""

import shlex
from collections.abc import Sequence

from pipeline.places import python
from pipeline.tracking.run import Run


def next_steps(parent: Run, one: str, of: str, overrides: Sequence[str], *, split: str) -> str:
    """Say where to look and what to type, a line each.

    Args:
        parent: the run that holds the trainings.
        one: the id or name of one of the trainings.
        of: that training, in words.
        overrides: the overrides of the command that trained them.
        split: on which they were scored. After validation images the test images are left, for the one that was chosen.
    """
    same = [shlex.quote(each) for each in overrides if each.startswith(("tracking.uri=", "trusted="))]
    on_test = _command("evaluate", f"run={one} evaluation.split=test", same)
    lines = {
        "See them": parent.where_to_look(),
        "Compare them": _command("compare", f"'runs=[{parent.id}]'", same),
        **({} if split == "test" else {f"Score {of} on the test split": on_test}),
        f"Generate from {of}": _command("generate", f"run={one}", same),
        "Serve it": _command("serve", f"run={one}", same),
        "Reproduce it": _command("reproduce", f"run={one}", same),
    }
    width = max(map(len, lines))
    return "\n".join(f"{says:<{width}}  {command}" for says, command in lines.items())


def _command(name: str, which: str, same: Sequence[str]) -> str:
    return " ".join([f"{python()} -m pipeline.{name}", which, *same])
