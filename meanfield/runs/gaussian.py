"""A Gaussian's run: the record's face of means and covariances."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from meanfield.plot import ellipses
from meanfield.plot.options import drawn
from meanfield.protocols import Array, Status
from meanfield.runs import dataset
from meanfield.runs.faces import face
from meanfield.runs.solution import Solution
from meanfield.tools import inputs

NO_SPACE = "a Gaussian has no nodes and no coefficients: ask sol.mean and sol.covariance, or sol(t).pdf(x)"


@face("gaussian")
class GaussianSolution(Solution):
    """A Gaussian's run, as `solve` returns it of a `Gaussian`.

    Attributes
    ----------
    t : ndarray (T,)
        Saved times.
    status : Status
        Why it ended; `success` and `message` say it shorter and longer.
    mean, covariance : ndarray (T, d), (T, d, d)
        Of the Gaussians at the saved times.
    entropy : ndarray (T,)
        int rho log rho dx; inf where the covariance is singular.
    measures : tuple of Gaussian
        The Gaussians themselves; ``sol(t)`` is that of any time of the run.
    blow_up : float or None
        When the covariance is infinite, of a run that ended near that time (`Status.BLOWN_UP`).

    Examples
    --------
    >>> mu = mf.Gaussian([1.0], [[0.5]])
    >>> sol = mf.solve(mf.SA(1.0, geometry="flat"), mu, (0.0, 0.5))
    >>> round(float(sol.covariance[-1, 0, 0]), 9)  # s0 / (1 - 2 beta s0 t)
    1.0
    >>> try:
    ...     sol = mf.solve(mf.SA(1.0, geometry="flat"), mu, (0.0, 2.0))
    ... except mf.RunError as error:
    ...     sol = error.solution
    >>> round(sol.blow_up, 7)
    1.0
    """

    @cached_property
    def covariance(self) -> Array:
        """(T, d, d) at every saved time."""
        return np.stack([mu.covariance for mu in self.measures])

    @property
    def blow_up(self) -> float | None:
        """When the covariance is infinite; None of a run that did not come near."""
        if self.status is not Status.BLOWN_UP:
            return None
        at = self.checkpoint
        method: Any = self.scheme.rebind(self.law, self.segments[-1].form, self.settings["rtol"], 0.0)
        return float(at["t"] + method.left(at["t"], at["y"]))

    def to_xarray(self) -> Any:
        """mean(t, i), covariance(t, i, j), entropy(t), all that the law tells over t."""
        data = {
            "mean": (("t", "i"), self.mean),
            "covariance": (("t", "i", "j"), self.covariance),
            "entropy": ("t", self.entropy),
        }
        data |= dataset.quantities(self, {*data, "t", "i", "j"})
        return dataset.made(self, data, {"t": self.t}, {})

    @property
    def title(self) -> str:
        """The parameters, for a figure."""
        return f"{self.law}, d = {self.mean.shape[-1]}"

    def plot(self, ax: Any = None, *, t: Any = None, **options: Any) -> Any:
        """Standard deviations along the principal axes over time, and the mean's length.

        With t the Gaussian at this time of the run, or at several: curves of d = 1, else ellipses in the first two
        components.

        Options: title, color, label; with t cmap.
        """
        if t is None:
            s = np.sqrt(np.maximum(np.linalg.eigvalsh(self.covariance), 0.0))
            size = np.linalg.norm(self.mean, axis=-1)
            return drawn(ellipses.widths, self.t, s, size, ax, **{"title": self.title, **options})
        times = np.atleast_1d(inputs.array("t", t)).tolist()
        found: list[Any] = [self(one) for one in times]
        given = np.stack([mu.mean for mu in found]), np.stack([mu.covariance for mu in found])
        look = {"title": self.title, "labels": [f"t = {one:.4g}" for one in times], **options}
        return drawn(ellipses.several, *given, ax, **look)

    # --- what it has not ----------------------------------------------------------------------------------

    @property
    def finest(self) -> Any:
        """A density's space: a Gaussian has none."""
        raise TypeError(f"space: {NO_SPACE}")

    @property
    def coefficients(self) -> Array:
        """A density's."""
        raise TypeError(f"coefficients: {NO_SPACE}")

    @property
    def values(self) -> Array:
        """A density's, on its space's nodes."""
        raise TypeError(f"values: {NO_SPACE}")

    @property
    def minimum(self) -> Array:
        """A density's, at its space's nodes."""
        raise TypeError(f"minimum: {NO_SPACE}")

    def plot_spectrum(self, times: Any = None, ax: Any = None, **options: Any) -> Any:
        """A density's."""
        raise TypeError(f"plot_spectrum: {NO_SPACE}")
