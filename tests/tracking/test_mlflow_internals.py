"""MLflow's private names do what is needed of them."""

import json
import logging

import importlib_metadata
import mlflow
import numpy as np
import pytest
from mlflow.models import Model, ModelSignature
from mlflow.pyfunc import PyFuncModel
from mlflow.types import ColSpec, Schema
from mlflow.utils import requirements_utils
from sqlalchemy import create_engine, text

from pipeline.tracking.mlflow_internals import implementation, migrations, packages_as_named, save_example
from pipeline.tracking.store import Store


def test_the_last_migration_is_the_schema_of_a_database_that_mlflow_made(tmp_path) -> None:
    address = f"sqlite:///{tmp_path / 'mlflow.db'}"
    Store(address)
    with create_engine(address).connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [
            migrations().get_current_head()
        ]


def test_an_example_is_written_beside_the_model_and_named_in_it(tmp_path) -> None:
    model = Model()
    save_example(model, {"images": np.zeros((1, 2, 2, 1), np.float32)}, str(tmp_path))
    assert model.saved_input_example_info
    written = tmp_path / model.saved_input_example_info["artifact_path"]
    assert np.shape(json.loads(written.read_text())["images"]) == (1, 2, 2, 1)


def test_packages_of_a_model_are_taken_as_named_and_for_that_block_alone(monkeypatch, caplog) -> None:
    monkeypatch.setattr(logging.getLogger("mlflow"), "propagate", True)  # so that caplog sees its warning
    monkeypatch.setattr(requirements_utils, "_MODULES_TO_PACKAGES", None)
    monkeypatch.setattr(importlib_metadata, "packages_distributions", lambda: pytest.fail("all packages are read"))
    with packages_as_named():
        requirements_utils.warn_dependency_requirement_mismatches(
            ["keras", f"mlflow=={mlflow.__version__}", "tensorflow==1.0"]
        )
    [warning] = set(caplog.messages)  # which a newer pytest has twice: it listens to that logger itself
    assert "tensorflow (current: " in warning
    assert "keras" not in warning


def test_the_object_that_a_loader_gave_is_found_in_the_model() -> None:
    class Ours:
        def predict(self, model_input, params=None):
            return model_input

    ours = Ours()
    signature = ModelSignature(Schema([ColSpec("double", "x")]))
    assert implementation(PyFuncModel(Model(signature=signature), ours)) is ours
