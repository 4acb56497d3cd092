"""A search space is made of keys and the values that they may take; a point of it has one value for each key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, product
from math import inf, prod
from typing import Any

from optuna.distributions import BaseDistribution

from pipeline.config.names import run_name, shown
from pipeline.errors import InputError
from pipeline.sweep.space.distribution import Value, contains, count_of, ends_of, exact, values_of, written
from pipeline.sweep.space.value_sources import ValueSource


@dataclass(frozen=True)
class Space:
    """A search space has keys that always exist, and keys that exist only where another key has a certain value.

    Attributes:
        dimensions: the distribution of each key that always exists.
        conditional: subspaces by the condition under which they exist, such as `model=conv`.
    """

    dimensions: Mapping[str, BaseDistribution] = field(default_factory=dict)
    conditional: Mapping[str, "Space"] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.dimensions or self.conditional)

    def __iter__(self) -> Iterator[str]:
        """Iterate over all keys, each once, those that do not always exist included."""
        yield from dict.fromkeys(chain(self.dimensions, *self.conditional.values()))

    def point(self, written_down: Mapping[str, Any]) -> dict[str, Value]:
        """Convert a point that a user wrote down, or a part of one, to values as trials have them.

        Raises:
            InputError: a key is not searched, or cannot have this value.
        """
        known = self._distributions()
        point: dict[str, Value] = {}
        for key, value in written_down.items():
            if key not in known:
                raise InputError(f"{key} is not searched. The study searches: {', '.join(self)}")
            point[key] = value if isinstance(value, int | float) else shown(value)
            if not contains(known[key], point[key]):
                raise InputError(f"{key}={shown(value)} is not in the space: {written(known[key])}")
        return point

    def _distributions(self) -> dict[str, BaseDistribution]:
        inner = [space._distributions() for space in self.conditional.values()]
        return {key: each for part in (self.dimensions, *inner) for key, each in part.items()}

    def suggest(self, source: ValueSource) -> dict[str, Value]:
        """Suggest a point: a value from the source for every key that exists there."""
        values = {key: exact(each, source(key, each)) for key, each in self.dimensions.items()}
        for condition, space in self.conditional.items():
            if _holds(condition, values):
                values |= space.suggest(source)
        return values

    def is_whole(self, point: Mapping[str, Value]) -> bool:
        """Tell whether a point has a value for every key that exists there."""
        return self.suggest(lambda key, _: point.get(key, "")) == point

    def size(self) -> float:
        """Count the points of the space; infinity where a key takes values of an interval."""
        counts = {key: count_of(distribution) for key, distribution in self.dimensions.items()}
        if inf in counts.values():
            return inf
        deciding = {key: self.dimensions[key] for key in counts if any(_is_of(key, each) for each in self.conditional)}
        others = prod(count for key, count in counts.items() if key not in deciding)
        points = Space(deciding).grid()
        inner = ([each.size() for at, each in self.conditional.items() if _holds(at, point)] for point in points)
        return others * sum(prod(sizes) for sizes in inner)

    def grid(self) -> Iterator[dict[str, Value]]:
        """Iterate over all points, the last key changing fastest.

        Raises:
            InputError: a key takes values of an interval.
        """
        lists = [values_of(key, distribution) for key, distribution in self.dimensions.items()]
        for chosen in product(*lists):
            values = dict(zip(self.dimensions, chosen, strict=True))
            inner = [space.grid() for condition, space in self.conditional.items() if _holds(condition, values)]
            for parts in product(*inner):
                yield {key: value for part in (values, *parts) for key, value in part.items()}

    def impossible(self) -> Iterator[str]:
        """Iterate over the conditions that hold at no point."""
        for condition, space in self.conditional.items():
            key = condition.partition("=")[0]
            if key not in self.dimensions or not _may_hold(condition, self.dimensions[key]):
                yield condition
            yield from space.impossible()

    def corners(self) -> Iterator[dict[str, Value]]:
        """Iterate over points with one key at an end of its values, or at a choice, and the others at their first."""
        first = {key: ends_of(distribution)[0] for key, distribution in self.dimensions.items()}
        points = [first, *({**first, key: end} for key, each in self.dimensions.items() for end in ends_of(each)[1:])]
        for values in points:
            inner = [space for condition, space in self.conditional.items() if _holds(condition, values)]
            others = [list(space.corners()) for space in inner]
            yield {key: value for part in (values, *(corners[0] for corners in others)) for key, value in part.items()}
            for corners in others:
                yield from ({**values, **corner} for corner in corners[1:])

    def without(self, fixed: Mapping[str, str]) -> "Space":
        """Give the space that is left where keys are fixed to these values."""
        kept: dict[str, Space] = {}
        dimensions = {key: each for key, each in self.dimensions.items() if key not in fixed}
        for condition, space in self.conditional.items():
            key, _, value = condition.partition("=")
            left = space.without(fixed)
            if key not in fixed:
                kept[condition] = left
            elif fixed[key] == value:
                dimensions |= left.dimensions
                kept |= left.conditional
        return Space(dimensions, kept)

    def widened(self, key: str, distribution: BaseDistribution) -> "Space":
        """Give the space where a key, wherever it exists, has another distribution; a new key always exists.

        Keys that exist only where it has a value which it no longer takes are left out.
        """
        inner = {
            condition: space.widened(key, distribution) if key in list(space) else space
            for condition, space in self.conditional.items()
            if not _is_of(key, condition) or _may_hold(condition, distribution)
        }
        if key in list(self) and key not in self.dimensions:
            return replace(self, conditional=inner)
        return Space({**self.dimensions, key: distribution}, inner)

    def described(self) -> dict[str, Any]:
        """Describe the space in plain mappings, to be stored and compared."""
        nested = {condition: space.described() for condition, space in self.conditional.items()}
        return {key: written(distribution) for key, distribution in self.dimensions.items()} | nested


def overrides_of(values: Mapping[str, Value]) -> list[str]:
    """Give the overrides of the command line that train a point alone."""
    return [f"{key}={value if isinstance(value, str) else shown(value)}" for key, value in values.items()]


def key_of(values: Mapping[str, Value]) -> str:
    """Give a text that is equal for equal points, and by which points are known."""
    return " ".join(sorted(overrides_of(values)))


def point_name(values: Mapping[str, Value]) -> str:
    """Name a point for people: last parts of its keys, numbers to four digits."""
    return run_name(
        {}, {key: float(f"{each:.4g}") if isinstance(each, float) else each for key, each in values.items()}
    )


def _is_of(key: str, condition: str) -> bool:
    return condition.partition("=")[0] == key


def _may_hold(condition: str, distribution: BaseDistribution) -> bool:
    """Tell whether a condition holds for a value of its key, of which there are finitely many."""
    key = condition.partition("=")[0]
    values = values_of(key, distribution) if count_of(distribution) < inf else []
    return any(_holds(condition, {key: value}) for value in values)


def _holds(condition: str, values: Mapping[str, Value]) -> bool:
    key, _, value = condition.partition("=")
    return key in values and overrides_of({key: values[key]}) == [f"{key}={value}"]
