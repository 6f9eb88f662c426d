"""Stationary densities with noise: Newton's method in coefficients on the fixed-point form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.analysis.linearised import about, basis, rotations
from meanfield.analysis.zeroflux import ZeroFlux, balance, normalised, positive
from meanfield.protocols import Array, Law, Space
from meanfield.spaces.coefficients import tail
from meanfield.spaces.density import RESOLVED
from meanfield.spaces.initial import uniform
from meanfield.tools import inputs
from meanfield.tools.shown import Shown
from meanfield.tools.tags import equations

STEPS = 100
HALVINGS = 8
NEAR = 1e-2
"""Below this residual Newton's method is on its own."""
FLOOR = 1e-13
"""A residual below this, beside the largest coefficient, is rounding."""
ROUNDING = 1e-10
"""Where the residual falls no more below this, it is rounding, or what the space does not resolve."""
DULL = 1e-12
"""Singular values below this of the largest are not divided by."""


class NotStationary(RuntimeError):
    """Newton's method did not get from the guess to a stationary density.

    Attributes
    ----------
    residuals : list of float
        Of the fixed-point form after each step, from the guess on.

    Examples
    --------
    >>> guess = mf.Circle(64).density(lambda q: 1.0 + 9.0 * np.cos(q), signed=True)
    >>> try:
    ...     found = mf.stationary(mf.SA(2.0), guess, 0.1)
    ... except mf.NotStationary as error:
    ...     print(error.residuals)
    [inf]
    """

    def __init__(self, text: str, residuals: list[float]) -> None:
        super().__init__(text)
        self.residuals = residuals


@dataclass(frozen=True, eq=False)
class Stationary(Shown):
    """A stationary density, as `stationary` returns it.

    Attributes
    ----------
    density : Density
        rho, on the guess's space.
    free_energy : float
        kappa Ent - sign E, in the law's scale; of a law that tells no energy, without E's constant.
    eigenvalues : ndarray
        Of the linearised equation, largest real part first, without the zeros that rotations have: see `mf.spectrum`.
    residual : float
        max |c_k - (coefficients of e^{G / kappa} / norm)_k|.
    residuals : tuple of float
        The same after each of Newton's steps.
    diffusion : float
        kappa in all.
    """

    density: Any
    free_energy: float
    eigenvalues: Array
    residual: float
    residuals: tuple[float, ...]
    diffusion: float

    @property
    def leading(self) -> float:
        """The largest real part."""
        return float(self.eigenvalues[0].real)

    @property
    def stable(self) -> bool:
        """Whether every change dies out, but for rotations."""
        return self.leading < 0.0


class _FixedPoint:
    """c -> coefficients of e^{G(V[c]) / kappa} / norm, of the real harmonics that the kernel sees."""

    def __init__(self, flux: ZeroFlux, space: Space, kappa: float) -> None:
        self.flux, self.space, self.kappa = flux, space, kappa
        p = flux.potential(int(space.degrees.max()))[space.degrees]
        self.unit = basis(space, max(1, min(int(space.degrees.max()), flux.bandwidth())))
        values = space.evaluate(self.unit)
        self.potentials = p[np.abs(self.unit).argmax(axis=1), None] * values
        self.tests = values * space.weights / (np.square(values) @ space.weights)[:, None]

    def coordinates(self, c: Array) -> Array:
        """Of coefficients, those that the kernel sees."""
        return np.asarray(self.tests @ self.space.evaluate(c))

    def density(self, y: Array) -> Array | None:
        """rho at the nodes; None where Z would not be positive."""
        G = self.flux.responses(y @ self.potentials)[0] / self.kappa
        return normalised(G, self.space.weights) if np.isfinite(G).all() else None

    def residual(self, y: Array) -> Array:
        """y - image of y."""
        rho = self.density(y)
        return np.full(len(y), np.inf) if rho is None else y - self.tests @ rho

    def step(self, y: Array) -> Array:
        """Newton's step, without turning the density."""
        rho = self.density(y)
        assert rho is not None
        response = self.potentials * self.flux.responses(y @ self.potentials)[1] / self.kappa
        response -= (response @ (self.space.weights * rho))[:, None]
        J = np.eye(len(y)) - self.tests @ (rho * response).T
        turned = self.space.evaluate(rotations(self.space, y @ self.unit)) @ self.tests.T
        size = np.linalg.norm(turned, axis=1)
        turned = turned[size > DULL] / size[size > DULL][:, None]
        F = np.append(self.residual(y), np.zeros(len(turned)))
        return np.asarray(np.linalg.lstsq(np.vstack([J, turned]), F, rcond=DULL)[0])


