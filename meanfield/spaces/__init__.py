"""Spaces on which densities live."""

from meanfield.spaces.circle import Circle
from meanfield.spaces.line import Line
from meanfield.spaces.sphere import Sphere
from meanfield.spaces.zonal import ZonalSphere

__all__ = ["Circle", "Line", "Sphere", "ZonalSphere"]
