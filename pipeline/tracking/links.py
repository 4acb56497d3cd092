"""Addresses of pages in the MLflow UI, from another page of it; of a server, after its own address and a slash."""

import re

# Without this word MLflow opens its page for language models, which knows no charts.
_PAGE = "?workflowType=machine_learning"
EXPERIMENTS = f"#/experiments{_PAGE}"
"""The list of experiments."""


def runs_link(experiment_id: str) -> str:
    """Return the address of the page of an experiment's runs."""
    return f"#/experiments/{experiment_id}/runs{_PAGE}"


def run_link(experiment_id: str, run_id: str) -> str:
    """Return the address of the page of a run."""
    return f"#/experiments/{experiment_id}/runs/{run_id}{_PAGE}"


def view_link(experiment_id: str, key: str) -> str:
    """Return the address of a prepared view of an experiment's runs."""
    return f"#/experiments/{experiment_id}/runs{_PAGE}&compareRunsMode=CHART&viewStateShareKey={key}"


def in_experiment(text: str, experiment_id: str, run_id: str) -> str:
    """Return a text in which the addresses of the pages of a run lead to another experiment."""
    return re.sub(rf"(?<=#/experiments/)\d+(?=/[^\s)]*{run_id})", experiment_id, text)
