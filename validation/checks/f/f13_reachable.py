"""2501.18322 and 2606.07600: Gaussians as measures of their own, which blow up or not, and which can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import sqrtm

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.exact import gaussian
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

FAR = 60.0
"""A time by which what blows up has done so, at scores and covariances of order 1."""
MISSED = 5.5
"""Standard errors, themselves estimated from 32 samples, by which a mean may miss."""


def blow_up(law: Any, mu: mf.Gaussian, t: float = FAR) -> float:
    """When the covariance is infinite; inf, if it is not by t."""
    try:
        mf.solve(law, mu, (0.0, t), t_eval=[t], rtol=1e-9)
    except mf.RunError as error:
        if error.solution.status is not mf.Status.BLOWN_UP:
            raise
        return float(error.solution.blow_up or np.nan)
    return float("inf")


def _law(B: Array, V: Array, beta: float = 1.0) -> mf.SA:
    """Scores beta <x, B y>, values V y."""
    return mf.SA(beta, Q=B.T, V=V, geometry="flat")


@dataclass(frozen=True)
class Steering:
    """V(t) = S'(t) S(t)^{-2} / 2, by which S' = V S^2 + S^2 V^T, along Bures' geodesic S = (1 - t + t F) S_0 ()^T."""

    S0: Array
    F: Array

    def path(self, t: float) -> Array:
        """S(t)."""
        m = (1.0 - t) * np.eye(len(self.F)) + t * self.F
        return np.asarray(m @ self.S0 @ m.T)

    def __call__(self, t: float) -> Array:
        eye = np.eye(len(self.F))
        m, slope = (1.0 - t) * eye + t * self.F, self.F - eye
        moved = slope @ self.S0 @ m.T
        inverse = np.linalg.inv(self.path(t))
        return np.asarray(0.5 * (moved + moved.T) @ inverse @ inverse)


