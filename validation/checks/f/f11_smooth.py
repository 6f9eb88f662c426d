"""2312.14820: how smooth attention is, by the number of tokens."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np

import meanfield as mf
from meanfield.plot import style
from meanfield.protocols import Array
from validation.exact import context
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

SIZES = 2 ** np.arange(1, 21)
RADII = (4.0, 5.0, 6.0)


@check("F11", where="2312.14820", title="Lipschitz constant of attention: sqrt n, then the mean field's")
def smoothness(bench: Bench) -> Verdict:
    """Self-attention x -> V_i of tokens in a ball of radius R in R^d, A = V = I; its Jacobian's norm as a map of n
    tokens is that of L^2(mu_n).  Two groups, k tokens at R and n - k at r, moved as groups: a matrix of two rows, by
    differences of our law's velocity at two weighted points, for any n; and against that by a Jacobian of all n tokens,
    differentiated by hand (`exact.context.attention_jacobian`): its norm is no less, 1e-6.

    The largest over k, r in (0, R], n = 2, ..., 2^20.  One token at R is seen by all others, as much as they see one
    another while n < e^{R^2/4}, where R r - r^2 is largest: there the norm grows like n^{1/2} (steepest slopes over a
    factor 8 of n within 0.45 to 0.65: R^2 w (1 - w) grows too).  Beyond e^{R^2/4} some share of all is as good: the
    norm is one number, 1% from 8 e^{R^2/4} to 2^20, whose logarithm rises with R^2 (by 1/8 and what powers of R add).
    """
    measured: dict[str, float] = {"two groups over all tokens, most": _whole(np.random.default_rng(bench.rng))}
    limits: dict[str, tuple[float | None, float | None]] = {"two groups over all tokens, most": (None, 1.0 + 1e-6)}
    norms = {R: np.array([_largest(R, int(n)) for n in SIZES]) for R in RADII}
    for R, norm in norms.items():
        slope = (np.log(norm[3:]) - np.log(norm[:-3])) / log(8.0)
        flat = norm[exp(R**2 / 4.0) * 8.0 <= SIZES]
        measured |= {f"R = {R:g}: steepest": float(slope.max()), f"R = {R:g}: at the end": float(norm[-1])}
        measured[f"R = {R:g}: largest / least beyond"] = float(flat.max() / flat.min())
        limits |= {f"R = {R:g}: steepest": (0.45, 0.65), f"R = {R:g}: largest / least beyond": (1.0, 1.01)}
    rise = np.diff([log(norms[R][-1]) for R in RADII]) / np.diff(np.square(RADII))
    measured["log of the last over R^2"] = float(rise[-1])
    limits["log of the last over R^2"] = (0.125, 0.2)
    return judge(measured, limits, pictures=[bench.figure("norms", lambda: _draw(norms))])


def _groups(R: float, r: Array, share: Array) -> Array:
    """Norm in L^2(mu) of the derivative by where two groups are, `share` of all at R and the others at r."""
    law, h = mf.SA(1.0, geometry="flat"), 1e-5
    w = np.stack([share, 1.0 - share], axis=-1)
    x = np.stack([np.full_like(r, R), r], axis=-1)[..., None]
    columns = []
    for push in h * np.eye(2)[:, :, None]:
        ends = [np.asarray(law.velocity(0.0, None, mf.Points(x + s * push, w, geometry="flat"))) for s in (1.0, -1.0)]
        columns.append((ends[0] - ends[1])[..., 0] / (2.0 * h))
    D = np.stack(columns, axis=-1)
    return np.asarray(np.linalg.norm(np.sqrt(w)[..., :, None] * D / np.sqrt(w)[..., None, :], ord=2, axis=(-2, -1)))


def _largest(R: float, n: int) -> float:
    k = np.unique(np.round(np.geomspace(1.0, max(1.0, n / 2.0), 40)))
    r, share = np.meshgrid(np.linspace(0.02, 1.0, 40) * R, k / n, indexing="ij")
    return float(_groups(R, r, share).max())


def _whole(rng: np.random.Generator) -> float:
    """Largest of the groups' norm over that of all tokens' Jacobian, at some of each; the latter is no less."""
    worst = 0.0
    for n in (2, 5, 12):
        for _ in range(5):
            k, R, r = int(rng.integers(1, n)), float(rng.uniform(1.0, 4.0)), float(rng.uniform(-1.0, 4.0))
            x = np.where(np.arange(n) < k, R, r)[:, None]
            whole = float(np.linalg.norm(context.attention_jacobian(x), ord=2))
            worst = max(worst, float(_groups(R, np.array([r]), np.array([k / n]))[0]) / whole)
    return worst


def _draw(norms: dict[float, Array]) -> Any:
    with style.axes(None) as ax:
        for (R, norm), look in zip(norms.items(), style.line_styles(len(norms)), strict=True):
            ax.loglog(SIZES, norm, label=f"$R = {R:g}$", **look)
        ax.loglog(SIZES[4:14], 1.2 * np.sqrt(SIZES[4:14]), color="0.5", linewidth=0.9, label=r"$\sim n^{1/2}$")
        ax.set(xlabel="tokens $n$", ylabel="largest norm of the Jacobian")
        style.headline(ax, "attention in a ball of radius $R$, two groups of tokens")
        ax.legend()
    return ax
