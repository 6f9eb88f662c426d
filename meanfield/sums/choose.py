"""Which sum: direct or band-limited, in numpy or compiled; by a rule that can be read, and overruled with `field=`."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

FIELDS = ("auto", "direct", "harmonic", "cells", "compiled")
"""By rule; dense in numpy; band-limited in numpy; band-limited on the circle, compiled; dense, compiled."""
CROSSOVER = {2: 250, 3: 1500}
"""Where there are harmonics (the circle and S^2), and the points from which the band-limited sum is the faster one."""
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


def choose(field: str, kernel: Any, d: int, n: int, flat: bool = False, valued: bool = False) -> str:
    """The sum for n points in dimension d: "direct", "harmonic", "cells" or "compiled"; in R^d, and for values V y, of
    all pairs.

    Raises
    ------
    ValueError
        If "harmonic" is asked for where there is none (other than on the circle and S^2, or with matrices Q, K or V),
        or "cells" elsewhere than on the circle.
    ImportError
        If "cells" or "compiled" is asked for without numba.
    """
    able = d in CROSSOVER and kernel.isotropic and not flat and not valued
    if (field == "harmonic" and not able) or (field == "cells" and not (able and d == 2)):
        where = "the circle or S^2 (d = 2, 3)" if field == "harmonic" else "the circle (d = 2)"
        came = f"points of R^{d}" if flat else f"d = {d}" + (", values V y" if valued else "")
        raise ValueError(
            f'field: "{field}" needs {where}, a kernel of <x, y> alone and no V, got {came} and {kernel}: '
            'use field="direct" or "auto"'
        )
    if field in COMPILED and not installed():
        raise ImportError(
            f'field: "{field}" is compiled by numba, which is not installed (or too old for this numpy): '
            'pip install -U numba (the extra "fast"), or use field="auto"'
        )
    if field != "auto":
        return field
    if not able or n < CROSSOVER[d] or n < 2 * _bandwidth(kernel, d):
        dense = not flat and d <= 3 and n >= COMPILED["compiled"] and hasattr(kernel, "factors")
        return "compiled" if dense and installed() else "direct"
    return "cells" if d == 2 and n >= COMPILED["cells"] and installed() else "harmonic"


def _bandwidth(kernel: Any, d: int) -> float:
    """The kernel's bandwidth; inf where it has more harmonics than can be computed."""
    try:
        return float(kernel.bandwidth(d))
    except ValueError:
        return math.inf
