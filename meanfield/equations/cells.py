"""An equation of a paper as a line of a table: what it says, how it stands, what checks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Standing(Enum):
    """How an equation stands in this project, as a sentence."""

    BUILT = "A room of the library holds it."
    BENCH = "It is for a check to show; the library needs no room for it."
    COMING = "Its room is still to come."
    STEP = "It is a step of a proof, and needs no room."


@dataclass(frozen=True)
class Printed:
    """One equation of a paper."""

    name: str
    """As "A (2.7)"; of later works the arXiv number."""
    what: str
    standing: Standing
    how: str
    """BUILT: a line of Python that shows it; COMING: the room; STEP: the proof; BENCH: empty."""
    checks: tuple[str, ...]
    """Ids of the checks that show it."""

    @property
    def paper(self) -> str:
        """A, B, C, or nothing."""
        return self.name[0] if self.name[:2] in ("A ", "B ", "C ") and "(" in self.name else ""


def cells(text: str, head: str) -> Iterator[list[str]]:
    """The cells of every line of a table; an indented line goes on with the one above.

    Parameters
    ----------
    text : str
        The table; |x| stands in the cells, so the separator is the bar with blanks about it.
    head : str
        What a line is, as "an equation must be `name | what`": for messages, and how many cells there are.
    """
    for line in re.sub(r"\n +", " ", text).strip().splitlines():
        found = [cell.strip() for cell in line.split(" | ")]
        if len(found) != len(head.split(" | ")) or not all(found):
            raise ValueError(f"{head}; got {line!r}.")
        yield found


def parsed(paper: str, text: str) -> list[Printed]:
    """The equations of a table of this paper."""
    found = []
    for name, what, how, checks in cells(text, "an equation must be `name | what | how | checks`"):
        kind, _, rest = how.partition(": ")
        standing = {"bench": Standing.BENCH, "to come": Standing.COMING, "step": Standing.STEP}.get(kind)
        said = () if checks == "-" else tuple(checks.split())
        found.append(
            Printed(f"{paper} {name}".strip(), what, standing or Standing.BUILT, rest if standing else how, said)
        )
    return found
