"""Finished cells of a sweep in a folder: one JSON file each, named by the cell's content, which says who made it."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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


@dataclass(frozen=True)
class Shelf:
    """A folder of finished cells: one JSON file each, named by the content of the cell."""

    folder: Path
    function: str
    """What the function is called."""
    made: dict[str, str]
    """What it computes with: digests by name."""
    seed: str | None
    """None: a run without a seed of its own takes any."""
    cells: dict[str, str]
    """Content of a cell -> digest of the code of its classes."""

    @classmethod
    def of(cls, fn: Any, cells: dict[str, Any], folder: Path, seed: str | None) -> Shelf:
        """The shelf of a function and of cells by their content, if they can be told from others."""
        name, made = identity.name_of(fn), identity.made_of(fn)
        found = {of: identity.digest(simple(cell), f"the cell {inputs.describe(cell)}") for of, cell in cells.items()}
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, name, made, seed, found)

    def _file(self, of: str) -> Path:
        return self.folder / f"{of[:32]}.json"

    def take(self, of: str, cell: Any) -> tuple[Any] | None:
        """(result,) of a finished cell, or None."""
        file = self._file(of)
        if not file.exists():
            return None
        try:
            card = settings.from_json(files.read_text(file))
            kept, function, seed, result = card["cell"], card["function"], card["seed"], card["result"]
            made = None if "made of" not in card else dict(card["made of"])
            strange = content(kept) != of
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"keep: {file} is no finished cell ({error}); remove it, and run again.") from error
        if strange:
            raise ValueError(
                f"keep: {file} holds the cell {inputs.describe(kept)}, and its name is that of "
                f"{inputs.describe(cell)}; remove it, and run again."
            )
        wanted = (self.function, seed if self.seed is None else self.seed)
        if (function, seed) != wanted:
            raise ValueError(
                f"keep: {file} was made by {function} with {seed}; wanted {wanted[0]} with {wanted[1]}. "
                "Choose another folder, or remove this one."
            )
        self._same(file, made, {**self.made, "the cell": self.cells[of]})
        return (result,)

    def _same(self, file: Path, then: dict[str, str] | None, now: dict[str, str]) -> None:
        """Refuse a card of a function that has the same name and is another."""
        if then is None:  # kept before functions were known by more than their names
            if "<" in self.function:
                raise ValueError(
                    f"keep: {file} was made by a function called {self.function}, as others are too, and it does not "
                    "say by which. Choose another folder, or remove this one."
                )
            warnings.warn(
                f"keep: cells in {self.folder} were kept when functions were known by their names alone: that the code "
                f"of {self.function} is the same cannot be seen.",
                stacklevel=5,
            )
            return
        other = [part for part in sorted({*then, *now}) if then.get(part) != now.get(part)]
        if other:
            raise ValueError(
                f"keep: {file} was made by {self.function} when it was another: {', '.join(other)} differed. "
                "Choose another folder, or remove this one."
            )

    def put(self, of: str, cell: Any, result: Any) -> None:
        card = {
            "cell": cell,
            "function": self.function,
            "made of": {**self.made, "the cell": self.cells[of]},
            "seed": self.seed or "fresh entropy",
            "version": versions("meanfield", "numpy", "scipy"),
            "result": result,
        }
        files.write_text(self._file(of), settings.to_json(card, indent=1) + "\n", overwrite=True)
