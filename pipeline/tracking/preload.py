"""Imports the slow modules of MLflow in advance, so that forked processes need not: a second each."""

from contextlib import suppress
from importlib import import_module

from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches
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
warn_dependency_requirement_mismatches(["keras"])  # looks once at all packages that are installed
