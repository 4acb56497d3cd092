"""What a worker says of its trials where there is no terminal: a line for each."""

import re

import pytest

from pipeline.sweep.study.study import Study
from pipeline.sweep.workers.progress import Progress


def test_a_trial_that_goes_on_elsewhere_or_later_is_said(plan, capsys: pytest.CaptureFixture[str]) -> None:
    study = Study(plan())
    with Progress(study, 3) as progress:
        first, second = study.claim(), study.claim()
        for claimed in (first, second):
            progress.begins(claimed)
        progress.epoch(first, 2, {"validation/epoch/elbo": -12.25})
        progress.waits(first, "node b has other data")
        progress.drops(second)
    waits, drops = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"trial   0 waits   latent_dim=\d beta=\S+  node b has other data", waits)
    assert drops == "trial   1 taken over by another worker"
