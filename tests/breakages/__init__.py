"""Falsehoods on purpose: each is one text put in place of another in a copy of the project, and what must turn red.

::

    nox -s breakages                          all of them, in an environment of their own
    nox -s breakages -- A13 kernel.py         those whose name, file or target holds one of these words
    PYTHONPATH=.:tests python -m breakages    the same, here

A check or test that stays green where its subject is false has no teeth.  `engine` says what red is, `judge` is the
process that looks, `checks` and `rooms` are the tables.  `tests/test_breakages.py` keeps the tables from rotting.
"""

from __future__ import annotations

from breakages.checks import CHECKS
from breakages.engine import Breakage
from breakages.rooms import ROOMS

TABLE: tuple[Breakage, ...] = (*CHECKS, *ROOMS)
