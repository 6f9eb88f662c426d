"""B 6.3: the continuity equation in R^d, bounds of its field, stability in W_2, and the scheme of frozen fields."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import linear_sum_assignment

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

T, N, D = 1.0, 24, 3
LEVELS = (1, 2, 3, 4, 5)
"""k of fields frozen over T / 2^k."""


def _matrices(rng: Any) -> tuple[Array, Array, Array]:
    """Q, K, V of spectral norm 1."""
    made = rng.standard_normal((3, D, D))
    Q, K, V = (m / np.linalg.norm(m, 2) for m in made)
    return Q, K, V


def _ball(rng: Any, n: int) -> Array:
    """Points of the unit ball, one of them on its surface."""
    x = rng.standard_normal((n, D))
    x *= (rng.random((n, 1)) ** (1.0 / D)) / np.linalg.norm(x, axis=-1, keepdims=True)
    return np.asarray(x / np.linalg.norm(x, axis=-1).max())


def _printed(x: Array, y: Array, Q: Array, K: Array, V: Array) -> tuple[Array, Array]:
    """(6.2) at rows x as printed, and its derivative, V Cov_x(y) K^T Q, for equal masses at y."""
    e = np.exp((x @ Q.T) @ (y @ K.T).T)
    p = e / e.sum(axis=1, keepdims=True)
    mean = p @ y
    second = np.einsum("nj,ja,jb->nab", p, y, y) - mean[:, :, None] * mean[:, None, :]
    return mean @ V.T, V @ second @ K.T @ Q


@check(
    "B22", where="B 6.3", title="d_t mu + div(X mu) = 0 in R^d: its field and that field's derivative are bounded",
    equations=("B (6.1)", "B (6.2)", "B (6.3)", "B (6.4)", "B (6.5)"),
)  # fmt: skip
def bounds(bench: Bench) -> Verdict:
    """Along runs of 24 points of the unit ball of R^3 under random Q, K, V, at places to 30 radii away.

    |X| <= |V| R and |grad X| <= 2 |Q^T K| |V| R^2, R the radius of the support at that time (Lemma 6.5): both by the
    law's velocity, the derivative by central differences, which meet the formula V Cov K^T Q to 1e-8, and the field
    (6.2) as printed to 1e-13.  Two atoms at +-R with V = Q^T K = 1 come within 1e-6 of the first, and of half of the
    second: a covariance is at most R^2, and the factor 2 can be left out.  |X[mu] - X[nu]| <= C_1 W_2 in B(0, R) with
    C_1 = |V| (1 + 2 b) e^{2 b}, b = |Q^T K| R^2.  The weak form of Definition 6.4 for g(x) = sin <a, x>: int g dmu
    moves by int int <grad g, X> dmu ds, to 1e-9.
    """
    rng = np.random.default_rng(bench.rng)
    found: dict[str, list[float]] = {name: [] for name in ("field", "slope", "apart", "printed", "formula", "weak")}
    for _ in range(3):
        Q, K, V = _matrices(rng)
        law = mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat")
        run = pt.simulate(law, _ball(rng, N), (0.0, T), rtol=1e-11, atol=1e-13)
        norm, scores = np.linalg.norm(V, 2), np.linalg.norm(Q.T @ K, 2)
        for t in (0.0, 0.5 * T, T):
            mu, nu = run(t), run(0.7 * t + 0.1)
            R = max(float(np.linalg.norm(one.x, axis=-1).max()) for one in (mu, nu))
            x = R * np.concatenate([_ball(rng, 40), 30.0 * _ball(rng, 40)])
            X, (plain, slopes) = np.array(law.velocity(t, x, mu)), _printed(x, mu.x, Q, K, V)
            found["printed"].append(float(np.abs(X - plain).max() / np.abs(plain).max()))
            found["field"].append(float(np.linalg.norm(X, axis=-1).max() / (norm * R)))
            told = np.stack([_along(law, t, x, mu, e) for e in np.eye(D)], axis=-1)
            found["formula"].append(float(np.abs(told - slopes).max() / np.abs(slopes).max()))
            found["slope"].append(float(np.linalg.norm(told, 2, axis=(-2, -1)).max() / (2.0 * scores * norm * R * R)))
            b = scores * R * R
            near = np.linalg.norm(X[:40] - law.velocity(t, x[:40], nu), axis=-1).max()
            found["apart"].append(float(near / (norm * (1.0 + 2.0 * b) * exp(2.0 * b) * _w2(mu.x, nu.x))))
        found["weak"].append(_weak(law, run, rng.standard_normal(D)))
    atoms, one = mf.Points([[-2.0], [2.0]], geometry="flat"), mf.SA(1.0, geometry="flat")
    measured = {
        "|X| over its bound": max(found["field"]),
        "|grad X| over its bound": max(found["slope"]),
        "two atoms: |X| over its bound": float(np.abs(one.velocity(0.0, np.array([[5.0]]), atoms)).max()) / 2.0,
        "two atoms: |grad X| over its bound": float(_along(one, 0.0, np.zeros((1, 1)), atoms, np.ones(1))[0, 0]) / 8.0,
        "|X[mu] - X[nu]| over its bound": max(found["apart"]),
        "field - as printed, relative": max(found["printed"]),
        "differences - formula, relative": max(found["formula"]),
        "weak form": max(found["weak"]),
    }
    return judge(
        measured,
        {
            "|X| over its bound": (0.3, 1.0 + 1e-12),
            "|grad X| over its bound": (None, 1.0),
            "two atoms: |X| over its bound": (1.0 - 1e-6, 1.0),
            "two atoms: |grad X| over its bound": (0.5 - 1e-6, 0.5 + 1e-6),
            "|X[mu] - X[nu]| over its bound": (None, 1.0),
            "field - as printed, relative": (None, 1e-12),
            "differences - formula, relative": (None, 1e-7),
            "weak form": (None, 1e-9),
        },
    )


def _along(law: mf.Law, t: float, x: Array, mu: Any, e: Array, h: float = 1e-5) -> Array:
    """The derivative of the field along e, by central differences."""
    return (np.array(law.velocity(t, x + h * e, mu)) - law.velocity(t, x - h * e, mu)) / (2.0 * h)


def _weak(law: mf.Law, run: Any, a: Array) -> float:
    """How far int g dmu, g = sin <a, x>, is from what the field gives it over the run."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    rate = 0.0
    for s, w in zip(0.5 * T * (nodes + 1.0), 0.5 * T * weights, strict=True):
        mu = run(float(s))
        v = np.array(law.velocity(float(s), mu.x, mu))
        rate += w * float(np.mean(np.cos(mu.x @ a) * (v @ a)))
    return abs(float(np.mean(np.sin(run.x[-1] @ a)) - np.mean(np.sin(run.x[0] @ a))) - rate)


