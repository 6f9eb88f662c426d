"""Falsehoods on purpose: each is one text put in place of another in a copy of the project, and what must turn red.

::

    nox -s breakages                          all of them, in an environment of their own
    nox -s breakages -- A13 kernel.py         those whose name, file or target holds one of these words
    PYTHONPATH=.:tests python -m breakages    the same, here

A check or test that stays green where its subject is false has no teeth.  `engine` says what red is, `judge` is the
process that looks; the tables are `rooms` (what was once missed), `changed`, `given`, `going_on`,
`tools`, `together`, `relatives`, `masked`, `mended`, `causal`, `motion`, `places`, `references`, `tokens`,
`tools`, `together`, `relatives`, `masked`, `rescaled`, `causal`, `motion`, `places`, `references`, `tokens`,
`trained`, `followups`,
`bench` (every other room), and for the checks one file for each of theirs (`a2_a3`, ...): every
registered check and every room has its own falsehood.  `tests/house/test_breakages.py` keeps the tables from rotting.
"""

from __future__ import annotations

from breakages.a2_a3 import A2_A3
from breakages.a4_a6 import A4_A6
from breakages.a7_a9 import A7_A9
from breakages.bench import BENCH
from breakages.beside import BESIDE
from breakages.causal import CAUSAL
from breakages.changed import CHANGED
from breakages.context import CONTEXT
from breakages.critical import CRITICAL
from breakages.densities import DENSITIES
from breakages.depths import DEPTHS
from breakages.divided import DIVIDED
from breakages.engine import Breakage
from breakages.figures import FIGURES
from breakages.flat import FLAT
from breakages.fluctuations import FLUCTUATIONS
from breakages.followups import FOLLOWUPS
from breakages.gaussian import GAUSSIAN
from breakages.given import GIVEN
from breakages.going_on import GOING_ON
from breakages.gram import GRAM
from breakages.line import LINE
from breakages.masked import MASKED
from breakages.mended import MENDED
from breakages.metrics import METRICS
from breakages.motion import MOTION
from breakages.noise import NOISE
from breakages.others import OTHERS
from breakages.places import PLACES
from breakages.reals import REALS
from breakages.references import REFERENCES
from breakages.relatives import RELATIVES
from breakages.rescaled import RESCALED
from breakages.rooms import ROOMS
from breakages.sinkhorn import SINKHORN
from breakages.squares import SQUARES
from breakages.stationary import STATIONARY
from breakages.together import TOGETHER
from breakages.tokens import TOKENS
from breakages.tools import TOOLS
from breakages.trained import TRAINED
from breakages.vectors import VECTORS
from breakages.volumes import VOLUMES
from breakages.words import WORDS
from breakages.zero import ZERO

TABLE: tuple[Breakage, ...] = (
    *A2_A3,
    *DEPTHS,
    *A4_A6,
    *A7_A9,
    *CHANGED,
    *CONTEXT,
    *CRITICAL,
    *DENSITIES,
    *DIVIDED,
    *FIGURES,
    *FOLLOWUPS,
    *FLUCTUATIONS,
    *GAUSSIAN,
    *FLAT,
    *GIVEN,
    *GOING_ON,
    *MASKED,
    *MENDED,
    *METRICS,
    *NOISE,
    *OTHERS,
    *RESCALED,
    *ROOMS,
    *SINKHORN,
    *STATIONARY,
    *SQUARES,
    *TOGETHER,
    *TOOLS,
    *WORDS,
    *VECTORS,
    *MOTION,
    *PLACES,
    *REFERENCES,
    *BENCH,
    *BESIDE,
    *GRAM,
    *RELATIVES,
    *TOKENS,
    *CAUSAL,
    *VOLUMES,
    *ZERO,
    *LINE,
    *REALS,
    *TRAINED,
)
