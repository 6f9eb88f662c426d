"""Long contexts: which part of the attention a token keeps for itself among ever more others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from meanfield.analysis.linear import _valueless, only_autonomous, only_isotropic
from meanfield.laws.gradient import GradientLaw
from meanfield.protocols import Array, Kernel, Law, Reading
from meanfield.sums.scores import peak
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations

MOST = 10**300
"""Tokens at most: beyond, their number is no float."""
ROUNDING = 4.0 * float(np.finfo(float).eps)
"""Of a sum of two numbers that cancel, as a share of either."""
ITERATIONS = 200
"""Of Newton's method, which needs a step for every scale on which scores are spread, and a few."""


@dataclass(frozen=True)
class _Simplex:
    """n tokens of equal inner products, seen by one of them; its one tangent component is towards the others' sum.

    Others weigh `others` = (n - 1) e^{-beta (1 - rho)} beside its own 1; their mean is `lean` off its own direction.
    """

    n: int
    rho: float

    @property
    def d(self) -> int:
        return self.n

    @property
    def lean(self) -> float:
        """|P_x m| of the others' mean m: its square is |m|^2 - <x, m>^2 = (1 - rho) ((n - 1) rho + 1) / (n - 1)."""
        return math.sqrt((1.0 - self.rho) * (self.rho + 1.0 / (self.n - 1)))

    @property
    def mean(self) -> Array:
        raise TypeError("law: it asks for the tokens' mean, and of equiangular tokens only inner products are known")

    @property
    def x(self) -> Array:
        raise TypeError("law: it asks where the tokens are, and of equiangular tokens only inner products are known")

    def log_others(self, kernel: Kernel) -> tuple[float, float]:
        """log of (n - 1) e^{-beta (1 - rho)}, and beta."""
        beta = peak(kernel)
        if beta is None:
            raise TypeError(f"law: equiangular tokens are known to kernels e^(beta <x, y>), and not to {kernel}")
        return math.log(self.n - 1) - beta * (1.0 - self.rho), beta

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        _valueless(V)
        others, beta = self.log_others(kernel)
        top = max(others, 0.0)
        Z, M = math.exp(-top) + math.exp(others - top), self.lean * math.exp(others - top)
        return Reading(np.array([[Z]]), np.array([[M]]), None, beta + top - math.log(self.n))


class Equiangular(NamedTuple):
    """What attention does to n unit tokens of equal inner products rho, as `equiangular` returns it.

    Attributes
    ----------
    own : float
        The part of its attention that a token keeps, a_ii = 1 / (1 + (n - 1) e^{-beta (1 - rho)}).
    output : float
        Inner product of two outputs sum_j a_ij x_j, normalised (one layer without residual connection); NaN, with the
        ratio, where outputs vanish: of tokens whose sum is 0, seen with equal weights.
    ratio : float
        Angle between two outputs over that between two inputs: 0 where all become one, 1 where nothing happens.
    slope : float
        d rho / dt under the law, whose flow keeps them equiangular (A, Theorem 6.8).
    """

    own: float
    output: float
    ratio: float
    slope: float

    def __repr__(self) -> str:
        return line(self)


@equations("2510.05554")
def equiangular(law: Law, n: int, rho: float) -> Equiangular:
    """Attention of n unit tokens whose inner products are all rho, in closed form for any n.

    With beta = gamma log n, a_ii is 1 / (1 + (n - 1) n^{-gamma (1 - rho)}), so that for rho > 0 long contexts pass at
    gamma_c = 1 / (1 - rho) from all outputs the same (ratio 0) to attention that does nothing (ratio 1)
    (2510.05554); and rho' = 2 v_i |P_x m|, m the others' mean, from the law's own velocity v_i along P_x m.

    Parameters
    ----------
    law : Law
        SA or USA without matrices; the slope is in its own sign and scale.
    n : int
        Number of tokens, 2 to 10^300; sums are kept by their logarithms.
    rho : float
        Inner product of two tokens, at least -1/(n - 1), below 1.

    Returns
    -------
    Equiangular

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> [round(mf.equiangular(mf.SA(g * np.log(1e12)), 10**12, 0.5).ratio, 3) for g in (1.5, 2.0, 2.5)]
    [0.001, 0.614, 0.999]
    """
    only_isotropic(law, "equiangular tokens need not stay so")
    only_autonomous(law)
    if not isinstance(law, GradientLaw):
        raise TypeError(f"law: got {law}, wanted SA or USA, of one kernel by which a token keeps a part for itself")
    n = inputs.integer("n", n, low=2, high=MOST)
    rho = inputs.number("rho", rho, low=-1.0 / (n - 1), high=math.nextafter(1.0, 0.0))
    tokens: Any = _Simplex(n, rho)
    try:
        slope = 2.0 * tokens.lean * float(np.asarray(law.velocity(0.0, None, tokens)).item())
    except ValueError as error:  # of the dimension, which is n here
        raise ValueError(f'law: the scale of {law} is not known in R^n, n = {n:.3g}: use scale="scaled"') from error
    others = tokens.log_others(law.kernel())[0]
    own = math.exp(-np.logaddexp(0.0, others))
    # a_ii - a_ij, by which differences of tokens shrink: their sum is kept
    kept = own * -math.expm1(others - math.log(n - 1))
    left, whole = kept**2 * (1.0 - rho), rho + (1.0 - rho) / n
    if abs(whole) <= ROUNDING * abs(rho):  # the tokens' sum is 0
        whole = 0.0
    size = whole + kept**2 * (1.0 - rho) * (1.0 - 1.0 / n)
    if size <= 0.0:
        return Equiangular(own, math.nan, math.nan, slope)
    return Equiangular(own, 1.0 - left / size, _angle(left / size) / _angle(1.0 - rho), slope)


