"""A run's description says how the run ended, where that was early, and below a line what the run shows."""

from collections.abc import Mapping

from pipeline.tracking.tags import NOTE, PRUNED

_LINE = "\n\n---\n\n"
_EARLY_ENDS = ("**Killed:**", "**Failed:**", "**The process was killed.**")
"""What the description of a run that ended early begins with."""


def ended_early(how: str, tags: Mapping[str, str]) -> str:
    """Return the description of a run that ended early.

    Args:
        how: the run ended, in Markdown, which begins with one of the words for that in bold.
        tags: of the run, whose description so far stays below the line.
    """
    before = shown(tags)  # without how it ended before, which several processes may have written
    return f"{how}{_LINE}{before}" if before else how


def pruned_tags(reason: str) -> dict[str, str]:
    """Return the tags of a run that its study ended early, for a reason in Markdown."""
    return {PRUNED: "true", NOTE: f"**Pruned:** {reason}"}


def shown(tags: Mapping[str, str]) -> str:
    """Return the description of a run without how the run ended, for a run that goes on."""
    note = tags.get(NOTE, "")
    return note.partition(_LINE)[2] if note.startswith(_EARLY_ENDS) else note
