"""Shell commands that convert a user's arrays into a form that can be read, and the settings that then read them."""

import json
import re
import shlex
from pathlib import Path

from pipeline.config.names import argument
from pipeline.places import python


def dir_setting(path: Path) -> str:
    """The setting `dataset.dir=…` as it is typed in a shell, quoted where the path needs it."""
    if re.fullmatch(r"[\w./-]+", str(path), re.ASCII):
        return f"dataset.dir={path}"
    return argument("dataset.dir", str(path))


def rewrite_command(path: Path, key: str, expression: str, *, pickled: bool = False) -> str:
    """A command that writes a copy of an `.npz` file beside it with one array changed, and the setting that reads it.

    Args:
        path: of the file.
        key: of the array.
        expression: Python code of the new array, where `a` is the old array and `np` is NumPy.
        pickled: whether the array holds Python objects, which are loaded from trusted files only.
    """
    copy = path.with_name(f"{path.stem}-mended.npz")
    trust = ", allow_pickle=True" if pickled else ""
    return _command(
        f"d = dict(np.load({json.dumps(str(path))}{trust})); a = d[{json.dumps(key)}]; "
        f"d[{json.dumps(key)}] = {expression}; np.savez_compressed({json.dumps(str(copy))}, **d)",
        copy,
    )


def pack_command(path: Path) -> str:
    """A command that writes the array of an `.npy` file into an `.npz` file, and the setting that reads this file."""
    copy = path.with_name(f"{path.stem}-packed.npz")
    return _command(f"np.savez_compressed({json.dumps(str(copy))}, images=np.load({json.dumps(str(path))}))", copy)


def _command(program: str, written: Path) -> str:
    return f"\n  {python()} -c {shlex.quote(f'import numpy as np; {program}')}\nand then set {dir_setting(written)}"
