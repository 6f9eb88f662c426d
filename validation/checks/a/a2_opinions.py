"""A, Remark 2.1: Krause's model and its relatives, beside attention."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.exact import opinions
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

TOGETHER = 1e-3
"""Points no further apart are one cluster."""
ROUNDS = [Fraction(k, 10) for k in (0, 4, 9, 13, 20, 26, 34)]


def clustered(run: Any, radius: float) -> tuple[list[int], float, float]:
    """Of every replica how many clusters; the widest; the least distance of two clusters over the radius."""
    counts, width, apart = [], 0.0, np.inf
    for k, x in enumerate(run.rows[-1]):
        found = mf.clusters(run(run.t[-1]), TOGETHER, floor=0.0, replica=k)
        counts.append(len(found))
        far = np.linalg.norm(x[:, None] - x[None], axis=-1)
        one = found.members[:, None] == found.members[None]
        width = max(width, float(far[one].max()))
        apart = min(apart, float(far[~one].min(initial=np.inf)))
    return counts, width, apart / radius


@check("A04", where="A Rem 2.1", title="Krause and relatives: bounded confidence leaves several clusters, SA one")
def krause(bench: Bench) -> Verdict:
    """40 tokens, three clouds each, from uniform data to t = 30: bounded confidence of radius 1 in a square of side 5,

    of 0.6 on the circle and on S^2: at least two clusters in every cloud, each narrower than 1e-6, any two further
    apart than the radius, so that nobody will ever move again.  SA at beta = 1 from the same clouds, on the circle to
    t = 60 (from random data its start is slow): |x_i - x_j| < 1e-6.

    Hegselmann and Krause's seven opinions in rounds, against fractions (8 eps); eight in continuous time, against
    linear flows from event to event (1e-8).  Two birds of Cucker and Smale's, psi = 1 / (1 + s), K = 1: speeds
    on both sides of the threshold pi/2 - arctan r_0, by what they keep, u + arctan r (1e-9).
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    clouds = {
        "R^2": (mf.HegselmannKrause(1.0), rng.uniform(0.0, 5.0, (3, 40, 2))),
        "circle": (mf.HegselmannKrause(0.6, "sphere"), pt.uniform(40, 2, rng=rng, replicas=3)),
        "S^2": (mf.HegselmannKrause(0.6, "sphere"), pt.uniform(40, 3, rng=rng, replicas=3)),
    }
    for where, (law, x) in clouds.items():
        run = pt.simulate(law, x, (0.0, 30.0), [30.0], method="rk4", step=0.25)
        counts, width, apart = clustered(run, law.radius)
        measured |= {
            f"{where}: least clusters": min(counts), f"{where}: widest": width, f"{where}: least distance": apart
        }
        limits |= {
            f"{where}: least clusters": (2, None), f"{where}: widest": (None, 1e-6),
            f"{where}: least distance": (1.0, None),
        }  # fmt: skip
        if where != "R^2":
            end = 60.0 if where == "circle" else 30.0
            late = pt.simulate(mf.SA(1.0), x, (0.0, end), [end], method="rk4", step=0.25).rows[-1]
            measured[f"{where}: SA, widest"] = float(np.linalg.norm(late - late[:, :1], axis=-1).max())
            limits[f"{where}: SA, widest"] = (None, 1e-6)
    for name, value, most in _exactly():
        measured[name], limits[name] = value, (None, most)
    return judge(measured, limits, pictures=[bench.figure("opinions", _drawn)])


def _exactly() -> list[tuple[str, float, float]]:
    """What is known in closed form."""
    x = np.array([float(one) for one in ROUNDS])
    run = pt.simulate(mf.HegselmannKrause(1.0), x[:, None], (0.0, 4.0), np.arange(5.0), method="euler", step=1.0)
    off = max(
        np.abs(run.x[k, :, 0] - np.array([float(one) for one in opinions.rounds(ROUNDS, Fraction(1), k)])).max()
        for k in range(5)
    )
    told = [("rounds - fractions, over eps", float(off / np.finfo(float).eps), 8.0)]
    x = np.array([0.1, 0.7, 1.3, 2.2, 2.6, 3.1, 3.9, 4.8])
    end = pt.simulate(mf.HegselmannKrause(1.0), x[:, None], (0.0, 4.0), [4.0], rtol=1e-10, atol=1e-11).x[-1, :, 0]
    told.append(("opinions - flows between events", float(np.abs(end - opinions.bounded(x, 1.0, 4.0)[0]).max()), 1e-8))
    for speed in (0.5, 2.0):
        birds = np.array([[0.0, 0.0], [0.2, speed]])
        law = mf.CuckerSmale(_tail)
        r, u = np.diff(pt.simulate(law, birds, (0.0, 60.0), [60.0], rtol=1e-11, atol=1e-12).x[-1], axis=0)[0]
        together, at = opinions.two_birds(1.0, 0.2, speed)
        missed = abs(r - at) if together else abs(u + np.arctan(r) - np.pi / 2.0 - at)
        told.append((f"two birds, speed {speed:g}", float(missed), 1e-9))
    return told


def _tail(s: Array) -> Array:
    return np.asarray(1.0 / (1.0 + s))


def _drawn() -> Any:
    """60 opinions over time, of bounded confidence and of Gaussian weights."""
    x = np.linspace(0.0, 6.0, 60)[:, None]
    runs = [
        (pt.simulate(law, x, (0.0, 8.0), np.linspace(0.0, 8.0, 161), method="rk4", step=0.05), look)
        for law, look in ((mf.HegselmannKrause(1.0), "-"), (mf.Krause(lambda s: np.exp(-0.5 * s)), ":"))
    ]
    with style.axes() as ax:
        for (run, look), color in zip(runs, ("black", "tab:blue"), strict=True):
            ax.plot(run.t, run.x[:, :, 0], look, color=color, linewidth=0.8)
        ax.set_xlabel("t")
        ax.set_ylabel("opinion x")
        ax.set_title("60 opinions: confidence up to distance 1 (lines), weights e^{-s/2} (dots)")
    return ax
