"""MLflow's server of models, with a model that is already read."""

import keras
import uvicorn
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel
from mlflow.pyfunc.scoring_server import init

from pipeline.tracking.served import Served, signature
from pipeline.tracking.views import HOST


def answer(vae: keras.Model, port: int) -> None:
    """Answer what `mlflow models serve` would, until Ctrl-C.

    MLflow's own command calls the loader that the stored model names, which may be anybody's code; here the model is
    read already.

    Args:
        vae: whose answers.
        port: on this machine.
    """
    app = init(PyFuncModel(Model(signature=signature()), Served(vae)))
    uvicorn.run(app, host=HOST, port=port, log_level="warning")
