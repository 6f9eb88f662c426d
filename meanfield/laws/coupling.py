r"""Tokens on the circle coupled by any smooth function of their difference (A (7.5)).

With h = sum_k a_k sin(k d) + b_k cos(k d), t = cos d and Chebyshev's polynomials T_k, U_k,

    h(d) = sin(d) g(t) + f(t),    g = sum a_k U_{k-1}(t),    f = sum b_k T_k(t),

so that with kernels g and f the velocity is P_x int g(<x, y>) y dmu, and int f(<x, y>) dmu along the circle: measures
answer both as they answer attention, points by the same sums and a density by multipliers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.polynomial import chebyshev

from meanfield.kernels import Zonal
from meanfield.laws.base import true
from meanfield.laws.kuramoto import FLAT_KERNEL, Turning
from meanfield.protocols import Array, Measure
from meanfield.tools import inputs
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown

LARGEST = 2**14
"""Nodes at which h is asked at most; half as many harmonics."""
ROUNDING = 64 * np.finfo(float).eps
"""Harmonics below this share of the largest are h's rounding."""
BETWEEN, HELD = 0.381966, 1e-11
"""Where between its nodes h is asked once more, and the share of its size by which the series may miss it there."""
ROOM = 0.1
"""A kernel is kept positive by adding a constant, this share of its size beyond the least that does; what the constant
adds is taken away again."""


@register
@dataclass(frozen=True)
class Polynomial(Shown):
    """sum_k c_k T_k(t), shifted up."""

    c: tuple[float, ...]
    shift: float = 0.0

    def __call__(self, t: Array) -> Array:
        return chebyshev.chebval(t, np.array(self.c)) + self.shift


@dataclass(frozen=True)
class _Signed:
    """A polynomial of <x, y> of any sign, as a kernel that is positive and a constant that is taken away."""

    kernel: Any
    shift: float

    @classmethod
    def of(cls, c: Array, name: str) -> _Signed | None:
        """Of Chebyshev coefficients; None of nothing."""
        if not c.any():
            return None
        values = chebyshev.chebval(np.cos(np.linspace(0.0, np.pi, 8 * len(c) + 1)), c)
        size, least = np.abs(values).max(), values.min()
        shift = max(0.0, ROOM * size - least) if least <= ROOM * size else 0.0
        phi = Polynomial(tuple(c.tolist()), float(shift))
        return cls(Zonal(phi, name, order=max(400, 8 * len(c))), float(shift))

    def read(self, x: Array | None, mu: Measure, want: str) -> Any:
        """Z or M, as true values."""
        total: Any = true(mu.read(self.kernel, x, want), want)
        return total if self.shift == 0.0 else total - self.shift * true(mu.read(FLAT_KERNEL, x, want), want)


@register
@dataclass(frozen=True)
class Coupling(Turning):
    """theta_i' = omega_i + sum_j w_j h(theta_j - theta_i) (A (7.5); masses w_j, 1/n if not given).

    h = K sin is `mf.Kuramoto`, h(d) = e^{beta cos d} sin d is USA.  Where h is odd and all turn alike, the flow climbs
    E = (1/2) iint H(theta - theta') dmu dmu, H = sum_k (a_k / k) cos(k d), -H' = h: `quantities` has "energy" and
    "dissipation".

    Parameters
    ----------
    h : callable
        Array of differences in radians -> array, entry by entry: smooth, of period 2 pi.  To be saved with a run it
        must itself be registered (`mf.register`), as a frozen dataclass with ``__call__``.
    omega : float or array (n,) or (..., n)
        Natural frequencies, as of `mf.Kuramoto`.

    Raises
    ------
    ValueError, TypeError
        For an h that is not finite, not of period 2 pi, or so rough that 8191 harmonics do not hold it to rounding;
        and as `mf.Kuramoto`.

    Examples
    --------
    >>> import numpy as np
    >>> law = mf.Coupling(lambda d: np.sin(d) - 0.7 * np.sin(2 * d))  # two clusters
    >>> run = pt.simulate(law, [0.0, 0.3, 2.0, 2.4], (0.0, 100.0))
    >>> round(float(np.cos(run.theta[-1, 3] - run.theta[-1, 0])), 4)  # h(d) = 0 where cos d = 5/7
    0.7143
    """

    equations: ClassVar[tuple[str, ...]] = ("A (7.5)",)
    autonomous = True
    h: Callable[[Array], Array]
    omega: Any = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.h):
            raise TypeError(f"h: wanted a function of the difference in radians, got {inputs.describe(self.h)}")
        _ = self._series

    def __str__(self) -> str:
        name = getattr(self.h, "__name__", type(self.h).__name__)
        return f"Coupling({name}, {self._omega()})"

    @cached_property
    def _series(self) -> tuple[Array, Array]:
        """a_k and b_k, k = 0..degree."""
        return harmonics(self.h)

    @cached_property
    def _odd(self) -> _Signed | None:
        return _Signed.of(_second_kind(self._series[0]), "h odd")

    @cached_property
    def _even(self) -> _Signed | None:
        return _Signed.of(self._series[1], "h even")

    @cached_property
    def _slopes(self) -> tuple[_Signed | None, _Signed | None]:
        """Of h': sum k a_k cos(k d), and sum k b_k sin(k d), which it has with a minus."""
        a, b = (np.arange(len(series)) * series for series in self._series)
        return _Signed.of(a, "h' even"), _Signed.of(_second_kind(b), "h' odd")

    @cached_property
    def _energy(self) -> _Signed | None:
        a = self._series[0]
        return _Signed.of(a / np.maximum(np.arange(len(a)), 1), "H")

    @property
    def _climbs(self) -> bool:
        return self._even is None and not self.labelled

    @property
    def rises(self) -> tuple[str, ...]:  # type: ignore[override]
        """E, where h is odd and all turn alike."""
        return ("energy",) if self._climbs else ()

    @property
    def falls(self) -> tuple[str, ...]:  # type: ignore[override]
        """The free energy -E, where h is odd and all turn alike."""
        return ("free_energy",) if self._climbs else ()

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """omega + int h dmu."""
        v: Any = self._turned(x, mu)
        if self._odd is not None:
            v = v + self._odd.read(x, mu, "M")
        if self._even is not None:
            v = v + self._even.read(x, mu, "Z") * self._along(x, mu)
        return v

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """-int h' dmu."""
        even, odd = self._slopes
        total: Any = 0.0
        if even is not None:
            total = total - even.read(x, mu, "Z")[..., 0]
        if odd is not None:
            total = total + np.sum(odd.read(x, mu, "M") * self._along(x, mu), axis=-1)
        return total

    def ascent(self, t: float, x: Array | None, mu: Measure) -> Any:
        """int h dmu, where it is odd and all turn alike."""
        return None if not self._climbs else 0.0 if self._odd is None else self._odd.read(x, mu, "M")

    def quantities(self, t: float, mu: Measure) -> dict[str, Any]:
        """energy and dissipation, where h is odd and all turn alike."""
        if not self._climbs:
            return {}
        mu = mu.summed
        if self._odd is None or self._energy is None:
            return {"energy": 0.0, "dissipation": 0.0, "free_energy": 0.0}
        U = self._energy.read(None, mu, "Z")[..., 0]
        v = self._odd.read(None, mu, "M")
        E = 0.5 * np.sum(mu.weights * U, axis=-1)
        rate = np.sum(mu.weights * np.sum(v * v, axis=-1), axis=-1)
        return {"energy": E, "dissipation": rate, "free_energy": -E}


