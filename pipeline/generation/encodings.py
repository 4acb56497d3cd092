"""Image files of the user's own, encoded."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.config.values import Switch, Text
from pipeline.data.class_names import printable
from pipeline.data.listing import fault, files_below
from pipeline.errors import InputError
from pipeline.generation.generated import Generated
from pipeline.generation.own_files import own_files
from pipeline.latent.encoding import encode
from pipeline.runs.loaded_run import LoadedRun

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Encodings:
    """The posterior means of a folder's images.

    Attributes:
        folder: with image files at any depth; what begins with a dot and what systems leave there is ignored.
        skip_unreadable: leave out files that cannot be read, and say how many.
    """

    folder: Text
    skip_unreadable: Switch

    def generate(self, trained: LoadedRun) -> Generated:
        """A table of the files with their posterior means, a column for each dimension, and their rates in nats.

        Raises:
            InputError: the folder has no files, or one of them cannot be read.
        """
        root = Path(self.folder).expanduser()
        files = list(files_below(root)) if os.path.isdir(root) else []
        if not files:
            reason = "holds no file" if os.path.isdir(root) else fault(root) or "it is a file"
            raise InputError(f"what.folder={self.folder}: {reason}; expected a folder with images")
        found = own_files(files, trained, skip=self.skip_unreadable, key="what")
        if found.remarks:
            log.info(f"what.folder={printable([self.folder])[0]}: {'; '.join(found.remarks)}")
        encoded = encode(trained.vae, found.images)
        table = pd.DataFrame(encoded.mean, columns=[f"z{number + 1}" for number in range(trained.vae.latent_dim)])
        names = printable([str(files[position].relative_to(root)) for position in found.kept])
        table.insert(0, "file", names)
        table["rate"] = encoded.rates.sum(axis=1)
        return Generated(found.images, encoded.mean, None, table=table)
