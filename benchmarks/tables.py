"""The results for a reader."""

from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

NOTE = "ratio: median of those within rounds; how many times as fast as it we are; for the floor, how far above it"

RACE_NOTE = "ratio: its seconds over ours; epochs include their validation, the first one also imports and tracing"

PACE = ("epochs", "first epoch", "median epoch", "last loss", "reached after")

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
    _show_absent(console, record["absent"])
    _warn_of_company(console, record["others_share_of_cores"], "rounds")
    console.print()


def show_races(console: Console, record: dict[str, Any]) -> None:
    """Programs of all races, two rows each."""
    if "failed" in record:
        console.print(f"{record['failed']}\n", markup=False, highlight=False)
        return
    title = f"race to a validation loss of {record['target_loss']:g} nats, ours: {record['command']}"
    table = Table(title=title, title_justify="left", caption=RACE_NOTE, caption_justify="left")
    for heading in ("seed", "program", *PACE, "ratio", "target", ""):
        table.add_column(heading, justify="left" if heading in ("program", "") else "right")
    for each in record["races"]:
        table.add_section()
        for number, (name, facts) in enumerate(each["programs"].items()):
            table.add_row(str(each["seed"]), name, *_pace(facts), *(_sooner(each["comparison"]) if number else ()))
    console.print(table)
    for each in record["races"]:
        _show_absent(console, each["absent"])
    busiest = max((each["others_share_of_cores"] for each in record["races"]), key=lambda share: share.get("mean", 0))
    _warn_of_company(console, busiest, "epochs")
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


def show_server_costs(console: Console, record: dict[str, Any]) -> None:
    """A run with tracking servers, beside one with a database."""
    if "failed" in record:
        console.print(f"{record['command']} failed: {_last_line(record['failed'])}", markup=False, highlight=False)
        return
    caption = "differences and shares are medians of those within rounds"
    table = Table(title=record["command"], title_justify="left", caption=caption, caption_justify="left")
    for heading in ("tracking", "seconds", "range", "more", "range", "share", "range", "target"):
        table.add_column(heading, justify="left" if heading == "tracking" else "right")
    for name, seconds in record["programs"].items():
        row = [name, *_range(seconds, "{:.1f}")]
        if name in record["comparisons"]:
            more = record["comparisons"][name]
            shares = {part: more["ratio"][part] - 1 for part in ("median", "min", "max")}
            row += [*_range(more["seconds"], "{:+.1f} s"), *_range(shares, "{:+.1%}"), f"< {more['target']:.0%}"]
        table.add_row(*row)
    console.print(table)
    console.print()


def show_searches(console: Console, record: dict[str, Any]) -> None:
    """Grids, learning searches, and what a trial costs beside its training."""
    _show_grids(console, record["grid"], "the same grid")
    _show_learning(console, record["learning"])
    _show_overhead(console, record["overhead"])


def show_engines(console: Console, record: dict[str, Any]) -> None:
    """The same grid on engines; a ratio is how much longer Ray Tune took."""
    _show_grids(console, record, "Ray Tune beside ours, the same grid")


def show_own_data(console: Console, record: dict[str, Any]) -> None:
    """Starts on images of a user's own: the first, from the cache, and without one."""
    table = Table(title="Starts on images of one's own", title_justify="left")
    for heading in ("data", "start", "seconds", "GB at the peak", "GB of its own"):
        table.add_column(heading, justify="left" if heading in ("data", "start") else "right")
    for name, starts in record["starts"].items():
        for number, start in enumerate(starts):
            which = "first" if number == 0 else "from the cache" if start["cached"] else "without a cache"
            numbers = (start[key] for key in ("seconds", "gigabytes_peak", "gigabytes_own"))
            table.add_row(name, which, *(f"{value:.2f}" for value in numbers))
    console.print(table)