def harmonics(h: Callable[[Array], Array]) -> tuple[Array, Array]:
    """h = sum_k a_k sin(k d) + b_k cos(k d): a and b (degree + 1,), b_0 the mean; what is rounding is 0."""
    n = 64
    while n <= LARGEST:
        d = 2.0 * np.pi * np.arange(n) / n
        values = _asked(h, d)
        c = np.fft.rfft(values) / n
        size = np.abs(c).max()
        above = np.flatnonzero(np.abs(c) > ROUNDING * size)
        last = int(above[-1]) if len(above) else 0
        if last <= n // 4:
            c = np.where(np.abs(c) > ROUNDING * size, c, 0.0)[: last + 1]
            twice = np.where(np.arange(last + 1) > 0, 2.0, 1.0)
            a, b = _clean(-twice * c.imag, size), _clean(twice * c.real, size)
            if _holds(h, a, b, n):
                return a, b
        n *= 2
    raise ValueError(
        f"h: {LARGEST // 2 - 1} harmonics do not hold it to rounding: it jumps, or has a kink or a narrow peak; give a "
        "smooth function of period 2 pi, such as its first harmonics"
    )


def _holds(h: Callable[[Array], Array], a: Array, b: Array, n: int) -> bool:
    """Whether the series is h between the nodes, too, and one turn before and after."""
    k = np.arange(len(a))
    c = np.where(k > 0, 0.5, 1.0) * (b - 1j * a) * np.exp(2j * np.pi * k * BETWEEN / n)
    series = n * np.fft.irfft(np.pad(c, (0, n // 2 + 1 - len(c))), n)
    values = _asked(h, 2.0 * np.pi * ((np.arange(n) + BETWEEN) / n + np.arange(n) % 3 - 1))
    return bool(np.abs(series - values).max() <= HELD * np.abs(values).max())


def _clean(series: Array, size: float) -> Array:
    return np.where(np.abs(series) > ROUNDING * size, series, 0.0)


def _asked(h: Callable[[Array], Array], d: Array) -> Array:
    values = np.asarray(inputs.mapped("h", h, d, "differences"))
    if values.shape != d.shape or values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        raise ValueError(
            f"h: of an array of differences, shape {d.shape}, it gave {inputs.describe(values)}: wanted finite numbers "
            "of that shape"
        )
    return values.astype(float)


def _second_kind(a: Array) -> Array:
    """sum_k a_k U_{k-1} in T_0, T_1, ...: U_m = 2 (T_m + T_{m-2} + ...), with T_0 once."""
    c = np.zeros(max(len(a) - 1, 1))
    for parity in (0, 1):
        of_parity = a[1:][parity::2]
        c[parity : len(a) - 1 : 2] = 2.0 * np.cumsum(of_parity[::-1])[::-1]
    c[0] *= 0.5
    return c
