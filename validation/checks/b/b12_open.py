"""B, section 12, Figure 18 and the slides: several heads, a layer behind attention, how many vertices, which rank."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import sheets, vectors
from validation.checks.b._flat import cube, groups, moved, rescaled, vertices
from validation.rates import mean_interval
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence

HEADS = (1, 2, 4)
SIZES = ((10, 2), (40, 2), (10, 3), (40, 3))
"""n and d of B47; full: also n = 160."""


@check("B44", where="B 12", title="several heads in discrete time: how many clusters")
def heads(bench: Bench) -> Verdict:
    """x <- x + dt sum_h sum_j P^h_ij V_h x_j, dt = 0.1, 120 layers, n = 32 uniform on [-5, 5]^2, V_h = I / H, Q_h
    and K_h uniform on [-1, 1]^{2 x 2}, H = 1, 2, 4, of 6 draws each (full: 100): how many groups z = 1.1^{-k} x has, on
    average, and the share of draws with fewer groups than half of the tokens.  The paper says that interesting
    clustering occurs, without a number; the bar is that tokens gather in half of the draws with several heads.
    """
    rng = np.random.default_rng(bench.rng)
    draws = 6 if bench.tier == "quick" else 100
    measured: dict[str, float] = {"draws": draws}
    limits: dict[str, tuple[float | None, float | None]] = {}
    shown = []
    for H in HEADS:
        counts = []
        for _ in range(draws):
            law: Any = None
            for _ in range(H):
                Q, K = rng.uniform(-1.0, 1.0, (2, 2, 2))
                head = mf.SA(1.0, Q=Q, K=K, V=np.eye(2) / H, geometry="flat")
                law = head if law is None else law + head
            x = cube(32, 2, rng)
            run = pt.simulate(law, x, (0.0, 12.0), [0.0, 12.0], method="euler", step=0.1)
            z = np.asarray(run.x[-1]) * 1.1**-120
            counts.append(len(groups(z, 0.02 * float(np.abs(z).max()))[0]))
        shown.append(z)
        measured[f"H = {H}: groups, mean"] = float(np.mean(counts))
        measured[f"H = {H}: share that gathers"] = float(np.mean(np.array(counts) < 16))
        limits[f"H = {H}: share that gathers"] = (0.5, None)

    def picture() -> Any:
        with sheets.sheet(None, len(HEADS), title="z = 1.1^{-k} x at layer 120, n = 32, V_h = I / H") as panels:
            for ax, H, z in zip(panels, HEADS, shown, strict=True):
                vectors.cloud(z, ax, symbol="z", title=f"H = {H}")
        return panels

    return evidence(measured, limits, pictures=[bench.figure("heads", picture)])


@check("B46", where="B (12.1), Fig 18", title="W sigma(attention): a quadrant and planes, or collapse to 0")
def behind(bench: Bench) -> Verdict:
    """(12.1) by mf.Activated of the rescaled law, n = 40 uniform on [-5, 5]^3, Q = K = I, V = 1.35 phi phi^T +
    0.3 u u^T - 0.07 v v^T, phi = (0.6, 0.6, 0.53) normalised.  ReLU, W = I (top): no coordinate ever falls, 1e-12; the
    tokens that end in the quadrant, and how many values <phi, z> comes to, are told.  tanh, W = I (middle) and ReLU,
    W random (bottom): the paper saw collapse to 0, which these runs do not show (under tanh tokens come to two lines);
    the ratio of the cloud's size at the end to that at the beginning is told, and limits nothing.
    """
    rng = np.random.default_rng(bench.rng)
    basis = np.linalg.qr(np.column_stack([[0.6, 0.6, 0.53], rng.standard_normal((3, 2))]))[0]
    V = basis @ np.diag([1.35, 0.3, -0.07]) @ basis.T
    z = cube(40, 3, rng)
    W = rng.uniform(-1.0, 1.0, (3, 3))
    times = np.array([0.0, 1.0, 5.0, 15.0])
    measured: dict[str, float] = {}
    pictures = []
    for name, sigma, out in (("top", "relu", np.eye(3)), ("middle", "tanh", np.eye(3)), ("bottom", "relu", W)):
        run = moved(mf.Activated(rescaled(V), out, sigma), z, times, "printed")
        end = np.asarray(run.x[-1])
        measured[f"{name}: size at the end / at the beginning"] = float(np.abs(end).max() / np.abs(z).max())
        measured[f"{name}: values of <phi, z>"] = len(groups(end @ basis[:, :1], 0.05)[0])
        if name == "top":
            measured["top: a coordinate falls by, at most"] = float(max(0.0, -np.diff(np.asarray(run.x), axis=0).min()))
            measured["top: share in the quadrant"] = float(np.mean(np.all(end > 0.0, axis=1)))
        title = f"W sigma(V attention), sigma = {sigma}, W {'= I' if name != 'bottom' else 'random'}, n = 40"
        pictures.append(bench.figure(name, lambda r=run, s=title: r.plot_states(symbol="z", title=s)))
    return evidence(measured, {"top: a coordinate falls by, at most": (None, 1e-12)}, pictures=pictures)


def _ends(n: int, d: int, clouds: int, rng: Any) -> tuple[list[int], list[int]]:
    """Of clouds under V = Q = K = I: how many vertices their limits' hull has, and the rank of P at the end."""
    law = rescaled(np.eye(d))
    run = moved(law, rng.uniform(-5.0, 5.0, (clouds, n, d)), (0.0, 12.0), "printed")
    counts = [len(vertices(groups(z, 0.02)[0])) for z in np.asarray(run.x[-1])]
    ranks = pt.attention_rank(pt.attention(law, run.x[-1], 12.0), 1e-3)
    return counts, [int(rank) for rank in ranks]


