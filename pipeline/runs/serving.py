"""A finished run whose model answers requests."""

from typing import Annotated

from pydantic import Field
from rich.console import Console
from rich.text import Text

from pipeline.config.build import check_value, trusted_of
from pipeline.config.names import Config
from pipeline.places import HOST, IS_INSTALLED, PORTS
from pipeline.runs.loaded_run import finished_training
from pipeline.runs.trained_vae import trained_vae
from pipeline.text.wording import one_line
from pipeline.tracking.model_server import serve_model
from pipeline.tracking.settings import store_of
from pipeline.tracking.ui.server import refuse_busy

Port = Annotated[int, Field(strict=True, ge=PORTS[0], le=PORTS[-1], examples=[5001])]


def _other(port: int) -> str:
    return f"Choose another: port={port}{'' if IS_INSTALLED else f', or make serve SERVE_PORT={port}'}"


def serve_run(config: Config, console: Console) -> None:
    """Let the model of the run that `config` names answer requests until Ctrl-C.

    Raises:
        InputError: a wrong setting, a busy port, or a run that has no model.
    """
    port = check_value(config["port"], Port, "port")
    refuse_busy(port, _other)
    store = store_of(config)
    run = finished_training(store, str(config["run"])).info
    vae = trained_vae(store, run.run_id, trusted_of(config))
    where = f" ({run.run_id}) answers at http://{HOST}:{port}/invocations\nStop with Ctrl-C."
    console.print(Text.assemble("Run ", (one_line(run.run_name), "bold"), where), soft_wrap=True)
    serve_model(vae, port)
