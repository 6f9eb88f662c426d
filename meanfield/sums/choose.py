"""Which sum: direct or band-limited, in numpy or compiled; by a rule that can be read, and overruled with `field=`."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from meanfield.protocols import Bilinear, Geometry, Kernel
from meanfield.sums.scores import share_of

APART = "differences"
Field: TypeAlias = Literal["auto", "direct", "differences", "harmonic", "cells", "compiled"]
FIELDS: tuple[Field, ...] = get_args(Field)
"""By rule; dense in numpy; dense by differences of angles; band-limited in numpy; band-limited on the circle, compiled;
dense, compiled."""
FEW = 64
"""Points up to which pairs of angles are summed by their differences, where that is quick or needed."""
QUICK = FEW * FEW
"""Pairs, over all replicas, up to which differences cost no more than matrix products of rows."""
FAR = 16.0
"""Range of a kernel beyond which it is needed: points at one place pull each other by 1e-16 when summed by rows, and
the farthest pull, e^-range, would be known to no more than 1e-9 of itself."""
CROSSOVER = {2: 250, 3: 1500}
"""Where there are harmonics (the circle and S^2), and the points from which the band-limited sum is the faster one."""
TWICE = {2: 400, 3: 1500}
"""The same of kernels with matrices, whose harmonics are told twice over."""
RUNNING, WORTH = {2: 1000, 3: 4000}, 10
"""Points from which running sums over the past are the faster ones, and how many for each harmonic."""
CELLED = (2,)
"""Where moments of cells serve them: on the circle."""
BANDED = ("harmonic", "cells")
"""Those that go by the kernel's bandwidth of harmonics."""
COMPILED = {"cells": 10_000, "compiled": 2_000}
"""Points from which a run gains more by a compiled sum than importing numba costs (half a second or more)."""
FAINT = 3e-4
"""Below this share of max Z the band-limited quotient, whose error is 1e-16 max Z / Z, loses more than 1e-12."""
UNDERFLOW = 1e-290
"""Own points have Z >= (own weight) e^beta; elsewhere Z may be too small to be written beside max Z."""


@lru_cache(maxsize=1)
def installed() -> bool:
    """Whether numba can be used; imports it, so ask last."""
    try:
        import numba  # noqa: F401
    except ImportError:  # not there, or older than the numpy that is
        return False
    return True


def choose(
    field: str, kernel: Kernel, geometry: Geometry, d: int, n: int, masked: bool = False, gaps: int = 0,
    running: bool = False, valued: bool = False, divergence: bool = False,
) -> str:  # fmt: skip
    """The sum for n points of a geometry in R^d: one of `FIELDS` other than "auto", or "twofold"; where the geometry
    knows no harmonics in that dimension, and under a mask (`masked`), of all pairs.

    Of a kernel with matrices, or of values V y (`valued`), "twofold" is the band-limited sum (`sums.twofold`), which
    knows no divergence.

    Where every point sees those up to itself (`running`), "running" is the band-limited sum.  `gaps` is the number of
    differences of angles, over all replicas, where points are asked about themselves for Z and M; 0 where the question
    is another, to which "differences" answers by "direct".

    Raises
    ------
    ValueError
        If "harmonic" is asked for where there is none (other than on the circle and S^2, or under a mask), or "cells"
        or "differences" elsewhere than on the circle, or with matrices Q, K or V.
    ImportError
        If "cells" or "compiled" is asked for without numba.
    """
    hard = share_of(kernel) is not None  # or a refusal
    banded = d in geometry.fast and not masked
    able = banded and kernel.isotropic and not valued
    twice = banded and not (able or running or divergence) and not hard and isinstance(kernel, Bilinear)
    if field == "harmonic" and twice:
        return "twofold"
    if running and able and field in ("auto", "harmonic"):
        long = n >= max(RUNNING[d], WORTH * _bandwidth(kernel, d) ** (d - 1))
        return "running" if field == "harmonic" or long else "direct"
    if running and field == "auto":  # one sum whatever n: who comes later changes no bit
        return "direct"
    able = able and not running
    if (field == "harmonic" and not able) or (field in ("cells", APART) and not (able and d in CELLED)):
        where = "the circle or S^2 (d = 2, 3)" if field == "harmonic" else "the circle (d = 2)"
        came = f"d = {d}" if geometry.manifold == "sphere" else f"points of R^{d}"
        came += ", values V y" * valued + ", a mask" * masked
        other = "no mask" if field == "harmonic" else "a kernel of <x, y> alone, no V and no mask"
        raise ValueError(
            f'field: "{field}" needs {where}, {other}, got {came} and {kernel}: use field="direct" or "auto"'
        )
    if field in COMPILED and not installed():
        raise ImportError(
            f'field: "{field}" is compiled by numba, which is not installed (or too old for this numpy): '
            'pip install -U numba (the extra "fast"), or use field="auto"'
        )
    if field == APART and not gaps:
        return "direct"
    if field != "auto":
        return field
    if able and gaps and n <= FEW and (gaps <= QUICK or kernel.range > FAR):
        return APART
    if twice and n >= TWICE[d] and n >= 2 * _bandwidth(kernel, d) ** (d - 1):
        return "twofold"
    if not able or n < CROSSOVER[d] or n < 2 * _bandwidth(kernel, d):
        dense = geometry.manifold == "sphere" and n >= COMPILED["compiled"] and isinstance(kernel, Bilinear)
        return "compiled" if dense and installed() else "direct"
    return "cells" if d in CELLED and n >= COMPILED["cells"] and installed() else "harmonic"


def _bandwidth(kernel: Kernel, d: int) -> float:
    """The kernel's bandwidth; inf where it has more harmonics than can be computed."""
    try:
        return float(kernel.bandwidth(d))
    except ValueError:
        return math.inf
