"""The description of a run says how the run ended, and what it shows."""

from pipeline.tracking.description import ended_early, shown
from pipeline.tracking.tags import NOTE


def test_a_run_that_several_processes_close_says_once_how_it_ended() -> None:
    once = ended_early("**Failed:** the first reason", {NOTE: "What the run shows."})
    twice = ended_early("**Failed:** the second reason", {NOTE: once})
    assert once == "**Failed:** the first reason\n\n---\n\nWhat the run shows."
    assert twice == "**Failed:** the second reason\n\n---\n\nWhat the run shows."
    assert shown({NOTE: twice}) == "What the run shows."
