"""The file of a bundle: a zip archive that is not compressed, so that it is never larger unpacked than packed."""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import EINVAL
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from pipeline.bundling.contents import HEAD, is_expected
from pipeline.errors import InputError
from pipeline.places import MLRUNS
from pipeline.tracking.file_path import FilePath, paths_below

_PATH: TypeAdapter[str] = TypeAdapter(FilePath)
_ENCRYPTED = 0x1


def write_bundle(folder: Path, file: Path) -> None:
    """Write the files below a folder that belong to a bundle into one file, which is there whole or not at all.

    Raises:
        OSError: the disk is full.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with open(unfinished, "wb") as target, ZipFile(target, "w", ZIP_STORED) as archive:
            for path in filter(is_expected, paths_below(folder)):
                with open(folder / path, "rb") as source, archive.open(ZipInfo(path), "w", force_zip64=True) as packed:
                    shutil.copyfileobj(source, packed)
            archive.close()
            target.flush()
            os.fsync(target.fileno())
        unfinished.replace(file)
    except OSError as error:
        error.filename = error.filename or str(unfinished)  # which an error of writing lacks
        raise
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def unpacked(file: Path) -> Iterator[Path]:
    """A folder with the files of a bundle, which is removed at the end of the block.

    Raises:
        InputError: the file is no bundle, or a damaged one, or a hostile one: with paths that lead elsewhere, links, or
            more bytes than it has.
        OSError: it cannot be read, or the disk is full.
    """
    with working_folder("unpacked") as folder:
        try:
            _extract(file, folder)
        except (BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
            if isinstance(error, PermissionError):
                raise InputError(f"import={file}: {error.strerror}. Make it readable, or copy it once more") from error
            if isinstance(error, OSError) and error.errno != EINVAL:  # which a wrong position in the file is
                raise
            raise InputError(
                f"import={file}: this is no bundle, or a damaged one ({error}). Expected a file that pipeline.bundle "
                "has written; copy it once more"
            ) from error
        yield folder


@contextmanager
def working_folder(kind: str) -> Iterator[Path]:
    """A folder in `mlruns/` for the files of a bundle, one of its kind at a time, which is removed after the block.

    What a process that was killed has left is removed at the beginning.
    """
    MLRUNS.mkdir(parents=True, exist_ok=True)
    with FileLock(MLRUNS / f"{kind}.lock"):
        for left in MLRUNS.glob(f"{kind}_*"):
            shutil.rmtree(left)
        with TemporaryDirectory(prefix=f"{kind}_", dir=MLRUNS) as folder:
            yield Path(folder)


def _extract(file: Path, folder: Path) -> None:
    with ZipFile(file) as archive:
        members = archive.infolist()
        _check(file, members)
        for each in members:
            path = folder / each.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(each) as packed, open(path, "wb") as target:
                shutil.copyfileobj(packed, target)


def _check(file: Path, members: Sequence[ZipInfo]) -> None:
    """Raise InputError if something is in an archive that no bundle has."""
    names = [each.filename for each in members]
    if HEAD not in names:
        raise InputError(f"import={file}: this is no bundle, as it has no {HEAD}. Expected a file of pipeline.bundle")
    folders = {str(above) for name in names for above in PurePosixPath(name).parents}
    for each in members:
        if reason := _refusal(each):
            raise InputError(f"import={file}: {each.filename[:200]!r} in it {reason}, which no bundle has: refused")
        if each.filename in folders:
            raise InputError(f"import={file}: {each.filename!r} in it is a file and a folder, which no bundle has")
    if len(set(names)) < len(names):
        raise InputError(f"import={file}: files of the same name are in it, which no bundle has: refused")
    size = sum(each.file_size for each in members)
    if size > file.stat().st_size:
        raise InputError(f"import={file}: it would be larger unpacked than packed, which no bundle is: refused")
    if size > (free := shutil.disk_usage(MLRUNS).free):
        raise InputError(f"import={file}: {size:,} bytes are needed in {MLRUNS}, which has {free:,}. Make room there")


def _refusal(member: ZipInfo) -> str | None:
    """Say what is wrong with a member of an archive; None if nothing is."""
    try:
        is_known = is_expected(_PATH.validate_python(member.filename))
    except ValidationError:
        return "is a path that leads elsewhere, or to a folder"
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is no regular file"
    if member.compress_type != ZIP_STORED or member.compress_size != member.file_size:
        return "is compressed"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    return None if is_known else "is a file of another kind"
