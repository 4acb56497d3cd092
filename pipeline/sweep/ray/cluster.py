"""The command connects to a Ray cluster, or starts Ray on this machine, for as long as it has jobs there."""

import os
from collections.abc import Iterable

import ray
from ray import cloudpickle
from ray.util import list_named_actors

from pipeline.config.names import shown
from pipeline.errors import InputError
from pipeline.sweep.ray import supervisor
from pipeline.sweep.ray.settings import AUTO, CLIENT, RaySettings
from pipeline.text.wording import first_line, last_line

TRIES = 3
"""How often a cluster is asked for a connection that failed by chance."""
_CHANCES = (
    "ZombieProcess",
    "NoSuchProcess",
    "Starting Ray client server failed",
    "Proxy failed to Connect to backend",  # after RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S of the head, 30 s
)
"""What a head answers when the process of a client has died."""
NAMESPACE = "vae"
"""The namespace of Ray in which our supervisors have their names."""
TOKEN = (
    "A cluster that was started with a token lets in whoever has it: set RAY_AUTH_MODE=token, and the token of the "
    "cluster as RAY_AUTH_TOKEN or in ~/.ray/auth_token"
)
"""The cure of a missing token, of which Ray's errors say no more than that there is no connection."""


def connect(settings: RaySettings) -> None:
    """Connect this process to the cluster that the settings name, unless it is connected.

    Raises:
        InputError: no cluster is there, or it lets nobody in.
    """
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    for left in reversed(range(TRIES)):
        try:
            _connect(settings)
            break
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            if not (left and _is_chance(error)):
                reason = _reason(error, settings.address)
                raise InputError(f"hydra.launcher.address={shown(settings.address)}: {reason}") from error


def _connect(settings: RaySettings) -> None:
    here = {"include_dashboard": False, "object_store_memory": 100_000_000} if settings.address is None else {}
    # Lines of jobs come from their supervisors: Ray's log monitor is late at the end, and leaves out what repeats.
    ray.init(settings.address or "local", namespace=NAMESPACE, log_to_driver=False, logging_level="error", **here)
    # A node without this project would not know the module by its name.
    cloudpickle.register_pickle_by_value(supervisor)


def _is_chance(error: Exception) -> bool:
    """Tell whether the process that a head forks for each of its clients has died of the fork, as some do.

    Ray's issue 63202. The head then answers what psutil says of that process, or that it did not start or answer.
    """
    return any(sign in str(error) for sign in _CHANCES)


def disconnect() -> None:
    """End the connection; Ray that was started by this process ends with it."""
    ray.shutdown()


def nodes() -> str:
    """Say in words which nodes the cluster has, with what each has in all."""
    return ", ".join(
        f"{node['NodeManagerAddress']} with {node['Resources'].get('CPU', 0):g} CPUs and "
        f"{node['Resources'].get('GPU', 0):g} GPUs"
        for node in ray.nodes()
        if node["Alive"]
    )


def knows_any(names: Iterable[str]) -> bool:
    """Tell whether the head of the cluster knows an actor by one of these names; one that was started anew knows none.

    `ray.get_actor` would not ask it: a process keeps the names of its own actors.

    Raises:
        RayError: the head is gone, or is not the one that this process connected to and says so.
    """
    return not set(names).isdisjoint(list_named_actors())


def _reason(error: Exception, address: str | None) -> str:
    if address is None:
        return (
            f"Ray cannot be started on this machine: {last_line(error)}. Mend that, or do without Ray: "
            "hydra/launcher=joblib runs jobs on one machine, too"
        )
    if address == AUTO:
        return (
            f"no Ray is found on this machine ({first_line(error)}). Start it: ray start --head --port=6379; or name "
            f"a cluster: hydra.launcher.address={CLIENT}<host>:10001; null starts Ray here"
        )
    if address.startswith(CLIENT):
        return (
            f"{last_line(error)}. Ray and Python must have the same versions there and here, and since Ray 2.60 the "
            "head lets commands of other machines in only if it was started with a port for its agent: ray start "
            f"--head --port=6379 --runtime-env-agent-port=6380. {TOKEN}"
        )
    return f"{last_line(error)}. {TOKEN}. A machine that is not in the cluster connects to {CLIENT}<host>:10001"