def _w2(x: Array, y: Array) -> float:
    """W_2 of equal numbers of points of equal masses."""
    cost = np.sum(np.square(x[:, None] - y[None]), axis=-1)
    return float(np.sqrt(cost[linear_sum_assignment(cost)].mean()))


# --- stability, and frozen fields ----------------------------------------------------------------------------


@check(
    "B23", where="B Prop. 6.6", title="Fields frozen over T / 2^k: first order; W_2 of two solutions grows as e^{Ct}",
    equations=("B (6.9)", "B (6.10)"),
)  # fmt: skip
def frozen_fields(bench: Bench) -> Verdict:
    """24 points of the unit ball of R^3 under random Q, K, V, T = 1.

    The scheme of the proof follows over every T / 2^k, k = 1..5, the field that its measure has at the beginning (to
    1e-10, by scipy): its W_2 distance from the solution halves with every k, order 1 within 0.1 between the last two.
    The support's radius obeys (6.10), R(l + 1) <= (1 + |V| T / 2^k) R(l), and stays below e^{|V| T} R_0, and so does
    the solution's; W_2 between two times is at most |V| R |t - s|.  Under Q = K = V = 1, which widens, two solutions
    that begin at x and (1 + eps) x, eps = 1e-1 and 1e-4, part at a rate above 0, no quicker than e^{C t}, C = L + C_1
    with the constants of Lemma 6.5 in the ball of radius e^{|V| T} R_0; as quickly, relatively, at both eps, within a
    half, as an exponent says.
    """
    rng = np.random.default_rng(bench.rng)
    Q, K, V = _matrices(rng)
    law, x0 = mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat"), _ball(rng, N)
    norm = float(np.linalg.norm(V, 2))
    exact = pt.simulate(law, x0, (0.0, T), rtol=1e-12, atol=1e-14)
    radius = exp(norm * T)
    errors, steepest, widest, quickest = [], 0.0, 0.0, 0.0
    for k in LEVELS:
        path = _scheme(law, x0, 2**k)
        sizes = np.linalg.norm(path, axis=-1).max(axis=-1)
        steepest = max(steepest, float((sizes[1:] / sizes[:-1]).max() / (1.0 + norm * T / 2**k)))
        widest = max(widest, float(sizes.max()))
        moved = max(_w2(a, b) for a, b in zip(path[1:], path[:-1], strict=True))
        quickest = max(quickest, moved / (norm * sizes.max() * T / 2**k))
        errors.append(_w2(path[-1], exact.x[-1]))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    grown, times, C = _parting(x0)
    measured = {
        "order, last": float(orders[-1]),
        "order, least": float(orders.min()),
        "radius over (6.10)": steepest,
        "largest radius over e^{|V|T}": max(widest, float(np.linalg.norm(exact.x, axis=-1).max())) / radius,
        "W_2 of two times over |V| R |t - s|": quickest,
        "exponent": float(np.log(grown[1, -1]) / T),
        "exponent over C": float((np.log(grown) / (C * times)).max()),
        "growth at eps = 0.1 over that at 1e-4": float(np.abs(grown[0] / grown[1] - 1.0).max()),
    }
    limits: dict[str, tuple[float | None, float | None]] = {
        "order, last": (0.9, 1.1),
        "order, least": (0.7, None),
        "radius over (6.10)": (None, 1.0 + 1e-9),
        "largest radius over e^{|V|T}": (None, 1.0),
        "W_2 of two times over |V| R |t - s|": (0.05, 1.0 + 1e-9),
        "exponent": (0.01, None),
        "exponent over C": (None, 1.0),
        "growth at eps = 0.1 over that at 1e-4": (None, 0.5),
    }
    return judge(measured, limits, pictures=[bench.figure("order", lambda: _draw(errors))])


