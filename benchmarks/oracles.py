"""Inputs that every runner is given, and answers found by no code of any runner.

Plain numpy and scipy, slow: long double sums over all pairs, dense quadrature, a pseudo-spectral method far finer than
what is asked, sorted medians.  An error is the largest over the points a runner answers at; it is relative to the
largest true value, except for densities and distances.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special
from scipy.integrate import solve_ivp
from scipy.linalg import expm

Array = NDArray[Any]
Arrays = dict[str, Array]
TWO_PI = 2.0 * np.pi
CHUNK = 1 << 18
"""Pairs summed at once in long double."""


# --- inputs ------------------------------------------------------------------------------------------------


def angles(s: dict[str, Any]) -> Arrays:
    """n angles from the density 1 + 0.3 cos + 0.2 sin 2 theta by rejection, the rows asked about, e^{-beta} I_k."""
    n = s["n"]
    rng = np.random.default_rng(1)
    kept: list[Array] = []
    while sum(map(len, kept)) < n:
        t = TWO_PI * rng.random(n)
        kept.append(t[1.5 * rng.random(n) < 1 + 0.3 * np.cos(t) + 0.2 * np.sin(2 * t)])
    asked = np.linspace(0, n - 1, min(n, s.get("asked", 32))).astype(int)
    return {"theta": np.concatenate(kept)[:n], "asked": asked, "bessel": bessel(s["beta"])}


def unit_rows(s: dict[str, Any]) -> Arrays:
    """n unit rows in R^d, leaning towards the first axis; 64 of them asked about."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((s["n"], s["d"]))
    x[:, 0] += 1.0
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return {"rows": x, "asked": np.linspace(0, s["n"] - 1, min(s["n"], 64)).astype(int)}


def clouds(s: dict[str, Any]) -> Arrays:
    """Clouds of n independent uniform unit rows in R^d."""
    x = np.random.default_rng(5).standard_normal((s["clouds"], s["n"], s["d"]))
    return {"clouds": x / np.linalg.norm(x, axis=-1, keepdims=True)}


def rows_and_matrices(s: dict[str, Any]) -> Arrays:
    """The same with Q, K, V of independent normal numbers of variance 1/d."""
    Q, K, V = np.random.default_rng(4).standard_normal((3, s["d"], s["d"])) / np.sqrt(s["d"])
    return {**unit_rows(s), "Q": Q, "K": K, "V": V}


def two_samples(s: dict[str, Any]) -> Arrays:
    """Two clustered clouds on the circle, with weights if asked for."""
    n = s["n"]
    rng = np.random.default_rng(n)
    out = {"x": rng.vonmises(1.0, 1.0, n) % TWO_PI, "y": rng.vonmises(2.0, 0.5, n) % TWO_PI}
    if s.get("weighted"):
        wx, wy = rng.random(n), rng.random(n)
        out |= {"wx": wx / wx.sum(), "wy": wy / wy.sum()}
    return out


def circle_symbols(s: dict[str, Any]) -> Arrays:
    """e^{-beta} I_k(beta), for runners that convolve."""
    return {"bessel": bessel(s["beta"])}


def sphere_symbols(s: dict[str, Any]) -> Arrays:
    """e^{-beta} lambda_l on S^2, and 200 rows at which to answer."""
    x = np.random.default_rng(3).standard_normal((200, 3))
    return {"multipliers": funk_hecke(s["beta"]), "rows": x / np.linalg.norm(x, axis=1, keepdims=True)}


def bessel(beta: float) -> Array:
    """e^{-beta} I_k(beta), k = 0..2047."""
    return np.asarray(special.ive(np.arange(2048), beta))


def funk_hecke(beta: float) -> Array:
    """e^{-beta} times the mean of e^{beta t} P_l(t) over the sphere: sqrt(pi / 2 beta) I_{l + 1/2}(beta) e^{-beta}."""
    return np.asarray(np.sqrt(np.pi / (2 * beta)) * special.ive(np.arange(256) + 0.5, beta))


# --- the circle --------------------------------------------------------------------------------------------


