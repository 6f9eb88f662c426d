"""Spaces on which densities live."""

from meanfield.spaces.circle import Circle

__all__ = ["Circle"]