@check("F13", where="2606.07600", title="Gaussians: a covariance of Riccati type, its blow-up, and what can be reached")
def reachable(bench: Bench) -> Verdict:
    """`mf.Gaussian` under SA in R^d: S' = V S B S + S B^T S V^T, scores <x, B^T y>.

    In one dimension s' = 2 v b s^2: of 20 random (v, b, s_0) those with v b > 0, and no others, blow up, at 1 / (2 v b
    s_0) within 1e-8; the others fall to s_0 / (1 - 2 v b s_0 t) within 1e-9 (quick: one that falls).  V = B symmetric,
    commuting with S_0, eigenvalues a_i of both signs: blow-up at min 1 / (2 a_i^2 s_i) whatever the signs, 1e-8, and V
    = B = 1 in R^3: 1 / (2 lambda_max) (both in a full run).  V = -1 is stable, 2 t S -> 1, at t = 1000 to 5e-3.  The
    general example of two matrices that do not commute: t* = 1.8818560452, 1e-8, and to half of it the equations under
    scipy's integrator, 1e-9.  V = -B^T is stable for every B, tr S' = -2 |S^{1/2} B S^{1/2}|^2: as many in R^3, tr S
    monotone.  With heads that change in time every covariance of full rank is reached: by V(t) = S' S^{-2} / 2 the
    geodesic of Bures between two random ones, 1e-9; the rank is kept: of a covariance of rank 2 in R^3 the third
    eigenvalue stays 0 (1e-12).
    """
    rng = np.random.default_rng(bench.rng)
    late, stable, full = [], [], bench.tier == "full"
    many = 20 if full else 1
    for _ in range(many):
        signs = rng.choice([-1.0, 1.0], 2) if full else np.array([1.0, -1.0])
        v, b, s = rng.uniform(0.3, 1.5, 3) * np.array([*signs, 1.0])
        law, mu = _law(np.full((1, 1), b), np.full((1, 1), v)), mf.Gaussian([0.0], [[s]])
        if v * b > 0.0:
            late.append(abs(blow_up(law, mu) * 2.0 * v * b * s - 1.0))
        else:
            end = mf.solve(law, mu, (0.0, 5.0), t_eval=[5.0]).covariance[-1, 0, 0]
            stable.append(abs(end * (1.0 - 10.0 * v * b * s) / s - 1.0))
    U = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    a, s3 = np.array([0.9, -1.2, 0.4]), rng.uniform(0.2, 0.6, 3)
    A, S = (U * a) @ U.T, (U * s3) @ U.T
    centred = mf.Gaussian(np.zeros(3), S)
    down = mf.solve(_law(np.eye(3), -np.eye(3)), centred, (0.0, 1e3), t_eval=[1e3]).covariance[-1]
    V, B = np.array([[1.0, 0.3], [-0.2, -0.5]]), np.array([[0.5, -0.1], [0.2, 0.4]])
    m0, S0 = np.array([1.0, -0.5]), np.array([[0.5, 0.1], [0.1, 0.3]])
    law, mu = _law(B.T, V), mf.Gaussian(m0, S0)
    half = mf.solve(law, mu, (0.0, 0.94), t_eval=[0.94], rtol=1e-11)
    mean, cov = gaussian.run("softmax", m0, S0, [0.94], B=B.T, V=V)
    falls = max(_rise(rng.standard_normal((3, 3)), S) for _ in range(many))
    measured = {
        "d = 1: stable, relative": max(stable, default=0.0),
        "V = -1: 2 t S - 1": float(np.abs(2e3 * down - np.eye(3)).max()),
        "general: blow-up, relative": abs(blow_up(law, mu) / 1.8818560452 - 1.0),
        "general: the equations": float(max(np.abs(half.mean - mean).max(), np.abs(half.covariance - cov).max())),
        "V = -B^T: largest rise of tr S": falls,
        "Bures' geodesic": _steered(rng),
        "third eigenvalue of rank 2": _rank(rng),
    }
    if full:
        measured["d = 1: blow-up, relative"] = max(late)
        mixed = blow_up(_law(A, A), centred) * (2.0 * a * a * s3).max()
        measured["V = B of both signs: blow-up, relative"] = abs(mixed - 1.0)
        one = blow_up(_law(np.eye(3), np.eye(3)), centred) * 2.0 * s3.max()
        measured["V = B = 1: blow-up, relative"] = abs(one - 1.0)
    limits: dict[str, tuple[float | None, float | None]] = {
        "V = -1: 2 t S - 1": (None, 5e-3),
        "general: the equations": (None, 1e-9),
        "d = 1: stable, relative": (None, 1e-9),
        "V = -B^T: largest rise of tr S": (None, 0.0),
        "Bures' geodesic": (None, 1e-8),
        "third eigenvalue of rank 2": (None, 1e-11),
    }
    limits |= {name: (None, 1e-8) for name in measured if "blow-up" in name}
    return judge(measured, limits, pictures=[bench.figure("widths", lambda: _draw(law, mu))])


def _rise(B: Array, S: Array) -> float:
    """The largest step up of tr S under V = -B^T, B as in S' = V S B S + S B^T S V^T."""
    sol = mf.solve(_law(B.T, -B.T), mf.Gaussian(np.zeros(3), S), (0.0, 5.0), t_eval=np.linspace(0.0, 5.0, 51))
    return float(np.diff(np.trace(sol.covariance, axis1=1, axis2=2)).max())


def _steered(rng: Any) -> float:
    """How far a covariance is, at three times, from the geodesic along which it is steered."""
    a, b = rng.standard_normal((2, 3, 3))
    S0, S1 = a @ a.T + 0.5 * np.eye(3), b @ b.T + 0.5 * np.eye(3)
    root = np.real(sqrtm(S0))
    inverse = np.linalg.inv(root)
    F = inverse @ np.real(sqrtm(root @ S1 @ root)) @ inverse
    steer, t = Steering(S0, F), np.array([0.3, 0.7, 1.0])
    law = mf.SA(1.0, V=steer, geometry="flat")
    sol = mf.solve(law, mf.Gaussian(np.zeros(3), S0), (0.0, 1.0), t_eval=t, rtol=1e-10)
    size = np.abs(S1).max()
    along = max(float(np.abs(S - steer.path(at)).max()) for at, S in zip(t, sol.covariance, strict=True))
    return max(along, float(np.abs(sol.covariance[-1] - S1).max())) / size


