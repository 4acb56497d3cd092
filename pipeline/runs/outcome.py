"""The outcome of a training, to be told to a person or to a study."""

import math
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from pipeline.evaluation.evaluation import Evaluation
from pipeline.text.wording import counted, one_line


@dataclass(frozen=True)
class Outcome:
    """The outcome of a training that is finished.

    Attributes:
        epochs: that were trained.
        kept: the epoch, from 1, whose weights the model has, if the training stopped before its last epoch; else None.
        metrics: of its last epoch and of the evaluation, by name.
        evaluation: None where an earlier run's was taken over.
    """

    run_id: str
    run_name: str
    epochs: int
    metrics: dict[str, float]
    evaluation: Evaluation | None
    where_to_look: str
    kept: int | None = None

    def report(self, console: Console) -> None:
        """Print the key scores, the run's name and how to see it."""
        test = self.evaluation
        assert test
        further = "; ".join(f"{label}: {value:.4g}" for label, value in test.further().items())
        stopped = f" (stopped early, as none was better than epoch {self.kept}, which is kept)" if self.kept else ""
        condition = " given its class" if test.given_class else ""
        said = Text.assemble(
            ("\nDone: ", "bold green"),
            (one_line(self.run_name), "bold"),
            f", {counted(self.epochs, 'epoch')}{stopped}, run {self.run_id}\n"
            f"On the {test.split} split, per image{condition}: {_likelihood(test)}, MSE {test.mse:.4f}\n",
            f"{further[:1].upper()}{further[1:]}\n",
            (f"{test.warning}\n" if test.warning else "", "yellow"),
            f"{'Send it' if 'pipeline.sync' in self.where_to_look else 'See it'} with: {self.where_to_look}",
        )
        console.print(said, soft_wrap=True)


def _likelihood(test: Evaluation) -> str:
    if not test.has_bound:
        return f"distortion {test.distortion:.2f} nats (latents without noise, so no ELBO)"
    elbo = f"ELBO {test.elbo:.2f} nats (rate {test.rate:.2f}, distortion {test.distortion:.2f})"
    if test.nll is None:
        return elbo
    known = test.nll_standard_error is not None and math.isfinite(test.nll_standard_error)
    return f"{elbo}, NLL {test.nll:.2f}{f' ± {test.nll_standard_error:.2f}' if known else ''}"
