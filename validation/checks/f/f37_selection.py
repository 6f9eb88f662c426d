"""2604.26085: which eigenvector of V tokens choose, where Q^T K = V = V^T."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.checks._critical import jacobian_of_rows
from validation.exact import selection
from validation.rates import share_interval
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

ALIGNED = 1e-6
"""1 - |<x, v>| of tokens on an axis."""


def law_of(V: Array, beta: float, kind: str = "SA") -> Any:
    """Q^T K = V."""
    return (mf.SA if kind == "SA" else mf.USA)(beta, K=V, V=V)


def turned(values: Any, rng: np.random.Generator) -> tuple[Array, Array]:
    """V with these eigenvalues, and its eigenvectors as rows."""
    axes = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0].T
    return np.asarray(axes.T @ np.diag(values) @ axes), axes


@check("F37", where="2604.26085", title="Q^T K = V: the largest positive eigenvalue aligns, V < 0 polarises")
def selected(bench: Bench) -> Verdict:
    """Six tokens at v or -v, every eigenvector of a random V (1, 0.55, -0.8) and every split: rates of all directions
    by the closed form of `exact.selection` against the Jacobian of our velocity by differences, SA and USA: 1e-9.

    Borders: 20 tokens on an axis of -0.5 stay where at most 1/(1 + e^{-2 beta 0.5}) of them are on one side, told by
    the Jacobian at even halves, on both sides of the border and at consensus; and equal halves bear eigenvalues up to
    lambda tanh(beta lambda): runs pushed off by 1e-6 come back or leave at the rate of the closed form, 1e-3 of it, a
    tenth below and above.

    Random tokens, 8 in R^3, V turned at random: with (1, 0.6, -0.5) and beta = 0.5, where no split is stable, all are
    in consensus on the first axis; at beta = 3, where splits of it are, all are on that axis, some of them split; with
    (-1, -0.6, -0.3) all are on the axis of -1, on both sides.  Wherever runs end, no rate of the closed form is
    positive.  How often the tokens split is told with Wilson's interval.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {f"rates - Jacobian's, {kind}": _rates(kind, rng) for kind in ("SA", "USA")}
    limits: dict[str, tuple[float | None, float | None]] = dict.fromkeys(measured, (None, 1e-9))
    measured["splits of 20 of another stability"] = _uneven()
    limits["splits of 20 of another stability"] = (0, 0)
    for name, part in (("below", 0.9), ("above", 1.1)):
        measured[f"rate of a run {name} the border, relative"] = _leaving(part)
        limits[f"rate of a run {name} the border, relative"] = (None, 1e-3)
    runs = 24 if bench.tier == "quick" else 400
    for name, values, beta, first in (
        ("aligned, beta = 0.5", (1.0, 0.6, -0.5), 0.5, 0),
        ("aligned, beta = 3", (1.0, 0.6, -0.5), 3.0, 0),
        ("polarised", (-1.0, -0.6, -0.3), 1.0, 0),
    ):
        off, split, worst = _chosen(values, beta, first, runs, rng)
        low, high = share_interval(int(split * runs), runs)
        measured |= {f"{name}: tokens off the axis": off, f"{name}: highest rate where they end": worst}
        measured |= {f"{name}: split": split, f"{name}: split, low": low, f"{name}: split, high": high}
        limits |= {f"{name}: tokens off the axis": (0, 0), f"{name}: highest rate where they end": (None, 0.0)}
    limits |= {"aligned, beta = 0.5: split": (0.0, 0.0), "polarised: split": (1.0, 1.0)}
    limits["aligned, beta = 3: split"] = (0.05, 0.95)
    return judge(measured, limits, pictures=[bench.figure("borders", _draw)])


def _on_axis(v: Array, plus: int, n: int) -> Array:
    return np.where(np.arange(n)[:, None] < plus, v, -v)


