"""A, Table 1: the four limit geometries of tokens in R^d, each by a run, a classifier and its own definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import ConvexHull

import meanfield as mf
import particles as pt
from meanfield.plot import legends, sheets
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

ROWS: dict[str, list[float]] = {
    "polytope": [1.0, 1.0, 1.0], "hyperplanes": [1.0, 0.3, -0.4],
    "polytope x subspace": [1.0, 1.0, -0.5], "origin": [-1.0, -1.0, -1.0],
}  # fmt: skip
"""Row -> eigenvalues of a diagonal V."""
NEAR = 1e-2
"""Times the extent at the start: a token as near as that is there."""
END, ORIGIN = 9.0, 60.0


@check("A60", where="A Tab 1", title="the four limit geometries of V in R^d, one by one")
def geometries(bench: Bench) -> Verdict:
    """12 normal tokens of R^3, Q = K = I and V = I, diag(1, 0.3, -0.4), diag(1, 1, -1/2), to t = 9 by (9.3), and -I,
    to t = 60 by (9.1) (full: 10 clouds).  `pt.classify`, which sees tokens and times alone, names each row.

    From outside, of the tokens at the end, at most one of 12 further than 0.01 of the first extent: V = I: on the
    boundary of their hull (Qhull) or at 0; one leading eigenvalue: the first coordinate at its least, its largest, or
    0; two: the first two on the boundary of their polygon or at 0, while the third is as spread as a tenth of the
    first extent.  V = -I: S' = -2 S^2 of small tokens, so that 2 t S -> 1 on their span: its eigenvalues at t = 60
    are in (0.7, 1.02).
    """
    rng = np.random.default_rng(bench.rng)
    clouds = 10 if bench.tier == "full" else 1
    measured: dict[str, float] = {}
    shown: dict[str, Array] = {}
    for row, values in ROWS.items():
        runs = [_run(values, rng) for _ in range(clouds)]
        measured[f"{row}: called otherwise"] = sum(pt.classify(run).row != row for run in runs)
        shown[row] = np.asarray(runs[0].x)
        for name, most in _seen(row, [np.asarray(run.x) for run in runs]).items():
            measured[f"{row}: {name}"] = most
    limits: dict[str, tuple[float | None, float | None]] = {f"{row}: called otherwise": (0, 0) for row in ROWS}
    limits |= {name: (None, 1) for name in measured if "elsewhere" in name}
    limits["polytope x subspace: spread of the rest"] = (0.1, None)
    limits["origin: least 2 t S"], limits["origin: largest 2 t S"] = (0.7, None), (None, 1.02)
    return judge(measured, limits, pictures=[bench.figure("rows", lambda: _drawn(shown))])


def _run(values: list[float], rng: np.random.Generator) -> pt.Trajectory:
    """A cloud to where it is in the limit."""
    x, law = rng.standard_normal((12, 3)), mf.SA(1.0, V=np.diag(values), geometry="flat")
    if max(values) < 0.0:
        return pt.simulate(law, x, (0.0, ORIGIN), np.linspace(0.0, ORIGIN, 61), rtol=1e-7, atol=1e-11)
    times = np.linspace(0.0, END, 61)
    return pt.simulate(mf.Rescaled(law), x, (0.0, END), times, land=True, rtol=1e-6, atol=1e-10)


def _seen(row: str, clouds: list[Array]) -> dict[str, float]:
    """What the row says of the tokens at the end, the worst of the clouds."""
    if row == "origin":
        S = np.array([np.linalg.eigvalsh(np.cov(z[-1].T, bias=True)) for z in clouds])
        return {"least 2 t S": 2.0 * ORIGIN * S.min(), "largest 2 t S": 2.0 * ORIGIN * S.max()}
    leading = ROWS[row].count(1.0)
    off = np.array([_off(z[-1, :, :leading]) / np.ptp(z[0], axis=0).max() for z in clouds])
    told = {"elsewhere": float((off > NEAR).sum(axis=1).max()), "most off": float(off.max())}
    if row == "polytope x subspace":
        told["spread of the rest"] = min(float(z[-1, :, 2].std() / np.ptp(z[0], axis=0).max()) for z in clouds)
    return told


def _off(z: Array) -> Array:
    """How far rows are from the boundary of their hull, or from 0, whichever is nearer."""
    if z.shape[1] == 1:
        ends = np.array([z.min(), 0.0, z.max()])
        return np.asarray(np.abs(z - ends).min(axis=1))
    facets = ConvexHull(z).equations
    inside = -(z @ facets[:, :-1].T + facets[:, -1]).max(axis=1)
    return np.asarray(np.minimum(np.abs(inside), np.linalg.norm(z, axis=1)))


def _drawn(shown: dict[str, Array]) -> Any:
    """Each row in the plane of two coordinates, the last of them the least: where tokens begin, and where they end."""
    with sheets.sheet(None, len(shown), title="Q = K = I, n = 12, d = 3") as panels:
        for ax, (row, z) in zip(panels, shown.items(), strict=True):
            last = 1 if row == "polytope" else 2
            ax.plot(z[0, :, 0], z[0, :, last], "o", markerfacecolor="none", color="0.55", label="t = 0")
            ax.plot(z[-1, :, 0], z[-1, :, last], "x", color="black", label="end")
            ax.set(xlabel="first coordinate", ylabel=("", "second", "third")[last] + " coordinate")
            ax.set_title(f"V = diag({', '.join(f'{v:g}' for v in ROWS[row])})", loc="left")
        legends.legend(panels[0])
    return panels
