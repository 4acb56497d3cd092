"""Files that are published inside one large zip archive."""

import os
import shutil
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from pipeline.data.download import PublishedFile, download
from pipeline.errors import InputError


def unpack_published(
    archive: PublishedFile, mirrors: Sequence[str], home: Path, names: Sequence[str], cure: str
) -> None:
    """Unpack the files of these names into `home`, whatever folder of the archive they are in.

    An archive that the user has put into `home` is used and stays; one that is downloaded is removed afterwards.

    Args:
        archive: the zip archive as its authors publish it.
        mirrors: addresses of a folder with the archive, each ending with a slash.
        home: the folder of the data set.
        names: of the files.
        cure: what the user can do instead; ends the messages.

    Raises:
        InputError: the archive cannot be had, is damaged or lacks one of the files.
    """
    # Inside home, so that moving a finished file is a rename, which happens entirely or not at all.
    with TemporaryDirectory(dir=home, prefix=".unpacking-") as scratch:
        source = home / archive.name
        if not source.is_file():
            download(archive, mirrors, Path(scratch), cure)
            source = Path(scratch) / archive.name
        try:
            with zipfile.ZipFile(source) as zipped:
                for name in names:
                    _unpack(zipped, name, Path(scratch), home)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise InputError(
                f"{source}: damaged or no zip archive ({error}); expected the archive as published. Delete it. {cure}"
            ) from error


def _unpack(zipped: zipfile.ZipFile, name: str, scratch: Path, home: Path) -> None:
    member = next((member for member in zipped.namelist() if PurePosixPath(member).name == name), None)
    if member is None:
        raise InputError(
            f"{zipped.filename}: holds no {name}; expected the archive as published. Delete it to have it downloaded"
        )
    with zipped.open(member) as packed, (scratch / name).open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    os.replace(scratch / name, home / name)
