"""Commands that a user types to get arrays in another form, and the settings that then read them."""

import json
import re
import shlex
from pathlib import Path

from pipeline.config.names import argument
from pipeline.places import python


def dir_setting(path: Path) -> str:
    """`dataset.dir` as it is typed in a shell, whatever is in the path."""
    if re.fullmatch(r"[\w./-]+", str(path), re.ASCII):
        return f"dataset.dir={path}"
    return argument("dataset.dir", str(path))


def rewriting(path: Path, key: str, expression: str, *, pickled: bool = False) -> str:
    """A command that writes a copy of an `.npz` file beside it with one array changed, and the setting that reads it.

    Args:
        path: of the file.
        key: of the array.
        expression: what it becomes, in Python, where `a` is what it was and `np` is NumPy.
        pickled: whether the array holds Python objects, which to load is to trust.
    """
    copy, trust = path.with_name(f"{path.stem}-mended.npz"), ", allow_pickle=True" if pickled else ""
    return _command(
        f"d = dict(np.load({json.dumps(str(path))}{trust})); a = d[{json.dumps(key)}]; "
        f"d[{json.dumps(key)}] = {expression}; np.savez_compressed({json.dumps(str(copy))}, **d)",
        copy,
    )


def packing(path: Path) -> str:
    """A command that writes the array of an `.npy` file into an `.npz` file beside it, and the setting for that."""
    copy = path.with_name(f"{path.stem}-packed.npz")
    return _command(f"np.savez_compressed({json.dumps(str(copy))}, images=np.load({json.dumps(str(path))}))", copy)


def _command(program: str, written: Path) -> str:
    return f"\n  {python()} -c {shlex.quote(f'import numpy as np; {program}')}\nand then {dir_setting(written)}"
