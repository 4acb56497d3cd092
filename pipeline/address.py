"""The type of addresses, of servers and of databases, in which there may be a secret."""

from typing import Any

from pipeline.errors import InputError
from pipeline.secrets import MASK, hidden, is_address, revealed


class Address(str):
    """An address whose text, however it is printed, stored or sent, has `***` in the place of its secret.

    Args:
        text: with the secret, which this process and those that it starts remember; or without.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> "Address":
        return super().__new__(cls, hidden(text))

    @property
    def full(self) -> str:
        """With its secret, for the library that connects, and for nobody else.

        Raises:
            InputError: the secret is not known here.
        """
        full = revealed(self)
        if MASK in full:
            raise InputError(
                f"{MASK} in {self} stands for a secret, which is kept in no record. Give the whole address once more, "
                "that of a tracking server best as MLFLOW_TRACKING_URI"
            )
        return full

    @property
    def bare(self) -> str:
        """Without user and query, as people open it in a browser."""
        scheme, slashes, rest = self.partition("?")[0].partition("://")
        return f"{scheme}{slashes}{rest.rpartition('@')[2]}".rstrip("/")


def without_secrets(value: Any) -> Any:
    """A config, or a part of one, in which every address hides its secret."""
    if isinstance(value, dict):
        return {key: without_secrets(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    return hidden(value) if isinstance(value, str) and is_address(value) else value


def with_secrets(value: Any) -> Any:
    """The same as its user wrote it, for code that is not ours.

    Raises:
        InputError: a secret is not known here.
    """
    if isinstance(value, dict):
        return {key: with_secrets(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_secrets(each) for each in value]
    return Address(value).full if isinstance(value, str) and is_address(value) else value
