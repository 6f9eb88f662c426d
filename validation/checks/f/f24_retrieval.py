"""F24, 2605.09213: what a causal sequence remembers of its tokens, by their place: the U shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import linalg, optimize, special

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

LAM, M, MODES = 1.0, 8.0, np.arange(1, 21)


def _a(n: Any, beta: float) -> Any:
    """n^2 I_n(beta): how fast mode n of a token follows that of those it sees."""
    return n**2 * special.iv(n, beta)


def _psi(c: Any, y: Any) -> Any:
    """sum_k c^{k+1} y^k / (k! (k+1)!) = (c / y)^{1/2} I_1(2 (c y)^{1/2})."""
    z = c * y
    return c * special.hyp0f1(2.0, z)


def _profile(n: Any, s: Any, beta: float, t: float) -> Any:
    """g_n(t; s): n times the correlation of e^{i n theta} between the last token at t and that at s at the start."""
    y = np.log(np.expm1(LAM) / np.expm1(LAM * s))
    return LAM * np.exp(LAM * s) / np.expm1(LAM) * _psi(_a(n, beta) * t, y)


def _retrieved(s: Array, beta: float, t: float) -> Array:
    """The truncated soft accuracy, sum of e^{-(pi n / M)^2 / 2} g_n over 20 modes."""
    window = np.exp(-0.5 * (math.pi * MODES / M) ** 2)
    return np.asarray(sum(w * _profile(n, s, beta, t) for n, w in zip(MODES, window, strict=True)))


def _critical(beta: float) -> float:
    """t_crit = 2 (1 - e^-lam) S_1 / S_2: until then the profile rises at its end."""
    window, a = np.exp(-0.5 * (math.pi * MODES / M) ** 2), _a(MODES, beta)
    return float(2.0 * (1.0 - math.exp(-LAM)) * (window @ a) / (window @ a**2))


def _weights(n: int, itself: bool) -> Array:
    """Row i: e^{-lam (i - j) / n} over the sum of those with j <= i; `itself` in the sum alone, or seen too."""
    apart = np.subtract.outer(np.arange(n), np.arange(n))
    W = np.where(apart >= 0, np.exp(-LAM * apart / n), 0.0)
    W /= W.sum(axis=1, keepdims=True)
    return W if itself else W - np.diag(np.diag(W))


def _response(n: int, positions: int, labels: int, beta: float, t: float) -> tuple[Array, Array]:
    """Mode n of every position's law at time t, over what was put into the first's: by tokens, and e^{a_n t W}.

    A position has `labels` tokens, equally spaced but for a ripple of 1e-4 in the first position; each sees those of
    its own and earlier positions, the nearer ones more.
    """
    phi, z = 2.0 * math.pi * np.arange(labels) / labels, []
    W = _weights(positions, True)
    law = mf.Masked(mf.USA(beta), np.kron(W, np.ones((labels, labels))))
    for eps in (1e-4, -1e-4):
        theta = np.tile(phi, (positions, 1))
        theta[0] += eps * np.sin(n * phi)
        run = pt.simulate(law, theta.ravel(), (0.0, beta * t), [0.0, beta * t], rtol=1e-13, atol=1e-15)
        z.append(np.exp(-1j * n * run.theta.reshape(2, positions, labels)).mean(axis=-1))
    odd = z[0] - z[1]
    return (odd[1] / odd[0, 0]).real, linalg.expm(_a(n, beta) * t * W)[:, 0]


def _correlated(tokens: int, sources: Array, beta: float, t: float, clouds: int, rng: Any) -> tuple[Array, Array]:
    """N E cos(theta_N(t) - theta_m(0)) of ALiBi's uniform tokens, with standard errors.

    The mean over theta_m(0) is that over eight equal turns of it, the other tokens left as they are: exact for what has
    fewer modes, and without the noise of cos itself, which is N times what is looked for.
    """
    law = mf.ALiBi(mf.USA(beta), LAM / tokens, per_row=True)
    theta = np.broadcast_to(pt.uniform_angles(tokens, rng, replicas=clouds), (len(sources), 8, clouds, tokens)).copy()
    for k, m in enumerate(sources):
        theta[k, ..., m] += 2.0 * math.pi * np.arange(8)[:, None] / 8.0
    run = pt.simulate(law, theta, (0.0, beta * t), [beta * t], rtol=1e-7, angles=True)
    first = np.stack([theta[k, ..., m] for k, m in enumerate(sources)])
    seen = tokens * np.cos(run.theta[-1][..., -1] - first).mean(axis=1)
    return seen.mean(axis=-1), seen.std(axis=-1, ddof=1) / math.sqrt(clouds)


def _drawn(beta: float, times: list[float]) -> Any:
    s = np.linspace(0.02, 0.999, 400)
    with style.axes() as ax:
        for t, look in zip(times, style.line_styles(len(times)), strict=True):
            S = _retrieved(s, beta, t)
            ax.plot(s, S - S.min(), color=look["color"], linestyle=look["linestyle"], label=f"t = {t:.3g}")
        ax.set(xlabel="place s of the source in the sequence", ylabel="retrieved, less the least", ylim=(0.0, 1.0))
        ax.set_title(f"beta = {beta:g}, lam = {LAM:g}, M = {M:g}, 20 modes; t_crit = {_critical(beta):.3f}")
        legends.legend(ax)
    return ax


def _shape(beta: float, measured: dict[str, Any], limits: dict[str, Any]) -> None:
    """Minima of the profile before and after t_crit, and where its slope at the end vanishes."""
    t, ends, grid = _critical(beta), np.array([1.0 + 1e-4, 1.0 - 1e-4]), np.linspace(0.005, 1.0, 4000)
    root = optimize.brentq(lambda u: np.subtract(*_retrieved(ends, beta, u)), 0.5 * t, 2.0 * t)
    turns = [np.sum(np.diff(np.sign(np.diff(_retrieved(grid, beta, u * t)))) > 0) for u in (0.5, 0.95, 1.05, 2.0)]
    at = f"beta = {beta:g}"
    measured |= {f"t_crit, {at}": t, f"end slope's zero / t_crit - 1, {at}": abs(root / t - 1.0)}
    measured |= {f"minima before, {at}": min(turns[:2]), f"minima after, {at}": max(turns[2:])}
    limits |= {f"end slope's zero / t_crit - 1, {at}": (None, 1e-6)}
    limits |= {f"minima before, {at}": (1, 1), f"minima after, {at}": (0, 0)}


@check("F24", where="2605.09213", title="a causal sequence remembers its ends: a_n, psi_c, U shape, t_crit")
def retrieval(bench: Bench) -> Verdict:
    """Tokens theta_i' = sum_{j <= i} w_ij K(theta_i - theta_j), K = (e^{beta cos})', w_ij ~ e^{-lam (i - j) / N}.

    That is beta times USA under ALiBi, every row divided by its sum.  About the uniform law mode n of a position's law
    obeys z' = a_n W z with a_n = n^2 I_n(beta), so that N (e^{a_n t W})_{N, sN} tends to lam e^{lam s} / (e^lam - 1)
    psi_{a_n t}(log((e^lam - 1) / (e^{lam s} - 1))), psi_c(y) = sum c^{k+1} y^k / (k! (k+1)!): W is a mean over the
    past, and its powers are those of the logarithm.  We derived it so; formulas and constants are the source's.

    Tokens: twelve positions of 32 tokens each, a ripple in the first one's law, modes 1 to 4 at beta = 2, t = 0.5: the
    response is e^{a_n t W} to 1e-5 (the ripple's square, 1e-8, and the run's tolerance over the ripple).  N = 24 single
    tokens, beta = 1, t = 1, sources 2, 10, 20: N E cos(theta_N(t) - theta_m(0)) within 4.5 standard errors and 6/N of
    N e^{a_1 t W} (what is not linear is of relative order 1/N).  The closed profile is the matrix's limit: at N = 100
    and 200 the gaps' ratio is 1.9 to 2.1, and what is extrapolated from both is within 0.002 of it, relative.  The
    profile of 20 modes has one minimum inside before t_crit and none after it, beta = 1, 2, 3; its slope at the end
    vanishes at t_crit (1e-6).
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    gaps = [np.abs(np.subtract(*_response(n, 12, 32, 2.0, 0.5))).max() for n in range(1, 5)]
    measured["response of positions - e^{a t W}"] = max(gaps)
    sources, N = np.array([1, 9, 19]), 24
    seen, error = _correlated(N, sources, 1.0, 1.0, 32 if bench.tier == "quick" else 1000, rng)
    exact = N * linalg.expm(_a(1, 1.0) * _weights(N, False))[-1, sources]
    for m, a, b, e in zip(sources + 1, seen, exact, error, strict=True):
        measured[f"N cov, source {m}"], measured[f"N cov, source {m}: linear"] = a, b
        limits[f"N cov, source {m}"] = (b - 4.5 * e - 6.0 * b / N, b + 4.5 * e + 6.0 * b / N)
    s, off = np.linspace(0.1, 0.9, 9), []
    for size in (100, 200):
        row = size * linalg.expm(_a(1, 2.0) * _weights(size, False))[-1]
        off.append(row[np.rint(s * size).astype(int) - 1] / _profile(1, s, 2.0, 1.0) - 1.0)
    measured["profile: extrapolated gap"] = np.abs(2.0 * off[1] - off[0]).max()
    measured["profile: ratio of gaps, N = 100 and 200"] = np.abs(off[0]).max() / np.abs(off[1]).max()
    for beta in (1.0, 2.0, 3.0):
        _shape(beta, measured, limits)
    limits |= {
        "response of positions - e^{a t W}": (None, 1e-5), "profile: extrapolated gap": (None, 0.002),
        "profile: ratio of gaps, N = 100 and 200": (1.9, 2.1),
    }  # fmt: skip
    times = [u * _critical(1.0) for u in (0.25, 0.5, 1.0, 1.5)]
    told: Limits = limits
    return judge(measured, told, pictures=[bench.figure("profile", lambda: _drawn(1.0, times))])
