"""C, section 4 and Table 1: what values V make of all tokens; two conjectures, searched."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.stats import beta as beta_law

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.plot import style
from meanfield.protocols import Array
from particles.atlas import ROWS
from validation.checks._tools import spread
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence, judge

ATLAS: dict[str, tuple[tuple[float, float, float], str]] = {
    "a": ((1.0, 1.0, 1.0), ROWS[0]),
    "b": ((1.0, 1.0, 0.0), ROWS[1]),
    "c": ((1.0, 0.0, 0.0), ROWS[2]),
    "d": ((-1.0, -1.0, -3.0), ROWS[3]),
    "e": ((-1.0, -3.0, -3.0), ROWS[4]),
}
"""Figure 1: diagonals of V, and Table 1's words for what comes of it."""
END, QUICK, TOKENS, CLOUDS = 5000.0, 100.0, 32, 10
STRUCTURELESS = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
"""Q^T K of the footnote."""


def _panel(name: str, end: float, rng: Any) -> pt.Trajectory:
    """One of Figure 1's runs."""
    law = mf.Causal(mf.SA(9.0, V=np.diag(ATLAS[name][0])))
    times = np.concatenate([np.linspace(0.0, 40.0, 201), np.geomspace(41.0, end, 100)])
    return pt.simulate(law, pt.uniform(TOKENS, 3, rng), (0.0, end), times, rtol=1e-6, atol=1e-9)


def _word(cell: dict[str, Any], rng: Any) -> str:
    """What the classifier calls one more cloud: what a process does of Figure 1."""
    return str(pt.classify(_panel(cell["panel"], END, rng)).row)


def _drawn(run: pt.Trajectory, title: str) -> Any:
    """Paths on the sphere, seen from above and the side, and red dots at their ends."""
    with style.axes() as ax:
        turn = np.linspace(0.0, 2.0 * np.pi, 200)
        ax.plot(np.cos(turn), np.sin(turn), color="0.8", linewidth=0.8)
        a, b = np.deg2rad(30.0), np.deg2rad(25.0)
        across = np.array([-np.sin(a), np.cos(a), 0.0])
        up = np.array([-np.sin(b) * np.cos(a), -np.sin(b) * np.sin(a), np.cos(b)])
        u, v = run.x @ across, run.x @ up
        ax.plot(u, v, color="0.4", linewidth=0.5)
        ax.plot(u[-1], v[-1], "o", color="tab:red", markersize=4.0)
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.set_title(title)
    return ax


@check("C04", where="C Tab 1, Fig 1", title="the atlas of final configurations, by one classifier")
def atlas(bench: Bench) -> Verdict:
    """n = 32 uniform tokens on S^2, beta = 9, Q = K = I, T = 5000 (quick: 100), V of Figure 1's five panels;
    `pt.classify` looks at the tokens alone and names the table's row: of one cloud each (full: 10) all are named
    right.  What it read is told.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    pictures, more = [], list[str]()
    end = QUICK if bench.tier == "quick" else END
    if bench.tier == "full":
        more = spread(bench, _word, [{"panel": name, "cloud": k} for name in ATLAS for k in range(1, CLOUDS)])
    for first, (name, (diagonal, row)) in enumerate(ATLAS.items()):
        run = _panel(name, end, rng)
        came = pt.classify(run)
        words = [came.row, *more[first * (CLOUDS - 1) : (first + 1) * (CLOUDS - 1)]]
        title = f"V = diag({', '.join(f'{value:g}' for value in diagonal)}), n = {TOKENS}, beta = 9, T = {end:g}"
        pictures.append(bench.figure(f"1{name}", lambda run=run, title=title: _drawn(run, title)))
        measured[f"{name}: named otherwise"] = sum(word != row for word in words)
        measured |= {f"{name}: {what}": came.evidence[what] for what in ("points", "gathered", "dimension")}
    limits: Limits = {f"{name}: named otherwise": (None, 0) for name in ATLAS}
    return judge(measured, limits, pictures=pictures)


@check("C06", where="C 4, footnote", title="a quarter turn for Q^T K, V = -I: no structure")
def structureless(bench: Bench) -> Verdict:
    """16 tokens, beta = 9, to t = 100 (full: 4000).  The mean speed over the last half is not 0, above 0.01: they do
    not come to rest; the spectrum of a late token's path has many lines: the share of power in its largest is told,
    for the last token and the second.  Against six tokens of an independent run of 34 digits at t = 5, 1e-9.
    """
    rng = np.random.default_rng(bench.rng)
    law = mf.Causal(mf.SA(9.0, K=STRUCTURELESS, V=-np.eye(3)))
    end = 100.0 if bench.tier == "quick" else 4000.0
    t = np.linspace(0.0, end, int(10 * end) + 1)
    run = pt.simulate(law, pt.uniform(16, 3, rng), (0.0, end), t, rtol=1e-8, atol=1e-11)
    late = np.asarray(run.x)[len(t) // 2 :]
    speed = np.linalg.norm(np.diff(late, axis=0), axis=-1).mean(axis=0) / (t[1] - t[0])
    measured = {"mean speed of all, last half": float(speed.mean()), "of the first": float(speed[0])}
    for name, k in (("second", 1), ("last", 15)):
        path = late[:, k] - late[:, k].mean(axis=0)
        power = np.square(np.abs(np.fft.rfft(path * np.hanning(len(path))[:, None], axis=0))).sum(axis=1)
        measured[f"largest line's share, {name}"] = float(power.max() / power.sum())
    u = np.array([[np.sin(1.3 * i + 0.4), np.cos(0.9 * i * i), np.sin(0.7 * i) + 0.3] for i in range(1, 7)])
    six = pt.simulate(law, u / np.linalg.norm(u, axis=1, keepdims=True), (0.0, 5.0), [5.0], rtol=1e-12, atol=1e-14)
    known = (-0.882480132105779878, -0.462035988341787099, 0.0880429549458289763)
    measured["six tokens - known"] = float(np.abs(six.x[-1, 5] - known).max())
    limits: Limits = {"mean speed of all, last half": (0.01, None), "six tokens - known": (None, 1e-9)}
    return judge(measured, limits, pictures=[bench.figure("paths", lambda: _drawn(run, "the footnote's example"))])


def upper(failures: int, trials: int) -> float:
    """Clopper and Pearson's upper end, at 95 per cent, of a probability."""
    return float(beta_law.ppf(0.975, failures + 1, trials - failures)) if failures < trials else 1.0


