"""One line of the table: two figures taken side by side, and the bar for their ratio."""

from __future__ import annotations

from typing import NamedTuple

HEADER = f"{'what':<28}{'':>10}  {'against':<26}{'':>10}  {'ratio':>5}  bar"


class Ratio(NamedTuple):
    """A cost of ours, something to compare it with, and the ratio that is still good enough."""

    what: str
    ours: float
    against: str
    theirs: float
    unit: str
    bar: float

    @property
    def ratio(self) -> float:
        """Ours by theirs."""
        return self.ours / self.theirs

    @property
    def kept(self) -> bool:
        """Whether the bar was kept."""
        return self.ratio <= self.bar

    def row(self) -> str:
        """The line.

        >>> Ratio("tcptune --help", 52, "import typer", 50, "ms", 1.3).row()
        'tcptune --help                 52.0 ms  import typer                 50.0 ms   1.04  <= 1.3'
        """
        figures = [f"{figure:.1f} {self.unit}" for figure in (self.ours, self.theirs)]
        verdict = "" if self.kept else "  MISSED"
        return (
            f"{self.what:<28}{figures[0]:>10}  {self.against:<26}{figures[1]:>10}  "
            f"{self.ratio:>5.2f}  <= {self.bar}{verdict}"
        )


def shown(ratio: Ratio) -> Ratio:
    """The ratio, once its line is printed."""
    print(ratio.row(), flush=True)
    return ratio
