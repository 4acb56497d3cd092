"""Private names of MLflow, each with the reason why no public name will do. A test checks that MLflow still has them.

They are imported where they are used, as MLflow's models take a second to import that a store does without.
"""

from typing import TYPE_CHECKING, Any

from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel


def migrations() -> ScriptDirectory:
    """The migrations of MLflow's database; publicly MLflow runs them, but does not tell which schema it needs."""
    from mlflow.store.db.utils import _get_alembic_config

    return ScriptDirectory.from_config(_get_alembic_config(""))


def save_example(model: "Model", example: Any, folder: str) -> None:
    """Write the input example of a model into its folder; publicly only MLflow's own flavors can."""
    from mlflow.models.utils import _save_example

    _save_example(model, example, folder)


def implementation(model: "PyFuncModel") -> Any:
    """The object that a model's loader gave to MLflow; publicly MLflow gives it only where it is a `PythonModel`."""
    return model._model_impl
