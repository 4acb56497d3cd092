"""Image files of the user's own, encoded."""

from dataclasses import dataclass

import pandas as pd

from pipeline.config.values import Switch, Text
from pipeline.generation.asked_classes import AskedClasses, names_of
from pipeline.generation.generated import Generated
from pipeline.generation.own_files import own_folder
from pipeline.latent.encoding import encode
from pipeline.runs.loaded_run import LoadedRun


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
        names, found, labels = own_folder(self.folder, trained, classes=self.classes, skip=self.skip_unreadable)
        encoded = encode(trained.vae, found, labels)
        table = pd.DataFrame(encoded.mean, columns=[f"z{number + 1}" for number in range(trained.vae.latent_dim)])
        table.insert(0, "file", names)
        if encoded.labels is not None:
            table.insert(1, "class", names_of(encoded.labels, trained))
        table["rate"] = encoded.rates.sum(axis=1)
        return Generated(found, encoded.mean, None, table=table)
