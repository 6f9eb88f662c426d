"""Spaces on which densities live."""

from meanfield.spaces.circle import Circle
from meanfield.spaces.sphere import Sphere
from meanfield.spaces.zonal import ZonalSphere

__all__ = ["Circle", "Sphere", "ZonalSphere"]
