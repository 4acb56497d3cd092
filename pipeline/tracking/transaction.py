"""What reads or writes runs stays whole whatever signal comes, and whatever another process does meanwhile."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode


class _Recorder(Protocol):
    def transaction(self) -> AbstractContextManager[None]: ...


_Self = TypeVar("_Self", bound=_Recorder)
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_Entity = TypeVar("_Entity")


def whole(method: Callable[Concatenate[_Self, _Given], _Result]) -> Callable[Concatenate[_Self, _Given], _Result]:
    """Make a method that reads or writes runs one transaction."""

    @wraps(method)
    def unbroken(self: _Self, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        with self.transaction():
            return method(self, *args, **kwargs)

    return unbroken


def found_or_made(find: Callable[[], _Entity | None], make: Callable[[], _Entity]) -> _Entity:
    """Return what `find` gives, else what `make` does; if another process makes it in between, what that made."""
    found = find()
    if found is not None:
        return found
    try:
        return make()
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS) or (made := find()) is None:
            raise
        return made
