"""A, Figure 3: the phase diagram of Q = K = V = 1, and the curve it nears as d grows."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.protocols import Array
from validation.exact import orthogonal
from validation.phase import DELTA, TOKENS, Diagram, diagrams, identity, picture
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

END = 30.0


def _curve(betas: Array, n: int = TOKENS) -> Array:
    """Gamma_{inf, delta}: when n orthogonal tokens are together."""
    return np.array([orthogonal.transition_time(n, float(b), "SA", delta=DELTA) for b in betas])


def _measured(bench: Bench, sizes: dict[int, int], betas: Array, times: int, coded: bool) -> dict[str, Diagram]:
    """Diagrams by dimension, of so many clouds; 0 are orthogonal tokens."""
    kinds = {
        f"d = {d}" if d else "orthogonal": {"d": d, "clouds": clouds, "coded": coded} for d, clouds in sizes.items()
    }
    return diagrams(bench, identity, kinds, betas, n=TOKENS, end=END, times=times)


@check("A41", where="A Fig 3", title="the half contour nears that of orthogonal tokens as d grows")
def phase_diagram(bench: Bench) -> Verdict:
    """P(<x_1, x_2> >= 0.999) over time and beta under SA, n = 32, and the distance of its half contour to Gamma.

    As printed, of the flow: d = 2, 8, 32, 128 (256 clouds), 512 and 1024 (64), 90 values of beta in [0.1, 9], 200 times
    in [0, 30] (quick: d = 2, 8, 1024, 8 clouds, beta = 1 and 4).  Tokens are moved by their inner products, and all
    pairs count; a cloud's are not independent, and errors are those over clouds.

    Gamma is where orthogonal tokens come together, by quadrature; the same runs of orthogonal tokens are on it to the
    spacing of the times.  The distance is the mean over beta of |half - Gamma| in units of time, both cut at the end.
    It falls with d: from each to the next, up to 4.5 standard errors, and by a factor of ten from d = 2 to d = 1024.
    (Half of the pairs are together before Gamma at large beta and d from 32 on, and after it at d = 2 and 8: the
    contour nears Gamma from the left.)
    """
    full = bench.tier == "full"
    sizes = {2: 256, 8: 256, 32: 256, 128: 256, 512: 64, 1024: 64} if full else {2: 8, 8: 8, 1024: 8}
    betas, times = (np.linspace(0.1, 9.0, 90), 200) if full else (np.array([1.0, 4.0]), 121)
    made = _measured(bench, {**sizes, 0: 1}, betas, times, False)
    curve, fine = _curve(betas), np.linspace(betas[0], betas[-1], 200)
    measured: dict[str, Any] = {}
    for name, one in made.items():
        measured[f"distance, {name}"], measured[f"standard error, {name}"] = one.distance(curve)
    far, error = (np.array([measured[f"{what}, d = {d}"] for d in sizes]) for what in ("distance", "standard error"))
    measured["largest rise from d to the next, standard errors"] = float(
        (np.diff(far) / np.hypot(error[1:], error[:-1])).max()
    )
    measured["distance at the largest d over that at d = 2"] = float(far[-1] / far[0])
    limits: Limits = {
        "largest rise from d to the next, standard errors": (None, 4.5),
        "distance at the largest d over that at d = 2": (None, 0.1),
        "distance, orthogonal": (None, END / (times - 1)),
        f"distance, d = {max(sizes)}": (None, 0.5),
    }
    shown = {name: one for name, one in made.items() if name != "orthogonal"}
    title = rf"SA, $n = {TOKENS}$, $\delta = 10^{{-3}}$: $P(\langle x_1, x_2\rangle \geq 1 - \delta)$"
    drawn = bench.figure("diagram", lambda: picture(shown, (fine, _curve(fine)), title))
    return judge(measured, limits, pictures=[drawn])


@check("A41.coded", where="A Fig 3", title="the same as coded: steps of 0.1, and a curve of another n", covers=())
def as_coded(bench: Bench) -> Verdict:
    """The published code: x + 0.1 times all of the attention, normalised; its curve is that of n = 128, not 32.

    Steps so long are slower than the flow where tokens are near each other (a step goes about 1 / 1.1 of its way), so
    that the half contour, at d = 1024 (full: and the other five), comes later than the flow's; and both are nearer to
    the curve of n = 32 than to that of n = 128, which clusters sooner at large beta and later at small.
    """
    full = bench.tier == "full"
    sizes = {2: 256, 8: 256, 32: 256, 128: 256, 512: 64, 1024: 64} if full else {1024: 8}
    betas, times = (np.linspace(0.1, 9.0, 90), 200) if full else (np.array([1.0, 4.0]), 121)
    made = _measured(bench, {**sizes, 0: 1}, betas, times, True)
    right, other, fine = _curve(betas), _curve(betas, 128), np.linspace(betas[0], betas[-1], 200)
    measured: dict[str, Any] = {}
    for name, one in made.items():
        measured[f"distance to n = 32, {name}"] = one.distance(right)[0]
        measured[f"distance to n = 128, {name}"] = one.distance(other)[0]
    when = made["orthogonal"].half[0]
    inside = (right < 0.9 * END) & (when < END)
    measured["orthogonal: half over the flow's, least"] = float((when / right)[inside].min())
    measured["orthogonal: half over the flow's, most"] = float((when / right)[inside].max())
    most = f"d = {max(sizes)}"
    measured["nearer to n = 32 by"] = measured[f"distance to n = 128, {most}"] - measured[f"distance to n = 32, {most}"]
    limits: Limits = {
        "nearer to n = 32 by": (0.0, None),
        "orthogonal: half over the flow's, least": (1.0, None),
        "orthogonal: half over the flow's, most": (None, 1.1),
    }
    shown = {name: one for name, one in made.items() if name != "orthogonal"}
    title = rf"as coded: steps of 0.1, $n = {TOKENS}$, and the curve of $n = 128$"
    drawn = bench.figure("diagram", lambda: picture(shown, (fine, _curve(fine, 128)), title, limit=r"curve, $n = 128$"))
    return judge(measured, limits, pictures=[drawn])
