"""A, Figure 5 and Problem 2: phase diagrams and the mean-field curve under random matrices.

The figure's scalings are those of its script, G having independent standard normal entries: Q^T K = G_1 G_2 / sqrt(d),
or of the Gaussian orthogonal ensemble, (G + G^T) / sqrt(2); V = G G^T / sqrt(d), or Q^T K over sqrt(d) and sqrt(d + 1).
Every cloud has matrices of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.exact import double_loop, orthogonal
from validation.phase import DELTA, STEP, TOKENS, Diagram, diagrams, picture, told
from validation.rates import rate
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence

DIMENSION = 128
PANELS = {
    "(a) Q, K, V Ginibre": ("ginibre", "ginibre"),
    "(b) $Q^T K$ Wigner, V > 0": ("wigner", "positive"),
    "(c) Q, K Ginibre, $V = Q^T K$": ("ginibre", "scores"),
    "(d) $Q^T K$ Wigner, $V = Q^T K$": ("wigner", "scores"),
}
"""Figure 5's, as its captions say: Q^T K, and V."""
CODED = {
    "(a) Q, K Ginibre, V > 0": ("ginibre", "positive"),
    "(b) $Q^T K$ Wigner, V > 0": ("wigner", "positive"),
    "(c) Q, K Ginibre, $V = (Q^T K)^T$": ("ginibre", "scores"),
    "(d) $Q^T K$ Wigner, $V = Q^T K$": ("wigner", "scores"),
}
"""As its script makes them: there is no other random V than G G^T."""


def matrices(scores: str, values: str, coded: bool, rng: np.random.Generator) -> tuple[Array, Array]:
    """Q^T K and V.  The script's tokens are rows that V multiplies from the right, so its V is the transpose."""
    d, G = DIMENSION, rng.standard_normal((3, DIMENSION, DIMENSION))
    wigner = scores == "wigner"
    B = (G[0] + G[0].T) / np.sqrt(2.0) if wigner else G[0] @ G[1] / np.sqrt(d)
    if values == "ginibre":
        return B, G[2]
    if values == "positive":
        return B, G[2] @ G[2].T / np.sqrt(d)
    V = B / np.sqrt(d + 1.0 if wigner else d)
    return B, V.T if coded else V


def cloud(cell: Mapping[str, Any], rng: np.random.Generator) -> tuple[mf.SA, Array, Any]:
    """One cloud with matrices of its own: law, rows, and the run."""
    B, V = matrices(cell["scores"], cell["values"], cell["coded"], rng)
    law, x = mf.SA(cell["beta"], K=B, V=V), pt.uniform(TOKENS, DIMENSION, rng)
    how: dict[str, Any] = {"method": "rk45", "rtol": 1e-4, "atol": 1e-6}
    if cell["coded"]:
        how = {"method": "euler-unprojected", "step": STEP}
    t = np.linspace(0.0, cell["end"], cell["times"])
    return law, x, pt.simulate(law, x, (0.0, cell["end"]), t, **how)