@lru_cache
def circle_solution(law: str, beta: float, end: float, n: int = 512) -> Array:
    """Coefficients of rho (with respect to the uniform probability) at the end: DOP853 at rtol 1e-13, undealiased."""
    theta = TWO_PI * np.arange(n) / n
    k = np.arange(n // 2 + 1)
    q = bessel(beta)[: len(k)]

    def rhs(t: float, c: Array) -> Array:
        rho, Z, U = fft.irfft(np.stack([c, q * c, 1j * k * q / beta * c]), n)
        return -1j * k * fft.rfft(rho * (U / Z if law == "SA" else U))

    start = fft.rfft(1 + 0.3 * np.cos(theta) + 0.2 * np.sin(2 * theta))
    run = solve_ivp(rhs, (0.0, end), start, method="DOP853", rtol=1e-13, atol=1e-13)
    return np.asarray(run.y[:, -1] / n)


def circle_pde_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """Largest error of the density per radian."""
    c = circle_solution(s["law"], s["beta"], s["end"])
    c = c[: 1 + int(np.flatnonzero(np.abs(c) > 1e-15)[-1])]
    wave = np.exp(1j * np.multiply.outer(answer["theta"], np.arange(len(c))))
    exact = (2 * (wave @ c).real - c[0].real) / TWO_PI
    return float(np.abs(answer["pdf"] - exact).max())


def circle_rhs_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """Against the trapezoid rule with 400 nodes for Z, M and their derivatives, which is exact to rounding."""
    beta, t = s["beta"], answer["theta"]
    y = TWO_PI * np.arange(400) / 400
    mass = (1 + 0.3 * np.cos(y) + 0.2 * np.sin(2 * y)) / 400
    across = y - t[:, None]
    K = np.exp(beta * (np.cos(across) - 1)) * mass
    Z, M = K.sum(1), (K * np.sin(across)).sum(1)
    dM = (K * (beta * np.sin(across) ** 2 - np.cos(across))).sum(1)
    rho, slope = 1 + 0.3 * np.cos(t) + 0.2 * np.sin(2 * t), -0.3 * np.sin(t) + 0.4 * np.cos(2 * t)
    exact = -slope * M / Z - rho * (dM / Z - beta * (M / Z) ** 2)
    return relative(answer["rhs"], exact)


def circle_points_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """Against sums over all particles in long double, made once for all runners."""
    if "exact" not in inputs:
        inputs["exact"] = _circle_velocities(s, inputs)
    return relative(answer["v"], inputs["exact"])


def _circle_velocities(s: dict[str, Any], inputs: Arrays) -> Array:
    theta, beta = inputs["theta"], np.longdouble(s["beta"])
    exact = np.empty(len(inputs["asked"]))
    for place, i in enumerate(inputs["asked"]):
        Z = M = np.longdouble(0)
        for first in range(0, len(theta), CHUNK):
            across = theta[first : first + CHUNK].astype(np.longdouble) - np.longdouble(theta[i])
            K = np.exp(beta * (np.cos(across) - 1))
            Z, M = Z + K.sum(), M + (K * np.sin(across)).sum()
        exact[place] = M / (Z if s["law"] == "SA" else len(theta))
    return exact


def causal_points_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """The same over those up to each."""
    if "exact" not in inputs:
        theta, asked = inputs["theta"], inputs["asked"]
        seen = [{"theta": theta[: i + 1], "asked": np.array([i])} for i in asked]
        inputs["exact"] = np.concatenate([_circle_velocities(s, one) for one in seen])
    return relative(answer["v"], inputs["exact"])


# --- rows --------------------------------------------------------------------------------------------------


def dense_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """Against sums over all rows in long double."""
    x, asked = inputs["rows"].astype(np.longdouble), inputs["asked"]
    exact = np.empty((len(asked), x.shape[1]))
    for place, i in enumerate(asked):
        K = np.exp(np.longdouble(s["beta"]) * ((x * x[i]).sum(1) - 1))
        v = (K[:, None] * x).sum(0) / (K.sum() if s["law"] == "SA" else len(x))
        exact[place] = v - (v * x[i]).sum() * x[i]
    return relative(answer["v"], exact)


def general_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """The same with scores <Q x, K y> and values V y."""
    x, Q, K, V = (inputs[name].astype(np.longdouble) for name in ("rows", "Q", "K", "V"))
    keys, values, asked = x @ K.T, x @ V.T, inputs["asked"]
    exact = np.empty((len(asked), x.shape[1]))
    for place, i in enumerate(asked):
        e = np.exp(np.longdouble(s["beta"]) * (keys * (Q @ x[i])).sum(1))
        v = (e[:, None] * values).sum(0) / e.sum()
        exact[place] = v - (v * x[i]).sum() * x[i]
    return relative(answer["v"], exact)


def rescaled_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """V (M / Z - z) at scores beta <Q e^{tV} z, K e^{tV} y>, in long double but for e^{tV}."""
    x, Q, K, V = (inputs[name].astype(np.longdouble) for name in ("rows", "Q", "K", "V"))
    grown = expm(s["t"] * inputs["V"]).astype(np.longdouble)
    keys, asked = x @ (K @ grown).T, inputs["asked"]
    exact = np.empty((len(asked), x.shape[1]))
    for place, i in enumerate(asked):
        e = np.exp(np.longdouble(s["beta"]) * (keys * (Q @ grown @ x[i])).sum(1))
        exact[place] = V @ ((e[:, None] * x).sum(0) / e.sum() - x[i])
    return relative(answer["v"], exact)


def sphere_rhs_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """Against dense quadrature of Z, M and div M, by 40 circles of 80 nodes."""
    x, beta = answer["rows"], s["beta"]
    y, w = sphere_nodes(40)
    inner = x @ y.T
    K = np.exp(beta * (inner - 1)) * (w * sphere_start(y))
    Z = K.sum(1)
    X = (K @ y - (K * inner).sum(1)[:, None] * x) / Z[:, None]
    divergence = (K * (beta * (1 - inner**2) - 2 * inner)).sum(1) / Z - beta * (X**2).sum(1)
    slope = np.stack([0.4 * x[:, 1] - 0.3 * x[:, 2] ** 2, 0.4 * x[:, 0], 0.3 - 0.6 * x[:, 0] * x[:, 2]], axis=1)
    exact = -(slope * X).sum(1) - sphere_start(x) * divergence  # X is tangent, so slope need not be
    return relative(answer["rhs"], exact)


def sphere_start(x: Array) -> Array:
    """The initial density on S^2, of degree 3 and without symmetry."""
    return 1 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1] - 0.3 * x[..., 0] * x[..., 2] ** 2


