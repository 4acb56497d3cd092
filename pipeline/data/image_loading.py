"""Many image files read at once: the images of those that can be read, and a message about those that cannot."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.data.image_file import Conversion, Facts, UnreadableError, UnscaledError
from pipeline.data.image_rows import ImageRows
from pipeline.data.levels import Span, joint, levels_cure
from pipeline.data.pixel_memory import pixel_memory
from pipeline.errors import InputError
from pipeline.text.wording import counted

WAITING = 10_000
"""Files that wait for the threads at a time: each takes some memory, which would be much for all of a million."""

NAMED = 10
"""Files that a message lists; more would hide its beginning, so that only the number of the others is told."""


@dataclass(frozen=True)
class LoadedImages:
    """The images of the files that could be read.

    Attributes:
        images: uint8 [N, H, W, C], in the order of the files.
        kept: int [N], the positions of the files that could be read.
        span: the least and the largest value stored, over the images whose stored values are not their pixels.
        transparent: number of images with transparent parts.
        skipped: number of files that could not be read.
        left_out: number of pages and frames beyond the first.
    """

    images: np.ndarray
    kept: np.ndarray
    span: Span | None
    transparent: int
    skipped: int
    left_out: int

    @property
    def remarks(self) -> tuple[str, ...]:
        """A phrase for each kind of content that was left out."""
        left_out = f"{self.left_out:,} pages or frames beyond the first of their file left out"
        skipped = f"{counted(self.skipped, 'unreadable file')} skipped"
        return (*([left_out] if self.left_out else []), *([skipped] if self.skipped else []))


_Outcome = Facts | UnreadableError | UnscaledError


def load_images(paths: Sequence[Path], conversion: Conversion, *, skip: bool, key: str | None) -> LoadedImages:
    """The images of all files, read by several threads.

    Args:
        paths: of the files, at least one.
        conversion: of each file into an image.
        skip: leave out files that cannot be read.
        key: of the settings that have `skip_unreadable`, for messages; None where there is none.

    Raises:
        InputError: files cannot be read and are not to be skipped, no file can be read, or no setting says which value
            is white.
    """
    images = pixel_memory((len(paths), conversion.height, conversion.width, conversion.channels))

    def read(position: int) -> _Outcome:
        try:
            images[position], facts = conversion.read(paths[position])
        except (UnreadableError, UnscaledError) as error:
            return error
        return facts

    found = dict(zip(paths, _by_threads(read, len(paths)), strict=True))
    _refuse_unscaled({path: each for path, each in found.items() if isinstance(each, UnscaledError)}, len(paths), key)
    failures = {path: each for path, each in found.items() if isinstance(each, UnreadableError)}
    if failures and (not skip or len(failures) == len(paths)):
        raise InputError(_listed(failures, len(paths), key))
    facts = [each for each in found.values() if isinstance(each, Facts)]
    kept = np.array([position for position, path in enumerate(paths) if path not in failures])
    return LoadedImages(
        # Into the same memory: none of them is read after another has taken its place, as all move to the front.
        images=ImageRows(images, kept).copied_to(images[: len(kept)]) if failures else images,
        kept=kept,
        span=joint([each.span for each in facts if each.span]),
        transparent=sum(each.transparent for each in facts),
        skipped=len(failures),
        left_out=sum(each.left_out for each in facts),
    )


def _by_threads(read: Callable[[int], _Outcome], count: int) -> list[_Outcome]:
    """What `read` gives for the positions from 0 to `count` − 1."""
    starts = range(0, count, WAITING)
    with ThreadPoolExecutor() as pool:  # Pillow decodes outside of Python's lock
        return [each for start in starts for each in pool.map(read, range(start, min(start + WAITING, count)))]


def _refuse_unscaled(failures: Mapping[Path, UnscaledError], among: int, key: str | None) -> None:
    span = joint([each.span for each in failures.values()])
    if span:
        path, reason = next(iter(failures.items()))
        others = f" This holds for {len(failures):,} of {among:,} files." if len(failures) > 1 else ""
        cure = f"Set {levels_cure(span)}" if key == "dataset.source" else "Save it with 8 or 16 bits"
        raise InputError(f"{path}: {reason}; expected 8 or 16 bits, or a setting of white.{others} {cure}")


def _listed(failures: Mapping[Path, UnreadableError], among: int, key: str | None) -> str:
    expected = "expected PNG, JPEG or another format that Pillow reads"
    if key is None or len(failures) == among:
        cure = "Remove or replace them"
    else:
        cure = f"Remove or replace them, or leave them out: {key}.skip_unreadable=true"
    if len(failures) == 1:
        [(path, reason)] = failures.items()
        return f"{path}: cannot be read as an image ({reason}); {expected}. {cure.replace('them', 'it')}"
    named = [f"  {path}: {reason}" for path, reason in list(failures.items())[:NAMED]]
    more = [f"  and {len(failures) - NAMED:,} more"] if len(failures) > NAMED else []
    return "\n".join(
        [f"{len(failures):,} of {among:,} files cannot be read as images; {expected}:", *named, *more, cure]
    )
