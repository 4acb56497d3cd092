"""The settings of the Ray launcher are the keys below `hydra.launcher`: which cluster, and what each job gets there."""

import os
import re
import socket
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from pipeline.config.values import Count, Natural, Positive, Text, Weight
from pipeline.errors import InputError

CLIENT = "ray://"
"""What the address of a cluster that this machine is not in begins with."""
AUTO = "auto"
"""The address that stands for the cluster that this machine is in."""
CONNECT_TIMEOUT = 5.0
"""Seconds in which the server at an address must let itself be connected to."""


@dataclass(frozen=True, kw_only=True)
class RaySettings:
    """The settings of the Ray launcher.

    Attributes:
        address: the address of the cluster; null starts Ray on this machine, for this command alone.
        num_cpus: the cores of each job.
        num_gpus: the GPUs of each job, or a part of one.
        memory: the memory that Ray sets aside for each job, in GB; null for none.
        max_restarts: how often a job is started again when its process or its node is lost.
    """

    address: Annotated[Text, Field(examples=["ray://10.0.0.1:10001"])] | None
    num_cpus: Count
    num_gpus: Weight
    memory: Positive | None
    max_restarts: Natural

    def __post_init__(self) -> None:
        key = f"hydra.launcher.address={self.address}"
        address = self.address
        if address == AUTO and "RAY_ADDRESS" in os.environ:
            address = os.environ["RAY_ADDRESS"]
            key = f"RAY_ADDRESS={address}"
        if address and address != AUTO:
            _check_address(address, key)

    def options(self) -> dict[str, Any]:
        """Give Ray's options for an actor that runs a job."""
        memory = {"memory": int(self.memory * 1e9)} if self.memory else {}
        return {"num_cpus": self.num_cpus, "num_gpus": self.num_gpus, "max_restarts": self.max_restarts, **memory}

    def described(self) -> str:
        """Say in words what each job gets."""
        cpus = f"{self.num_cpus} CPU{'s' if self.num_cpus > 1 else ''}"
        gpus = [f"{self.num_gpus:g} GPU{'s' if self.num_gpus > 1 else ''}"] if self.num_gpus else []
        return " and ".join([cpus, *gpus, *([f"{self.memory:g} GB"] if self.memory else [])])


def _check_address(address: str, key: str) -> None:
    """Refuse an address of another kind, and one where nobody answers, for which Ray itself would wait for minutes."""
    if address.startswith(("http://", "https://")):
        raise InputError(
            f"{key}: that is Ray's dashboard, which starts no workers. Expected {CLIENT}<host>:10001; or on a machine "
            f"of the cluster hydra.launcher.address={AUTO}"
        )
    found = re.fullmatch(r"(?:ray://)?(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^/:@]+)):(?P<port>\d+)", address)
    if not found:
        raise InputError(
            f"{key}: expected {AUTO}, <host>:6379, {CLIENT}<host>:10001, or null, which starts Ray on this machine"
        )
    try:
        socket.create_connection((found["v6"] or found["host"], int(found["port"])), CONNECT_TIMEOUT).close()
    except (OSError, OverflowError) as error:
        how = "ray start --head --port=6379" + (" --runtime-env-agent-port=6380" if address.startswith(CLIENT) else "")
        raise InputError(
            f"{key}: no connection ({error}). Start Ray on that machine: {how}; or correct the address; "
            "null starts Ray here"
        ) from error
