"""The colours of runs in the UI's charts."""

from pipeline.tracking.store import Store

COLOUR = "mlflow.runColor"
"""Tag that the UI reads a run's colour from."""
# Neighbours in time are what people compare, so successive runs get colours far apart for all kinds of vision.
COLOURS = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"),
    *("#6a3d9a", "#b2a500", "#117733", "#882255", "#44aa99", "#7f7f7f"),
)
_GROUNDS = (None, 255, 0)
"""What the twelve are mixed with: nothing, white, black."""


def colour_of(store: Store, experiment_id: str, trial: int | None = None) -> str:
    """The colour of a new run: that of its trial's number if it has one, else the one after the experiment's latest."""
    if trial is not None:
        return colour(trial)
    latest = store.client.search_runs([experiment_id], order_by=["attributes.start_time DESC"], max_results=1)
    before = latest[0].data.tags.get(COLOUR) if latest else None
    return COLOURS[(COLOURS.index(before) + 1) % len(COLOURS)] if before in COLOURS else COLOURS[0]


def colour(number: int) -> str:
    """The colour of a number, one of 36: twelve, then the same lighter, then darker."""
    hue = COLOURS[number % len(COLOURS)]
    ground = _GROUNDS[number // len(COLOURS) % len(_GROUNDS)]
    if ground is None:
        return hue
    parts = [(3 * int(hue[at : at + 2], 16) + 2 * ground) // 5 for at in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)
