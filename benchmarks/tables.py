"""The results for a reader."""

from typing import Any

from rich.console import Console
from rich.table import Table

NOTE = "ratio: median of those within rounds; how many times as fast as it we are; for the floor, how far above it"

QUIET = 0.05
"""Share of all cores that others may use on a quiet machine."""


def show_machine(console: Console, facts: dict[str, Any], images: str) -> None:
    """One paragraph before the tables."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    console.print(
        f"{facts['cpu']}, {facts['cores']} cores, {facts['threads']} threads for every program, CPU only, float32\n"
        f"Python {facts['python']}, {versions}\nimages: {images}\n",
        highlight=False,
    )


def show_contest(console: Console, record: dict[str, Any]) -> None:
    """Programs of one contest, one row each."""
    rounds = len(next(iter(record["programs"].values()))["us_per_image"]["rounds"]) if record["programs"] else 0
    title = f"training at batch {record['batch_size']}: {rounds} rounds of {record['images']:,} images"
    table = Table(title=title, title_justify="left", caption=NOTE, caption_justify="left")
    for heading in ("program", "parameters", "µs an image", "range", "ratio", "range", "target", ""):
        table.add_column(heading, justify="left" if heading in ("program", "") else "right")
    for name, facts in record["programs"].items():
        table.add_row(name, _count(facts), *_speed(facts["us_per_image"]), *_ratio(record["comparisons"].get(name)))
    console.print(table)
    for name, reason in record["absent"].items():
        console.print(f"{name}: {_last_line(reason)}", markup=False, highlight=False)
    if (others := record["others_share_of_cores"]) and others["mean"] > QUIET:
        console.print(
            f"[yellow]Others used {others['mean']:.0%} of the cores during the rounds. Measure again on a quiet "
            "machine: programs suffer unequally from company, PyTorch's threads most[/yellow]",
            highlight=False,
        )
    console.print()


def show_whole_run(console: Console, record: dict[str, Any]) -> None:
    """From command to finished run."""
    if "failed" in record:
        console.print(f"{record['command']} failed: {_last_line(record['failed'])}\n", markup=False, highlight=False)
        return
    seconds = record["seconds"]
    console.print(
        f"{record['command']}\n  {seconds['median']:.1f} s from command to finished run "
        f"({seconds['min']:.1f}–{seconds['max']:.1f} s, {len(seconds['rounds'])} times)\n",
        highlight=False,
        soft_wrap=True,
    )


def show_costs(console: Console, record: dict[str, Any]) -> None:
    """Parts of a run: measured, and counted up."""
    if "failed" in record:
        console.print(f"{record['command']} failed: {_last_line(record['failed'])}", markup=False, highlight=False)
        return
    measured, counted = f"{record['epochs']} epochs, measured", f"{record['extrapolated_to_epochs']}, extrapolated"
    caption = "once as measured; each epoch and each picture as the mean of its calls after the first; no early stop"
    if record["limit"]:
        caption += f"; at most {record['limit']:,} images a split: on all of them training takes a larger share"
    table = Table(title=record["command"], title_justify="left", caption=caption, caption_justify="left")
    for heading in ("part", measured, "share", counted, "share"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    for name, part in record["measured"].items():
        later = record["extrapolated"][name]
        table.add_row(
            name,
            f"{part['seconds']:.2f} s",
            f"{part['share']:.1%}",
            f"{later['seconds']:.2f} s",
            f"{later['share']:.1%}",
        )
    console.print(table)


def _last_line(reason: str) -> str:
    """The error itself; the record has the whole traceback."""
    return reason.strip().rpartition("\n")[2]


def _count(facts: dict[str, Any]) -> str:
    return (
        f"{facts['parameters']:,}" if "parameters" in facts else f"{facts['flop_per_image'] / 1e6:.1f} MFLOP an image"
    )


def _speed(spread: dict[str, float]) -> tuple[str, str]:
    return f"{spread['median']:.0f}", f"{spread['min']:.0f}–{spread['max']:.0f}"


def _ratio(comparison: dict[str, Any] | None) -> tuple[str, ...]:
    if comparison is None:
        return ("", "", "", "")
    ratio = f"{comparison['median']:.2f}x", f"{comparison['min']:.2f}–{comparison['max']:.2f}"
    if "target" not in comparison:
        return (*ratio, "", "")
    sign = "<" if comparison["ratio"] == "ours / it" else "≥"
    return (*ratio, f"{sign} {comparison['target']:g}x", comparison["verdict"])