def _angle(versine: float) -> float:
    """arccos(1 - versine), to all digits where it is small."""
    return 2.0 * math.asin(math.sqrt(min(0.5 * versine, 1.0)))


@equations("2605.12697")
def critical_beta(scores: Any, log_counts: Any = None) -> Array:
    """The inverse temperature at which the largest score of a row holds half of the attention.

    There its competitors, g_j below it, weigh as much as itself: sum_j e^{-beta g_j} = 1.  It is decided by how many of
    them lie within each gap (2605.12697): for independent scores it is of the size of the hazard rate of their law
    where 1/n is beyond, (log n)^{1/2} of Gaussian scores; of gaps that are all g it is log(n - 1) / g.

    Parameters
    ----------
    scores : array (..., n)
        Scores <Q x, K y_j> of one query in the last axis, without beta: rows of any length, n >= 2.
    log_counts : array (..., n), optional
        Logarithms of how many keys have that score, for more of them than an array holds; broadcast; 0 by default.

    Returns
    -------
    ndarray (...)
        inf where the largest score is shared by two keys or more, 0 where the competitors are less than one.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> float(np.exp(mf.critical_beta([1.0, 0.0, 0.0, 0.0])).round(9))
    3.0
    """
    s = np.atleast_1d(inputs.array("scores", scores))
    if s.shape[-1] < 2:
        raise ValueError(f"scores: got shape {s.shape}, wanted two scores or more along the last axis")
    logs = np.zeros(1) if log_counts is None else inputs.array("log_counts", log_counts)
    try:
        logs = np.broadcast_to(logs, s.shape).copy()
    except ValueError:
        raise ValueError(f"log_counts: got shape {logs.shape}, wanted one that broadcasts to {s.shape}") from None
    gaps = s.max(axis=-1, keepdims=True) - s
    # of those that share the largest score one is no competitor: all of them, less 1
    capped = np.where(gaps == 0.0, np.minimum(logs, 1.0), -np.inf)
    most = np.argmax(capped, axis=-1)[..., None]
    others = np.exp(capped)
    np.put_along_axis(others, most, np.expm1(np.take_along_axis(capped, most, -1)), -1)
    rivals = others.sum(axis=-1)
    if (rivals < -ROUNDING).any():
        raise ValueError("log_counts: the largest score of a row is counted less than once")
    logs[gaps == 0.0] = -np.inf
    with np.errstate(divide="ignore"):
        np.put_along_axis(logs, most, np.log(np.maximum(rivals, 0.0))[..., None], -1)
    tied = rivals >= 1.0
    return np.where(tied, np.inf, _half(gaps, logs, tied))


def _half(gaps: Array, logs: Array, never: Array) -> Array:
    """The zero beta >= 0 of log sum_j e^{logs_j - beta g_j}: it is convex and falls, so Newton comes from below."""
    beta = np.zeros(gaps.shape[:-1])
    for _ in range(ITERATIONS):
        terms = logs - beta[..., None] * gaps
        shift = terms.max(axis=-1, keepdims=True)
        shift[~np.isfinite(shift)] = 0.0
        weights = np.exp(terms - shift)
        total = weights.sum(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = (np.log(total) + shift[..., 0]) * total / (weights * gaps).sum(axis=-1)
        step = np.where(never | ~(step > 0.0), 0.0, step)
        beta += step
        if (step <= 4e-16 * beta).all():
            return beta
    raise ValueError("scores: they are spread over so many scales that no beta was found: give fewer of them")
