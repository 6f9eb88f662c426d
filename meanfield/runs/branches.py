"""The record of a branch of stationary densities: what was followed, what was located; saves, loads, plots."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.analysis.zeroflux import balance
from meanfield.plot import branches as picture
from meanfield.protocols import Array
from meanfield.runs.faces import face
from meanfield.special import ultraspherical
from meanfield.special.bessel import dimensions
from meanfield.tools import netcdf, settings
from meanfield.tools.shown import Shown

ARRAYS = (
    "parameter", "heights", "leading", "sector", "excess", "uniform", "folds", "fold_heights", "equal", "equal_heights",
    "branch_points", "branch_heights", "branch_sectors",
)  # fmt: skip
FINEST = 4
"""How much finer than the space a density is made, at most."""
SYMBOL = {"diffusion": r"$\kappa$", "beta": r"$\beta$"}


@face("branch")
@dataclass(frozen=True, eq=False)
class Branch(Shown):
    """A branch of zonal stationary densities, as `mf.branch` returns it.

    From the uniform density on; of a transcritical branch first the half with negative amplitude, from its far end to
    the uniform density.  On S^2 it is the axisymmetric branch.

    Attributes
    ----------
    law, space, mode, varied
        What was followed; `varied` is "diffusion" or "beta".
    kind : str
        "continuous", "discontinuous" or "transcritical": how it leaves the uniform density when the noise is varied.
    critical : float
        The parameter at which it does.
    parameter : ndarray (P,)
        Along the branch, in the law's own scale.
    heights : ndarray (P, K + 1)
        f_k = int P_k(<x, axis>) d rho; on the circle int cos k theta d rho.
    leading, sector : ndarray (P,)
        The largest real part of the linearised equation's spectrum without the rotation's zero, and the sector m that
        has it: 0 zonal (even), 1 what is odd, 2 and more what has m periods about the axis.
    excess : ndarray (P,)
        Free energy kappa Ent - sign E less that of the uniform density at the same parameter.
    uniform : ndarray (P,)
        The largest growth rate of the uniform density there.
    folds, fold_heights : ndarray
        Parameters at which it turns back, and the amplitudes there.
    equal, equal_heights : ndarray
        Parameters at which its free energy is that of the uniform density, and the amplitudes there.
    branch_points, branch_heights, branch_sectors : ndarray
        Parameters at which an eigenvalue of a sector passes zero and it does not turn back.
    base : ndarray (P,)
        Free energy of the uniform density.
    reason : str
        Why it was followed no further.
    """

    law: Any
    space: Any
    mode: int
    varied: str
    kind: str
    critical: float
    parameter: Array
    heights: Array
    leading: Array
    sector: Array
    excess: Array
    uniform: Array
    folds: Array
    fold_heights: Array
    equal: Array
    equal_heights: Array
    branch_points: Array
    branch_heights: Array
    branch_sectors: Array
    base: Array
    reason: str

    def __len__(self) -> int:
        return len(self.parameter)

    def __repr__(self) -> str:
        low, high = self.parameter.min(), self.parameter.max()
        return (
            f"<Branch of mode {self.mode} of {self.law} on {self.space}: {len(self)} points, {self.varied} {low:.6g} "
            f"to {high:.6g}, {self.kind} at {self.critical:.6g}, {len(self.folds)} folds>"
        )

    @property
    def amplitude(self) -> Array:
        """(P,) f_k of the branch's own mode."""
        return self.heights[:, self.mode]

    @property
    def free_energy(self) -> Array:
        """(P,) kappa Ent - sign E, in the law's scale."""
        return self.base + self.excess

    @property
    def stable(self) -> Array:
        """(P,) whether every small change dies out, but for rotations; not where an eigenvalue is zero."""
        return self.leading < 0.0

    @cached_property
    def densities(self) -> tuple[Any, ...]:
        """(P,) densities, their cluster at the axis (theta = 0 on the circle): on the space, or finer if it must be."""
        return tuple(self._density(i) for i in range(len(self)))

    def _density(self, i: int) -> Any:
        """e^{G(V) / kappa} / norm, with V of f_k: to rounding at any resolution."""
        space, value = self.space, float(self.parameter[i])
        d, f = space.d, self.heights[i]
        flux, kappa = balance(self.law, d)
        if self.varied == "diffusion":
            kappa = value
        else:
            flux = replace(flux, law=replace(flux.law, beta=value))
        a = flux.potential(len(f) - 1) * f * np.sqrt(dimensions(d, len(f) - 1))
        axis = space.direction if space.rows is None else np.eye(d)[0 if d == 2 else -1]

        def log(q: Any) -> Array:
            c = space.inner(axis, q)
            V = ultraspherical.values(d, len(a) - 1, c.ravel()) @ a
            return np.asarray(flux.responses(V)[0] / kappa).reshape(c.shape)

        most = float(log(space.nodes).max())
        while True:
            try:
                return space.density(lambda q: np.exp(log(q) - most))
            except ValueError:
                if space.size > FINEST * self.space.size:
                    raise
                space = space.resized(2 * space.size)

    @property
    def hysteresis(self) -> tuple[float, float] | None:
        """Between which parameters both the branch and the uniform density are stable; None if nowhere.

        A parameter that goes to and fro across them drives the state about a loop: along the uniform density to one
        end, up to the branch, along it to the other end, a fold, and back.
        """
        both = self.stable & (self.uniform < 0.0)
        if not both.any():
            return None
        ends = np.append(self.folds, self.critical)
        low, high = float(self.parameter[both].min()), float(self.parameter[both].max())
        return float(max(ends[ends <= low], default=low)), float(min(ends[ends >= high], default=high))

    def plot(self, ax: Any = None) -> Any:
        """The bifurcation diagram: amplitude over the parameter.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; None makes a figure.

        Returns
        -------
        Axes
        """
        marks = {
            "folds": (self.folds, self.fold_heights),
            "same free energy": (self.equal, self.equal_heights),
            "branch points": (self.branch_points, self.branch_heights),
        }
        return picture.diagram(
            self.parameter, self.amplitude, self.stable, marks, ax, uniform=self.uniform < 0.0, loop=self.hysteresis,
            xlabel=SYMBOL[self.varied], ylabel=rf"$f_{{{self.mode}}}$", title=f"{self.law} on {self.space}",
        )  # fmt: skip

    def save(self, path: Any, *, overwrite: bool = False) -> None:
        """Write it to a netCDF file, from which `mf.load` reads it back bit for bit.

        Parameters
        ----------
        path : str or path
            Where to.
        overwrite : bool
            Replace an existing file.

        Raises
        ------
        OSError, TypeError
            As for runs.
        """
        said = ("law", "space", "mode", "varied", "kind", "critical", "reason")
        text = settings.to_json({"package": "meanfield", **{name: getattr(self, name) for name in said}})
        arrays = {name: getattr(self, name) for name in (*ARRAYS, "base")}
        netcdf.write(path, arrays, text, kind="branch", overwrite=overwrite)

    @classmethod
    def restored(cls, arrays: dict[str, Array], said: dict[str, Any]) -> Branch:
        """The branch of a file's arrays and settings."""
        return cls(**{k: v for k, v in (said | arrays).items() if k != "package"})
