"""The targets of the Makefile hand on what was typed."""

import subprocess

import pytest

from pipeline import ROOT


@pytest.mark.parametrize("target", ["train", "sweep", "study", "compare"])
def test_make_expands_no_reference_of_a_config(target: str) -> None:
    typed = "'sweep.storage=${oc.env:STUDY_STORAGE}' model.hidden=[16,8]"
    planned = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", target, f"ARGS={typed}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert planned.stdout.splitlines()[-1].endswith(f" {typed}")


def test_a_study_without_a_journal_has_no_dashboard_here() -> None:
    refused = subprocess.run(
        ["make", "--dry-run", "dashboard", "STUDY=elsewhere"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "No journal of a study elsewhere is in mlruns/studies. Of a study in a database: " in refused.stderr
