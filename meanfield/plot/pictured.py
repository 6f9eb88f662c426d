"""What a measure is drawn by: it is asked for its arrays."""

from __future__ import annotations

from typing import Any

from meanfield.plot import circle, globe, points, zonal
from meanfield.plot.options import drawn

PICTURES: dict[str, Any] = {"circle": circle, "zonal": zonal, "globe": globe}
"""A space names its picture."""
SEVERAL = {"circle": circle.profiles, "zonal": zonal.profiles, "globe": globe.maps}
"""Several densities in one picture."""


def picture(space: Any, pictures: dict[str, Any] = PICTURES) -> Any:
    """The room of pictures that a space names, or a refusal."""
    if space.picture not in pictures:
        raise TypeError(
            f"plot: {space} has no picture of ours (picture = {space.picture!r}, and there are {sorted(pictures)}): "
            "draw its values over its nodes, ax.plot(sol.finest.nodes, sol(t).on(sol.finest))"
        )
    return pictures[space.picture]


class PicturedDensity:
    """A density that can be drawn."""

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """The density over its space: a line over the angle or the height, a map of S^2.

        Options: title, log; of lines color, label, cmap, of zonal ones also as_law, by_angle, d; of maps cmap, samples
        (unit rows of particles), centre (the longitude in the middle).
        """
        mu: Any = self
        look = {"title": str(mu.space), **options}
        return drawn(picture(mu.space).single, mu.space.nodes, mu.on(mu.space), ax, **look)


class PicturedPoints:
    """Weighted points that can be drawn."""

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """The points by their masses: on the circle, on a globe; of other dimensions their inner products.

        Options: title, color, label; of the circle stacked, mean; of the globe elevation, azimuth; of inner products
        bins, uniform, log.
        """
        mu: Any = self
        return points.cloud(mu.x, ax, **{"weights": mu.weights, "title": f"n = {mu.n}", **options})
