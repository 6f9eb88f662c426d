"""A cell of a sweep under way: the runs that it makes are kept, in the order in which they begin."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from meanfield.tools import files

CARD = "cell.json"
"""Whose runs these are: beside them, and there before the first."""


@dataclass
class Cell:
    """Where a cell keeps its runs while it is under way.

    Attributes
    ----------
    folder : Path
        Its own: made with the first run, removed when the cell is finished.
    every : float
        Seconds from one checkpoint of a run to the next.
    card : str
        What is written beside them: the cell, the function and the seed they are of.
    begun : int
        Runs so far.
    """

    folder: Path
    every: float
    card: str
    begun: int = 0

    def place(self) -> Path:
        """The file of the next run."""
        if not self.begun:
            self.folder.mkdir(exist_ok=True)
            files.write_text(self.folder / CARD, self.card, overwrite=True)
        self.begun += 1
        return self.folder / f"{self.begun}.nc"


UNDER_WAY: ContextVar[Cell | None] = ContextVar("cell", default=None)
"""The cell that this thread is at, if its runs are kept."""