@check("B47", where="B Cor 8.3, slides", title="how many vertices the polytope has, and the rank of P")
def counted(bench: Bench) -> Verdict:
    """V = Q = K = I, data uniform on [-5, 5]^d, to t = 12: numbers of vertices of the limits' hull and ranks of P for
    n = 10, 40 and d = 2, 3, of 6 clouds each (full: 400, n = 160 too), with 95% intervals of their means.  In every
    cloud rank P is at most the number of vertices (slides), but for tokens still between two; more vertices in higher
    dimension.
    """
    rng = np.random.default_rng(bench.rng)
    clouds, sizes = (6, SIZES) if bench.tier == "quick" else (400, (*SIZES, (160, 2), (160, 3)))
    measured: dict[str, float] = {"clouds": clouds}
    found: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
    above = 0
    for n, d in sizes:
        counts, ranks = found[n, d] = _ends(n, d, clouds, rng)
        low, high = mean_interval(counts)
        name = f"n = {n}, d = {d}"
        measured |= {f"{name}: vertices, mean": float(np.mean(counts)), f"{name}: from": low, f"{name}: to": high}
        measured |= {f"{name}: most vertices": max(counts), f"{name}: rank, mean": float(np.mean(ranks))}
        above += sum(rank > count for rank, count in zip(ranks, counts, strict=True))
    measured["share with rank P above the vertices"] = above / (clouds * len(sizes))
    measured["vertices, d = 3 over d = 2"] = float(np.mean(found[40, 3][0]) / np.mean(found[40, 2][0]))

    def picture() -> Any:
        with sheets.sheet(None, 2, title=f"V = Q = K = I, uniform on [-5, 5]^d, {clouds} clouds each") as panels:
            for ax, k, words in zip(panels, (0, 1), ("vertices of the polytope", "rank of P"), strict=True):
                most = max(max(one[k]) for one in found.values())
                for (n, d), dash in zip(found, ("-", "--", "-.", ":", "-", "--"), strict=False):
                    share = np.bincount(found[n, d][k], minlength=most + 1) / clouds
                    ax.step(np.arange(most + 1), share, where="mid", linestyle=dash, label=f"n = {n}, d = {d}")
                ax.set(xlabel=words, ylabel="share of clouds")
            panels[0].legend(fontsize="small")
        return panels

    limits: Limits = {
        "share with rank P above the vertices": (None, 0.1), "vertices, d = 3 over d = 2": (1.0, None),
    }  # fmt: skip
    return evidence(measured, limits, pictures=[bench.figure("counts", picture)])
