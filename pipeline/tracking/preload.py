"""Imports the slow modules of MLflow in advance, so that forked processes need not: a second each."""

from contextlib import suppress
from importlib import import_module

from sqlalchemy.orm import configure_mappers

for _name in (
    "git",
    "mlflow.pyfunc.loaders",
    "mlflow.pyfunc.utils",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.tracing.export",
    "mlflow.tracing.processor",
    "opentelemetry.sdk.metrics",
    "sqlalchemy.dialects.sqlite",
):
    with suppress(ImportError):  # what is not there, such as the program git, MLflow does without
        import_module(_name)
configure_mappers()