def _rates(kind: str, rng: np.random.Generator) -> float:
    """Largest difference of a rate by the closed form and by the Jacobian."""
    values, n, beta, worst = (1.0, 0.55, -0.8), 6, 1.3, 0.0
    V, axes = turned(values, rng)
    for which, v in enumerate(axes):
        for plus in range(n // 2, n + 1):
            J = jacobian_of_rows(law_of(V, beta, kind), _on_axis(v, plus, n))
            rates = selection.axis_rates(values, which, beta, plus, n, kind)
            # of a matrix that is not normal, coefficients are as good as entries
            ours, exact = np.poly(J), np.poly(rates)
            worst = max(worst, float(np.abs(ours - exact).max() / np.abs(exact).max()))
    return worst


def _uneven() -> int:
    """Splits of 20 tokens on the axis of -0.5, beside -0.2 and -0.1, whose Jacobian has another sign than told."""
    values, n, wrong = np.array([-0.5, -0.2, -0.1]), 20, 0
    for beta in (0.5, 1.0, 2.0):
        border = selection.most_uneven(-0.5, beta)
        for plus in (10, int(border * n), int(border * n) + 1, n):
            J = jacobian_of_rows(law_of(np.diag(values), beta), _on_axis(np.eye(3)[0], plus, n))
            wrong += int((np.linalg.eigvals(J).real.max() < 0.0) != (plus <= border * n))
    return wrong


def _leaving(part: float) -> float:
    """Relative error of the rate of a run from equal halves on the axis of 1, beside part times what they bear."""
    beta, n = 1.2, 6
    border = selection.halves_border(1.0, beta)
    values = np.array([1.0, part * border, -0.2])
    x = _on_axis(np.eye(3)[0], 3, n) + 1e-6 * np.eye(3)[1]
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    run = pt.simulate(law_of(np.diag(values), beta), x, (0.0, 10.0), [0.0, 10.0], rtol=1e-11, atol=1e-16)
    rate = float(np.log(np.abs(run.x[-1, :, 1]).mean() / np.abs(run.x[0, :, 1]).mean())) / 10.0
    told = values[1] - border
    return abs(rate / told - 1.0)


def _chosen(values: Any, beta: float, first: int, runs: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Share of runs with a token off the axis, share on both sides, and the highest rate of where runs end."""
    V, axes = turned(values, rng)
    x = pt.uniform(8, 3, rng, replicas=runs)
    run = pt.simulate(law_of(V, beta), x, (0.0, 200.0), [200.0], rtol=1e-6, atol=1e-9, until=mf.steady(1e-7))
    along = np.asarray(run.x[-1]) @ axes[first]
    on = np.all(np.abs(along) > 1.0 - ALIGNED, axis=1)
    plus = np.sum(along > 0.0, axis=1)
    rates = [selection.axis_rates(values, first, beta, int(p), 8).max() for p in set(plus[on].tolist())]
    return float(np.mean(~on)), float(np.mean((plus > 0) & (plus < 8))), max(rates, default=np.inf)


def _draw() -> Any:
    betas = np.linspace(0.05, 3.0, 200)
    with style.axes(None) as ax:
        ax.plot(betas, [selection.halves_border(1.0, b) for b in betas], color="0.2", label=r"$\tanh\beta$")
        for stays, marker, name in ((True, "o", "halves stay"), (False, "x", "they leave")):
            at = [(b, s) for b in np.linspace(0.3, 2.7, 7) for s in np.linspace(0.1, 0.95, 6) if _stay(b, s) == stays]
            ax.plot(*np.array(at).T, marker, color="0.2" if stays else "C3", label=name)
        ax.set(xlabel=r"$\beta$", ylabel=r"second eigenvalue of $V$, the first being 1", ylim=(0.0, 1.15))
        style.headline(ax, r"equal halves at $v$ and $-v$, $Q^T K = V$: runs of 6 tokens, pushed by $10^{-3}$")
        ax.legend(loc="upper center", ncols=3)
    return ax


def _stay(beta: float, second: float) -> bool:
    x = _on_axis(np.eye(2)[0], 3, 6) + 1e-3 * np.eye(2)[1]
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    run = pt.simulate(law_of(np.diag([1.0, second]), float(beta)), x, (0.0, 40.0), [0.0, 40.0], rtol=1e-6)
    return bool(np.abs(run.x[-1, :, 1]).max() < np.abs(run.x[0, :, 1]).max())
