"""MLflow's server of models, with a model that is already read."""

import json
from collections.abc import Awaitable, Callable

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel
from mlflow.pyfunc.scoring_server import SERVING_PARAMS_KEY, SUPPORTED_FORMATS, init

from pipeline.models.vae import VAE
from pipeline.places import HOST
from pipeline.text.wording import did_you_mean
from pipeline.tracking.model.served import Served, hear_all, signature
from pipeline.tracking.request_limits import RequestLimits


def serve_model(vae: VAE, port: int) -> None:
    """Answer what `mlflow models serve` would, until Ctrl-C.

    MLflow's own command calls the loader that the stored model names, which may be anybody's code; here the model is
    read already.

    Args:
        vae: whose answers.
        port: on this machine.
    """
    hear_all()
    app: FastAPI = init(PyFuncModel(Model(signature=signature(conditional=vae.conditional)), Served(vae)))
    app.middleware("http")(_refuse_unknown)
    uvicorn.run(RequestLimits(app), host=HOST, port=port, log_level="warning")


async def _refuse_unknown(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """What MLflow would leave out of a request without a word, refused."""
    wrong = _wrong(await request.body(), request.headers.get("content-type")) if request.method == "POST" else None
    if wrong:
        return JSONResponse({"error_code": "INVALID_PARAMETER_VALUE", "message": wrong}, status_code=400)
    return await answer(request)


def _wrong(body: bytes, kind: str | None) -> str | None:
    """Name the mistake in a request that MLflow would not name; None if there is none."""
    if kind is None:
        return "a request without a content type: expected the header Content-Type: application/json"
    try:
        asked = json.loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError):  # other content, or a mistake that MLflow names
        return None
    except (ValueError, RecursionError) as error:
        return f"the request has a number that is too long, or is nested too deeply ({error})"
    known = [*sorted(SUPPORTED_FORMATS), SERVING_PARAMS_KEY]
    for name in asked if isinstance(asked, dict) else []:
        if name not in known:
            hint = did_you_mean(name, known)
            others = ", ".join(each for each in known if each not in {"inputs", SERVING_PARAMS_KEY})
            return f"{name}: no such field. {hint}A request has inputs and params; instead of inputs {others}"
    return None
