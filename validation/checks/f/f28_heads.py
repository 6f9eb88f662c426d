"""2604.01978: layers of many random heads, or of one random head each: their mean, noise, and how slow they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.exact import heads
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

D, RANK = 6, 4
SLOW = (0.0, 1.0, 4.0, 16.0, np.inf)


@check("F28", where="2604.01978", title="homogenised layers: the mean of random heads, slow at large beta")
def homogenised(bench: Bench) -> Verdict:
    """Two tokens of S^5 at the overlap r; heads of rank m = 4, Q = K Gaussian, own formulation and derivation
    (`validation.exact.heads`).

    The mean velocity of 300 heads (full: 4000), `mf.SA(beta, Q, K)`, at beta = 1, 4, inf and r = 0.3, is
    E[p] P_x y within 4.5 standard errors, E[p] by quadrature, and Student's tail at beta = inf, of rank 1
    1/4 + arcsin(r) / 2 pi, 1e-14.  `pt.layers` of one new head each, steps of 0.05, from r = 0 to the time 0.6 at
    beta = 4: the mean overlap of 12 stacks (full: 60) within 4.5 standard errors (and the step) of
    r' = 2 E[p] (1 - r^2).  The time from r = 0 to 0.9 grows with beta, at rank 16 to ten times that of beta = 0 and
    more.  Values V of independent entries of variance 1/d, the same for both tokens: the mean change of r in one layer
    of step 0.05, of pairs V, -V, within 4.5 standard errors of Ito's drift in closed form.
    """
    rng = np.random.default_rng(bench.rng)
    full = bench.tier == "full"
    measured: dict[str, Any] = {}
    x = _pair(0.3)
    for beta in (1.0, 4.0, np.inf):
        p = np.array([_share(mf.SA(beta, **_head(rng)), x) for _ in range(4000 if full else 300)])
        off = (p.mean() - heads.seen(beta, 0.3, RANK)) / (p.std(ddof=1) / np.sqrt(len(p)))
        measured[f"beta = {beta:g}: mean of heads, standard errors"] = abs(float(off))
    angle = 0.25 + np.arcsin(0.3) / (2.0 * np.pi)
    measured["rank 1, beta = inf: E[p] by Student's tail and by the angle"] = abs(heads.seen(np.inf, 0.3, 1) - angle)
    stacks = np.array([_stack(rng)[-1] for _ in range(60 if full else 12)])
    mean = _homogenised(np.array([0.6]))[-1]
    room = 4.5 * stacks.std(ddof=1) / np.sqrt(len(stacks)) + 0.05 * abs(mean)
    measured |= {"stacks: mean overlap - that of the mean head": stacks.mean() - mean, "stacks: off, over the room":
                 abs(stacks.mean() - mean) / room}  # fmt: skip
    for m in (RANK, 16):
        slow = SLOW if full else SLOW[::2]
        waits = np.array([heads.together(beta, m, 0.0, 0.9) for beta in slow])
        measured |= {f"rank {m}: time to 0.9, beta = {beta:g}": t for beta, t in zip(slow, waits, strict=True)}
        measured[f"rank {m}: least rise of it with beta"] = float(np.diff(waits).min())
    drift, error = _noise(rng, 2000 if full else 120)
    measured |= {"random values: drift of r": drift, "random values: off, standard errors": error}
    limits: dict[str, tuple[float | None, float | None]] = {
        name: (None, 4.5) for name in measured if "standard errors" in name
    }  # fmt: skip
    limits |= {"rank 1, beta = inf: E[p] by Student's tail and by the angle": (None, 1e-14)}
    limits |= {"stacks: off, over the room": (None, 1.0), "rank 16: time to 0.9, beta = inf": (10.0 * waits[0], None)}
    limits |= {f"rank {m}: least rise of it with beta": (0.0, None) for m in (RANK, 16)}
    return judge(measured, limits, pictures=[bench.figure("stacks", lambda: _drawn(rng))])


def _pair(r: float) -> Array:
    """Two unit rows of this overlap."""
    x = np.zeros((2, D))
    x[0, 0], x[1, :2] = 1.0, (r, np.sqrt(1.0 - r * r))
    return x


def _head(rng: np.random.Generator, m: int = RANK) -> dict[str, Any]:
    G = rng.standard_normal((m, D)) / np.sqrt(m)
    return {"Q": G, "K": G}


def _share(law: Any, x: Array) -> float:
    """What of its attention the first token gives the second, of the law's velocity."""
    v = np.asarray(law.velocity(0.0, x, mf.Points(x)))[0]
    side = x[1] - (x[0] @ x[1]) * x[0]
    return float(v @ side / (side @ side))


def _stack(rng: np.random.Generator, step: float = 0.05, end: float = 0.6) -> Array:
    """The overlap after every layer, of a new head each."""
    depth = round(end / step)
    run = pt.layers([mf.SA(4.0, **_head(rng)) for _ in range(depth)], _pair(0.0), depth, step)
    return np.asarray(np.sum(run.x[:, 0] * run.x[:, 1], axis=-1))


def _homogenised(t: Array) -> Array:
    """The overlap under the mean of all heads."""

    def slope(s: float, r: Array) -> Array:
        return 2.0 * heads.seen(4.0, float(r[0]), RANK) * (1.0 - r * r)

    return np.asarray(solve_ivp(slope, (0.0, float(t[-1])), [0.0], t_eval=t, rtol=1e-6, atol=1e-8).y[0])


def _noise(rng: np.random.Generator, draws: int) -> tuple[float, float]:
    """The mean change of r = 0.3 in one layer over the step's square, and how far it is from Ito's drift."""
    x, step = _pair(0.3), 0.05
    law = mf.SA(2.0)
    out = np.asarray(law.velocity(0.0, x, mf.Points(x)))
    found = []
    for _ in range(draws):
        V = rng.standard_normal((D, D)) / np.sqrt(D)
        ends = [pt.layers(mf.SA(2.0, V=sign * V), x, 1, step).x[-1] for sign in (1.0, -1.0)]
        found.append(np.mean([one[0] @ one[1] - 0.3 for one in ends]) / step**2)
    drift = float(np.mean(found))
    wanted = heads.shaken(out[0], out[1], 0.3, D)
    return drift, abs(drift - wanted) / float(np.std(found, ddof=1) / np.sqrt(draws))


def _drawn(rng: np.random.Generator) -> Any:
    """Overlaps of some stacks beside that of the mean head."""
    with style.axes() as ax:
        for k in range(6):
            r = _stack(rng, end=1.5)
            label = "one head a layer, step 0.05" if k == 0 else None
            ax.plot(0.05 * np.arange(len(r)), r, "-", color="0.7", linewidth=0.8, label=label)
        t = np.linspace(0.0, 1.5, 31)
        ax.plot(t, _homogenised(t), "-", color="black", label="the mean of all heads")
        ax.set(xlabel="layers times step", ylabel="overlap of two tokens", ylim=(-0.05, 1.0))
        ax.set_title(f"Q = K Gaussian of rank {RANK}, beta = 4, d = {D}", loc="left")
        legends.legend(ax)
    return ax
