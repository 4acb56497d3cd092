"""Addresses of pages in the MLflow UI."""

# Without this word MLflow opens its page for language models, which knows no charts.
_PAGE = "?workflowType=machine_learning"


def experiments_link(address: str) -> str:
    """The list of experiments."""
    return f"{address}/#/experiments{_PAGE}"


def experiment_link(address: str, experiment_id: str) -> str:
    """The page of an experiment's runs."""
    return f"{address}/#/experiments/{experiment_id}/runs{_PAGE}"


def run_link(address: str, experiment_id: str, run_id: str) -> str:
    """The page of one run."""
    return f"{address}/#/experiments/{experiment_id}/runs/{run_id}{_PAGE}"


def view_link(experiment_id: str, key: str) -> str:
    """A prepared view of an experiment's runs, from a page of the same UI."""
    return f"#/experiments/{experiment_id}/runs{_PAGE}&compareRunsMode=CHART&viewStateShareKey={key}"
