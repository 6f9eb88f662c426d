"""Spaces on which densities live."""

from meanfield.spaces.circle import Circle
from meanfield.spaces.zonal import ZonalSphere

__all__ = ["Circle", "ZonalSphere"]
