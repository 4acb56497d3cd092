"""Private names of MLflow, each with the reason why no public name will do. A test checks that MLflow still has them.

They are imported where they are used, as MLflow's models take a second to import that a store does without.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from alembic.config import Config
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel


def alembic_config(address: str = "") -> "Config":
    """Alembic's config for MLflow's database at an address; publicly MLflow can only bring a database up to date."""
    from mlflow.store.db.utils import _get_alembic_config

    return cast("Config", _get_alembic_config(address))


def migrations() -> ScriptDirectory:
    """The migrations of MLflow's database; their head is the schema that this MLflow needs."""
    return ScriptDirectory.from_config(alembic_config())


@contextmanager
def packages_as_named() -> Iterator[None]:
    """A block in which MLflow takes the packages that a model needs as it is told them.

    To compare them with what is installed, it would look through all installed packages, which takes a second.
    """
    from mlflow.utils import requirements_utils

    before = requirements_utils._MODULES_TO_PACKAGES
    requirements_utils._MODULES_TO_PACKAGES = before or {}
    try:
        yield
    finally:
        requirements_utils._MODULES_TO_PACKAGES = before


def save_example(model: "Model", example: Any, folder: str) -> None:
    """Write the input example of a model into its folder; publicly only MLflow's own flavors can."""
    from mlflow.models.utils import _save_example

    _save_example(model, example, folder)


def implementation(model: "PyFuncModel") -> Any:
    """The object that a model's loader gave to MLflow; publicly MLflow gives it only where it is a `PythonModel`."""
    return model._model_impl
