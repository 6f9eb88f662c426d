"""Thresholds and reduced equations of Kuramoto's model, against printed digits and each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from validation.exact import ode, synchrony

pytestmark = pytest.mark.rounding

ORDER = {
    1.05: 0.218217890235993, 1.1: 0.301511344577764, 1.25: 0.447213595499958, 1.5: 0.577350269189626,
    2.0: 0.707106781186548, 3.0: 0.816496580927726, 5.0: 0.894427190999916,
}  # fmt: skip
"""K: r, Lorentz frequencies of gamma = 1/2, K_c = 1."""
REDUCED = {
    0.6: (0.081671383716386, 0.04466632919754, 0.013434973039024),
    1.5: (0.12717102637521, 0.24900964670759, 0.52316735694061),
    2.0: (0.16211014674093, 0.51333156004749, 0.70632157735934),
    3.0: (0.25966997223543, 0.80764930189301, 0.8164965256717),
}
"""K: r(1), r(4), r(10) from 0.1."""


def test_lorentz_frequencies() -> None:
    g = synchrony.lorentz(0.5)
    assert abs(synchrony.threshold(g) - 1.0) < 1e-15 * 4
    assert synchrony.order(g, 0.9) == 0.0
    for K, r in ORDER.items():
        assert abs(synchrony.order(g, K) - r) < 1e-13
        assert abs(synchrony.order(g, K) - math.sqrt(1.0 - 1.0 / K)) < 1e-13
        assert abs(synchrony.consistent(g, K, r) - 1.0) < 1e-12


def test_normal_frequencies() -> None:
    """K_c = 2 sqrt(2 / pi); beyond it (K r)^2 = 8 (1 - K_c / K) to first order."""
    K_c = synchrony.threshold(synchrony.normal)
    assert abs(K_c - 2.0 * math.sqrt(2.0 / math.pi)) < 1e-15 * 4
    # 1 = K g(0) (pi/2) (1 - (K r)^2 / 8 + ...): int cos^2 sin^2 = pi / 8
    r = synchrony.order(synchrony.normal, 1.0001 * K_c)
    assert abs((K_c * r) ** 2 / 8.0 / 1e-4 - 1.0) < 1e-3


def test_ott_and_antonsen_s_equation() -> None:
    """Printed digits; the equation itself; and its fixed point is the order parameter."""
    for K, told in REDUCED.items():
        for t, r in zip((1.0, 4.0, 10.0), told, strict=True):
            assert abs(synchrony.ott_antonsen(K, 0.5, 0.1, t) - r) < 2e-14
    for K in (0.7, 1.0, 2.5):

        def slope(t: float, r: Any, K: float = K) -> Any:
            return (0.5 * K - 0.5) * r - 0.5 * K * r**3

        run = ode.integrate(slope, np.array([0.3]), [0.0, 3.0])[1]
        assert abs(run[-1, 0] - synchrony.ott_antonsen(K, 0.5, 0.3, 3.0)) < 1e-13
    assert abs(synchrony.ott_antonsen(2.0, 0.5, 0.1, 60.0) - synchrony.order(synchrony.lorentz(0.5), 2.0)) < 1e-12
