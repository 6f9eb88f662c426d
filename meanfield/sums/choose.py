"""Which sum: direct, or band-limited; by a rule that can be read, and overruled with `field=`."""

from __future__ import annotations

from typing import Any

from meanfield.protocols import Array

FIELDS = ("auto", "direct", "harmonic")
CROSSOVER = {2: 400, 3: 1500}
"""Where there are harmonics (the circle and S^2), and the points from which the band-limited sum is the faster one."""
FAINT = 1e-4
"""Below this share of max Z the band-limited quotient, whose error is 1e-16 max Z / Z, loses more than 1e-12."""
UNDERFLOW = 1e-290
"""Own points have Z >= (own weight) e^beta; elsewhere Z may be too small to be written beside max Z."""
SLIGHT = 1e-10
"""Points with less than this share of the largest weight may have a Z as faint, and there may be many."""


def choose(field: str, kernel: Any, d: int, n: int, weights: Array) -> str:
    """"direct" or "harmonic" for n points in dimension d.

    Raises
    ------
    ValueError
        If "harmonic" is asked for where there is none: other than on the circle and S^2, or a kernel with matrices.
    """
    able = d in CROSSOVER and kernel.isotropic
    if field == "harmonic" and not able:
        raise ValueError(
            f'field: "harmonic" needs the circle or S^2 (d = 2, 3) and a kernel of <x, y> alone, got d = {d} and '
            f'{kernel}: use field="direct" or "auto"'
        )
    if field != "auto":
        return field
    if not able or n < max(CROSSOVER[d], 2 * kernel.bandwidth(d)):
        return "direct"
    return "harmonic" if weights.min() > SLIGHT * weights.max() else "direct"
