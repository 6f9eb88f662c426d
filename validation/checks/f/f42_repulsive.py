"""2609.28448, 2608.08922: recurrent layers that repel on the circle; polygons, period two, chaos, condensation."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.exact import polygons
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

TOKENS, BETA = 6, 4.0


@check("F42", where="2609.28448, 2608.08922", title="repulsive layers: polygons flip, then chaos; condensation")
def recurrent(bench: Bench) -> Verdict:
    """Layers x <- (x - h A) / |x - h A|, A = int e^{beta <x, y>} y dmu / Z, on the circle, as `pt.layers` (own
    formulation).  The regular n-gon stays; to first order mode k of the angles is multiplied by
    1 + h lambda_k / (1 - h c), c and lambda_k <= 0 by sums over the polygon (`validation.exact.polygons`), so that it
    is lost at h* = 2 / (2 c - lambda_k), at the k of the least lambda, n / 2 of n even, to a flip.

    Measured: multipliers of displacements of 1e-6, n = 5, 6, 8, 1e-6.  n = 6 at beta = 4 from 0.01 beside the polygon,
    300 layers: at 0.9 h* it comes back, 1e-8; at 1.05 and 1.1 h* every second layer is the same, 1e-8, and the others
    are 0.1 away; at 1.3 h* two runs part at a positive rate, by 4.5 standard errors of 16 clouds.

    Large beta: -lambda_{n/2}, how fast a polygon is restored, is largest at a beta whose logarithm has the slope 2 in
    log n, 0.01, n = 16 to 128: tokens see their neighbours there, beta ~ 0.0926 n^2; far below all places are alike to
    e^{-n^2 / (8 beta)}, far above nobody sees anybody, e^{-2 pi^2 beta / n^2}.
    """
    rng = np.random.default_rng(bench.rng)
    off = max(_multiplied(n, beta) for n, beta in ((5, 3.0), (6, 4.0), (8, 6.0)))
    measured: dict[str, Any] = {"multipliers, off": off}
    flip = polygons.flip(TOKENS, BETA)
    for share in (0.9, 1.05, 1.1):
        moved = _moved(share * flip, rng)
        measured[f"{share:g} h*: next layer"], measured[f"{share:g} h*: second next"] = moved
    parting = _parting(1.3 * flip, rng)
    measured["1.3 h*: rate of parting"] = parting.mean()
    measured["1.3 h*: rate, standard errors"] = parting.mean() / (parting.std(ddof=1) / np.sqrt(len(parting)))
    sizes = np.array([16, 32, 64, 128])
    best = np.array([_stiffest(int(n)) for n in sizes])
    measured |= {"beta where polygons are stiffest: slope in n": np.polyfit(np.log(sizes), np.log(best), 1)[0],
                 "the same over n^2, n = 128": best[-1] / 128.0**2}  # fmt: skip
    limits: dict[str, tuple[float | None, float | None]] = {
        "multipliers, off": (None, 1e-6), "0.9 h*: next layer": (None, 1e-8),
        "1.3 h*: rate, standard errors": (4.5, None), "beta where polygons are stiffest: slope in n": (1.99, 2.01),
        **{f"{share} h*: next layer": (0.1, None) for share in ("1.05", "1.1")},
        **{f"{share} h*: second next": (None, 1e-8) for share in ("1.05", "1.1")},
    }  # fmt: skip
    picture = bench.figure("steps", lambda: _drawn(flip, rng))
    return judge(measured, limits, pictures=[picture])


def _layers(x: Array, beta: float, step: float, depth: int) -> Array:
    """Angles (depth + 1, ..., n)."""
    x = np.asarray(pt.layers(mf.SA(beta, sign=-1), x, depth, step).x)
    return np.asarray(np.arctan2(x[..., 1], x[..., 0]))


def _rows(a: Array) -> Array:
    return np.stack([np.cos(a), np.sin(a)], axis=-1)


def _multiplied(n: int, beta: float) -> float:
    """The largest error of the multipliers of a polygon's modes."""
    a, step = 2.0 * np.pi * np.arange(n) / n, 0.8 * polygons.flip(n, beta)
    off = 0.0
    for k in range(1, n // 2 + 1):
        mode = np.cos(k * a)
        ends = [_layers(_rows(a + sign * 1e-6 * mode), beta, step, 1)[-1] for sign in (1.0, -1.0)]
        grown = np.angle(np.exp(1j * (ends[0] - ends[1]))) / 2e-6
        off = max(off, abs(float(grown @ mode / (mode @ mode)) - polygons.multiplier(n, beta, k, step)))
    return off


def _moved(step: float, rng: np.random.Generator) -> tuple[float, float]:
    """How far tokens are from where they were a layer and two layers ago, turned alike, at the end."""
    a = 2.0 * np.pi * np.arange(TOKENS) / TOKENS + 0.01 * rng.standard_normal(TOKENS)
    end = np.exp(1j * _layers(_rows(a), BETA, step, 300)[-3:])
    end /= end[:, :1]
    return float(np.abs(np.angle(end[2] / end[1])).max()), float(np.abs(np.angle(end[2] / end[0])).max())


def _parting(step: float, rng: np.random.Generator) -> Array:
    """Rates at which two runs 1e-10 apart part within 25 layers, of 16 clouds after 100."""
    a = 2.0 * np.pi * np.arange(TOKENS) / TOKENS + 0.01 * rng.standard_normal((16, TOKENS))
    a = _layers(_rows(a), BETA, step, 100)[-1]
    b = a + 1e-10 * rng.standard_normal(a.shape)
    far = np.angle(np.exp(1j * (_layers(_rows(b), BETA, step, 25) - _layers(_rows(a), BETA, step, 25))))
    size = np.log(np.linalg.norm(far, axis=-1))
    return np.asarray((size[-1] - size[0]) / 25.0)


def _stiffest(n: int) -> float:
    """beta at which a polygon's last mode is restored fastest."""
    found: Any = minimize_scalar(
        lambda share: polygons.stiffness(n, share * n * n, n // 2), bounds=(0.02, 0.3), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    return float(found.x) * n * n


def _drawn(flip: float, rng: np.random.Generator) -> Any:
    """Gaps between neighbours, in order, over the last layers, against the step."""
    with style.axes() as ax:
        shares = np.linspace(0.9, 1.45, 34)
        for share in shares:
            a = 2.0 * np.pi * np.arange(TOKENS) / TOKENS + 0.01 * rng.standard_normal(TOKENS)
            end = np.sort(_layers(_rows(a), BETA, share * flip, 200)[-16:], axis=1)
            gaps = np.diff(end, axis=1, append=end[:, :1] + 2.0 * np.pi)
            ax.plot(np.full(gaps.size, share), gaps.ravel(), ".", color="black", markersize=1.5)
        ax.axvline(1.0, color="0.6", linestyle="--", label="flip, by linear stability")
        ax.set(xlabel="step over h*", ylabel="gaps between neighbours, last 16 layers")
        ax.set_title(f"layers that repel, n = {TOKENS}, beta = {BETA:g}", loc="left")
        legends.legend(ax)
    return ax
