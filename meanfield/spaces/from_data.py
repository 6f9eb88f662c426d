"""The doors by which a density is made of data: points, histograms, maps."""

from __future__ import annotations

from typing import Any

from meanfield.protocols import Array
from meanfield.spaces import from_cells, from_points
from meanfield.spaces.density import Density
from meanfield.tools import inputs


class FromData:
    """What a space with `density`, `project` and `averages` makes of data."""

    def density_from(
        self: Any, points: Any, weights: Any = None, bandwidth: float | None = None, degree: int | None = None
    ) -> Density:
        """The density of points: a kernel estimate, or a projection.

        By `bandwidth` = h every point is spread by the heat kernel of the sphere at time h^2 / 2,

            c_k = e^{-h^2 k (k + d - 2) / 2} sum_j w_j conj(Y_k(x_j)),

        a Gaussian of standard deviation h in every direction (wrapped, on the circle): positive, with mass 1.  By
        `degree` the coefficients sum_j w_j conj(Y_k(x_j)) are kept as they are to this degree, and no others: unbiased,
        but nothing keeps such a projection positive, and one that is negative is refused.

        Parameters
        ----------
        points : array or Points
            Angles (n,) in radians on the circle; angles (n,) to the axis in [0, pi] on a `ZonalSphere`; unit rows
            (n, d) on every space (around an axis their angles to it are what counts).  Or a measure of points, with its
            weights.
        weights : array (n,), optional
            >= 0; divided by their sum.
        bandwidth : float, optional
            h > 0 in radians.
        degree : int, optional
            Highest degree kept.  With neither, bandwidth follows from the normal reference rule,
            h = s (4 / ((m + 2) n))^{1 / (m + 4)} with m = d - 1, m s^2 / 2 = 1 - |int x d mu| and n = 1 / sum w_j^2:
            right for one bump, too wide for several.

        Raises
        ------
        ValueError, TypeError
            For what was given; for a bandwidth narrower than the space resolves (saying which space would, and which
            bandwidth does); for a degree that has more coefficients than there are points, or whose projection is
            negative.

        Examples
        --------
        >>> circle = mf.Circle(64)
        >>> theta = mf.von_mises_fisher(circle, 0.0, 2.0).sample(1000, rng=0)
        >>> rho = circle.density_from(theta, bandwidth=0.4)
        >>> bool(rho(0.0) > 3.0 * rho(np.pi)), round(float(rho.mass), 12)
        (True, 1.0)
        """
        return from_points.estimated(self, points, weights, bandwidth, degree)

    def density_from_cells(self: Any, values: Any, edges: Any) -> Density:
        """The density of a histogram, smooth and positive; every cell has the mass that it has there.

        The logarithm is a series that is least in a norm growing with the degree (`spaces.from_cells`).

        Parameters
        ----------
        values : array (n,)
            Means of the density over the cells, > 0; a common factor does not count.  Counts are such means where cells
            are equal; otherwise divide them, ``counts / space.cell_areas(edges)``: whole numbers over unequal cells are
            refused.
        edges : array (n + 1,)
            Radians, increasing: once round the circle, from any angle; from 0 to pi, the angles to the axis, on a
            `ZonalSphere`.

        Raises
        ------
        ValueError
            For what was given; for empty cells, which a smooth density does not have; for means that vary too much from
            cell to cell; and where the space is too coarse for the density, saying how fine it must be.
        TypeError
            On S^2, where `density_from_map` takes a grid.

        Examples
        --------
        >>> counts = [40, 10, 2, 1, 3, 12]
        >>> rho = mf.Circle(128).density_from_cells(counts, np.linspace(0.0, 2.0 * np.pi, 7))
        >>> theta = np.linspace(0.0, np.pi / 3.0, 1001)
        >>> round(float(np.trapezoid(rho(theta), theta) / (2.0 * np.pi)) * 68.0, 3)  # of the first cell
        40.0
        """
        return self.density(from_cells.smooth(self, values, edges))

    def cell_areas(self: Any, edges: Any) -> Array:
        """sigma of every cell, (n,) of sum 1: what counts are divided by to be a density's values.

        Parameters
        ----------
        edges : array (n + 1,)
            As for `density_from_cells`.

        Raises
        ------
        ValueError, TypeError
            For edges that are not increasing, or do not cover the circle or [0, pi].

        Examples
        --------
        >>> mf.ZonalSphere(3, 8).cell_areas([0.0, np.pi / 3.0, np.pi]).round(12).tolist()
        [0.25, 0.75]
        """
        return from_cells.areas(self, from_cells.checked_edges(self, edges))

    def density_from_map(self: Any, values: Any, lat: Any, lon: Any) -> Density:
        """The density of a map on an equal-angle grid of S^2.

        The coefficients are those of the series that takes the map's values at its points (exact quadrature in both
        angles, by ducc0): of a map of n latitudes and 2n longitudes to degree n - 1, or n - 2 with the poles.

        Parameters
        ----------
        values : array (n, m)
            The density at latitude lat[i] and longitude lon[j]; a common factor does not count.
        lat : array (n,)
            Degrees north of the equator, in equal steps, either way: cell-centred, 90 - 90/n to -90 + 90/n, or with
            both poles, 90 to -90, whose rows hold one value each.
        lon : array (m,)
            Degrees east, in equal steps of 360/m, from any meridian; not both ends of the circle.

        Raises
        ------
        ValueError
            For what was given: another grid, negative values, a map that no series tells (a jump, noise), a space that
            holds fewer degrees than it has.
        TypeError
            On other spaces than `Sphere`.

        Examples
        --------
        >>> lat, lon = 85.0 - 10.0 * np.arange(18), 10.0 * np.arange(36)
        >>> rho = mf.Sphere(17).density_from_map(1.0 + 0.5 * np.sin(np.radians(lat))[:, None] + 0.0 * lon, lat, lon)
        >>> round(float(rho([[0.0, 0.0, 1.0]])[0]), 12)
        1.5
        """
        raise TypeError(
            f"{inputs.describe(self)} holds no maps of latitude and longitude: values on S^2 are of mf.Sphere(lmax); "
            "here use density_from_cells"
        )
