"""A, Problem 5: what tokens of R^d become under random Q, K, V: an atlas of limit shapes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.clustering.linked import near
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation import rates
from validation.checks._tools import spread
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence

TOKENS, D, END = 16, 3, 9.0
NEAR = 0.03
"""Times the first extent: places nearer than this are one, and who moves less over the last tenth is at rest."""
STRONG = 0.3
"""Real part of the leading eigenvalue, over the spectral radius: with less there is more turning than growth."""
KINDS = ("real, alike", "real, opposed", "pair, alike", "pair, opposed", "no growth")
SHAPES = ("one place", "two or three", "more", "moving")


@check("A61", where="A Problem 5", tier="full", title="what tokens of R^d become under random Q, K, V: an atlas")
def atlas(bench: Bench) -> Verdict:
    """160 draws of Ginibre Q, K, V in R^3, 16 normal tokens under (9.1), to 9 e-foldings of the leading eigenvalue
    lambda, of largest real part; redrawn if |Re lambda| is less than 0.3 of the spectral radius.

    Kinds: lambda > 0 real, or one of a pair, with its eigenvector phi and Re <Q phi, K phi> > 0 ("alike": who points
    along phi attends to those who do) or < 0 ("opposed"); Re lambda < 0.  Shapes, by the coordinate of (9.3) that
    belongs to lambda: at rest at one place, at two or three (hyperplanes), at more, or still moving by 0.03 of its
    first extent over the last tenth of the time.  Told is each share, with a 95% interval; shapes of "no growth" are
    told as how many of the draws came nearer to 0 tenfold.

    B's Theorem 4.2 is of the first kind, if lambda is of largest modulus, too: at most three places.  The bars: of
    those at rest nine in ten; and opposed tokens gather at one place more often than not (own finding).
    """
    cells = [{"first": k, "draws": 20} for k in range(0, 160, 20)]
    found = [one for part in spread(bench, _some, cells) for one in part]
    measured: dict[str, float] = {"draws": len(found)}
    for kind in KINDS[:-1]:
        counts = Counter(shape for of, shape in found if of == kind)
        measured |= _shares(kind, counts, SHAPES)
    measured |= _shares("no growth", Counter(shape for of, shape in found if of == "no growth"), ("to 0", "not to 0"))
    rest = [shape for of, shape in found if of == "real, alike" and shape != "moving"]
    measured["real, alike: at rest, at three places at most"] = sum(one != "more" for one in rest) / max(len(rest), 1)
    limits: dict[str, tuple[float | None, float | None]] = {
        "draws": (160, None), "real, alike: at rest, at three places at most": (0.9, None),
        "real, opposed: one place, low": (0.5, None),
    }  # fmt: skip
    return evidence(measured, limits, pictures=[bench.figure("shapes", lambda: _drawn(found))])


def _shares(kind: str, counts: Counter[str], shapes: tuple[str, ...]) -> dict[str, float]:
    """How many draws are of a kind, and the shares of its shapes with their intervals."""
    draws = counts.total()
    told: dict[str, float] = {f"{kind}: draws": draws}
    for shape in shapes if draws else ():
        low, high = rates.share_interval(counts[shape], draws)
        name = f"{kind}: {shape}"
        told |= {name: counts[shape] / draws, f"{name}, low": low, f"{name}, high": high}
    return told


def _some(cell: dict[str, Any], rng: Any) -> list[tuple[str, str]]:
    """Kinds and shapes of several draws."""
    return [_one(rng) for _ in range(cell["draws"])]


def _one(rng: np.random.Generator) -> tuple[str, str]:
    while True:
        Q, K, V = rng.standard_normal((3, D, D))
        w, right = np.linalg.eig(V)
        i, size = int(np.argmax(w.real)), float(np.abs(w).max())
        if abs(w[i].real) >= STRONG * size:
            break
    last = END / abs(float(w[i].real))
    step = last / (10.0 * np.ceil(0.1 * last * size / 0.05))
    law, x = mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat"), rng.standard_normal((TOKENS, D))
    run = pt.simulate(law, x, (0.0, last), [0.0, 0.9 * last, last], method="rk4", step=step)
    x = np.asarray(run.x)
    if w[i].real < 0.0:
        return "no growth", "to 0" if np.abs(x[-1]).max() <= 0.1 * np.abs(x[0]).max() else "not to 0"
    phi = right[:, i]
    alike = (np.conj(Q @ phi) @ (K @ phi)).real > 0.0
    c = np.exp(-w[i] * run.t[:, None]) * (x @ np.linalg.inv(right)[i])
    return f"{'real' if w[i].imag == 0.0 else 'pair'}, {'alike' if alike else 'opposed'}", _shape(c)


def _shape(c: Array) -> str:
    """Of the leading coordinates (3, n) at the beginning and at two late times."""
    at = np.stack([c.real, c.imag], axis=-1)
    extent = float(np.ptp(at[0], axis=0).max())
    if np.abs(at[2] - at[1]).max() >= NEAR * extent:
        return "moving"
    places = len(np.bincount(near(at[2], NEAR * extent)))
    return "one place" if places == 1 else "two or three" if places <= 3 else "more"


def _drawn(found: list[tuple[str, str]]) -> Any:
    """Shares of the shapes, kind by kind."""
    kinds = [kind for kind in KINDS[:-1] if any(of == kind for of, _ in found)]
    counts = {kind: Counter(shape for of, shape in found if of == kind) for kind in kinds}
    with style.axes(None) as ax:
        bottom = np.zeros(len(kinds))
        for k, shape in enumerate(SHAPES):
            share = np.array([counts[kind][shape] / counts[kind].total() for kind in kinds])
            ax.bar(range(len(kinds)), share, bottom=bottom, color=f"{0.85 - 0.22 * k:g}", label=shape, width=0.6)
            bottom += share
        ax.set_xticks(range(len(kinds)), [f"{kind}\n({counts[kind].total()} draws)" for kind in kinds])
        ax.set(ylabel="share of the draws", ylim=(0.0, 1.0))
        ax.set_title(f"Ginibre Q, K, V in R^{D}, n = {TOKENS}, {END:g} e-foldings", loc="left")
        legends.legend(ax)
    return ax
