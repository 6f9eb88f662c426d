"""Cells of a sweep in a folder, named by their content.

A finished one is a JSON file, which says who made it; one that is under way a folder of runs with such a file beside.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.runs.cell import CARD, Cell
from meanfield.runs.checkpoint import seconds_of
from meanfield.tools import files, identity, inputs, settings
from meanfield.tools.versions import versions


def content(cell: Any) -> str:
    """SHA-256 (hexadecimal) of a cell's content."""
    text = settings.to_json(simple(cell))
    return hashlib.sha256(json.dumps(json.loads(text), sort_keys=True).encode()).hexdigest()


def simple(value: Any) -> Any:
    """Numpy scalars as Python numbers and tuples as lists: 0.5 is the same cell wherever it came from."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (list, tuple):
        return [simple(v) for v in value]
    if type(value) is dict:
        return {key: simple(v) for key, v in value.items()}
    return value


def place(keep: Any, checkpoint: Any, every: Any, rng: Any) -> tuple[Path, float | None] | None:
    """The folder of a sweep that is kept, and how often its runs are: None, never."""
    if every is not None and checkpoint is None:
        raise ValueError(f"every: got {every!r} without a place to write to: give checkpoint=folder, too")
    if keep is not None and checkpoint is not None:
        raise ValueError("keep: got a folder beside checkpoint=, which keeps finished cells, too: leave keep out")
    for name, value in (("keep", keep), ("checkpoint", checkpoint)):
        if value is not None and not isinstance(value, str | os.PathLike):
            raise TypeError(f"{name} must be None or the path of a folder; got {inputs.describe(value)}.")
    if keep is not None:
        return Path(keep), None
    if checkpoint is None:
        return None
    if rng is None:
        raise ValueError("rng: runs that are kept under way go on by their seed, and none came: give rng=0, say")
    return Path(checkpoint), seconds_of(every)


@dataclass(frozen=True)
class Shelf:
    """A folder of cells, finished or under way, by the content of each."""

    folder: Path
    every: float | None
    """Seconds from one checkpoint of a run to the next; None: only what is finished is kept."""
    function: str
    """What the function is called."""
    made: dict[str, str]
    """What it computes with: digests by name."""
    seed: str | None
    """None: a run without a seed of its own takes any."""
    cells: dict[str, str]
    """Content of a cell -> digest of the code of its classes."""

    @classmethod
    def of(cls, fn: Any, cells: dict[str, Any], where: tuple[Path, float | None], seed: str | None) -> Shelf:
        """The shelf of a function and of cells by their content, if they can be told from others."""
        name, made = identity.name_of(fn), identity.made_of(fn)
        found = {of: identity.digest(simple(cell), f"the cell {inputs.describe(cell)}") for of, cell in cells.items()}
        folder = where[0].absolute()  # a worker may be elsewhere
        shelf = cls(folder, where[1], name, made, seed, found)
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"{shelf.name}: the folder {folder} cannot be written; choose another place.")
        return shelf

    @property
    def name(self) -> str:
        """The argument that asked for it."""
        return "keep" if self.every is None else "checkpoint"

    def _file(self, of: str) -> Path:
        return self.folder / f"{of[:32]}.json"

    def _runs(self, of: str) -> Path:
        return self.folder / f"{of[:32]}.runs"

    def take(self, of: str, cell: Any) -> tuple[Any] | None:
        """(result,) of a finished cell, or None."""
        file = self._file(of)
        if not file.exists():
            return None
        found = self._read(file, of, cell, "result")
        self._clear(of)
        return found

    def under_way(self, of: str, cell: Any) -> Cell | None:
        """Where the runs of a cell that is not finished are kept, if they are; those of another are refused."""
        if self.every is None:
            return None
        file = self._runs(of) / CARD
        if file.exists():
            self._read(file, of, cell, "cell")
        return Cell(self._runs(of), self.every, self._card(of, cell))

    def _read(self, file: Path, of: str, cell: Any, wanted: str) -> tuple[Any]:
        """(what a card says,), if it is this cell's, this function's and this seed's."""
        try:
            card = settings.from_json(files.read_text(file))
            kept, function, seed, found = card["cell"], card["function"], card["seed"], card[wanted]
            made = None if "made of" not in card else dict(card["made of"])
            strange = content(kept) != of
        except (ValueError, TypeError, KeyError) as error:
            told = f"{self.name}: {file} is no card of a cell ({error}); remove it, and run again."
            raise ValueError(told) from error
        if strange:
            raise ValueError(
                f"{self.name}: {file} holds the cell {inputs.describe(kept)}, and its name is that of "
                f"{inputs.describe(cell)}; remove it, and run again."
            )
        wanted_of = (self.function, seed if self.seed is None else self.seed)
        if (function, seed) != wanted_of:
            raise ValueError(
                f"{self.name}: {file} was made by {function} with {seed}; wanted {wanted_of[0]} with {wanted_of[1]}. "
                "Choose another folder, or remove this one."
            )
        self._same(file, made, {**self.made, "the cell": self.cells[of]})
        return (found,)

    def _same(self, file: Path, then: dict[str, str] | None, now: dict[str, str]) -> None:
        """Refuse a card of a function that has the same name and is another."""
        if then is None:  # kept before functions were known by more than their names
            if "<" in self.function:
                raise ValueError(
                    f"{self.name}: {file} was made by a function called {self.function}, as others are too, and it "
                    "does not say by which. Choose another folder, or remove this one."
                )
            warnings.warn(
                f"{self.name}: cells in {self.folder} were kept when functions were known by their names alone: that "
                f"the code of {self.function} is the same cannot be seen.",
                stacklevel=6,
            )
            return
        other = [part for part in sorted({*then, *now}) if then.get(part) != now.get(part)]
        if other:
            raise ValueError(
                f"{self.name}: {file} was made by {self.function} when it was another: {', '.join(other)} differed. "
                "Choose another folder, or remove this one."
            )

    def put(self, of: str, cell: Any, result: Any) -> None:
        """Keep a finished cell, whose runs are not needed any more."""
        files.write_text(self._file(of), self._card(of, cell, result=result), overwrite=True)
        self._clear(of)

    def _clear(self, of: str) -> None:
        shutil.rmtree(self._runs(of), ignore_errors=True)

    def _card(self, of: str, cell: Any, **more: Any) -> str:
        card = {
            "cell": cell,
            "function": self.function,
            "made of": {**self.made, "the cell": self.cells[of]},
            "seed": self.seed or "fresh entropy",
            "version": versions("meanfield", "numpy", "scipy"),
            **more,
        }
        return settings.to_json(card, indent=1) + "\n"
