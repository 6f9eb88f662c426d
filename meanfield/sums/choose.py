"""Which sum: direct, or band-limited; by a rule that can be read, and overruled with `field=`."""

from __future__ import annotations

from typing import Any

from meanfield.protocols import Array

FIELDS = ("auto", "direct", "harmonic")
CROSSOVER = {2: 400, 3: 1500}
"""Where there are harmonics (the circle and S^2), and the points from which the band-limited sum is the faster one."""
FAINT = 1e-10
"""Own points have Z >= (own weight) e^beta: below this share of max Z the band-limited quotient loses digits."""


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
    return "harmonic" if weights.min() > FAINT * weights.max() else "direct"