def _parting(x0: Array) -> tuple[Array, Array, float]:
    """W_2 of two solutions over that at the beginning, (2, T), the times, and the constant that bounds its exponent."""
    law, t = mf.SA(1.0, geometry="flat"), np.linspace(0.0, T, 11)
    runs = [pt.simulate(law, (1.0 + eps) * x0, (0.0, T), t, rtol=1e-12, atol=1e-14).x for eps in (0.0, 1e-1, 1e-4)]
    gaps = np.array([[_w2(one, two) for one, two in zip(runs[0], other, strict=True)] for other in runs[1:]])
    b = (1.1 * exp(T)) ** 2
    return gaps[:, 1:] / gaps[:, :1], t[1:], 2.0 * b + (1.0 + 2.0 * b) * exp(2.0 * b)


def _scheme(law: mf.Law, x0: Array, many: int) -> Array:
    """(many + 1, n, d): over every T / many the field of the measure at its beginning."""
    path, tau = [x0], T / many
    for _ in range(many):
        mu = mf.Points(path[-1], geometry="flat")

        def field(t: float, y: Array, mu: mf.Points = mu) -> Array:
            return np.array(law.velocity(0.0, y.reshape(x0.shape), mu)).ravel()

        found = solve_ivp(field, (0.0, tau), path[-1].ravel(), "DOP853", rtol=1e-10, atol=1e-12)
        path.append(found.y[:, -1].reshape(x0.shape))
    return np.array(path)


def _draw(errors: list[float]) -> Any:
    """W_2 at T over the length of a step, and the slope 1."""
    tau = T / 2.0 ** np.array(LEVELS)
    with style.axes(None) as ax:
        ax.loglog(tau, errors, "o-", color="0.1", label="frozen fields")
        ax.loglog(tau, errors[-1] * tau / tau[-1], ":", color="0.5", label="order 1")
        ax.set(xlabel=r"length of a step $\tau_k = T / 2^k$", ylabel=r"$W_2(\mu_k(T), \mu(T))$")
        ax.set_title(f"n = {N}, d = {D}, T = {T:g}, random Q, K, V", loc="left")
        ax.legend()
    return ax
