"""References trained anew, one after the other, and their numbers beside the published ones."""

from collections.abc import Callable, Mapping, Sequence

from rich.table import Table
from rich.text import Text as Styled

from pipeline.config.build import build, check_value
from pipeline.config.names import Config
from pipeline.config.values import Switch, Text
from pipeline.errors import InputError
from pipeline.places import HOME
from pipeline.process.console import UnreadConsole
from pipeline.runs.train import train
from pipeline.tracking.settings import store_of
from pipeline.verification.reference import Reference
from pipeline.verification.reference_page import reference_page

EXPERIMENT = "verify"
VERDICTS = {True: ("holds", "green"), False: ("misses", "red")}
PAGE = HOME / "docs" / "reference.md"


def verify(config: Config, compose: Callable[[Sequence[str]], Config]) -> list[str]:
    """Train the references that the config names; without `quick`, write the page from all that the store holds.

    Args:
        config: composed and resolved.
        compose: gives the config of a training with these overrides.

    Returns:
        The names of those whose number is not as good as it must be.

    Raises:
        InputError: a wrong setting, an unknown reference, or a training that fails.
    """
    quick: bool = check_value(config["quick"], Switch, "quick")
    every = {name: build(node, f"references.{name}", expected=Reference) for name, node in config["references"].items()}
    chosen = _chosen(every, check_value(config["only"], list[Text] | None, "only"))
    store = store_of(config)
    console = UnreadConsole()
    table = Table("reference", "here", "expected", "", box=None)
    failed: list[str] = []
    for name, reference in chosen.items():
        run_ids = []
        for run, overrides in reference.trainings(name, quick=quick).items():
            named = [f"tracking.experiment={EXPERIMENT}", f"tracking.name={run!r}"]
            pictures = f"pictures={'cards' if quick else 'few'}"
            run_ids.append(train(compose([*overrides, pictures, *named]), console=console).run_id)
        value = reference.value(store, run_ids)
        holds = reference.holds(value, quick)
        failed += [] if holds else [name]
        table.add_row(Styled(name), f"{value:.2f}", reference.expected(quick), Styled(*VERDICTS[holds]))
    console.print(table)
    if not quick:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(reference_page(store, every, EXPERIMENT, PAGE.read_text() if PAGE.exists() else ""))
        console.print(f"Written: {PAGE.relative_to(HOME)}")
    return failed


def _chosen(every: Mapping[str, Reference], only: Sequence[str] | None) -> Mapping[str, Reference]:
    unknown = [name for name in only or () if name not in every]
    if unknown:
        raise InputError(f"only: there is no reference {unknown[0]!r}. There are: {', '.join(every)}")
    return {name: each for name, each in every.items() if only is None or name in only}
