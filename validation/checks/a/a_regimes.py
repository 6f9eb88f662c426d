"""A, Figure 2: where convergence to one cluster is proved, over what is observed; and how clusters depend on beta."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.exact import orthogonal
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence

TOKENS = 8
ONE = 1e-3
"""A cloud is one cluster where 1 - <x_i, x_j> is at most this for every pair."""
END = 100.0


def proved(d: int, beta: float, n: int = TOKENS) -> str:
    """Which theorem has one cluster for almost every start, the constants being those of its proof; or nothing.

    Theorem 6.3 for d >= n, 6.1 for d >= 3, 4.3 for beta <= 1/n (d = 2: beta <= 1), 5.1 for beta >= (d - 1) n^2.
    """
    if d >= n:
        return "d >= n"
    if d >= 3:
        return "d >= 3"
    return "small beta" if beta <= 1.0 else "large beta" if beta >= (d - 1) * n * n else ""


@check("A26", where="A Fig 2", title="where one cluster is proved, and where it is seen by t = 100")
def regimes(bench: Bench) -> Verdict:
    """The share of clouds that are one cluster, n = 8, SA, over (d, beta), with the zones of the theorems.

    d = 2 to 12, beta = 1/8 to 128 (full: 64 clouds, 16 betas; quick: 8 clouds, d = 2, 3, 8, three betas).  Theorems
    speak of t to infinity: what they promise must be seen where it is quick, in every zone at beta <= 1 (all clouds but
    one in eight, which may begin in balance), and it must not be contradicted: no share falls in time.  Where it is
    slow it is metastable, and the constant of d >= n is lambda = O(e^{-beta}): the time to one cluster of n = 8
    orthogonal tokens (d >= n) grows between beta = 8 and 16 like e^{c beta} with c within 0.15 of 1, and half of the
    uniform clouds at d = 512, beta = 4 come to it within 20% of theirs.  What is not proved, d = 2 and 1 < beta < n^2,
    is seen to wait at beta = 32.
    """
    full = bench.tier == "full"
    rng = np.random.default_rng(bench.rng)
    sizes = tuple(range(2, 13)) if full else (2, 3, 8)
    betas = 2.0 ** (np.linspace(-3.0, 7.0, 21) if full else np.array([-3.0, 1.0, 5.0]))
    clouds, t = 64 if full else 8, np.array([10.0, 30.0, END])
    share = np.zeros((len(sizes), len(betas), len(t)))
    for i, d in enumerate(sizes):
        for j, beta in enumerate(betas):
            run = pt.gram(mf.SA(beta), pt.uniform(TOKENS, d, rng, replicas=clouds), (0.0, END), t, rtol=1e-4, atol=1e-6)
            share[i, j] = (run.gaps.max(axis=(2, 3)) <= ONE).mean(axis=1)
    at = {(d, float(beta)): share[i, j, -1] for i, d in enumerate(sizes) for j, beta in enumerate(betas)}
    slope = np.log(_arrival(16.0) / _arrival(8.0)) / 8.0
    early = pt.gram(mf.SA(4.0), pt.uniform(TOKENS, 512, rng, replicas=4 * clouds), (0.0, 20.0), rtol=1e-6, atol=1e-9)
    half = np.interp(0.5, (early.gaps.max(axis=(2, 3)) <= ONE).mean(axis=1), early.t)
    measured: dict[str, Any] = {
        "least share, proved and beta <= 1": min(s for (d, b), s in at.items() if b <= 1.0),
        "largest fall of a share in time": float(max(0.0, -np.diff(share, axis=2).min())),
        "growth of the time to one cluster, per beta": slope,
        "half of the clouds over orthogonal tokens, d = 512, beta = 4": float(half / _arrival(4.0)),
        "share at d = 2, beta = 2 (not proved)": at[2, 2.0],
        "share at d = 2, beta = 32 (not proved)": at[2, 32.0],
        "share of the cells of a zone that are seen": np.mean([s >= 0.5 for (d, b), s in at.items() if proved(d, b)]),
    }
    limits: Limits = {
        "least share, proved and beta <= 1": (0.85, None),
        "largest fall of a share in time": (None, 0.0),
        "growth of the time to one cluster, per beta": (0.85, 1.15),
        "half of the clouds over orthogonal tokens, d = 512, beta = 4": (0.8, 1.2),
        "share at d = 2, beta = 32 (not proved)": (None, 0.5),
    }
    drawn = bench.figure("map", lambda: _map(sizes, betas, share[..., -1], clouds))
    said = "Clouds that are one cluster by t = 100, over the proved zones."
    return evidence(measured, limits, said, pictures=[drawn])


def _arrival(beta: float) -> float:
    """When TOKENS orthogonal tokens are one cluster."""
    return orthogonal.transition_time(TOKENS, beta, "SA", delta=ONE)


def _map(sizes: tuple[int, ...], betas: Array, share: Array, clouds: int) -> Any:
    """Shares as squares over (d, log beta); the outlines of what is proved."""
    with style.axes() as ax:
        x, y = np.arange(len(sizes) + 1) - 0.5, np.arange(len(betas) + 1) - 0.5
        mesh = ax.pcolormesh(x, y, share.T, vmin=0.0, vmax=1.0, cmap="Greens", rasterized=True)
        for zone, hatch in (("small beta", "\\\\"), ("large beta", "//"), ("d >= 3", ".."), ("d >= n", "")):
            inside = np.array([[proved(d, float(b)) == zone for d in sizes] for b in betas])
            if inside.any():
                rows, columns = np.nonzero(inside)
                for row, column in zip(rows, columns, strict=True):
                    ax.fill_between(
                        [column - 0.5, column + 0.5], row - 0.5, row + 0.5, facecolor="none", hatch=hatch,
                        edgecolor="0.35", linewidth=0.6,
                    )  # fmt: skip
                ax.plot([], [], "s", color="0.35", fillstyle="none", label=f"proved: {zone}{_marks(hatch)}")
        ax.set(xlabel="dimension $d$", ylabel=r"$\beta$", title=f"SA, n = {TOKENS}, {clouds} clouds, t = {END:g}")
        ax.set_xticks(range(len(sizes)), [str(d) for d in sizes])
        step = max(1, len(betas) // 7)
        ax.set_yticks(range(0, len(betas), step), [f"{b:.3g}" for b in betas[::step]])
        style.bar(ax, mesh, "share in one cluster")
        ax.legend(loc="upper right", fontsize="small", frameon=True, facecolor="white", framealpha=0.9)
    return ax


def _marks(hatch: str) -> str:
    """How a zone is drawn."""
    return f" ({hatch[0]})" if hatch else " (plain)"
