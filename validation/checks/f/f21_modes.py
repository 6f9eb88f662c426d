"""2412.09080: how many modes a kernel density estimate has, the clusters of tokens on a line."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy.stats import norm

import meanfield as mf
from meanfield.plot import style
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

N, DRAWS = 2000, 8
BETAS = (2e2, 8e2, 3.2e3, 1.28e4)
"""n^c < beta < n^{2 - c} at n = 2000: n^{0.7} to n^{1.24}."""
PARTS, SEEN = 60, 8.0
"""The line is asked in so many parts, of points no further than so many lengths beta^{-1/2}: e^{-32} of the largest."""
FINE = 6
"""Places asked per length beta^{-1/2}."""
MISSED = 4.5


@dataclass(frozen=True)
class Bell:
    """e^{-beta s / 2} of squared distances s: <x, y> up to what belongs to x and to y alone."""

    beta: float

    def __call__(self, s: Array) -> Array:
        return np.exp(-0.5 * self.beta * s)


def _modes(x: Array, beta: float) -> int:
    """Maxima of the estimate: where the velocity of tokens that go to the mean of those near them changes from + to -.

    x' = d log Z / d x / beta: what attention does to tokens of mass e^{-beta y^2 / 2}, but for their own place.
    """
    law, reach = mf.Krause(Bell(beta), "flat"), SEEN / sqrt(beta)
    step, x = 1.0 / (FINE * sqrt(beta)), np.sort(x)
    parts = np.array_split(np.arange(x[0] - 0.5 * step, x[-1] + 2.0 * step, step), PARTS)
    v = []
    for at in parts:
        first, last = np.searchsorted(x, [at[0] - reach, at[-1] + reach])
        near = x[first:last, None]
        told = law.velocity(0.0, at[:, None], mf.Points(near, geometry="flat")) if len(near) else 0.0 * at[:, None]
        v += np.array(told)[:, 0].tolist()
    up = np.array(v) > 0.0
    return int(np.count_nonzero(up[:-1] & ~up[1:]))


def expected(n: int, beta: float) -> float:
    """Kac and Rice: the number of maxima of an estimate as if it were a Gaussian process of its mean and covariance.

    With f' and f'' of mean m_1, m_2 and covariance a, b, c: int p_{f'}(0) E[(f'')^-| f' = 0] dx.  The moments are those
    of K', K'' at one point, K = e^{-beta z^2 / 2}, by Gauss-Hermite quadrature.  Where points are rarer than that, each
    is a mode of its own: nowhere are there more modes than points.
    """
    y, w = np.polynomial.hermite_e.hermegauss(80)
    w = w / w.sum()
    edge = sqrt(2.0 * log(n)) + 2.0
    x, dx = np.linspace(-edge, edge, 2001, retstep=True)
    # of K^2, and of K, as weights of y: normal, of variance 1 / (2 beta), 1 / beta about x, against N(0, 1)
    told: dict[tuple[int, ...], Array] = {}
    for power in (1, 2):
        s = 1.0 / (power * beta)
        centre, width = x[:, None] / (1.0 + s), sqrt(s / (1.0 + s))
        z = x[:, None] - (centre + width * y)
        mass = np.exp(-0.5 * x * x / (1.0 + s)) * sqrt(s / (1.0 + s))
        one, two = -beta * z, beta * (beta * z * z - 1.0)
        for name, f in (((power, 1), one), ((power, 2), two), ((power, 1, 1), one**2), ((power, 1, 2), one * two),
                        ((power, 2, 2), two**2)):  # fmt: skip
            told[name] = mass * (f @ w)
    m1, m2 = told[1, 1], told[1, 2]
    a, b, c = ((told[2, i, j] - told[1, i] * told[1, j]) / n for i, j in ((1, 1), (1, 2), (2, 2)))
    mean, width = m2 - b / a * m1, np.sqrt(np.maximum(c - b * b / a, 0.0))
    down = width * norm.pdf(mean / width) - mean * norm.cdf(-mean / width)
    rate = np.exp(-0.5 * m1 * m1 / a) / np.sqrt(2.0 * pi * a) * down
    return float(np.sum(np.minimum(rate, n * norm.pdf(x))) * dx)


@check("F21", where="2412.09080", title="Modes of a kernel density estimate of n normal points: (beta log beta)^{1/2}")
def modes(bench: Bench) -> Verdict:
    """n = 2000 normal points of R, bandwidth beta^{-1/2}, beta from n^{0.7} to n^{1.24}, 6 draws each.

    The maxima, counted by changes of sign of `mf.Krause`'s velocity under e^{-beta |x - y|^2 / 2} (attention on R, but
    for a token's own place), against the number that Kac and Rice give for a Gaussian process of the estimate's mean
    and covariance, by quadrature: within 12 per cent and 4.5 standard errors (at the ends of the cloud single points
    are seen, which no Gaussian process is).  Over (beta log beta)^{1/2} they vary by less than a factor 1.6 while beta
    grows 64-fold, and the slope of their logarithm over that of beta log beta is 0.5 within 0.12.
    """
    rng = np.random.default_rng(bench.rng)
    counts = np.array([[_modes(rng.standard_normal(N), beta) for _ in range(DRAWS)] for beta in BETAS], dtype=float)
    mean, error = counts.mean(axis=1), counts.std(axis=1, ddof=1) / sqrt(DRAWS)
    theory = np.array([expected(N, beta) for beta in BETAS])
    scale = np.sqrt(np.array(BETAS) * np.log(BETAS))
    slope = float(np.polyfit(np.log(scale**2), np.log(mean), 1)[0])
    measured = {f"beta = {beta:g}: modes": one for beta, one in zip(BETAS, mean, strict=True)}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for beta, want, sd in zip(BETAS, theory, error, strict=True):
        room = 0.12 * want + MISSED * max(sd, 0.02 * want)
        limits[f"beta = {beta:g}: modes"] = (want - room, want + room)
    shares = mean / scale
    measured |= {"slope": slope, "largest share over smallest": float(shares.max() / shares.min())}
    limits |= {"slope": (0.38, 0.62), "largest share over smallest": (1.0, 1.6)}
    return judge(measured, limits, pictures=[bench.figure("modes", lambda: _draw(mean, error, theory))])


def _draw(mean: Array, error: Array, theory: Array) -> Any:
    with style.axes(None) as ax:
        ax.errorbar(BETAS, mean, error, fmt="o", color="0.1", label=f"counted, {DRAWS} draws")
        ax.loglog(BETAS, theory, "-", color="0.45", label="Kac and Rice")
        shape = np.sqrt(np.array(BETAS) * np.log(BETAS))
        ax.loglog(BETAS, shape * theory[0] / shape[0], ":", color="0.6", label=r"$\propto (\beta \log \beta)^{1/2}$")
        ax.set(xlabel=r"inverse bandwidth squared $\beta$", ylabel="modes")
        ax.set_title(f"n = {N} normal points of R", loc="left")
        ax.legend()
    return ax
