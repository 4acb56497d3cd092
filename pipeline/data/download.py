"""Downloads of published files: from several addresses, verified by a hash, whole or not at all."""

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import pooch
import requests
from filelock import FileLock
from pydantic import Field

from pipeline.address import Address
from pipeline.errors import InputError

log = logging.getLogger(__name__)
pooch.get_logger().setLevel("WARNING")  # its messages would repeat what is logged here

TIMEOUT = 30.0
"""Seconds without an answer after which the next address is tried; slow mirrors answer within a few."""
LARGEST = 2_000_000_000
"""Bytes after which a download is given up: published files are smaller by far."""

Md5 = Annotated[str, Field(pattern="^[0-9a-f]{32}$", examples=["f68b3c2dcbeaaa9fbdd348bbdeb94873"])]
"""MD5 of a file's bytes, in hexadecimal."""


@dataclass(frozen=True)
class PublishedFile:
    """A file as its authors publish it.

    Attributes:
        name: added to the address of a mirror, and the name on disk.
        md5: of the bytes as published. A file with None is never downloaded, since its content could not be verified.
    """

    name: str
    md5: str | None


def download(file: PublishedFile, mirrors: Sequence[str], home: Path, cure: str) -> None:
    """Download the file into `home`, from the first mirror that delivers the published bytes.

    Until the hash is verified the file has another name, so that an interruption leaves no incomplete file.

    Args:
        file: to be downloaded.
        mirrors: addresses of a folder with the file, each ending with a slash.
        home: the folder of the data set.
        cure: what the user can do instead; ends the message.

    Raises:
        InputError: no mirror delivered the file; the message lists every address with its reason.
    """
    if file.md5 is None or not mirrors:
        raise InputError(f"{file.name} is missing, and cannot be downloaded without its MD5 and an address. {cure}")
    failures = []
    for mirror in mirrors:
        try:
            return _fetch(Address(mirror), file, home)
        except (requests.RequestException, ValueError) as error:
            failures.append(f"  {Address(mirror)}{file.name}: {_reason(error)}")
    raise InputError("\n".join([f"{file.name} is missing and could not be downloaded:", *failures, cure]))


@contextmanager
def writing_to(home: Path, cure: str) -> Iterator[None]:
    """Create the folder, and keep other processes from writing into it during the block.

    Raises:
        InputError: it cannot be created or written to, or the disk is full.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / ".download.lock"):
            yield
    except OSError as error:
        raise InputError(
            f"{home}: files are missing, and cannot be downloaded, because this folder cannot be written to "
            f"({error.strerror or error}). {cure}"
        ) from error


def _fetch(mirror: Address, file: PublishedFile, home: Path) -> None:
    log.info(f"{file.name}: downloading from {mirror}{file.name}")
    # Pieces of 256 KiB: Pooch's own of 1 KiB cost more time than the network of a fast mirror.
    downloader = _Bounded(progressbar=sys.stderr.isatty(), chunk_size=2**18, timeout=TIMEOUT)
    pooch.retrieve(
        f"{mirror.full}{file.name}", known_hash=f"md5:{file.md5}", fname=file.name, path=home, downloader=downloader
    )


class _Bounded(pooch.HTTPDownloader):
    """A downloader that gives up where an address sends without end, before the disk is full."""

    def __call__(self, url: str, output_file: Any, pooch: Any, check_only: bool = False) -> Any:
        with open(output_file, "wb") as file:
            return super().__call__(url, _Counting(file), pooch, check_only)


class _Counting:
    """A file that takes no more than `LARGEST` bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = 0

    def write(self, content: bytes) -> int:
        self._size += len(content)
        if self._size > LARGEST:
            raise ValueError(f"more than {LARGEST:,} bytes: not the published file")
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()


def _reason(error: Exception) -> str:
    """The reason of a failure in one short line; the texts of the libraries repeat the address and name classes."""
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT:g} s"
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error}".partition(" for url")[0]
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke before the end of the file"
    if isinstance(error, requests.ConnectionError):
        return "no connection. Is there a network, and does it need a proxy (https_proxy)?"
    hashes = re.search(r"expected (?:md5:)?(\w+) but got (?:md5:)?(\w+)", str(error))
    return f"MD5 is {hashes[2]}, expected {hashes[1]}: not the published file" if hashes else str(error)
