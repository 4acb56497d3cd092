"""The search for runs, in MLflow's language, which gives all that there are and says what is wrong with a filter."""

from collections.abc import Sequence

from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, ErrorCode
from mlflow.tracking import MlflowClient

from pipeline.address import Address
from pipeline.errors import InputError
from pipeline.text.wording import first_line


def found_runs(client: MlflowClient, uri: Address, experiment_ids: Sequence[str], where: str) -> list[MlflowRun]:
    """All runs of experiments that pass a filter, latest first, however many.

    Args:
        client: of the store that has them.
        uri: the address of the store.
        experiment_ids: of the experiments.
        where: the filter.

    Raises:
        InputError: the filter is not in MLflow's language, or the store refuses the search.
    """
    runs: list[MlflowRun] = []
    token = None
    latest_first = ["attributes.start_time DESC"]
    while token != "":
        try:
            page = client.search_runs(list(experiment_ids), where, order_by=latest_first, page_token=token)
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(INVALID_PARAMETER_VALUE):
                reason = f"filter={where}: {error.message} Expected for example: metrics.`test/nll` < 110"
            else:
                reason = f"tracking.uri={uri}: MLflow cannot search the runs there ({first_line(error)})"
            raise InputError(reason) from error
        runs += page
        token = page.token or ""
    return runs