@equations("A Problem 7")
def stationary(law: Law, guess: Any, diffusion: float = 0.0) -> Stationary:
    """The stationary density near a guess: X[rho] = kappa grad log rho, so that nothing flows (A, Problem 7).

    USA: rho = e^{Z / (beta kappa)} / norm; SA: rho = Z^{1 / (beta kappa)} / norm, Z = int e^{beta <x, y>} d rho(y).
    Newton's method in the coefficients that the kernel sees, with steps halved where the residual would grow.

    Parameters
    ----------
    law : Law
        SA or USA without matrices, or another law that is the gradient of one kernel's energy, alone or with noise.
    guess : Density
        On the circle, a zonal sphere or S^2: where Newton's method begins, and the space of the answer.
    diffusion : float
        kappa, added to the law's own noise; together > 0.

    Returns
    -------
    Stationary

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument; where the space does not resolve the density that was found.
    NotStationary
        If Newton's method loses the guess, with the residuals it went through.

    Examples
    --------
    >>> guess = mf.von_mises_fisher(mf.Circle(64), 0.0, 1.0)
    >>> found = mf.stationary(mf.SA(1.0), guess, diffusion=0.4)
    >>> round(float(found.density.mean[0]), 9), found.stable
    (0.443448318, True)
    """
    inputs.having("guess", guess, ("space", "coefficients"), "a density, for example mf.uniform(mf.Circle(64))")
    space = guess.space
    flux, kappa = balance(law, space.d, diffusion)
    kappa = positive("diffusion", kappa)
    if np.ndim(guess.coefficients) != 1:
        raise ValueError(f"guess: got densities of shape {guess.coefficients.shape[:-1]}, wanted one")
    problem = _FixedPoint(flux, space, kappa)
    y, residuals = _newton(problem, problem.coordinates(guess.coefficients))
    values = problem.density(y)
    assert values is not None
    c = space.analyse(values)
    if (left := tail(space, c)) > RESOLVED:
        raise ValueError(
            f"guess: under-resolved: the stationary density has coefficients of {left:.1e} in the last degrees of "
            f"{space}: give the guess on a larger space, guess.resized({2 * space.size})"
        )
    rho = space.density(coefficients=c)
    F = kappa * float(rho.entropy) - flux.law.sign * (flux.flat(uniform(space)) + flux.excess(space.spectrum(c)[1:]))
    eigenvalues = about(flux, kappa, rho, resting=True)
    return Stationary(rho, F, eigenvalues, residuals[-1], tuple(residuals), kappa)


def _newton(problem: _FixedPoint, y: Array) -> tuple[Array, list[float]]:
    """The zero of the residual, and its size after every step; where Newton's step is none, the image is one."""
    residuals = [float(np.abs(problem.residual(y)).max())]
    for _ in range(STEPS):
        if not np.isfinite(residuals[-1]):
            break
        scale = max(1.0, float(np.abs(y).max()))
        step, size = _tried(problem, y, residuals[-1], FLOOR * scale)
        y = y - step
        done = max(size, residuals[-1]) <= FLOOR * scale or 0.5 * residuals[-1] <= size <= ROUNDING * scale
        residuals.append(size)
        if done:
            return y, residuals
    words = ", ".join(f"{r:.1e}" for r in (residuals if len(residuals) < 8 else [*residuals[:4], *residuals[-3:]]))
    raise NotStationary(
        f"guess: Newton's method lost it: in {len(residuals) - 1} steps the residual went {words}. Give a guess nearer "
        "to what is sought, such as a late state of mf.solve(law, rho0, (0.0, 50.0), diffusion=...)",
        residuals,
    )


def _tried(problem: _FixedPoint, y: Array, before: float, floor: float) -> tuple[Array, float]:
    """Newton's step and the residual after it, where it helps; or the step to the image.

    From afar a step that lowers the residual by less than tenfold leads anywhere; what the fixed-point iteration does
    lowers USA's free energy.  Near a solution, stable or not, and under repulsion, of which there is but one and the
    iteration swings about it, Newton's step is halved until the residual falls.
    """
    near = before < NEAR or problem.flux.law.sign < 0
    step = problem.step(y)
    for _ in range(HALVINGS if near else 1):
        size = float(np.abs(problem.residual(y - step)).max())
        if size < (before if near else 0.1 * before) or size <= floor:
            return step, size
        step = 0.5 * step
    step = problem.residual(y)
    return step, float(np.abs(problem.residual(y - step)).max())
