r"""The third measure: a Gaussian N(m, S) of R^d, which answers exponential kernels in closed form (2501.18322).

With u = grad_y s(x, y), of a kernel whose scores s are linear in y, e^s mu is a Gaussian again, of the same covariance:

    log Z(x) = <u, m> + <u, S u> / 2,    M(x) / Z(x) = m + S u,

so that softmax attention x' = V M / Z is affine in x.  The covariance may be singular: what has no width is a Dirac in
that direction.  Z mu is a Gaussian too, as long as its mass iint e^s dmu dmu, 2 beta E, is finite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from meanfield.geometry import FLAT
from meanfield.kernels import energy
from meanfield.measures.points import Points
from meanfield.plot.pictured import PicturedGaussian
from meanfield.protocols import Array, Geometry, Kernel, Law, Measure, Reading
from meanfield.sums.scores import share_of
from meanfield.tools import inputs
from meanfield.tools.shown import ShownMeasure

ROOM = 64.0 * float(np.finfo(float).eps)
"""Share of the largest entry by which a covariance may differ from its transpose, and an eigenvalue be below 0."""
MOST = 1 << 20
"""Points of a quadrature at most."""


@dataclass(frozen=True, eq=False, init=False)
class Gaussian(PicturedGaussian, ShownMeasure, Measure):
    """A Gaussian of R^d as a measure, checked: `mf.solve` moves its mean and covariance.

    Parameters
    ----------
    mean : array (d,)
        int x dmu.
    covariance : array (d, d)
        Symmetric, without negative eigenvalues; singular ones are taken, as of a Dirac in some directions.

    Attributes
    ----------
    mean, covariance : ndarray (..., d), (..., d, d)
        As given; leading axes are several times of a run.

    Raises
    ------
    ValueError, TypeError
        For numbers that are not finite, shapes that do not fit, a covariance that is not symmetric or has a negative
        eigenvalue.

    Examples
    --------
    >>> mu = mf.Gaussian([1.0, -0.5], [[0.5, 0.1], [0.1, 0.3]])
    >>> r = mu.read(mf.Exponential(1.0), np.array([[1.0, 0.0]]))
    >>> (r.M / r.Z).round(12)
    array([[ 1.5, -0.4]])
    """

    mean: Array
    covariance: Array
    held = "moments"
    quadratic = True
    mass = 1.0
    instead = "move points, pt.simulate(law, mu.sample(1000, rng=0), t_span)"

    def __init__(self, mean: Any, covariance: Any) -> None:
        m = inputs.array("mean", mean, ndim=1)
        S = inputs.array("covariance", covariance, ndim=2)
        if S.shape != (len(m), len(m)):
            wanted = f"({len(m)}, {len(m)}), a row and a column for each number of the mean"
            raise ValueError(inputs.message("covariance", wanted, f"shape {S.shape}", _one_number(S, len(m))))
        size = float(np.abs(S).max())
        if (off := float(np.abs(S - S.T).max())) > ROOM * size:
            raise ValueError(
                f"covariance: not symmetric, it differs from its transpose by {off:.3g}: give (S + S.T) / 2"
            )
        S = 0.5 * (S + S.T)
        if (least := float(np.linalg.eigvalsh(S)[0])) < -ROOM * len(m) * size:
            raise ValueError(
                f"covariance: indefinite, it has the eigenvalue {least:.6g}, and a variance is none below 0: give "
                "numpy.cov(x.T) of points x (n, d), or a @ a.T of any a (d, k)"
            )
        self._hold(m, S)

    @classmethod
    def trusted(cls, mean: Array, covariance: Array) -> Self:
        """The same by its attributes, unchecked: what a method makes at every stage."""
        made = cls.__new__(cls)
        made._hold(mean, covariance)
        return made

    def _hold(self, mean: Array, covariance: Array) -> None:
        vars(self).update(mean=mean, covariance=covariance)

    def __repr__(self) -> str:
        lead = self.mean.shape[:-1]
        several = f", {' x '.join(map(str, lead))} of them" if lead else ""
        return f"<Gaussian d = {self.d}{several}, variances {_span(np.linalg.eigvalsh(self.covariance))}>"

    # --- as every measure -----------------------------------------------------------------------------------

    @property
    def d(self) -> int:
        """Dimension."""
        return int(self.mean.shape[-1])

    @property
    def geometry(self) -> Geometry:
        """R^d."""
        return FLAT

    @cached_property
    def root(self) -> Array:
        """(..., d, d) L with S = L L^T: eigenvectors by the roots of their variances, of rounding none."""
        s, U = np.linalg.eigh(self.covariance)
        return np.asarray(U * np.sqrt(np.maximum(s, 0.0))[..., None, :])

    @cached_property
    def x(self) -> Array:
        """(..., 2 d, d) m +- d^{1/2} L e_j: sums over them have the Gaussian's moments to degree 3."""
        spread = math.sqrt(self.d) * np.swapaxes(self.root, -1, -2)
        m = self.mean[..., None, :]
        return np.concatenate([m + spread, m - spread], axis=-2)

    @property
    def weights(self) -> Array:
        """(..., 2 d) 1 / (2 d)."""
        return np.full(self.x.shape[:-1], 0.5 / self.d)

    @property
    def second_moment(self) -> Array:
        """(..., d, d) S + m m^T."""
        return np.asarray(self.covariance + self.mean[..., :, None] * self.mean[..., None, :])

    def tangential(self, v: Array) -> Array:
        """v: nothing is projected in R^d."""
        return v

    def marginal(self, k: int, place: Geometry) -> Gaussian:
        """That of the first k coordinates, in R^k."""
        if place != FLAT:
            raise TypeError(f"marginal: a Gaussian lives in R^{k}, not on {place}: {self.instead}")
        return Gaussian.trusted(self.mean[..., :k], self.covariance[..., :k, :k])

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Z = 1 and M = m + S u beside log Z, for kernels whose scores are linear in y: `mf.Exponential`."""
        if share_of(kernel) is not None:
            raise TypeError(f"{kernel}: a Gaussian has no point of largest score (beta = inf): {self.instead}")
        if "L" in want:
            self.geometry.on_sphere("L, the divergence on the sphere", self.x)
        x = self.x if x is None else x
        u = self._pulls(kernel, x)
        Su = u @ self.covariance
        log = np.sum(u * (self.mean[..., None, :] + 0.5 * Su), axis=-1, keepdims=True)
        M = self.mean[..., None, :] + Su
        return Reading(np.ones_like(log), M if V is None else M @ np.swapaxes(V, -1, -2), None, log)

    def _pulls(self, kernel: Any, x: Array) -> Array:
        """(..., n, d) u with s(x, y) = <u, y>."""
        try:
            a, b = kernel.factors(x, np.eye(self.d))
        except (AttributeError, TypeError) as error:
            raise TypeError(
                f"{kernel}: a Gaussian answers kernels whose scores are linear in y, mf.Exponential(beta, Q, K): "
                f"{self.instead}"
            ) from error
        return np.asarray(a @ np.swapaxes(b, -1, -2))

    def tilted(self, kernel: Kernel) -> tuple[Any, Gaussian]:
        """log iint e^s dmu dmu, inf where that is no number, and Z mu / int Z dmu, a Gaussian (without meaning there).

        With s = <x, A y>, b = A m, C = A S A^T, D = 1 - S C and n = m + D^{-1} S (b + C m), the Gaussian is of mean n
        and covariance D^{-1} S, and the logarithm <b, m> + (<b, n - m> + <C m, n>) / 2 - (log det D) / 2.
        """
        A = self._pulls(kernel, np.eye(self.d))
        m, S = self.mean[..., None], self.covariance
        C = A @ S @ A.T
        low = np.linalg.eigvalsh(np.eye(self.d) - np.swapaxes(self.root, -1, -2) @ C @ self.root)[..., 0]
        D = np.eye(self.d) - np.where(low[..., None, None] > 0.0, S @ C, 0.0)
        b, Cm = A @ m, C @ m
        wide = np.linalg.solve(D, S)
        n = m + wide @ (b + Cm)
        log = np.sum(b * m + 0.5 * (b * (n - m) + Cm * n), axis=(-2, -1)) - 0.5 * np.linalg.slogdet(D)[1]
        wide = 0.5 * (wide + np.swapaxes(wide, -1, -2))
        return np.where(low > 0.0, log, np.inf), Gaussian.trusted(n[..., 0], wide)

    # --- what else may be asked -----------------------------------------------------------------------------

    @property
    def entropy(self) -> Any:
        """int rho log rho dx, rho the density with respect to dx: -log det(2 pi e S) / 2, inf of a singular S."""
        s = np.linalg.eigvalsh(self.covariance)
        with np.errstate(divide="ignore"):
            logs = np.log(np.where(s > ROOM * self.d * s[..., -1:], s, 0.0))
        return -0.5 * np.sum(math.log(2.0 * math.pi * math.e) + logs, axis=-1)

    def energy(self, law: Law, t: float | None = None) -> Any:
        """E of the law (at time t, if it changes with time), in its scale; refused where it is infinite."""
        return energy.told(law, self, t)

    def pdf(self, x: Any) -> Array:
        """The density with respect to dx at rows x (..., n, d)."""
        rows = self.geometry.check("x", x)
        if rows.shape[-1] != self.d:
            raise ValueError(f"x: got rows of R^{rows.shape[-1]}, wanted (..., n, {self.d}), rows of R^{self.d}")
        if not np.isfinite(self.entropy).all():
            raise ValueError(
                "covariance: it is singular, and there is no density: ask the mean and the covariance, or mu.sample(n)"
            )
        away = rows - self.mean[..., None, :]
        z = np.linalg.solve(self.covariance, np.swapaxes(away, -1, -2))
        log = np.linalg.slogdet(2.0 * math.pi * self.covariance)[1]
        return np.exp(-0.5 * (np.sum(away * np.swapaxes(z, -1, -2), axis=-1) + np.asarray(log)[..., None]))

    def sample(self, n: int, rng: Any = None) -> Array:
        """n independent points (n, d) distributed as mu; the same seed gives the same bits."""
        z = inputs.generator(rng).standard_normal((inputs.integer("n", n, low=1), self.d))
        return np.asarray(self._single("sample").mean + z @ self.root.T)

    def quadrature(self, n: int) -> Points:
        """mu as n^d Gauss-Hermite points: its moments to degree 2 n - 1, and a slow oracle of every law.

        Directions without width have one point in the place of n.
        """
        n = inputs.integer("n", n, low=1)
        self._single("quadrature")
        size = np.abs(self.root).max(axis=0)
        wide = size > np.sqrt(ROOM * self.d) * size.max()  # variances below are rounding, as in `entropy`
        counts = np.where(wide, n, 1)
        if np.prod(counts, dtype=float) > MOST:
            raise ValueError(
                f"n: {n}^{int(wide.sum())} points are more than {MOST}: give a smaller n, or mu.sample(n)"
            )
        rules = [np.polynomial.hermite_e.hermegauss(int(k)) for k in counts]
        z = np.stack(np.meshgrid(*(rule[0] for rule in rules), indexing="ij"), axis=-1).reshape(-1, self.d)
        w = np.ones(1)
        for rule in rules:
            w = np.multiply.outer(w, rule[1] / rule[1].sum()).reshape(-1)
        return Points(self.mean + z @ self.root.T, w, geometry="flat")

    def _single(self, what: str) -> Gaussian:
        if self.mean.ndim != 1:
            raise TypeError(f"{what}: these are {self.mean.shape[:-1]} Gaussians at once: ask one, run(t)")
        return self


def _one_number(S: Array, d: int) -> str:
    """What to type for variances."""
    if S.shape == (1, 1):
        return f"For the same variance s in every direction write s * numpy.eye({d})."
    return "Of variances write numpy.diag(variances)."


def _span(values: Array) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
