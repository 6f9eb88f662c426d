"""The run of densities by depth: the record's face with the axes (t, s, x)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from meanfield.laws.base import steady_noise
from meanfield.plot import curves, scales
from meanfield.plot.depths import ACROSS, PICTURES
from meanfield.plot.options import drawn
from meanfield.plot.pictured import SEVERAL, picture
from meanfield.protocols import Array
from meanfield.runs import dataset
from meanfield.runs.faces import face
from meanfield.runs.rates import batches
from meanfield.runs.solution import Solution
from meanfield.spaces.coefficients import by_degree
from meanfield.spaces.density import Density
from meanfield.spaces.family import Family
from meanfield.tools import inputs

TOLD = ("energy", "excess")
"""What a law tells of every nu_s; none of these has a rate of its own: nu_s is moved by what its tokens see."""


@face("family")
class FamilySolution(Solution):
    """The run of a family, as `solve` returns it of ``mf.family(f)``: axes (t, s, x).

    Attributes
    ----------
    t, s : ndarray (T,), (S,)
        Saved times; depths at which the densities are held.
    coefficients, values : ndarray (T, S, M), (T, S, N)
        Of mu_s, on the finest space.
    mass, entropy, mean, covariance, minimum : ndarray (T, S, ...)
        Of mu_s.
    energy : ndarray (T, S)
        E of nu_s = (1/s) int_0^s mu_r dr, what tokens at depth s see; the last is that of all tokens.
    measures : tuple of Family
        ``sol(t)`` is that of any time of the run, ``sol(t)(s)`` a Density.

    Examples
    --------
    >>> mu = mf.family(lambda s: mf.poisson_kernel(mf.Circle(128), [0.1 + 0.4 * s, 0.0]))
    >>> sol = mf.solve(mf.Causal(mf.SA(1.0)), mu, (0.0, 0.2))
    >>> sol.values.shape, bool(np.all(np.diff(sol.energy[:, -1]) > 0.0))
    ((101, 16, 128), True)
    """

    @property
    def s(self) -> Array:
        """(S,) depths at which the densities are held, both ends among them."""
        nodes: Array = self.measures[0].nodes
        return nodes

    @property
    def lead(self) -> tuple[int, ...]:
        """None: a family is one run."""
        return ()

    def replica(self, index: Any) -> Solution:
        """A family is one run."""
        raise ValueError(f"index: got {inputs.describe(index)}, but this is one run: for a depth ask sol(t)(s)")

    @cached_property
    def last(self) -> Array:
        """(T,) the largest of the last Chebyshev coefficients in s: how well the nodes in s resolve the family."""
        return np.array([mu.last for mu in self.measures])

    @cached_property
    def _quantities(self) -> dict[str, Array]:
        parts: dict[str, list[Array]] = {}
        if self.silent:
            return {}
        for form, t, states in batches(self):
            for name, value in self.tells(t, form.measure(states)).items():
                parts.setdefault(name, []).append(value)
        return {name: np.concatenate(values) for name, values in parts.items()}

    def tells(self, t: float, held: Any) -> dict[str, Any]:
        """What the law without its mask tells of nu_s, for every node in s (leading axes: several times)."""
        past = held.past
        one = Density(past.space, past.coefficients.reshape(-1, past.coefficients.shape[-1]), past.doubt)
        told = self.law.unordered.quantities(t, one.summed)
        return {name: np.reshape(told[name], past.coefficients.shape[:-1]) for name in TOLD if name in told}

    @property
    def noisy(self) -> bool:
        """True if the law has noise."""
        return bool(np.any(np.asarray(steady_noise(self.law, self.finest.d)) != 0.0))

    def __call__(self, t: float) -> Family:  # type: ignore[override]
        """The densities of all depths at any time of the run; ``sol(t)(s)`` is a Density."""
        mu: Any = super().__call__(t)
        return mu

    def to_xarray(self) -> Any:
        """rho(t, s, x) over the space's axes, coefficients(t, s, k), mass, entropy and energies over t and s."""
        space = self.finest
        axes = space.axes
        shape = tuple(len(axis) for axis in axes.values())
        data = {
            "rho": (("t", "s", *axes), self.values.reshape(len(self.t), len(self.s), *shape)),
            "coefficients": (("t", "s", "k"), self.coefficients),
            "mass": (("t", "s"), self.mass),
            "entropy": (("t", "s"), self.entropy),
        }
        coords = {"t": self.t, "s": self.s, **axes, "degree": ("k", space.degrees)}
        data |= dataset.quantities(self, {*data, *coords, "k"}, ("s",))
        ds = dataset.made(self, data, coords, space.units)
        ds.attrs["space"] = dataset.words(space)
        ds["rho"].attrs.update(long_name="density with respect to the uniform probability measure, by depth s")
        return ds

    # --- pictures -----------------------------------------------------------------------------------------

    def plot(self, ax: Any = None, *, t: Any = None, s: Any = None, **options: Any) -> Any:
        """mu_s as colours, depth across and the place up, at the time t (the last); on S^2 six maps.

        With s the density of this depth over time, as `Solution.plot` draws one; with s and t that density.

        Options: title, log (colours), cmap; of zonal densities as_law, by_angle, d; on S^2 centre.
        """
        space = self.finest
        at = float(self.t[-1]) if t is None else inputs.number("t", t)
        told = f"t = {scales.clocks(at)[0]}"
        if s is None:
            values = self(at)(ACROSS).on(space)
            look = {"title": f"{self.title}, {told}", **options}
            return drawn(picture(space, PICTURES), ACROSS, space.nodes, values, ax, **look)
        depth = self._depth(s)
        if t is None:
            values = np.stack([mu(depth).on(space) for mu in self.measures])
            look = {"title": f"{self.title}, s = {depth:.4g}", **options}
            return drawn(picture(space).heat, self.t, space.nodes, values, ax, **look)
        look = {"title": f"{self.title}, s = {depth:.4g}, {told}", **options}
        return drawn(picture(space).single, space.nodes, self(at)(depth).on(space), ax, **look)

    def plot_profiles(self, times: Any = None, ax: Any = None, *, s: float = 1.0, **options: Any) -> Any:
        """The density of depth s at several times (six by default) as lines; options as of `Solution.plot_profiles`."""
        space, depth = self.finest, self._depth(s)
        asked = self._asked(times, 6)
        values = [self(one)(depth).on(space) for one in asked]
        labels = [f"t = {clock}" for clock in scales.clocks(asked)]
        look = {"title": f"{self.title}, s = {depth:.4g}", **options}
        return drawn(picture(space, SEVERAL), space.nodes, values, labels, ax, **look)

    def plot_energy(self, axes: Any = None, **options: Any) -> Any:
        """E of all tokens, nu_1, over time, and how fast it changes; options as of `Solution.plot_energy`."""
        look = {"title": self.title, "ylabel": "energy of all tokens", **options}
        return drawn(curves.energy, self.t, self.energy[:, -1], None, axes, **look)

    def plot_spectrum(self, times: Any = None, ax: Any = None, *, s: float = 1.0, **options: Any) -> Any:
        """|c_k| of depth s at several times (four by default); options title, cmap, color, label, symbol."""
        asked, depth = self._asked(times, 4), self._depth(s)
        rhos = [self(one)(depth) for one in asked]
        labels = [f"t = {clock}" for clock in scales.clocks(asked)]
        sizes = [by_degree(rho.space, rho.coefficients) for rho in rhos]
        look = {"title": f"{self.title}, s = {depth:.4g}", **options}
        return drawn(curves.spectrum, [np.arange(len(c)) for c in sizes], sizes, labels, None, ax, **look)

    def animate(
        self, path: Any, *, frames: int = 60, fps: int = 15, overwrite: bool = False, replica: Any = None
    ) -> Any:
        """A family has a picture of every time, or of every depth: none that moves."""
        raise TypeError("animate: a family has none: draw sol.plot(t=0.5) at several times, or sol.plot(s=0.5)")

    def _depth(self, s: Any) -> float:
        return inputs.number("s", s, low=0.0, high=1.0)