def _show_grids(console: Console, record: dict[str, Any], title: str) -> None:
    if _show_failed(console, title, record):
        return
    table = Table(title=f"{title} of {record['points']} points, from command to end", title_justify="left")
    for heading in ("program", "seconds", "range", "ratio", "range", "target", ""):
        table.add_column(heading, justify="left" if heading in ("program", "") else "right")
    for name, seconds in record["programs"].items():
        spread = f"{seconds['median']:.1f}", f"{seconds['min']:.1f}–{seconds['max']:.1f}"
        table.add_row(name, *spread, *_ratio(record["comparisons"].get(name)))
    console.print(table)
    _show_absent(console, record.get("absent", {}))
    console.print()


def _show_learning(console: Console, record: dict[str, Any]) -> None:
    if _show_failed(console, "search", record):
        return
    title = f"TPE, {record['trials']} trials: ours prunes, the published sweeper does not"
    table = Table(title=title, title_justify="left")
    for heading in ("seed", "program", "best loss", "seconds in all", "seconds to the loss that both reached"):
        table.add_column(heading, justify="left" if heading == "program" else "right")
    for each in record["searches"]:
        table.add_section()
        for name, best in each["best"].items():
            seconds = each["seconds"][name], each["seconds_to_it"][name]
            table.add_row(str(each["seed"]), name, f"{best:.2f}", *(f"{part:.0f}" for part in seconds))
    console.print(table)
    console.print(f"sooner by {record['ratio']:.2f}x, expected 2x: {record['verdict']}\n", highlight=False)


def _show_overhead(console: Console, record: dict[str, Any]) -> None:
    if _show_failed(console, "overhead", record):
        return
    memory = record["memory_mb"]
    console.print(
        f"{record['trials']} trials one at a time: {record['beside_training']['median']:.2f} s each beside their "
        f"training, expected 1.2; around the tenth {record['early']:.2f} s, at the end {record['late']:.2f} s "
        f"({record['late'] / record['early']:.2f}x, expected 1.2x at most).\nThe process of the sweep takes "
        f"{memory['early']:.0f} MB at first, {memory['late']:.0f} MB at the end\n",
        highlight=False,
        soft_wrap=True,
    )


def _show_failed(console: Console, part: str, record: dict[str, Any]) -> bool:
    if "failed" in record:
        console.print(f"{part}: {record['failed']}", markup=False, highlight=False)
    return "failed" in record


def _show_absent(console: Console, absent: dict[str, str]) -> None:
    for name, reason in absent.items():
        console.print(f"{name}: {_last_line(reason)}", markup=False, highlight=False)


def _warn_of_company(console: Console, others: dict[str, float], turns: str) -> None:
    if others and others["mean"] > QUIET:
        console.print(
            f"[yellow]Others used {others['mean']:.0%} of the cores during the {turns}. Measure again on a quiet "
            "machine: programs suffer unequally from company, PyTorch's threads most[/yellow]",
            highlight=False,
        )


def _last_line(reason: str) -> str:
    """The error itself; the record has the whole traceback."""
    return reason.strip().rpartition("\n")[2]


def _count(facts: dict[str, Any]) -> str:
    return (
        f"{facts['parameters']:,}" if "parameters" in facts else f"{facts['flop_per_image'] / 1e6:.1f} MFLOP an image"
    )


def _range(spread: dict[str, float], form: str) -> tuple[str, str]:
    return form.format(spread["median"]), f"{form.format(spread['min'])} to {form.format(spread['max'])}"


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


def _pace(facts: dict[str, Any]) -> tuple[str, ...]:
    """How a program ran its race, in the columns of `PACE`."""
    first, middle = (f"{each:.1f} s" for each in (facts["seconds"][0], median(facts["seconds"])))
    reached, total = facts["seconds_to_target"], sum(facts["seconds"])
    after = f"never, in {total:.0f} s" if reached is None else f"{reached:.1f} s"
    return str(facts["epochs"]), first, middle, f"{facts['losses'][-1]:.2f}", after


def _sooner(comparison: dict[str, Any]) -> tuple[str, ...]:
    if not comparison:
        return ()
    ratio, at_least = comparison["ratio"], comparison["at_least"]
    shown = f"{ratio:.2f}x" if ratio else f"> {at_least:.2f}x" if at_least else ""
    if "target" not in comparison:
        return (shown,)
    return shown, f"≥ {comparison['target']:g}x", comparison["verdict"]
