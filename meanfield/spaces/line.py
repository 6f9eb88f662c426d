"""An interval of R, for densities that live there at the beginning and are carried by laws of R^1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import numpy as np

from meanfield.geometry import FLAT, REALS
from meanfield.protocols import Array
from meanfield.spaces.base import Gridded
from meanfield.special import ultraspherical
from meanfield.tools import inputs
from meanfield.tools.settings import register

MOST = 4096
"""Degree at most."""
LEGENDRE = 3
"""The dimension in which the polynomials of heights are Legendre's."""
MARGIN = 0.05
"""Of its length, what is shown on both sides of where densities are."""


@register
@dataclass(frozen=True)
class Line(Gridded):
    """Densities on R that are 0 outside [a, b] at the beginning: they may have any value at a and b.

    Parameters
    ----------
    a, b : float
        The ends, a < b.
    degree : int
        Highest degree of the polynomials on [a, b], 2 to 4096.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Notes
    -----
    Densities are with respect to sigma, dx / (b - a) all along R, so that the uniform one on [a, b] is 1; `pdf` is with
    respect to dx.  Coefficients are int p_k d mu of the polynomials orthonormal under sigma on [a, b],
    p_k = (2k + 1)^{1/2} P_k.  `moments(degree)` are int x^k d mu.  Laws of R^d move mass out of [a, b]: such densities
    are carried by their flow, method="lagrangian", which is what ``mf.solve`` takes if nobody says.

    Examples
    --------
    >>> rho = mf.uniform(mf.Line(-1.0, 1.0))
    >>> rho.moments(2).round(12)
    array([1.        , 0.        , 0.33333333])
    >>> sol = mf.solve(mf.SA(1.0, geometry="flat"), rho, (0.0, 0.5))
    >>> bool(sol(0.5).second_moment[0, 0] > 1.0 / 3.0)
    True
    """

    equations = ("B (6.2)",)
    a: float
    b: float
    degree: int = 64
    d = 1
    geometry = FLAT
    line = REALS
    picture = "line"
    method = "lagrangian"
    largest = MOST

    def __post_init__(self) -> None:
        a, b = inputs.number("a", self.a), inputs.number("b", self.b)
        if not a < b or not np.isfinite(b - a) or b - a < 1e-12 * max(abs(a), abs(b)):
            raise ValueError(f"b: got {b!r}, wanted a number above a = {a!r}, so that [a, b] is an interval")
        object.__setattr__(self, "a", a)
        object.__setattr__(self, "b", b)
        object.__setattr__(self, "degree", inputs.integer("degree", self.degree, low=2, high=MOST))

    def __str__(self) -> str:
        return f"Line({self.a:g}, {self.b:g}, degree={self.degree})"

    # --- data ---------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The highest degree."""
        return self.degree

    @property
    def area(self) -> float:
        """b - a."""
        return self.b - self.a

    @cached_property
    def _rule(self) -> ultraspherical.Rule:
        return ultraspherical.gauss(LEGENDRE, self.degree + 1)

    @cached_property
    def nodes(self) -> Array:
        """(degree + 1,) Gauss nodes, ascending."""
        return self._placed(self._rule.nodes)

    @property
    def weights(self) -> Array:
        """(degree + 1,) of sum 1."""
        return self._rule.weights

    @cached_property
    def rows(self) -> Array:
        """(degree + 1, 1) the nodes as rows."""
        return self.nodes[:, None]

    @cached_property
    def degrees(self) -> Array:
        """0..degree."""
        return np.arange(self.degree + 1)

    @cached_property
    def names(self) -> tuple[int, ...]:
        """k."""
        return tuple(range(self.degree + 1))

    @property
    def axes(self) -> dict[str, Array]:
        """The grid's axes by name."""
        return {"x": self.nodes}

    @property
    def units(self) -> dict[str, str]:
        """Units of the axes."""
        return {"x": "1"}

    def resized(self, size: int) -> Line:
        """The same interval with another highest degree."""
        size = inputs.integer("size", size, low=2, high=MOST)
        return self if size == self.degree else Line(self.a, self.b, size)

    def holding(self, densities: Any) -> Line:
        """An interval that holds densities, and a margin where they have left this one."""
        reach = [self.a, self.b]
        for rho in densities:
            if not rho.dense:
                x = rho.positions
                margin = MARGIN * float(np.ptp(x))
                reach += [float(x.min()) - margin, float(x.max()) + margin]
        low, high = min(reach), max(reach)
        return self if (low, high) == (self.a, self.b) else Line(low, high, self.degree)

    def _placed(self, c: Array) -> Array:
        return 0.5 * (self.a + self.b) + 0.5 * self.area * c

    def _height(self, x: Array) -> Array:
        return (np.asarray(x) - 0.5 * (self.a + self.b)) / (0.5 * self.area)

    @property
    def laplacian(self) -> NoReturn:
        """Refused: what diffuses does not stay in [a, b]."""
        raise ValueError(self._carried("method"))

    # --- transforms ---------------------------------------------------------------------------------------

    def analyse(self, values: Array) -> Array:
        """(..., N) node values -> (..., M) coefficients."""
        return (np.asarray(values) * np.sqrt(self.weights)) @ self._rule.values

    def evaluate(self, c: Array, q: Array | None = None, gradient: bool = False) -> Array:
        """The series at the nodes or at numbers q, 0 outside [a, b]; gradient: d/dx, (..., n, 1)."""
        x = self.nodes if q is None else np.asarray(q)
        height = self._height(x).ravel()
        inside = np.abs(height) <= 1.0 + 1e-14
        of = ultraspherical.derivatives if gradient else ultraspherical.values
        table = of(LEGENDRE, self.degree, np.clip(height, -1.0, 1.0)) * inside[:, None]
        out = (c @ table.T).reshape((*c.shape[:-1], *x.shape))
        return out[..., None] / (0.5 * self.area) if gradient else out

    def rounding(self, c: Array) -> float:
        """Rounding of the sums of M terms that gave c: it adds up like a random walk of M steps of eps."""
        return float(np.sqrt(c.shape[-1]) * np.finfo(float).eps * np.linalg.norm(c))

    def project(self, q: Array, w: Array, degree: int) -> Array:
        """int p_k d mu, k = 0..degree, of numbers q (..., n); NaN where one with mass lies outside [a, b]."""
        q, w = np.broadcast_arrays(q, w)
        height = self._height(q)
        left = ((np.abs(height) > 1.0 + 1e-12) & (w != 0.0)).any(axis=-1)
        table = ultraspherical.values(LEGENDRE, degree, np.clip(height, -1.0, 1.0).ravel())
        out = np.einsum("...n,...nk->...k", w, table.reshape(*q.shape, degree + 1))
        return np.where(left[..., None], np.nan, out)

    def _carried(self, name: str) -> str:
        return (
            f"{name}: a density on {self} leaves [a, b] and is carried by its flow: leave method out, or give "
            'method="lagrangian"'
        )

    # --- points -------------------------------------------------------------------------------------------

    def points(self, q: Any) -> Array:
        """Coordinates at which a user asks: finite numbers, of any shape."""
        return inputs.array("x", q, nonempty=False)

    def chart(self, x: Array) -> Array:
        """Rows (..., n, 1) -> numbers."""
        return np.asarray(x[..., 0])

    def frame(self, x: Array | None = None) -> Array:
        """(..., n, 1, 1) ones."""
        x = self.rows if x is None else x
        return np.ones((*x.shape[:-1], 1, 1))

    def inner(self, v: Array, q: Array | None = None) -> Array:
        """x v."""
        return np.asarray((self.nodes if q is None else q) * v[0])

    @property
    def levels(self) -> int:
        """1."""
        return 1

    def place(self, c: Array, u: Array) -> Array:
        """u (n, 1) -> rows (n, 1), by the inverse of the distribution function."""
        a, u = c / c[0], u[:, 0]
        low, high = np.full_like(u, -1.0), np.ones_like(u)
        x = np.zeros_like(u)
        for _ in range(80):
            excess = ultraspherical.distribution(LEGENDRE, a, x) - u
            low, high = np.where(excess <= 0.0, x, low), np.where(excess >= 0.0, x, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = x - 2.0 * excess / (ultraspherical.values(LEGENDRE, self.degree, x) @ a)
            new = np.where((newton > low) & (newton < high), newton, 0.5 * (low + high))
            if np.abs(new - x).max() <= 2e-16:
                break
            x = new
        return self._placed(x)[:, None]

    # --- moments ------------------------------------------------------------------------------------------

    def moments(self, c: Array, degree: int) -> Array:
        """int x^k d mu, k = 0..degree."""
        rule = ultraspherical.gauss(LEGENDRE, self.degree // 2 + degree // 2 + 1)
        values = c @ ultraspherical.values(LEGENDRE, self.degree, rule.nodes).T
        told = REALS.moments(self._placed(rule.nodes), rule.weights * values, degree)
        return np.asarray(told)

    def ripple(self, modes: dict[int, complex]) -> Array:
        """Coefficients of sum_k a_k P_k, P_k(1) = 1 at b, for {k: a_k}: a_k / (2k + 1)^{1/2}."""
        a = np.zeros(self.degree + 1)
        for k, value in modes.items():
            k = inputs.integer("k", k, low=0, high=self.degree)
            a[k] += inputs.number(f"mode {k}", value) / np.sqrt(2.0 * k + 1.0)
        return a