def lower(failures: int, trials: int) -> float:
    """The lower end."""
    return float(beta_law.ppf(0.025, failures, trials - failures + 1)) if failures else 0.0


def _basis(d: int, rng: Any) -> Array:
    """A random basis, not orthogonal, of moderate condition."""
    return np.asarray(np.linalg.qr(rng.standard_normal((d, d)))[0] + 0.3 * rng.standard_normal((d, d)) / np.sqrt(d))


def _leading(law: Any, x: Array) -> float:
    """The largest real part of what the flow does to a token about its place, those before it held: the Jacobian is
    block triangular, and x at rest is asymptotically stable if this is negative."""
    largest = -np.inf
    for k in range(len(x)):
        basis, columns = np.linalg.svd(x[k][None])[2][1:], []
        for u in basis:
            ends = []
            for step in (1e-5, -1e-5):
                moved = x.copy()
                moved[k] = np.cos(step) * x[k] + np.sin(step) * u
                mu = mf.Points(moved)
                ends.append(geometry.project(mu.x, law.velocity(0.0, mu.x, mu))[k])
            columns.append(basis @ (ends[0] - ends[1]) / 2e-5)
        largest = max(largest, float(np.linalg.eigvals(np.array(columns).T).real.max()))
    return largest


def _systems(cell: dict[str, Any], rng: Any) -> list[Any]:
    """Of some systems: how far from where it is conjectured to end, whether it rests, and its leading real part."""
    found = []  # the tolerances: steps at rest must leave less than the speed that ends a run
    for _ in range(cell["clouds"]):
        law, x, distance = SEARCHED[cell["conjecture"]](rng)
        run = pt.simulate(law, x, (0.0, 3000.0), [3000.0], until=mf.steady(1e-7), rtol=1e-8, atol=1e-11)
        off = distance(run.x[-1])
        real = _leading(law, np.array(run.x[-1])) if off > 1e-3 else 0.0
        found.append([off, run.status is mf.Status.UNTIL and real < -1e-3, real])
    return found


def _counted(found: list[Any]) -> dict[str, float]:
    """How many came to a stable rest elsewhere than conjectured, how many did not come to rest, and how far off."""
    clouds, far = len(found), max(off for off, _, _ in found)
    apart = [(settled, real) for off, settled, real in found if off > 1e-3]
    elsewhere, late = sum(settled for settled, _ in apart), sum(not settled for settled, _ in apart)
    lead = max((real for settled, real in apart if settled), default=-np.inf)
    told: dict[str, float] = {"systems": clouds, "at a stable rest elsewhere": elsewhere, "not at rest": late}
    told |= {"largest distance": far, "share elsewhere": elsewhere / clouds}
    told |= {"share elsewhere, 95% from": lower(elsewhere, clouds), "share elsewhere, 95% to": upper(elsewhere, clouds)}
    return told | ({"leading real part of these, largest": lead} if elsewhere else {})


def _first(rng: Any) -> Any:
    """Conjecture 1: V with distinct positive eigenvalues."""
    d, n = int(rng.integers(2, 5)), 6
    S = _basis(d, rng)
    values = np.sort(rng.uniform(0.2, 1.0, d))[::-1] + 0.2 * np.arange(d)[::-1]
    V = S @ np.diag(values) @ np.linalg.inv(S)
    Q, K = rng.standard_normal((2, d, d)) / np.sqrt(d)
    xi = S[:, 0] / np.linalg.norm(S[:, 0])
    law = mf.Causal(mf.SA(float(rng.uniform(0.5, 3.0)), Q=Q, K=K, V=V))

    def distance(x: Array) -> float:
        return float(np.sqrt(np.maximum(2.0 - 2.0 * np.abs(x @ xi), 0.0)).max())

    return law, pt.uniform(n, d, rng), distance


