"""The verdict of a reproduction: bit-identical, or the first difference."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from pipeline.reproduction.first_difference import Difference
from pipeline.text.wording import counted, one_line


@dataclass(frozen=True)
class Verdict:
    """The verdict of a reproduction.

    Attributes:
        run_id, name: of the run.
        epochs: that were trained again.
        numbers: how many were compared.
        difference: the first that differs; None if none does.
        weights: how many weights of the stored model differ; None if there was no model to compare.
        changed: circumstances that are not as they were, each as a phrase.
    """

    run_id: str
    name: str
    epochs: int
    numbers: int
    difference: Difference | None
    weights: int | None
    changed: Sequence[str]

    @property
    def is_identical(self) -> bool:
        """Whether every number and every weight came out as it was, to the last bit."""
        return self.difference is None and not self.weights

    def __str__(self) -> str:
        if self.is_identical:
            model = "" if self.weights is None else " and all weights of the model"
            return f"bit-identical: {counted(self.numbers, 'number')} of {counted(self.epochs, 'epoch')}{model}"
        what = self.difference or f"{self.weights} weights of the model differ, and no number"
        return f"not the same: {what}"

    def report(self, console: Console) -> None:
        """Print the verdict and the circumstances that changed."""
        colour = "green" if self.is_identical else "red"
        console.print(Text.assemble("\n", (one_line(self.name), "bold"), f", run {self.run_id}"), soft_wrap=True)
        console.print(Text(str(self), colour), soft_wrap=True)
        for phrase in self.changed:
            console.print(Text(f"  {one_line(phrase)}"), soft_wrap=True)
        if not self.is_identical and not self.changed:
            console.print("  No recorded circumstance differs", highlight=False)
