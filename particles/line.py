"""Tokens of the line, d = 1: which way each runs, the attention matrix in the end, and the one that stays (B, 7).

With u_i = (beta QK)^{1/2} x_i, tokens of SA with QK > 0 and V > 0 obey u_i' = V sum_j softmax_j(u_i u_j) u_j, which is
B's (7.1) but for the clock: their order never changes, and by Lemma 7.2 gaps never shrink.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.special import lambertw

from meanfield.geometry import given, located
from meanfield.laws import SA, general
from meanfield.protocols import Array, Law
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations
from particles.simulate import simulate
from particles.trajectory import Trajectory

STARTS, PAIRS = (32, 64), 2**13
"""Starts that are tried at once for the token that stays: so few, so many, or of so many pairs of tokens together."""
RTOL, RESOLVED = 1e-12, 1e-12
"""Of the last runs; and the share of the largest token to which the start is sought."""
NEAR = 1e-6
"""Share of its room by which the first starts keep off the neighbours."""
PATIENCE = 300.0
"""1 / V, after which a token that runs neither way is given up."""
LATER = 4.0
"""1 / V, after which x e^{-Vt} is looked at: what it still lacks is doubly exponentially small."""


class Ends(NamedTuple):
    """What becomes of tokens of the line.

    Attributes
    ----------
    P : ndarray (n, n)
        The limit of the attention matrix, rows e_1 or e_n of the tokens in their order; nan where it is open.
    left, right : ndarray of int
        Tokens that go to -infinity and to +infinity.
    open : ndarray of int
        Tokens of which this state does not say it: later ones will, but for one at the most.
    rank : int or None
        Of P, 1 or 2; None where a row is open.
    pace : ndarray (n,)
        The slope of log(-log(1 - P_il)) over time, l the leader of row i: V where the leader has another token on its
        side, so that x_l less the next score's token tends to a constant, else 2 V; nan where it is open.

    Examples
    --------
    >>> pt.ends(mf.SA(1.0, geometry="flat"), [[-4.0], [0.1], [3.0], [5.0]]).open
    array([1])
    """

    P: Array
    left: Array
    right: Array
    open: Array
    rank: int | None
    pace: Array

    def __repr__(self) -> str:
        return line(self)


class Stays(NamedTuple):
    """The token that stays bounded, and what it comes to.

    Attributes
    ----------
    x : ndarray (n, 1)
        Tokens at the start, this one at the place from which it stays.
    width : float
        Between this start and the next tried from which it runs the other way.
    gamma : ndarray (n,)
        x_i e^{-Vt} in the end: of each of the others one of two numbers, and 0 of this one.
    theta : float
        The limit of beta QK x e^{Vt}, of the token that stays: the root of g (Lemma 7.8); infinite for the first or the
        last token, whose x e^{Vt} grows without bound (Lemma 7.7).
    row : ndarray (n,)
        Its row of attention in the end, the row of asterisks of B's Figure 2.

    Examples
    --------
    >>> stays = pt.stays(mf.SA(1.0, geometry="flat"), [[-2.0], [0.5], [2.0]], 1)
    >>> stays.row.round(9).tolist()
    [0.333333333, 0.333333333, 0.333333333]
    """

    x: Array
    width: float
    gamma: Array
    theta: float
    row: Array

    def __repr__(self) -> str:
        return line(self)


def escape(n: int) -> float:
    """A > 0 with A^2 = n^2 e^{-A^2}, that is W(n^2)^{1/2}, W Lambert's function (B, Lemma 7.3).

    Of n tokens of the line under (7.1), the last goes to +infinity like e^t once it has passed A, the first to
    -infinity once it has passed -A.

    Parameters
    ----------
    n : int
        Tokens, at least 1.

    Raises
    ------
    ValueError, TypeError
        For an n that is no whole number, or below 1.

    Examples
    --------
    >>> round(pt.escape(4), 12)
    1.432896617856
    """
    n = inputs.integer("n", n, low=1, high=10**150)
    return math.sqrt(lambertw(float(n) ** 2).real)


@equations("B (7.1)", "B Thm 2.1")
def ends(law: Law, x: Any) -> Ends:
    """Which way every token of the line runs, and the limit of the attention matrix (B, Theorem 2.1 and Figure 2).

    Read from one state, and certain: with u = (beta QK)^{1/2} x, a token for which u_i max u > A^2 has
    u_i' >= max u / n - (n / u_i) e^{-u_i max u} > 0, now and ever after (B (7.10), Lemma 7.3; `escape`), and so has the
    last; the same holds of -u.  Other tokens are open: of a run ask about a later time, ``pt.ends(law, run.x[-1])``.

    Parameters
    ----------
    law : Law
        ``mf.SA(beta, Q=, K=, V=, geometry="flat")``, with QK > 0 and V > 0.
    x : array (n, 1)
        Two or more tokens at different places, of equal masses.

    Returns
    -------
    Ends

    Raises
    ------
    ValueError, TypeError
        For other laws and other tokens, naming what to give.

    Examples
    --------
    >>> law = mf.SA(1.0, geometry="flat")
    >>> run = pt.simulate(law, [[-1.0], [-0.2], [0.5], [1.2]], (0.0, 4.0))
    >>> pt.ends(law, run.x[-1]).P.tolist()
    [[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]]
    """
    b, V = _settings(law)
    u = math.sqrt(b) * _tokens(law, x)
    n, most = len(u), escape(len(u)) ** 2
    right, left = _sides(u) > most, _sides(-u) > most
    P, pace = np.full((n, n), np.nan), np.full(n, np.nan)
    for side, leader in ((left, u.argmin()), (right, u.argmax())):
        P[side] = np.arange(n) == leader
        pace[side] = V if side.sum() > 1 else 2.0 * V
    open_ = ~(left | right)
    rank = None if open_.any() else int(left.any()) + int(right.any())
    which = [np.flatnonzero(one) for one in (left, right, open_)]
    return Ends(P, which[0], which[1], which[2], rank, pace)


@equations("B Lem 7.8")
def stays(law: Law, x: Any, index: int) -> Stays:
    """Where one token must begin between its neighbours to stay bounded, by shooting, and its limit (B, 7.2).

    Dozens of starts at a time run until each is certain to run one way (`ends`), and those between which the way
    changes are divided again, to 1e-12 of the largest token.  It is unstable, by exp(c e^{2Vt}): no double follows it
    for more than a few e-foldings, and its limit comes from the others, of which x_i e^{-Vt} tends to one of two
    numbers, gamma_1 < 0 < gamma_n (Lemma 7.5).  g(theta) = sum_i gamma_i e^{gamma_i theta} / (1 + sum_i e^{gamma_i
    theta}), which goes from gamma_1 to gamma_n, vanishes at

        theta = log(-m_1 gamma_1 / (m_n gamma_n)) / (gamma_n - gamma_1),

    m_1 and m_n tokens being at either.

    Parameters
    ----------
    law : Law
        As for `ends`.
    x : array (n, 1)
        Two or more tokens at different places; that of the token in question is what is sought.
    index : int
        Which token.

    Returns
    -------
    Stays

    Raises
    ------
    ValueError, TypeError
        For what was given, and where the token runs the same way from wherever it begins between its neighbours.

    Examples
    --------
    >>> stays = pt.stays(mf.SA(1.0, geometry="flat"), [[-1.0], [0.5], [0.6], [2.0]], 1)
    >>> bool(-1.0 < stays.x[1, 0] < 0.6), stays.width < 1e-12
    (True, True)
    """
    b, _ = _settings(law)
    u = math.sqrt(b) * _tokens(law, x)
    k = inputs.integer("index", index, low=0, high=len(u) - 1)
    low, high = _room(u, k)
    many = int(np.clip(PAIRS // len(u) ** 2, *STARTS))
    starts = low + (high - low) * np.linspace(NEAR, 1.0 - NEAR, many)
    found = None
    while found is None or starts[-1] - starts[0] > RESOLVED * np.abs(u).max():
        clouds = np.repeat(u[None], len(starts), axis=0)
        clouds[:, k] = starts
        share = (starts[-1] - starts[0]) / np.abs(u).max()
        t, end = _run_out(clouds, k, float(np.clip(1e-4 * share, RTOL, 1e-8)))
        runs = end[:, k] > 0.0
        if runs[0] or not runs[-1]:
            if found is not None:
                break  # the runs' own errors decide
            way = "+infinity" if runs[0] else "-infinity"
            raise ValueError(
                f"index: token {k} runs to {way} from every start tried between its neighbours: give another index, or "
                "other tokens beside it"
            )
        first = int(np.argmax(runs))
        pair = slice(first - 1, first + 1)
        found = clouds[pair], t, end[pair]
        starts = np.linspace(starts[first - 1], starts[first], many)
    return _told(*found, k, b)


# --- the clock 1 / V, tokens u ----------------------------------------------------------------------------------


def _settings(law: Law) -> tuple[float, float]:
    """beta QK and V of a law of the line, both > 0."""
    inputs.law(law)
    wanted = 'mf.SA(beta, Q=[[q]], K=[[k]], V=[[v]], geometry="flat") with q k > 0 and v > 0'
    parts = ("normalised", "hard", "beta_at", "sign", "kernel")
    if not all(hasattr(law, name) for name in parts) or not getattr(law, "normalised"):  # noqa: B009
        raise TypeError(f"law: got {law}, wanted {wanted}")
    one: Any = law
    if one.geometry != "flat" or one.hard or not one.autonomous:
        raise ValueError(f"law: got {law}, wanted {wanted}, that does not change")
    V = general.values(one, 1, 0.0)
    b = one.beta_at(0.0) * float(general.product(one, 1, 0.0)[0, 0])
    v = one.sign * (1.0 if V is None else float(V[0, 0]))
    if not (b > 0.0 and v > 0.0):
        raise ValueError(f"law: got beta QK = {b:g} and V = {v:g}, wanted {wanted}")
    return b, v


def _tokens(law: Law, x: Any) -> Array:
    """(n,) tokens of the line, all different."""
    place, rows = given("x", x, geometry="flat")
    located("x", law, place)
    if rows.ndim != 2 or rows.shape[1] != 1 or len(rows) < 2:
        raise ValueError(f"x: got shape {rows.shape}, wanted (n, 1), two or more tokens of the line; a run's x[-1]")
    u = np.asarray(rows[:, 0])
    if len(np.unique(u)) < len(u):
        raise ValueError("x: got tokens at one place, which stay together: give one of them, wanted different ones")
    return u


def _sides(u: Array) -> Array:
    """(..., n) u_i max u of the tokens on the right, which passes A^2 where they are certain to run away there."""
    return np.asarray(np.where(u > 0.0, u * u.max(axis=-1, keepdims=True), 0.0))


def _room(u: Array, k: int) -> tuple[float, float]:
    """Between which places token k begins; of the first and the last of them one end is where it is sure to leave."""
    below, above = u[u < u[k]], u[u > u[k]]
    beyond = 2.0 * escape(len(u))
    low = float(below.max()) if len(below) else min(float(above.min()), 0.0) - beyond
    high = float(above.min()) if len(above) else max(float(below.max()), 0.0) + beyond
    return low, high


def _run_out(clouds: Array, k: int, rtol: float) -> tuple[float, Array]:
    """When token k of every cloud is certain to run one way, and (R, n) where all are."""
    most = escape(clouds.shape[-1]) ** 2

    def certain(u: Array) -> float:
        return float(np.maximum(_sides(u), _sides(-u))[:, k].min() - most)

    if certain(clouds) >= 0.0:
        return 0.0, clouds
    run = _run(clouds, 0.0, PATIENCE, rtol, until=lambda t, mu: certain(mu.x[..., 0]))
    u = run.x[-1, ..., 0]
    if certain(u) < -1e-6 * most:
        raise ValueError(
            f"x: after {PATIENCE:g} / V token {k} has still not left for either side: give tokens farther apart"
        )
    return run.end, u


def _run(u: Array, t: float, end: float, rtol: float = RTOL, **options: Any) -> Trajectory:
    """Tokens (..., n) with Q = K = V = 1."""
    law = SA(1.0, geometry="flat")
    return simulate(law, u[..., None], (t, end), [end], rtol=rtol, atol=1e-2 * rtol, **options)


def _told(starts: Array, t: float, u: Array, k: int, b: float) -> Stays:
    """What two neighbouring starts (2, n) and where they are at time t, (2, n), tell."""
    n, root = starts.shape[1], math.sqrt(b)
    others = np.arange(n) != k
    last = _run(u, t, t + LATER).x[-1, ..., 0].mean(axis=0) * math.exp(-t - LATER)
    gamma = np.where(last > 0.0, last[others].max(), last[others].min()) * others
    m = [int(np.sum(gamma < 0.0)), int(np.sum(gamma > 0.0))]
    if 0 in m:
        theta = math.inf if m[1] == 0 else -math.inf
        row = 1.0 * ~others
    else:
        low, high = gamma.min(), gamma.max()
        theta = math.log(-m[0] * low / (m[1] * high)) / (high - low)
        e = np.exp(theta * gamma)
        row = e / e.sum()
    x = starts.mean(axis=0) / root
    return Stays(x[:, None], float(starts[1, k] - starts[0, k]) / root, gamma / root, theta * root, row)