def together(cell: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """The share of pairs that are together, over clouds."""
    shares = []
    for _ in range(cell["clouds"]):
        run = cloud(cell, rng)[2]
        gram = run.x @ np.swapaxes(run.x, -1, -2)
        shares.append((gram[:, *np.triu_indices(TOKENS, 1)] >= 1.0 - DELTA).mean(axis=-1))
    return told(np.stack(shares, axis=1))


def _all(bench: Bench, panels: Mapping[str, tuple[str, str]], coded: bool) -> tuple[dict[str, Diagram], dict[str, Any]]:
    """The four diagrams, and what is measured of each."""
    full = bench.tier == "full"
    betas = np.linspace(0.1, 9.0, 90 if coded else 30) if full else np.array([1.0, 9.0])
    settings = {"end": 30.0 if full else 3.0, "times": 200 if full else 61, "coded": coded}
    kinds = {name: {"scores": scores, "values": values} for name, (scores, values) in panels.items()}
    made = diagrams(bench, together, kinds, betas, clouds=(32 if coded else 16) if full else 2, **settings)
    measured: dict[str, Any] = {}
    for name, one in made.items():
        short, when = name[:3], np.minimum(one.half[0], one.t[-1])
        measured |= {f"half time at the least beta, {short}": when[0], f"at the largest, {short}": when[-1]}
        measured[f"share at the end, least over beta, {short}"] = float(one.share[:, -1].min())
        measured[f"share at the start, {short}"] = float(one.share[:, 0].max())
    return made, measured


def _judged(made: dict[str, Diagram], measured: dict[str, Any], limits: Limits, bench: Bench, title: str) -> Verdict:
    """What all four show: tokens begin apart; half are together soon where V is of size sqrt(d), later where of 1."""
    bounds = {**limits, **{f"share at the start, ({k})": (0.0, 0.0) for k in "abcd"}}
    bounds |= {f"half time at the least beta, ({k})": (None, 2.0) if k in "ab" else (2.0, None) for k in "abcd"}
    bounds["share at the end, least over beta, (c)"] = (None, 0.9)
    drawn = bench.figure("diagram", lambda: picture(made, None, title, columns=2))
    said = "Phase transitions appear in all four, and at large beta clusters that wait where V = Q^T K."
    return evidence(measured, bounds, said, pictures=[drawn])


@check("A44", where="A Fig 5", title="phase diagrams under random matrices, as printed: the flow")
def random_matrices(bench: Bench) -> Verdict:
    """P(<x_1, x_2> >= 0.999) of n = 32 uniform tokens in R^128, matrices as the captions say at the script's scalings.

    Full: 30 values of beta in [0.1, 9], 16 clouds, to t = 30; quick: beta = 1 and 9, 2 clouds, to t = 3.  At the least
    beta half of the pairs are together within two units of time in (a) and (b), whose V is of size sqrt(d), and not in
    (c) and (d), of size 1; in (c), at some beta, a tenth are not at the end.  That Q^T K and V are where they belong: a
    cloud's velocities against the attention matrix as printed, 1e-12.
    """
    made, measured = _all(bench, PANELS, False)
    rng = np.random.default_rng(bench.rng)
    cell = {"scores": "ginibre", "values": "scores", "coded": False, "beta": 2.0, "end": 0.1, "times": 2}
    law, x, _ = cloud(cell, rng)
    rows = double_loop.attention_matrix(x, 2.0, None, law.K) @ x @ law.V.T
    got = law.velocity(0.0, x, mf.Points(x))
    measured["velocity - printed, relative"] = float(np.abs(got - rows).max() / np.abs(rows).max())
    limits: Limits = {"velocity - printed, relative": (None, 1e-12)}
    return _judged(made, measured, limits, bench, rf"SA, random matrices, $n = {TOKENS}$, $d = {DIMENSION}$")


@check("A44.coded", where="A Fig 5", title="the same as coded: steps of 0.1, other matrices", covers=())
def random_matrices_as_coded(bench: Bench) -> Verdict:
    """The script: x + 0.1 times the attention, normalised; V = G G^T / sqrt(d) in (a), too, and (Q^T K)^T in (c).

    Full: 90 values of beta, 32 clouds, to t = 30.  A step moves by 0.1 |V|, which is 4.5 in (a) and (b): no flow, but
    it comes to the same.  One cloud of (c) against its step written out, 40 of them: 1e-9.
    """
    made, measured = _all(bench, CODED, True)
    rng = np.random.default_rng(bench.rng)
    cell = {"scores": "ginibre", "values": "scores", "coded": True, "beta": 2.0, "end": 4.0, "times": 2}
    law, x, run = cloud(cell, rng)
    for _ in range(40):
        e = np.exp(2.0 * x @ law.K @ x.T)
        x = x + STEP * (e / e.sum(axis=1, keepdims=True)) @ x @ (law.K / np.sqrt(DIMENSION))
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
    measured["tokens - printed step"] = float(np.abs(run.x[-1] - x).max())
    limits: Limits = {"tokens - printed step": (None, 1e-9)}
    title = rf"as coded: steps of 0.1, random matrices, $n = {TOKENS}$, $d = {DIMENSION}$"
    return _judged(made, measured, limits, bench, title)


# --- A45 ---------------------------------------------------------------------------------------------------

FEW, BETA = 8, 2.0
T = np.linspace(0.0, 6.0, 25)


def in_span(d: int, power: float, clouds: int, t: Array, rng: np.random.Generator) -> Array:
    """(clouds, T, pairs) <x_i, x_j> of uniform tokens of R^d, Q^T K = G_1 G_2 / d^power, V = 1.

    With V = 1 tokens stay in their span, where Q^T K is its block: rows of R^n with the same scores and products.
    """
    out = []
    for _ in range(clouds):
        x, (left, right) = pt.uniform(FEW, d, rng), rng.standard_normal((2, d, d))
        frame, rows = np.linalg.qr(x.T)
        block = (frame.T @ left) @ (right @ frame) / d**power
        rows = rows.T / np.linalg.norm(rows, axis=0)[:, None]
        run = pt.simulate(mf.SA(BETA, K=block), rows, (0.0, t[-1]), t, rtol=1e-6, atol=1e-9)
        out.append((run.x @ np.swapaxes(run.x, -1, -2))[:, *np.triu_indices(FEW, 1)])
    return np.stack(out)


@check("A45", where="A Problem 2", title="random Q and K: which scaling has a mean-field curve, and which it is")
def mean_field_curve(bench: Bench) -> Verdict:
    """n = 8 uniform tokens, beta = 2, V = 1 and Q^T K = G_1 G_2 / d or, as the script has it, / sqrt(d); 16 clouds.

    Tokens stay in their span, of which Q^T K sees an n x n block.  Over d its entries are of order d^{-1/2}, scores
    vanish, and inner products follow gamma of beta = 0, whatever beta is: their mean square gap to it at t = 1 has the
    exponent -1 in d (d = 32, 128, 512), as in Theorem 6.9, and the mean curve is nearer to gamma_0 than to gamma_beta.
    Over sqrt(d) the block is a random matrix of entries of order 1 for every d: the same exponent is 0, and there is no
    curve.  Within 4.5 standard errors.  Evidence on the problem, for V = 1.
    """
    rng = np.random.default_rng(bench.rng)
    sizes, clouds = (32, 128, 512), 64 if bench.tier == "full" else 16
    flat, own = (orthogonal.gamma(T, FEW, beta, "SA") for beta in (0.0, BETA))
    measured: dict[str, Any] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    curves = {}
    for name, power, exponent in (("/ d", 1.0, -1.0), ("/ sqrt(d)", 0.5, 0.0)):
        found = [in_span(d, power, clouds, np.array([1.0]), rng)[:, 0] for d in sizes]
        fit = rate(sizes, [np.mean((one - flat[T == 1.0]) ** 2, axis=-1) for one in found])
        curves[name] = in_span(sizes[-1], power, clouds // 2, T, rng)
        mean = curves[name].mean(axis=(0, 2))
        measured |= {f"exponent, {name}": fit.slope, f"standard error, {name}": fit.error}
        measured[f"standard errors from {exponent:g}, {name}"] = abs(fit.slope - exponent) / fit.error
        measured[f"mean curve - gamma_0, {name}"] = float(np.abs(mean - flat).max())
        measured[f"mean curve - gamma_beta, {name}"] = float(np.abs(mean - own).max())
        measured[f"spread of clouds at t = 1, {name}"] = float(found[-1].mean(axis=1).std(ddof=1))
        limits[f"standard errors from {exponent:g}, {name}"] = (None, 4.5)
        limits[f"standard error, {name}"] = (None, 0.4)
    limits["mean curve - gamma_0, / d"] = (None, 0.05)
    limits["mean curve - gamma_beta, / d"] = (0.1, None)
    limits["spread of clouds at t = 1, / sqrt(d)"] = (0.01, None)
    said = "With Q^T K of size 1 there is a mean-field curve, that of beta = 0; at the script's size there is none."
    drawn = bench.figure("curves", lambda: _curves(curves, flat, own))
    return evidence(measured, limits, said, pictures=[drawn])


def _curves(found: dict[str, Array], flat: Array, own: Array) -> Any:
    """Means of every cloud's inner products over time, d = 512, with the two scalar curves."""
    with style.panels(None, [1.0] * len(found), (5.6, 4.8)) as axes:
        for ax, (name, one) in zip(axes, found.items(), strict=True):
            ax.plot(T, one.mean(axis=2).T, color="0.65", linewidth=0.7)
            ax.plot(T, one.mean(axis=(0, 2)), color=style.INK, label="mean of all clouds")
            ax.plot(T, flat, color="tab:blue", linestyle=style.DASHES[1], label=r"$\gamma_0$")
            ax.plot(T, own, color="tab:red", linestyle=style.DASHES[3], label=rf"$\gamma_\beta$, $\beta = {BETA:g}$")
            ax.set(ylabel=r"$\langle x_i, x_j\rangle$", title=f"$Q^T K = G_1 G_2$ {name}, V = 1, n = {FEW}, d = 512")
            legends.legend(ax)
        axes[-1].set(xlabel="time $t$", xlim=(T[0], T[-1]))
    return axes
