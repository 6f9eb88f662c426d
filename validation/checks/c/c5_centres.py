"""C, section 5.1 and C.4: Rényi's centres, how many there are, and that strong ones hardly move."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import betainc, exp1

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

DELTA = 0.5
"""4 beta^{-1/2} at beta = 64."""


def pull(x: Any, beta: float) -> Any:
    """h(x) = e^{beta (cos x - 1)} sin x (IntPot)."""
    return np.exp(-2.0 * beta * np.sin(0.5 * np.asarray(x)) ** 2) * np.sin(x)


def cap(d: int, delta: float) -> float:
    """The measure of a cap of radius delta <= pi / 2 on S^{d-1}."""
    return 0.5 * float(betainc(0.5 * (d - 1), 0.5, np.sin(delta) ** 2))


def constant() -> float:
    """Rényi's constant, int_0^inf exp(-2 int_0^t (1 - e^{-u}) / u du) dt; the inner one is ln t + gamma + E_1(t)."""

    def inner(t: float) -> float:
        return float(np.exp(-2.0 * (np.log(t) + np.euler_gamma + exp1(t))))

    parts = ((0.0, 1.0), (1.0, 10.0), (10.0, np.inf))
    return float(sum(quad(inner, a, b, epsabs=1e-13, limit=200)[0] for a, b in parts))


def _apart(x: Array, y: Array) -> float:
    """The angle between two unit vectors."""
    return float(2.0 * np.arctan2(np.linalg.norm(x - y), np.linalg.norm(x + y)))


def _slow(x: Array, delta: float) -> tuple[list[int], list[int]]:
    """Centres and strong centres by the words of the paper, one distance after the other."""
    plain: list[int] = []
    strong: list[int] = []
    for i in range(len(x)):
        if all(_apart(x[i], x[j]) > delta for j in plain):
            plain.append(i)
        if all(_apart(x[i], x[j]) > delta for j in range(i)):
            strong.append(i)
    return plain, strong


@check("C12", where="C 5.1", title="Rényi centres and strong Rényi centres")
def centres(bench: Bench) -> Verdict:
    """Clouds of 60 tokens in d = 2, 3, 5, delta = 0.3, 0.8: indices against a loop by angles; strong centres are
    centres; every token is within delta of a centre; angles and rows are alike.  Counts of what differs: 0.
    """
    rng = np.random.default_rng(bench.rng)
    names = ("centres that differ", "strong ones that are none", "tokens without a centre", "angles")
    measured = dict.fromkeys(names, 0)
    for d in (2, 3, 5):
        for delta in (0.3, 0.8):
            for _ in range(5):
                x = pt.uniform(60, d, rng)
                ours = [pt.renyi(x, delta), pt.renyi(x, delta, strong=True)]
                slow = _slow(x, delta)
                measured["centres that differ"] += sum(list(a) != b for a, b in zip(ours, slow, strict=True))
                measured["strong ones that are none"] += len(set(ours[1]) - set(ours[0]))
                near = [min(_apart(row, x[j]) for j in ours[0]) for row in x]
                measured["tokens without a centre"] += int(np.sum(np.array(near) > delta))
                if d == 2:
                    measured["angles"] += list(pt.renyi(geometry.to_angles(x), delta)) != slow[0]
    return judge(measured, dict.fromkeys(measured, (0, 0)))


def _counts(clouds: int, n: int, d: int, delta: float, strong: bool, rng: Any) -> Array:
    return np.array([len(pt.renyi(pt.uniform(n, d, rng), delta, strong)) for _ in range(clouds)], dtype=float)


