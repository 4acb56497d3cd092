"""A loaded data set: its images, and all that was said of them, which is said again when they come from the cache."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.data.images import ImageData
from pipeline.errors import InputError

log = logging.getLogger(__name__)


class Remarks:
    """What is logged of a data set while it is read.

    Args:
        said: pairs of a level of logging and a text.
        refusal: the reason why nothing can be learned from the images, and the cure; None where there is none.
    """

    def __init__(self, said: Sequence[tuple[int, str]] = (), refusal: str | None = None) -> None:
        self.said = list(said)
        self.refusal = refusal

    def info(self, text: str) -> None:
        """Log a description."""
        self._say(logging.INFO, text)

    def warning(self, text: str) -> None:
        """Log a warning."""
        self._say(logging.WARNING, text)

    def repeat(self, *, judge_appearance: bool) -> None:
        """Log everything once more.

        Raises:
            InputError: the images have no content, and are to be refused for it.
        """
        if self.refusal and judge_appearance:
            raise InputError(self.refusal)
        for level, text in self.said:
            log.log(level, text)

    def _say(self, level: int, text: str) -> None:
        self.said.append((level, text))
        log.log(level, text)


@dataclass(frozen=True)
class LoadedData:
    """Images with the remarks on them."""

    data: ImageData
    remarks: Remarks
