"""The vocabulary in which settings are declared: value types with their range and an example of a good value.

A group of settings is the keyword-only signature of a frozen dataclass, a layer or a function that uses these types;
`pipeline.config.build` checks the values of a config against it.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from pipeline.address import Address

Count = Annotated[int, Field(strict=True, gt=0, examples=[10])]
"""A number of things, at least one."""

Counts = Annotated[list[Count], Field(examples=[[32, 64]])]
"""Numbers of things, one for each layer; may be empty."""

LayerCounts = Annotated[list[Count], Field(min_length=1, examples=[[32, 64]])]
"""Numbers of things, one for each of at least one layer."""

Natural = Annotated[int, Field(strict=True, ge=0, examples=[0])]
"""A number of things, or none of them."""

Seed = Annotated[int, Field(strict=True, ge=0, lt=2**31, examples=[0])]
"""Start of a stream of random numbers. 0 is a seed like any other."""

Weight = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False, examples=[1.0])]
"""A factor in a sum."""

Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False, examples=[0.001])]
"""A size, a rate, a duration."""

Share = Annotated[float, Field(strict=True, ge=0, lt=1, examples=[0.1])]
"""A part of the whole."""

Switch = Annotated[bool, Field(strict=True, examples=[True])]
"""On or off."""


def _digits_are_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_digits_are_text), Field(min_length=1)]
"""A name or address; where the command line made a number of it, such as a class named 3, its digits."""


def _as_address(value: Any) -> Any:
    text = _digits_are_text(value)
    if not isinstance(text, str) or not text:
        raise ValueError("an address")
    return Address(text)


Location = Annotated[Address, BeforeValidator(_as_address), Field(examples=["http://127.0.0.1:5000"])]
"""Where something is on the network or in a database."""
