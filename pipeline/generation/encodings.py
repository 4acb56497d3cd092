"""Image files of the user's own, encoded."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.config.values import Switch, Text
from pipeline.data.class_names import LISTED, labels_of, printable
from pipeline.data.listing import fault, files_below
from pipeline.errors import InputError
from pipeline.generation.asked_classes import AskedClasses, names_of
from pipeline.generation.generated import Generated
from pipeline.generation.own_files import own_files, own_labels
from pipeline.latent.encoding import encode
from pipeline.runs.loaded_run import LoadedRun

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Encodings:
    """The posterior means of a folder's images.

    Attributes:
        folder: with image files at any depth; what begins with a dot and what systems leave there is ignored.
        skip_unreadable: leave out files that cannot be read, and say how many.
        classes: of a conditional model, the class of all images; null takes the name of the folder that an image lies
            in, directly below `folder`.
    """

    folder: Text
    skip_unreadable: Switch
    classes: AskedClasses

    def generate(self, trained: LoadedRun) -> Generated:
        """A table of the files with their posterior means, a column for each dimension, and their rates in nats.

        Raises:
            InputError: the folder has no files, or one of them cannot be read; or the class of one is not known.
        """
        root = Path(self.folder).expanduser()
        files = list(files_below(root)) if os.path.isdir(root) else []
        if not files:
            reason = "holds no file" if os.path.isdir(root) else fault(root) or "it is a file"
            raise InputError(f"what.folder={self.folder}: {reason}; expected a folder with images")
        labels = self._labels([file.relative_to(root) for file in files], trained)
        found = own_files(files, trained, skip=self.skip_unreadable, key="what")
        if found.remarks:
            log.info(f"what.folder={printable([self.folder])[0]}: {'; '.join(found.remarks)}")
        encoded = encode(trained.vae, found.images, None if labels is None else labels[found.kept])
        table = pd.DataFrame(encoded.mean, columns=[f"z{number + 1}" for number in range(trained.vae.latent_dim)])
        names = printable([str(files[position].relative_to(root)) for position in found.kept])
        table.insert(0, "file", names)
        if encoded.labels is not None:
            table.insert(1, "class", names_of(encoded.labels, trained))
        table["rate"] = encoded.rates.sum(axis=1)
        return Generated(found.images, encoded.mean, None, table=table)

    def _labels(self, files: Sequence[Path], trained: LoadedRun) -> np.ndarray | None:
        """The labels, int [N], of files relative to the folder; None of a model that is not conditional."""
        if self.classes is not None or not trained.vae.conditional:
            return own_labels(self.classes, len(files), trained)
        for file in files:
            if len(file.parts) < 2 or file.parts[0] not in trained.vae.class_names:
                raise InputError(
                    f"what.folder={self.folder}: the class of {printable([str(file)])[0]} is not known, which a "
                    f"conditional model must be told. Sort the images into folders named after the classes "
                    f"({', '.join(trained.vae.class_names[:LISTED])}), or name one for all of them: what.classes="
                    f"{trained.vae.class_names[0]}"
                )
        return labels_of([file.parts[0] for file in files], trained.vae.class_names, "what.folder")
