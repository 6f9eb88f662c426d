"""A, sections 2.1 and 2.3.1, and Figure 1: layers, heads, and histograms of inner products."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.checks._tools import backslide, by_loop, central, named, velocity
from validation.exact import double_loop
from validation.rates import slope
from validation.registry import Bench, check
from validation.verdict import Verdict, judge


@check("A01", where="A 2.1 (2.1), (2.2)", title="layers with normalisation tend to the flow like 1/L")
def layers(bench: Bench) -> Verdict:
    """L steps of Euler along the projected velocity, rows renormalised, against the flow at T = 2: slope -1 over L.

    SA and USA (relative), n = 16 on S^1 and S^2, L = 100 to 800; within 0.05, the next order bending the line.  A
    slope alone would be the same for other layers of first order: the layers at L = 100 are those of the printed loop
    (1e-13: a hundred steps of rounding), and the flow is the printed loop's in scipy's integrator (1e-9, the run's
    tolerance of 1e-11 times what a flow of t = 2 adds).
    """
    rng = np.random.default_rng(bench.rng)
    counts = np.array([100, 200, 400, 800])
    measured = {"layers - printed": 0.0, "flow - printed": 0.0}
    for d, law in ((2, mf.SA(4.0)), (3, mf.SA(1.0)), (3, mf.USA(4.0, scale="relative"))):
        x = pt.uniform(16, d, rng)
        kind, factor = named(law, d)
        flow = pt.simulate(law, x, (0.0, 2.0), [2.0], rtol=1e-11).x[-1]
        ends = [pt.simulate(law, x, (0.0, 2.0), [2.0], method="euler", step=2.0 / L).x[-1] for L in counts]
        gaps = np.array([np.abs(end - flow).max() for end in ends])
        measured[f"slope over L, {law}, d = {d}"] = slope(counts, gaps).slope
        measured[f"gap at L = 800, {law}, d = {d}"] = gaps[-1]

        def field(y: Array, kind: str = kind, beta: float = law.beta, factor: float = factor) -> Array:
            return factor * double_loop.velocity(kind, y, beta)

        loops = {
            "layers - printed": (ends[0], double_loop.euler(field, x, 2.0 / 100, 100)),
            "flow - printed": (flow, by_loop(law, x, [2.0])),
        }
        for name, (ours, loop) in loops.items():
            measured[name] = max(measured[name], float(np.abs(ours - loop[-1]).max()))
    limits = {name: (-1.05, -0.95) for name in measured if name.startswith("slope")}
    return judge(measured, {**limits, "layers - printed": (None, 1e-13), "flow - printed": (None, 1e-9)})


@check("A05", where="A Fig 1", title="inner products of random tokens gather at 1 as layers pass")
def histogram(bench: Bench) -> Verdict:
    """The share of pairs with <x_i, x_j> >= 0.9 from 96 uniform tokens in R^32, SA at beta = 1, t = 0, 0.5, ..., 6.

    It never falls, begins below 1% and ends above 99%.  (The figure's own data need a trained model's weights.)  The
    inner products at t = 1.5, 3 and 3.5 are those of the printed loop in scipy's integrator: 1e-6, ten tolerances.
    """
    x = pt.uniform(96, 32, bench.rng)
    run = pt.simulate(mf.SA(1.0), x, (0.0, 6.0), np.arange(0.0, 6.1, 0.5), rtol=1e-7)
    loop = by_loop(mf.SA(1.0), x, [1.5, 3.0, 3.5], rtol=1e-10, atol=1e-12)
    off = [np.abs(a @ a.T - b @ b.T).max() for a, b in zip(run.x[[3, 6, 7]], loop, strict=True)]
    gram = (run.x @ np.swapaxes(run.x, -1, -2))[:, *np.triu_indices(96, 1)]
    share = (gram >= 0.9).mean(axis=1)
    measured = {"fall of the share": backslide(share, 1), "share at the start": share[0], "share at the end": share[-1]}
    measured["inner products - printed"] = max(off)
    measured |= {f"share at t = {t:g}": s for t, s in zip(run.t, share, strict=True)}
    pictures = [bench.figure(f"t{t}", lambda t=t: run.plot_inner_products(float(t))) for t in (0, 2, 4, 6)]
    limits = {"fall of the share": (0.0, 0.0), "share at the start": (None, 0.01), "share at the end": (0.99, None)}
    return judge(measured, {**limits, "inner products - printed": (None, 1e-6)}, pictures=pictures)


@check("A07", where="A 2.3.1 (2.7)", title="H equal heads are one head with its values times H; energies of heads add")
def heads(bench: Bench) -> Verdict:
    """SA + SA + SA to t against SA to 3t, the printed loop in scipy's integrator: 1e-11 at a tolerance of 1e-12.

    USA heads of different beta: their energies' sum is a potential.  It is the sum of the printed ones, 1e-13; its
    rate of change along the joint velocity, by a difference quotient, is sum w_i |x_i'|^2: 1e-10, which pins the sum's
    velocity and energy together; and along a run it never falls.
    """
    rng = np.random.default_rng(bench.rng)
    x = pt.uniform(16, 3, rng)
    one = by_loop(mf.SA(2.0), x, [3.0])[-1]
    three = pt.simulate(mf.SA(2.0) + mf.SA(2.0) + mf.SA(2.0), x, (0.0, 1.0), [1.0], rtol=1e-12, atol=1e-14).x[-1]
    law = mf.USA(1.0) + mf.USA(4.0)
    run = pt.simulate(law, x, (0.0, 0.5), np.linspace(0.0, 0.5, 51), rtol=1e-9)
    y = run.x[10]
    v = velocity(law, mf.Points(y))

    def along(h: float) -> float:
        z = y + h * v
        return float(mf.Points(z / np.linalg.norm(z, axis=1, keepdims=True)).energy(law))

    measured = {
        "three heads - one": np.abs(three - one).max(),
        "energy - printed sum, relative": abs(
            run.energy[10] / sum(double_loop.energy(y, beta) for beta in (1.0, 4.0)) - 1.0
        ),
        "dE/dt - sum w |v|^2, relative": abs(central(along, 1e-4) / np.mean(np.sum(v * v, axis=1)) - 1.0),
        "fall of the sum of energies": backslide(run.energy, 1),
    }
    limits = {"three heads - one": (None, 1e-11), "energy - printed sum, relative": (None, 1e-13)}
    limits |= {"dE/dt - sum w |v|^2, relative": (None, 1e-10), "fall of the sum of energies": (None, 1e-14)}
    return judge(measured, limits)
