"""The second measure: weighted points, answered by sums.

A density as its quadrature points (`Points(rho.x, weights=rho.weights)`) gives every law a slow oracle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

import numpy as np

from meanfield.geometry import ANGLES, FLAT, ROWS, given, to_angles
from meanfield.kernels import Exponential, energy
from meanfield.kernels.balancing import by_pairs
from meanfield.kernels.heating import Heating, heated
from meanfield.measures import mixture
from meanfield.measures.asked import SPACES, asked
from meanfield.plot.pictured import PicturedPoints
from meanfield.protocols import Array, Geometry, Kernel, Law, Measure, Reading
from meanfield.sums.choose import BANDED, FIELDS, choose
from meanfield.sums.direct import direct
from meanfield.sums.edges import graph
from meanfield.sums.sight import Past
from meanfield.tools import inputs
from meanfield.tools.shown import ShownMeasure


@dataclass(frozen=True, eq=False, init=False)
class Points(PicturedPoints, ShownMeasure, Measure):
    """Weighted points as a measure, checked.

    Parameters
    ----------
    x : array
        Unit rows (..., n, d); or angles in radians: a one-dimensional array, or any with ``angles=True``.
    weights : array (..., n), optional
        Masses, normalised to sum 1; 1/n if not given.
    angles : bool
        Read x as angles.
    geometry : {"sphere", "flat"} or Geometry
        Where they live: "sphere", or "flat" for rows (..., n, d) of R^d, of any length, as laws of R^d move them.
    field : {"auto", "direct", "differences", "harmonic", "cells", "compiled"}
        Which sum answers: "direct" all pairs; "differences" the same by sin(theta_j - theta_i), on the circle among
        the points themselves, which keeps the digits of small pulls; "harmonic" the kernel's bandwidth of harmonics
        (the circle and S^2; running sums, where each sees its past); "cells" (the circle) and "compiled" (all pairs)
        the same, compiled by numba (the extra ``fast``).  "auto" takes the fastest for their number among those that
        are there, and differences of a few angles.

    Attributes
    ----------
    points : ndarray
        Positions: angles (..., n), or rows (..., n, d).
    weights : ndarray (..., n)
        Masses, of sum 1 along the last axis.
    geometry : Geometry
        Where they live: `geometry.ANGLES`, `ROWS` or `FLAT`, or one's own.
    field : {"auto", "direct", "differences", "harmonic", "cells", "compiled"}
        Which sum answers.
    sight : Sight, optional
        Who sees whom (see `sums.sight`); None: everybody all.
    unit : float, optional
        The mass of one token (see `token`); None: 1/n.
    counted : ndarray (..., n), optional
        With a sight, the masses by which a mean over what is seen divides.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> float(mf.Points([0.0, 1.0], weights=[3.0, 1.0]).weights[0])
    0.75
    """

    points: Array
    weights: Array
    geometry: Geometry = ROWS
    field: str = "auto"
    sight: Any = None
    unit: float | None = None
    counted: Array | None = None

    def __init__(
        self, x: Any, weights: Any = None, *, angles: bool = False, geometry: str | Geometry = "sphere",
        field: str = "auto",
    ) -> None:  # fmt: skip
        place, points = given("x", x, angles=angles, geometry=geometry)
        shape = place.shape(points)
        w = np.full(shape, 1.0 / shape[-1]) if weights is None else inputs.weights("weights", weights, shape)
        self._hold(points, w, place, inputs.choice("field", field, FIELDS))

    @classmethod
    def trusted(
        cls, points: Array, weights: Array, geometry: Geometry, field: str = "auto", **more: Any
    ) -> Self:
        """The same by its attributes, unchecked: what a method makes at every stage."""
        made = cls.__new__(cls)
        made._hold(points, weights, geometry, field, **more)
        return made

    def _hold(self, points: Array, weights: Array, geometry: Geometry, field: str, **more: Any) -> None:
        vars(self).update(points=points, weights=weights, geometry=geometry, field=field, **more)

    def changed(self, **new: Any) -> Self:
        """The same points but for some attributes; rows asked at are told by being these, and stay."""
        made = type(self).__new__(type(self))
        vars(made).update({f.name: getattr(self, f.name) for f in fields(self)} | new)
        if "points" not in new:
            vars(made)["x"] = self.x
        return made

    def __repr__(self) -> str:
        lead = self.weights.shape[:-1]
        many = f", replicas {lead}" if lead else ""
        low, high = self.weights.min(), self.weights.max()
        masses = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        return f"<Points n = {self.n}, d = {self.d}{many}, masses {masses}>"

    @property
    def positions(self) -> Array:
        """(..., n) or (..., n, d): `points`, as every measure calls its positions in its geometry."""
        return self.points

    @property
    def angles(self) -> bool:
        """True if `points` holds angles."""
        return self.geometry == ANGLES

    @property
    def d(self) -> int:
        """Ambient dimension."""
        return self.geometry.d(self.points)

    @cached_property
    def x(self) -> Array:
        """(..., n, d) rows."""
        return self.geometry.rows(self.points)

    @cached_property
    def theta(self) -> Array:
        """(..., n) angles (d = 2 only)."""
        return self.geometry.angles(self.points)

    @property
    def n(self) -> int:
        """Number of points."""
        return self.geometry.shape(self.points)[-1]

    @property
    def mass(self) -> Array:
        """int d mu."""
        return self.weights.sum(axis=-1)

    @property
    def mean(self) -> Array:
        """int x d mu, (..., d)."""
        self.unmasked("mean")
        return np.einsum("...n,...nd->...d", self.weights, self.x)

    @property
    def second_moment(self) -> Array:
        """int x x^T d mu, (..., d, d)."""
        self.unmasked("second_moment")
        return np.einsum("...n,...ni,...nj->...ij", self.weights, self.x, self.x)

    def second(self) -> Array:
        """(..., 1, d, d) int x x^T d mu; under a mask (..., n, d, d), of what each point sees."""
        if self.sight is None:
            return self.second_moment[..., None, :, :]
        one, x = Exponential(0.0), self.x
        parts = (self.reweighed(x[..., k]).read(one, x, "M") for k in range(self.d))
        return np.stack([r.M * np.exp(r.log) for r in parts], axis=-2)

    def shares(self, rows: slice = slice(None)) -> Array:
        """(..., n, n) log of what i counts j for: log w_j; by a mask and log A_ij, less log of what i sees."""
        i, every = (slice(*one.indices(self.n)) for one in (rows, slice(None)))
        with np.errstate(divide="ignore"):
            if self.sight is None:
                shape = (*self.weights.shape[:-1], i.stop - i.start, self.n)
                return np.broadcast_to(np.log(self.weights)[..., None, :], shape) + 0.0
            own, seen = np.log(self.weights / self.unit_seen())[..., None, :], np.log(self.seen())[..., i, None]
        bias = self.sight.bias(i, every)
        return np.asarray(own - seen if bias is None else own + bias - seen)

    def scores(self, kernel: Kernel) -> Array:
        """(..., n, n) s(x_i, x_j) of the points among themselves."""
        return kernel.log(self.x, self.x)

    def moments(self, degree: int) -> Array:
        """c_k = int e^{-ik theta} d mu, k = 0..degree, on the circle; complex (l, m) of `Sphere` on S^2."""
        self.unmasked("moments")
        told = self.geometry.moments(self.points, self.weights, degree)
        if told is not None:
            return told
        self.on_sphere("moments")
        if self.d not in SPACES:
            raise TypeError(f"moments: points have them for d in {sorted(SPACES)}, and these have d = {self.d}")
        weights = np.broadcast_to(self.weights, self.geometry.shape(self.points))
        return SPACES[self.d].project(self.coordinates, weights, inputs.degree("degree", degree))

    @cached_property
    def coordinates(self) -> Array:
        """Those of the space of the sphere's densities."""
        return self.geometry.chart(SPACES[self.d], self.points)

    def energy(self, law: Law, t: float | None = None) -> Any:
        """E of the law (at time t, if it changes with time), in its scale."""
        self.unmasked("energy")
        return energy.told(law, self, t)

    def excess(self, kernel: Any) -> tuple[Array, float]:
        """E less that of the uniform measure, as a number and a logarithm (see `protocols.Measure`)."""
        self.on_sphere("energy over the uniform measure's")
        self.unmasked("energy")
        if choose(self.field, kernel, self.geometry, self.d, self.n) in BANDED:
            K = kernel.bandwidth(self.d)
            return energy.by_degree(kernel, self.d, SPACES[self.d].spectrum(self.moments(K)))
        if isinstance(kernel, Heating):
            return heated(kernel, self, direct(kernel, self.x, self.x, self.weights, "Z"))
        beta = kernel.beta
        if not 0.0 < beta < 1.0:
            return energy.difference(kernel, self)
        rest: Any = energy.Beyond(beta)
        r = direct(rest, self.x, self.x, self.weights, "Z")
        beyond = np.sum(self.weights * (r.Z * np.exp(r.log))[..., 0], axis=-1)
        uniform = math.expm1(kernel.log_lambda0(self.d)) / beta
        return 0.5 * (np.sum(np.square(self.mean), axis=-1) + beyond - uniform), 0.0

    def balanced(self, kernel: Any) -> Any:
        """By e^s of all pairs, if these are few (see `protocols.Measure`); refused under a mask."""
        if self.sight is not None:
            raise TypeError(
                "law: doubly stochastic attention under a mask: its rows and columns cannot all sum to 1 where the "
                "first sees itself alone: take mf.SA(beta) under the mask, or mf.Sinkhorn(beta) without one"
            )
        return by_pairs(self, kernel) if self.field in ("auto", "direct") else None

    def on_sphere(self, what: str) -> None:
        """Refuse points of R^d where `what` is a question about directions."""
        self.geometry.on_sphere(what, self.points)

    def unmasked(self, what: str) -> None:
        """Refuse points that see one another by a mask where `what` is a question about the measure."""
        if self.sight is not None:
            raise TypeError(f"{what}: under a mask there is none, every point sees a measure of its own: ask without")

    @property
    def token(self) -> Any:
        """The mass of one token as `also` counts it: 1/n, as a part of what each point sees."""
        unit = 1.0 / self.n if self.unit is None else self.unit
        if self.sight is None:
            return unit
        with np.errstate(divide="ignore"):
            return np.asarray(unit / self.unit_seen() / self.seen())[..., None]

    def unit_seen(self) -> Any:
        """What masses are counted in under the sight."""
        return self.sight.unit(self.counted)

    def seen(self) -> Array:
        """(..., n) by what every point's sum is divided under the sight."""
        return np.asarray(self.sight.seen(self.counted / self.unit_seen()))

    def tangential(self, v: Array) -> Array:
        """Rows at the points as `read` answers there (see `protocols.Measure`)."""
        if self.geometry.manifold != "sphere":
            return v
        return self.geometry.project(self.points, v).reshape(*self.geometry.shape(self.points), -1)

    def some(self, where: Any) -> Points:
        """Several of several clouds (see `protocols.Measure`)."""
        cloud = (..., where, *[slice(None)] * (1 if self.angles else 2))
        return self.changed(points=self.points[cloud], weights=self.weights[..., where, :])

    def past(self) -> Points:
        """The same points, each of which sees those up to itself, as a mean."""
        return self._seeing(Past())

    def masked(self, A: Any, per_row: bool = True) -> Points:
        """The same points, of which i sees j with weight A[i, j] >= 0: a mean over what is seen, or a sum as it is.

        Parameters
        ----------
        A : array (n, n), scipy.sparse or Sight
            Weights of a graph; or a sight made once, such as ``meanfield.sums.edges.graph(A)``, taken as it is.
        per_row : bool
            Divide by what a point sees, sum_j weights_j A[i, j].
        """
        sight = graph(A, per_row)
        sight.fits(self.n)
        return self._seeing(sight)

    def _seeing(self, sight: Any) -> Points:
        if self.sight is not None:
            raise TypeError("the measure's points have a mask already: give one mask, the product of the two")
        return self.changed(sight=sight, counted=self.weights)

    def reweighed(self, g: Any) -> Points:
        """g mu: weights times g (..., n), of any sign, not normalised; under a mask, means divide by what they did."""
        g = inputs.factors("g", g, self.n, "point")
        return self.changed(weights=self.weights * g)

    def also(self, y: Any, a: Any, per_token: bool = True) -> mixture.Mixture:
        """mu + sum_j a_j delta_{y_j}: more points, which are seen and do not move.

        Parameters
        ----------
        y : array
            Unit rows (..., k, d), of any length in R^d; on the circle angles (k,) too.
        a : array (..., k) or number
            In units of one token's mass, 1/n, seen through every mask, and not normalised: the mean over the past,
            sum_{j <= i} e_j / i, becomes (sum_{j <= i} e_j + sum_j a_j e'_j) / i.
        per_token : bool
            False: a_j are masses, beside a total of 1, as they are on a density: so a law moves both alike.

        Examples
        --------
        >>> import meanfield as mf, numpy as np
        >>> mu = mf.Points([0.0, 1.0]).also([np.pi], 2.0)
        >>> mf.SA(1.0).velocity(0.0, None, mu).shape, mu.x.shape, float(mu.mass)
        ((2, 1), (3, 2), 2.0)
        """
        return mixture.also(self, y, a, per_token, self.geometry.manifold)

    def pushed(self, f: Any) -> Points:
        """The image of mu under a map f of rows (..., n, d), as rows; angles stay angles where it stays on the circle.

        What comes must be unit rows again, or vectors in R^d.
        """
        flat = self.geometry.manifold != "sphere"
        points = inputs.array("f(x)", f(self.x)) if flat else inputs.rows("f(x)", f(self.x))
        if points.shape[:-1] != self.x.shape[:-1]:
            raise ValueError(f"f: it made rows of shape {points.shape} of {self.x.shape}, wanted one for each")
        if self.angles and points.shape[-1] == 2:
            return self.changed(points=to_angles(points))
        return self.changed(points=points, geometry=FLAT if flat else ROWS)

    def placed(self, rows: Array) -> Points:
        """The same masses, seen as they are, at other rows (..., n, k) of R^k: unchecked, asked at every stage."""
        return self.changed(points=rows, geometry=FLAT)

    def marginal(self, k: int, place: Geometry) -> Points:
        """The same masses at the first k components of their rows: unchecked, asked at every stage."""
        return self.changed(points=self.x[..., :k], geometry=place)

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """Answer a law (see `protocols.Measure`); angles asked about themselves answer in tangent components."""
        return asked(self, kernel, x, want, V)
