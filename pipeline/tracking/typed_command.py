"""The command that was typed for a run, read from the tag that records it."""

import shlex
from collections.abc import Mapping

from pipeline.process.circumstances import COMMAND


def arguments_of(tags: Mapping[str, str]) -> list[str]:
    """Give the arguments of the command that made a run with these tags; none where they are not known."""
    try:
        return shlex.split(tags.get(COMMAND, ""))[3:]  # after `python -m pipeline.train`
    except ValueError:
        return []


def is_multirun(tags: Mapping[str, str]) -> bool:
    """Tell whether a run with these tags was made by a command that makes several."""
    return bool({"-m", "--multirun"} & set(arguments_of(tags)))


def trusted_in(tags: Mapping[str, str]) -> list[str]:
    """Give the packages that the command which made a run with these tags trusted, as far as they were typed there."""
    typed = [each.partition("=")[2] for each in arguments_of(tags) if each.startswith("trusted=")]
    packages = [each.strip(" '\"") for each in typed[-1].strip("[]").split(",")] if typed else []
    return [each for each in packages if each]
