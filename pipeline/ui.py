"""`python -m pipeline.ui`: serve the MLflow UI on this machine and print a link that opens the runs."""

import argparse
import sys
import threading
import time
import urllib.error
import urllib.request

from pipeline import __version__
from pipeline.errors import InputError
from pipeline.places import HOST, PORTS, ui_command
from pipeline.process.environment import isolate


def main() -> None:
    """Serve until Ctrl-C."""
    isolate()
    parser = argparse.ArgumentParser(prog="python -m pipeline.ui", description=__doc__)
    parser.add_argument("--version", action="version", version=f"vae-pipeline {__version__}")
    parser.add_argument("--port", type=_port, default=5000, help="port on 127.0.0.1 (default: 5000)")
    try:
        serve_ui(parser.parse_args().port)
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _port(typed: str) -> int:
    if not typed.isdecimal() or int(typed) not in PORTS:
        raise argparse.ArgumentTypeError(f"{typed}: expected a number from {PORTS[0]} to {PORTS[-1]}, such as 5001")
    return int(typed)


def serve_ui(port: int) -> None:
    """Serve our database; MLflow's own command line does the work, in this process.

    Raises:
        InputError: the port is busy.
    """
    from mlflow.cli import cli

    from pipeline.tracking.store import Store
    from pipeline.tracking.ui import server
    from pipeline.tracking.ui.overview import overviews

    server.refuse_busy(
        port,
        lambda other: (
            f"If it is a `{ui_command()}` of this folder, it already shows these runs; otherwise choose "
            f"another port: {ui_command(other)}"
        ),
    )
    address = f"http://{HOST}:{port}"
    store = Store()
    link = server.latest_link(store, address, overviews(store))
    server.lighten()
    threading.Thread(target=_announce, args=(address, link), daemon=True).start()
    cli(list(server.server_command(port)), standalone_mode=False)


def _announce(address: str, link: str, patience: float = 60) -> None:
    """Print the link once the server answers."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            print(f"\nRuns: {link}\nStop with Ctrl-C.\n", flush=True)
            return


if __name__ == "__main__":
    main()
