"""EMNIST: handwritten letters and digits from NIST Special Database 19 (Cohen, Afshar, Tapson, van Schaik 2017)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.data.archive import unpack_published
from pipeline.data.csv_images import read_table
from pipeline.data.download import Md5, PublishedFile, writing_to
from pipeline.data.idx import read_pair
from pipeline.data.images import Split
from pipeline.data.levels import Level, Levels
from pipeline.data.published_files import file_in, home_of, how_to_place, missing_from, refuse_near_names
from pipeline.data.source import Published, with_levels
from pipeline.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Emnist:
    """One part of EMNIST, from NIST's IDX files or else from Kaggle's pair of CSV files, turned upright.

    Attributes:
        part: in the names of its files, such as `letters` or `balanced`.
        folder: name of its folder in the data directory.
        archive: name of the zip archive of all parts, from which only this one is unpacked.
        md5: of the archive; with null it is never downloaded.
        mirrors: addresses of a folder with the archive, each ending with a slash; tried in this order.
        black, white: the values stored that are black and white; null for 0 and 255.
    """

    part: str
    folder: str
    archive: str
    md5: Md5 | None
    mirrors: list[str]
    black: Level | None = None
    white: Level | None = None

    def __post_init__(self) -> None:
        Levels(self.black, self.white)

    def files(self, directory: Path | None) -> Sequence[Path]:
        """The pair of CSV files with the mapping file, where they are read; IDX files are read quickly."""
        home = self._home(directory)
        names = [*self._csv_names(), self._mapping_name()]
        read_quickly = not missing_from(home, self._idx_names())
        return [] if read_quickly or missing_from(home, names) else [home / name for name in names]

    def read(self, directory: Path | None) -> Published:
        """Both splits, uint8 [N, 28, 28, 1], in their order; labels index the classes of the mapping file."""
        home = self._home(directory)
        self._complete(home)
        codes, class_names = read_mapping(home / self._mapping_name())
        train, test = (self._split(home, part, codes) for part in ("train", "test"))
        return with_levels(Published(train, test, class_names, str(home)), Levels(self.black, self.white))

    def _home(self, directory: Path | None) -> Path:
        names = [*self._idx_names(), *self._csv_names(), self._mapping_name(), self.archive]
        return home_of(directory, self.folder, names)

    def _complete(self, home: Path) -> None:
        """Download unless IDX or CSV files are there. One CSV file alone is refused: no download has the other."""
        without_idx = missing_from(home, self._idx_names())
        without_csv = missing_from(home, self._csv_names())
        unmapped = missing_from(home, [self._mapping_name()])
        if without_idx and len(without_csv) == 1:
            raise InputError(f"{home}: {without_csv[0]} is missing. {how_to_place(home, without_csv)}")
        if without_idx and without_csv:
            refuse_near_names(home, [*self._idx_names(), self._mapping_name()])
            self._download(home, how_to_place(home, without_idx + unmapped))
        elif unmapped:
            refuse_near_names(home, unmapped)
            raise InputError(
                f"{home}: {unmapped[0]} is missing; expected this file, with lines such as '1 65 97' of a label "
                f"and the codes of its characters. {how_to_place(home, unmapped)}"
            )

    def _download(self, home: Path, cure: str) -> None:
        with writing_to(home, cure):
            # The files are looked for again, since another process may have downloaded them meanwhile.
            if missing := missing_from(home, [*self._idx_names(), self._mapping_name()]):
                archive = PublishedFile(self.archive, self.md5)
                unpack_published(archive, self.mirrors, home, missing, cure)

    def _split(self, home: Path, part: str, codes: np.ndarray) -> Split:
        """A split with upright images; in IDX and CSV files they are transposed, columns first."""
        images = f"{self._stem(part)}-images-idx3-ubyte.gz"
        labels = f"{self._stem(part)}-labels-idx1-ubyte.gz"
        table = home / f"{self._stem(part)}.csv"
        from_idx = not missing_from(home, self._idx_names())
        stored = read_pair(home, images, labels) if from_idx else read_table(table)
        origin = file_in(home, labels) if from_idx else table
        upright = np.ascontiguousarray(stored.images.transpose(0, 2, 1, 3))
        return Split(upright, _positions(stored.labels, codes, str(origin)))

    def _stem(self, part: str) -> str:
        return f"emnist-{self.part}-{part}"

    def _idx_names(self) -> list[str]:
        kinds = ("images-idx3", "labels-idx1")
        return [f"{self._stem(part)}-{kind}-ubyte.gz" for part in ("train", "test") for kind in kinds]

    def _csv_names(self) -> list[str]:
        return [f"{self._stem(part)}.csv" for part in ("train", "test")]

    def _mapping_name(self) -> str:
        return f"emnist-{self.part}-mapping.txt"


def read_mapping(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Label codes, int [classes], and the character of each; upper case where the file names both cases.

    A line has the label, then the code of one character or of several, upper case first.

    Raises:
        InputError: the file is unreadable, empty, has a line of another form, or a label or a character twice.
    """
    try:
        rows = [_read_row(line) for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    except (OSError, ValueError, IndexError, OverflowError) as error:
        raise InputError(f"{path}: {error}; {_EXPECTED}") from error
    codes = [code for code, _ in rows]
    names = tuple(name for _, name in rows)
    if not rows or len(set(codes)) < len(rows) or len(set(names)) < len(rows):
        raise InputError(
            f"{path}: {len(rows)} lines, with {len(set(codes))} labels for {len(set(names))} characters; {_EXPECTED}"
        )
    return np.array(codes), names


_EXPECTED = (
    "expected a label and its character codes on each line, such as '1 65 97', none twice. "
    "Replace it with the published file"
)


def _read_row(line: str) -> tuple[int, str]:
    fields = line.split()
    return int(fields[0]), chr(int(fields[1]))


def _positions(labels: np.ndarray, codes: np.ndarray, origin: str) -> np.ndarray:
    """Labels of images, int [N], as indices into the class names, int [N], given the code of each class, [classes]."""
    positions = np.full(max(codes.max(), labels.max(initial=0)) + 1, -1)
    positions[codes] = np.arange(len(codes))
    found: np.ndarray = positions[labels]
    if (found < 0).any():
        raise InputError(
            f"{origin}: has the label {labels[found < 0][0]}, which the mapping file lacks; expected one of "
            f"{codes.min()} to {codes.max()}. Take both files from the same part of EMNIST"
        )
    return found