def _second(rng: Any) -> Any:
    """Conjecture 2: a leading space L of dimension 2, V L^perp in L^perp with a smaller numerical range."""
    d, n = int(rng.integers(3, 6)), 6
    U = np.linalg.qr(rng.standard_normal((d, d)))[0]
    rest = rng.standard_normal((d - 2, d - 2)) / np.sqrt(d)
    top = np.linalg.eigvalsh(0.5 * (rest + rest.T)).max()
    V = np.zeros((d, d))
    V[:2, :2], V[2:, 2:] = np.eye(2), rest - max(top - 0.7, 0.0) * np.eye(d - 2)
    V = U @ V @ U.T
    L = U[:, :2] @ U[:, :2].T
    Q, K = rng.standard_normal((2, d, d)) / np.sqrt(d)
    law, x = mf.Causal(mf.SA(float(rng.uniform(0.5, 3.0)), Q=Q, K=K, V=V)), pt.uniform(n, d, rng)
    xi = L @ x[0] / np.linalg.norm(L @ x[0])

    def distance(end: Array) -> float:
        return float(np.linalg.norm(end - xi, axis=1).max())

    return law, x, distance


SEARCHED = {1: _first, 2: _second}
"""What makes a system of each conjecture."""


@check("C07", where="C Conj 1", title="d distinct positive eigenvalues: all tokens to +-xi, searched")
def conjecture_1(bench: Bench) -> Verdict:
    """6 systems (full: 2000): d = 2, 3, 4, six tokens, random Q, K, V = S diag S^{-1}, beta in [0.5, 3], run until
    their speed is below 1e-7, to t = 3000 at most.  Counted: those that came to rest farther than 1e-3 from +-xi,
    where the Jacobian has no eigenvalue above -1e-3, so that an open set of clouds does; with a 95% interval of their
    share, and those that had not come to rest.  Any such system contradicts the conjecture as it stands, for arbitrary
    Q and K; they are a few in a hundred of these.  The bar: most end at +-xi, less than half elsewhere.

    One of them in closed form: V = diag(2, 1), Q^T K = diag(0, b), b = log(5/2) / 0.36, two tokens on the circle.  The
    first goes to +-xi, the second from 120 degrees away to cos = -4/5, 1e-8, where it is held at the rate
    -(3/7) (0.768 b - 3/5), 1e-6.  So the conjecture does not hold as printed.
    """
    b = math.log(2.5) / 0.36
    law = mf.Causal(mf.SA(1.0, Q=np.diag([0.0, b]), V=np.diag([2.0, 1.0])))
    x = np.array([[1.0, 0.0], [math.cos(2.0), math.sin(2.0)]])
    end = np.array(pt.simulate(law, x, (0.0, 60.0), [60.0], rtol=1e-11, atol=1e-13).x[-1])
    rate = -3.0 / 7.0 * (0.768 * b - 0.6)
    return _told(1, bench, {
        "two tokens: cos + 4/5": float(abs(end[1, 0] + 0.8)),
        "two tokens: rate - closed form": float(abs(_leading(law, np.array([x[0], [-0.8, 0.6]])) - rate)),
    })  # fmt: skip


@check("C08", where="C Conj 2", title="a leading space of dimension 2: all to one point, searched")
def conjecture_2(bench: Bench) -> Verdict:
    """As C07: d = 3, 4, 5, V the identity on a plane L and, on its complement, a random matrix with <Vz, z> < |z|^2;
    the point is the first token's part in L, normalised.
    """
    return _told(2, bench)


def _told(conjecture: int, bench: Bench, more: dict[str, float] | None = None) -> Verdict:
    clouds = 6 if bench.tier == "quick" else 2000
    if bench.tier == "quick":
        found = _systems({"conjecture": conjecture, "clouds": clouds}, np.random.default_rng(bench.rng))
    else:
        cells = [{"conjecture": conjecture, "first": k, "clouds": 50} for k in range(0, clouds, 50)]
        found = [one for part in spread(bench, _systems, cells) for one in part]
    measured = _counted(found) | (more or {})
    elsewhere = int(measured["at a stable rest elsewhere"])
    message = f"{elsewhere} of {clouds} systems contradict the conjecture as stated." if elsewhere else ""
    if more:
        message = f"Two tokens contradict the conjecture as stated. {message}".strip()
    exact: Limits = dict.fromkeys(more or {}, (None, 1e-6))
    limits: Limits = {"share elsewhere": (None, 0.5), "not at rest": (None, 0.5 * clouds), **exact}
    return evidence(measured, limits, message)