@check("C30", where="C C.4", title="Rényi's constant: 0.7475979 2 pi / delta centres on the circle")
def saturated(bench: Bench) -> Verdict:
    """The constant by quadrature against its digits, 1e-9.  Mean number of centres, delta = 0.5, of 60 clouds of 20 000
    uniform tokens (full: 300), which leave less than 0.02 of a place free: 9.3946 within 4.5 standard errors and that;
    and of 1000 of 200 tokens, which leave some: 9.150, a Monte Carlo of another code, within 4.5 standard errors.
    """
    rng = np.random.default_rng(bench.rng)
    many = _counts(60 if bench.tier == "quick" else 300, 20_000, 2, DELTA, False, rng)
    few = _counts(1000, 200, 2, DELTA, False, rng)
    c = constant()
    measured, limits = {"Rényi's constant": c}, {"Rényi's constant": (0.7475979202534 - 1e-9, 0.7475979202534 + 1e-9)}
    for name, counts, wanted, room in (
        ("20 000 tokens", many, c * 2.0 * np.pi / DELTA, 0.02), ("200 tokens", few, 9.15005, 0.0157)
    ):  # fmt: skip
        error = counts.std(ddof=1) / np.sqrt(len(counts))
        measured[f"mean centres, {name}"] = float(counts.mean())
        limits[f"mean centres, {name}"] = (wanted - 4.5 * error - room, wanted + 4.5 * error + room)
    return judge(measured, limits)


@check("C31", where="C Lem C.1", title="strong Rényi centres: one over the measure of a cap")
def strong(bench: Bench) -> Verdict:
    """(1 - (1 - p)^n) / p strong centres of n = 200 uniform tokens, p the cap's measure: in d = 2, 3, 4 the mean of 500
    clouds (full: 20 000) is within 4.5 standard errors; at d = 2 that is pi / delta = 6.2831853 to 1e-11, at d = 3
    1 / sin^2(delta / 2) = 16.3375 to 1e-4.  The printed 1 / (3 sin^2(delta / 2)) is more than 20 standard errors off.
    """
    rng, n = np.random.default_rng(bench.rng), 200
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for d in (2, 3, 4):
        p = cap(d, DELTA)
        wanted = -np.expm1(n * np.log1p(-p)) / p
        counts = _counts(500 if bench.tier == "quick" else 20_000, n, d, DELTA, True, rng)
        off = (counts.mean() - wanted) / (counts.std(ddof=1) / np.sqrt(len(counts)))
        measured |= {f"theory, d = {d}": float(wanted), f"mean, d = {d}": float(counts.mean())}
        measured[f"standard errors off, d = {d}"] = float(off)
        limits[f"standard errors off, d = {d}"] = (-4.5, 4.5)
        if d == 3:
            printed = 1.0 / (3.0 * np.sin(0.5 * DELTA) ** 2)
            error = counts.std() / np.sqrt(len(counts))
            measured["standard errors off, as printed"] = float(abs(off + (wanted - printed) / error))
            limits["standard errors off, as printed"] = (20.0, None)
    limits |= {"theory, d = 2": (np.pi / DELTA - 1e-11, np.pi / DELTA + 1e-11)}
    one = 1.0 / np.sin(0.5 * DELTA) ** 2
    limits |= {"theory, d = 3": (one - 1e-4, one + 1e-4)}
    return judge(measured, limits)


def _separated(theta: Array, beta: float, c: float, epsilon: float) -> tuple[Array, Array]:
    """Strong centres with separation (1), but the first, and until when (3) holds for each."""
    least = c * (1.0 + 2.0 * epsilon) / np.sqrt(beta)
    s = pt.renyi(theta, least, strong=True)[1:]
    return s, epsilon * c / np.sqrt(beta) / ((s + 1.0) * pull(c / np.sqrt(beta), beta))


@check(
    "C14",
    where="C Lem 5.1",
    title="a strong centre stays within eps c beta^{-1/2} until T_j",
    equations=("C (1)", "C (2)", "C (3)"),
)
def displacement(bench: Bench) -> Verdict:
    """200 uniform tokens on the circle, beta = 64, epsilon = 0.1, c = 2.5, 3, 4: 3 clouds each (full: 40).  Largest way
    of a centre from where it began at 200 times up to T_j, over epsilon c beta^{-1/2}: less than 1.  The bound's slack
    is one over it.
    """
    rng = np.random.default_rng(bench.rng)
    beta, epsilon, law = 64.0, 0.1, mf.Causal(mf.SA(64.0))
    measured: dict[str, float] = {}
    for c in (2.5, 3.0, 4.0):
        largest, seen = 0.0, 0
        for _ in range(3 if bench.tier == "quick" else 40):
            theta = pt.uniform_angles(200, rng)
            s, until = _separated(theta, beta, c, epsilon)
            if not len(s):
                continue
            # nobody is moved by who comes later
            t = np.linspace(0.0, until.max(), 201)[1:]
            run = pt.simulate(law, theta[: s.max() + 1], (0.0, t[-1]), t, rtol=1e-7, atol=1e-10)
            gone = np.abs(run.theta[:, s] - theta[s])
            largest = max(largest, float(np.where(t[:, None] <= until, gone, 0.0).max()))
            seen += len(s)
        measured[f"way over its bound, c = {c:g}"] = largest * np.sqrt(beta) / (epsilon * c)
        measured[f"centres, c = {c:g}"] = seen
    limits: Limits = {name: (None, 1.0) if "way" in name else (1, None) for name in measured}
    return judge(measured, limits)


