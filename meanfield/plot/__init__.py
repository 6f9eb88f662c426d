"""Pictures: arrays in, axes out.

These rooms know no class of ours; laws, densities and records call them with plain arrays.  matplotlib is
imported inside the functions, so that importing the package stays quick and works without it.  The user's
`rcParams` are never changed, but honoured (`style`), and nothing is ever shown: a figure made here is an ordinary
pyplot figure, which a notebook displays and a script saves.

Every picture takes `ax=None` (or `axes=None`, if it is made of several) and returns what it drew on.
"""

from meanfield.plot import (
    animate,
    arrays,
    arrows,
    branches,
    circle,
    curves,
    globe,
    grids,
    line,
    matrices,
    mollweide,
    orthographic,
    points,
    polytopes,
    scales,
    sheets,
    slopes,
    style,
    tree,
    vectors,
    zonal,
)

__all__ = [
    "animate", "arrays", "arrows", "branches", "circle", "curves", "globe", "grids", "line", "matrices", "mollweide",
    "orthographic", "points", "polytopes", "scales", "sheets", "slopes", "style", "tree", "vectors", "zonal",
]  # fmt: skip
