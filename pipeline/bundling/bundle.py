"""The command that packs a bundle, or unpacks one."""

from pathlib import Path

from rich.console import Console

from pipeline.bundling.pack import pack
from pipeline.bundling.unpack import unpack
from pipeline.config.build import check_value
from pipeline.config.names import Config, argument
from pipeline.config.values import Location, Text
from pipeline.errors import InputError
from pipeline.tracking.settings import store_of


def pack_or_unpack(config: Config, console: Console) -> None:
    """Pack a bundle, or unpack one.

    Args:
        config: `run`, `out`, `import`, `storage` and `tracking` of the command.
        console: where it is told what was packed or unpacked.

    Raises:
        InputError: a wrong setting, or what the bundle needs is not there, or in its way.
        Interrupted: a signal came; what was half written is removed, or gone on with by the next command.
    """
    run = check_value(config["run"], Text | None, "run")
    out = check_value(config["out"], Text | None, "out")
    file = check_value(config["import"], Text | None, "import")
    storage = check_value(config["storage"], Location | None, "storage")
    if (run is None) == (file is None):
        given = "neither is given" if run is None else "both are given"
        raise InputError(
            f"run= and import=: {given}. Expected run=<id or study> to write a file, or import=<file> to read one"
        )
    if file and out:
        raise InputError(f"out={out}: import= writes no file. Leave it out")
    if run:
        packed = pack(run, store_of(config), storage, Path(out).expanduser() if out else None, console)
        command = f"python -m pipeline.bundle {argument('import', str(packed))}"
        said = f"Written: {packed} ({packed.stat().st_size / 1e6:,.1f} MB). Elsewhere: {command}"
        console.print(said, highlight=False, markup=False, soft_wrap=True)
    if file:
        unpack(Path(file).expanduser(), store_of(config), storage, console)