def sphere_nodes(circles: int) -> tuple[Array, Array]:
    """Rows and weights (sum 1) of Gauss-Legendre circles with twice as many equidistant longitudes."""
    t, w = np.polynomial.legendre.leggauss(circles)
    phi = np.pi * np.arange(2 * circles) / circles
    sine = np.sqrt(1 - t**2)
    x = np.stack(np.broadcast_arrays(np.outer(sine, np.cos(phi)), np.outer(sine, np.sin(phi)), t[:, None]), axis=-1)
    return x.reshape(-1, 3), np.repeat(w / (4 * circles), 2 * circles)


# --- a solution on S^2 -------------------------------------------------------------------------------------


class Harmonics:
    """Transforms to degree L by scipy's Legendre functions and FFTs: the slow, independent ones."""

    def __init__(self, L: int) -> None:
        t, w = np.polynomial.legendre.leggauss(3 * L // 2 + 1)
        self.L, self.n = L, 2 * (3 * L // 2 + 1)
        self.theta, self.w = np.arccos(t), w
        P = special.sph_legendre_p_all(L, L, self.theta, diff_n=1)[:, :, : L + 1]
        self.P, self.D = np.sqrt(4 * np.pi) * P[0], np.sqrt(4 * np.pi) * P[1]  # (l, m, theta), of norm 1 for sigma
        self.m = np.arange(L + 1)
        self.degrees = np.broadcast_to(np.arange(L + 1)[:, None], (L + 1, L + 1))

    def up(self, a: Array, table: Array) -> Array:
        """(L+1, L+1) coefficients, m >= 0, of a real function -> (theta, phi)."""
        return np.asarray(fft.irfft(self.n * np.einsum("lm,lmt->tm", a, table), self.n, axis=1))

    def down(self, f: Array, table: Array) -> Array:
        """The adjoint, with quadrature for sigma."""
        spectrum = fft.rfft(f, axis=1)[:, : self.L + 1] / self.n
        return np.asarray(np.einsum("tm,t,lmt->lm", spectrum, self.w / 2, table))

    def rhs(self, a: Array, q: Array, beta: float) -> Array:
        """<grad Y, rho X> for SA."""
        sine = np.sin(self.theta)[:, None]
        Z = self.up(q * a, self.P)
        share = self.up(a, self.P) / Z
        south, east = self.up(q * a / beta, self.D), self.up(1j * self.m * q * a / beta, self.P) / sine
        return self.down(share * south, self.D) - 1j * self.m * self.down(share * east / sine, self.P)

    def at(self, a: Array, x: Array) -> Array:
        """Values at rows."""
        theta, phi = np.arccos(x[:, 2]), np.arctan2(x[:, 1], x[:, 0])
        P = np.sqrt(4 * np.pi) * special.sph_legendre_p_all(self.L, self.L, theta)[0][:, : self.L + 1]
        wave = np.exp(1j * np.multiply.outer(self.m, phi)) * np.where(self.m == 0, 1.0, 2.0)[:, None]
        return np.asarray(np.einsum("lm,lmp,mp->p", a, P, wave).real)


@lru_cache
def sphere_solution(beta: float, end: float, L: int = 48) -> tuple[Harmonics, Array]:
    """SA from `sphere_start` at rtol 1e-12."""
    h = Harmonics(L)
    phi = TWO_PI * np.arange(h.n) / h.n
    sine, cosine = np.sin(h.theta)[:, None], np.cos(h.theta)[:, None] + 0 * phi
    start = h.down(sphere_start(np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=-1)), h.P)
    q = funk_hecke(beta)[h.degrees]

    def rate(t: float, y: Array) -> Array:
        return h.rhs(y.reshape(L + 1, L + 1), q, beta).ravel()

    run = solve_ivp(rate, (0.0, end), start.ravel().astype(complex), method="DOP853", rtol=1e-12, atol=1e-14)
    return h, np.asarray(run.y[:, -1]).reshape(L + 1, L + 1)


def sphere_pde_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """Largest error of the density with respect to the uniform probability."""
    h, a = sphere_solution(s["beta"], s["end"])
    return float(np.abs(answer["rho"] - h.at(a, answer["rows"])).max())


# --- distances ---------------------------------------------------------------------------------------------


def distance_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """W1 by the gap-weighted median of F - G; W2 between equal samples by the best cyclic shift."""
    if s["p"] == 1:
        exact = w1(inputs["x"], inputs["y"], inputs.get("wx"), inputs.get("wy"))
    else:
        exact = w2(inputs["x"], inputs["y"])
    return abs(float(answer["w"]) - exact)


def w1(x: Array, y: Array, wx: Array | None = None, wy: Array | None = None) -> float:
    """min over m of the integral of |F - G - m|."""
    u = np.full(len(x), 1 / len(x)) if wx is None else wx
    v = np.full(len(y), 1 / len(y)) if wy is None else wy
    points, signed = np.concatenate([x, y]), np.concatenate([u, -v])
    order = np.argsort(points, kind="stable")
    points, level = points[order], np.cumsum(signed[order])
    gaps = np.diff(points, append=points[0] + TWO_PI)
    by_level = np.argsort(level, kind="stable")
    half = np.searchsorted(np.cumsum(gaps[by_level]), np.pi)
    return float(np.sum(gaps * np.abs(level - level[by_level[half]])))


def w2(x: Array, y: Array) -> float:
    """Equal sizes and weights: the cost of matching x_(i) with y_(i+k) on the line is convex in k."""
    x, y, n = np.sort(x), np.sort(y), len(x)

    @lru_cache
    def cost(k: int) -> float:
        i = np.arange(k, k + n)
        return float(np.mean((x - y[i % n] - TWO_PI * (i // n)) ** 2))

    low, high = -n, n
    while high - low > 2:
        middle = (low + high) // 2
        low, high = (low, middle + 1) if cost(middle) <= cost(middle + 1) else (middle, high)
    return float(np.sqrt(min(cost(k) for k in range(low, high + 1))))


# --- all ---------------------------------------------------------------------------------------------------


def gram_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """The first cloud's inner products against scipy's DOP853 on the printed equation, in the tokens' span."""
    x = inputs["clouds"][0]
    start = np.linalg.qr(x.T)[1].T

    def rate(t: float, flat: Array) -> Array:
        y = flat.reshape(start.shape)
        A = np.exp(s["beta"] * (y @ y.T - 1.0))
        v = A @ y / A.sum(1)[:, None]
        return np.asarray((v - (v * y).sum(1)[:, None] * y).ravel())

    end = solve_ivp(rate, (0.0, s["end"]), start.ravel(), "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    y = end.reshape(start.shape)
    return relative(answer["v"], (y @ y.T)[np.triu_indices(len(y), 1)])


def relative(found: Array, exact: Array) -> float:
    """Largest difference over largest value."""
    return float(np.abs(found - exact).max() / np.abs(exact).max())


def no_error(s: dict[str, Any], inputs: Arrays, answer: Arrays) -> float:
    """Where there is nothing to be wrong about."""
    return float("nan")


def no_inputs(s: dict[str, Any]) -> Arrays:
    """Where nothing is given."""
    return {}


KINDS = {
    "circle-pde": (circle_symbols, circle_pde_error),
    "sphere-pde": (sphere_symbols, sphere_pde_error),
    "circle-rhs": (circle_symbols, circle_rhs_error),
    "sphere-rhs": (sphere_symbols, sphere_rhs_error),
    "circle-points": (angles, circle_points_error),
    "causal-points": (angles, causal_points_error),
    "dense": (unit_rows, dense_error),
    "general": (rows_and_matrices, general_error),
    "rescaled": (rows_and_matrices, rescaled_error),
    "gram": (clouds, gram_error),
    "distance": (two_samples, distance_error),
    "import": (no_inputs, no_error),
    "limits": (no_inputs, no_error),
}
"""Kind -> (inputs of the settings, error of an answer)."""
