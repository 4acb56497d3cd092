"""Methods that read or write runs, each of them whole whatever signal comes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class _Recorder(Protocol):
    def transaction(self) -> AbstractContextManager[None]: ...


_Self = TypeVar("_Self", bound=_Recorder)
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def whole(method: Callable[Concatenate[_Self, _Given], _Result]) -> Callable[Concatenate[_Self, _Given], _Result]:
    """A method that reads or writes runs and is one transaction."""

    @wraps(method)
    def unbroken(self: _Self, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        with self.transaction():
            return method(self, *args, **kwargs)

    return unbroken
