"""Seconds spent inside chosen functions of a run that otherwise runs as always: they are wrapped, not replaced."""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call of a watched function.

    Attributes:
        name, kind: of the function, and what its seconds are counted as.
        begin, seconds: on the clock of `time.perf_counter`.
        training: whether it happened inside `fit`.
    """

    name: str
    kind: str
    begin: float
    seconds: float
    training: bool


@dataclass
class Stopwatch:
    """Collects calls; one inside another is part of the outer one."""

    calls: list[Call] = field(default_factory=list)
    _inside: bool = False
    _training: bool = False

    def watch(self, owner: Any, name: str, kind: str) -> None:
        """Wrap a method of a class or a function of a module."""
        original = getattr(owner, name)

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            with self._timing(f"{owner.__name__.rpartition('.')[2]}.{name}", kind):
                return original(*args, **kwargs)

        setattr(owner, name, watched)

    def watch_context(self, module: Any, name: str, kind: str) -> None:
        """Wrap a context manager: its opening and its closing count, what happens between them does not."""
        original = getattr(module, name)

        @contextmanager
        def watched(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with ExitStack() as stack:
                with self._timing(f"{name} (open)", kind):
                    opened = stack.enter_context(original(*args, **kwargs))
                yield opened
                with self._timing(f"{name} (close)", kind):
                    stack.close()

        setattr(module, name, watched)

    def watch_training(self, module: Any, name: str) -> None:
        """Note which calls happen inside this function."""
        original = getattr(module, name)

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._training = True
            try:
                return original(*args, **kwargs)
            finally:
                self._training = False

        setattr(module, name, watched)

    @contextmanager
    def _timing(self, name: str, kind: str) -> Iterator[None]:
        if self._inside:
            yield
            return
        self._inside, begin = True, time.perf_counter()
        try:
            yield
        finally:
            self.calls.append(Call(name, kind, begin, time.perf_counter() - begin, self._training))
            self._inside = False


def public_methods(owner: type) -> list[str]:
    """The verbs of a class."""
    return [name for name, each in vars(owner).items() if not name.startswith("_") and isinstance(each, Callable)]