@check("C15", where="C 5, remark", title="T_j s_j < eps e^{c^2/2 - c^4/(24 beta)} suffices, and c > 1")
def sufficient(bench: Bench) -> Verdict:
    """Over beta in (1, 400], c in (1, pi sqrt(beta)): c > 1 implies (2), c > beta^{1/2} tau*; and
    e^{c^2/2 - c^4/(24 beta)} <= c beta^{-1/2} / h(c beta^{-1/2}), so that the remark's condition implies (3).  Least
    slack of both, relative: positive.
    """
    first, second = np.inf, np.inf
    for beta in np.geomspace(1.0 + 1e-6, 400.0, 60):
        turn = np.sqrt(beta) * np.arccos((np.sqrt(4.0 * beta**2 + 1.0) - 1.0) / (2.0 * beta))
        first = min(first, 1.0 - float(turn))
        x = np.linspace(1.0 / np.sqrt(beta), np.pi, 400)[:-1]
        log = np.log(x) + 2.0 * beta * np.sin(0.5 * x) ** 2 - np.log(np.sin(x))
        c = x * np.sqrt(beta)
        second = min(second, float((log - (c**2 / 2.0 - c**4 / (24.0 * beta))).min()))
    measured = {"1 - beta^{1/2} tau*": first, "log of (3) over the remark's condition": second}
    return judge(measured, dict.fromkeys(measured, (1e-9, None)))


@check("C32", where="C 5.1, C.4", title="strong centres of tokens that are not uniform: the integral over mu")
def other_laws(bench: Bench) -> Verdict:
    """Independent tokens of von Mises' law, kappa = 1 and 3, n = 200, delta = 0.5: int (1 - (1 - mu(B_delta(x)))^n) /
    mu(B_delta(x)) d mu(x) strong centres, by quadrature; the mean of 2000 clouds (quick: 600) is within 4.5 standard
    errors.  (The formula of Lemma C.1's proof.  C calls laws of dependent tokens open: for a Markov chain, a walk of
    steps that are normal with deviation 0.3, the count is reported alone.)
    """
    rng, n = np.random.default_rng(bench.rng), 200
    clouds = 600 if bench.tier == "quick" else 2000
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float, float]] = {}
    grid = np.linspace(-np.pi, np.pi, 8001)
    for kappa in (1.0, 3.0):
        density = np.exp(kappa * (np.cos(grid) - 1.0))
        inside = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(grid))])
        inside /= inside[-1]

        def upto(x: Array, inside: Array = inside) -> Array:
            turns = np.floor((x + np.pi) / (2.0 * np.pi))
            return np.asarray(turns + np.interp(x - 2.0 * np.pi * turns, grid, inside))

        ball = upto(grid + DELTA) - upto(grid - DELTA)
        wanted = float(np.trapezoid(-np.expm1(n * np.log1p(-ball)) / ball, inside))
        counts = np.array([len(pt.renyi(rng.vonmises(0.0, kappa, n), DELTA, strong=True)) for _ in range(clouds)])
        error = counts.std(ddof=1) / np.sqrt(len(counts))
        measured |= {f"integral, kappa = {kappa:g}": wanted, f"mean, kappa = {kappa:g}": float(counts.mean())}
        limits[f"mean, kappa = {kappa:g}"] = (wanted - 4.5 * error, wanted + 4.5 * error)
    steps = 0.3 * rng.standard_normal((clouds // 4, n))
    walks = rng.uniform(0.0, 2.0 * np.pi, (len(steps), 1)) + np.cumsum(steps, axis=1)
    measured["mean, a walk"] = float(np.mean([len(pt.renyi(walk, DELTA, strong=True)) for walk in walks]))
    return judge(measured, limits)
