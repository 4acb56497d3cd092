"""Models that have a name of their own, beside that of their run."""

from pipeline.tracking.store import Store
from pipeline.tracking.writes import Registration


def register(store: Store, run_id: str, name: str, description: str) -> str | None:
    """Make the model of a run the champion of this name, as a new version unless it already is.

    Returns:
        The version; None while the server is silent, which gives it one later.
    """
    store.write(run_id, Registration(name=name, description=description))
    of_run = f"name = '{name}' AND run_id = '{store.id_of(run_id)}'"  # another one may be the champion by now
    versions = [int(each.version) for each in store.client.search_model_versions(of_run)]
    return None if store.silence or not versions else str(max(versions))