def _rank(rng: Any) -> float:
    """The third eigenvalue, over the first, of a covariance that began with two."""
    a, V, B = rng.standard_normal((3, 3, 3))
    S = a[:, :2] @ a[:, :2].T
    law = _law(0.3 * B, 0.3 * V)
    mu = mf.Gaussian(np.zeros(3), S / np.trace(S))
    s = np.linalg.eigvalsh(mf.solve(law, mu, (0.0, 1.0), t_eval=[1.0]).covariance[-1])
    return float(abs(s[0]) / s[2])


def _draw(law: Any, mu: mf.Gaussian) -> Any:
    """The general example, to its blow-up, and the same with V = -1."""
    try:
        mf.solve(law, mu, (0.0, FAR), t_eval=np.concatenate([np.linspace(0.0, 1.88, 200), [FAR]]))
    except mf.RunError as error:
        up: Any = error.solution
    down = mf.solve(mf.SA(1.0, sign=-1, geometry="flat"), mu, (0.0, 1.88))
    with style.axes(None) as ax:
        up.plot(ax, title="", label="general V, B: blow-up")
        down.plot(ax, title="", label="V = -1: stable")
        ax.set_ylim(0.03, 60.0)
        ax.set_title(rf"$\beta$ = 1, d = 2; blow-up at t = {up.blow_up:.6f}", loc="left")
    return ax


# --- points ----------------------------------------------------------------------------------------------------


@check("F12.points", where="2501.18322", title="mf.Gaussian against particles drawn from it, and a quadrature")
def points(bench: Bench) -> Verdict:
    """SA in R^2 with Q^T K and V that are not symmetric, beta = 0.5, to t = 0.4.

    Mean and covariance by their equations, of 16 x 16 Gauss-Hermite points (full: 24 x 24; 1e-9), and of 1500
    independent points (of 10^5 in a full run): every entry within 5.5 standard errors, which are those of 32 clouds of
    250, by n^{-1/2}.
    """
    rng = np.random.default_rng(bench.rng)
    many, small, t = (100_000 if bench.tier == "full" else 1500), 250, 0.4
    law = mf.SA(0.5, Q=np.array([[0.6, 0.3], [-0.2, 0.4]]), V=np.array([[0.5, -0.4], [0.3, 0.2]]), geometry="flat")
    mu = mf.Gaussian([0.3, -0.2], [[0.5, 0.2], [0.2, 0.3]])
    end: Any = mf.solve(law, mu, (0.0, t), t_eval=[t], rtol=1e-12)(t)
    exact = np.concatenate([end.mean, end.covariance[np.triu_indices(2)]])
    x = mu.quadrature(24 if bench.tier == "full" else 16)
    by_rule = pt.simulate(law, x.points, (0.0, t), [t], weights=x.weights, rtol=1e-10, atol=1e-12)
    clouds = rng.permutation(mu.sample(32 * small, rng)).reshape(32, small, 2)
    steps: dict[str, Any] = {"method": "rk4", "step": 0.1}
    few = pt.simulate(law, clouds, (0.0, t), [t], **steps).x[-1]
    one = pt.simulate(law, mu.sample(many, rng), (0.0, t), [t], **steps).x[-1]
    spread = np.std([_moments(cloud) for cloud in few], axis=0, ddof=1) * np.sqrt(small / many)
    measured = {
        "Gauss-Hermite points": float(np.abs(_moments(by_rule.x[-1], x.weights) - exact).max()),
        "independent points, standard errors": float(np.abs((_moments(one) - exact) / spread).max()),
    }
    limits = {"Gauss-Hermite points": (None, 1e-9), "independent points, standard errors": (None, MISSED)}
    return judge(measured, limits)


def _moments(x: Array, w: Array | None = None) -> Array:
    """Mean and covariance, (5,)."""
    mass = np.full(len(x), 1.0 / len(x)) if w is None else w
    mean = mass @ x
    away = x - mean
    return np.concatenate([mean, ((away * mass[:, None]).T @ away)[np.triu_indices(2)]])
