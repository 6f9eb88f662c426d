"""Order parameters of any measure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.clustering.found import GAP, clusters, is_density, member, positions
from meanfield.geometry import vanishing
from meanfield.protocols import Array
from meanfield.spaces import fourier
from meanfield.tools import inputs
from meanfield.tools.shown import Shown


@dataclass(frozen=True)
class Order(Shown):
    """Order parameters of one measure.

    Attributes
    ----------
    resultant : float
        |int x d mu|: on a sphere 0 for the uniform measure, 1 for a Dirac.
    alignment : float
        Mean of <x, x'> over independent x, x': the resultant squared.
    harmonics : ndarray (degree + 1,) or None
        |c_k| = |int e^{-ik theta} d mu| on the circle, k = 0..degree: 1 for k-fold stars at multiples of k.
    clustered : float
        Mass within `gap` of its cluster's centre.
    phase : float or None
        On the circle psi in (-pi, pi], int e^{i theta} d mu = resultant e^{i psi}; NaN where that is zero to rounding.
    """

    resultant: float
    alignment: float
    harmonics: Array | None
    clustered: float
    phase: float | None = None


def order_parameters(mu: Any, degree: int = 8, gap: float = GAP, *, replica: Any = None, **tolerances: Any) -> Order:
    """|int x d mu|, mean <x, x'>, |c_k| for k = 0..degree on the circle, and the mass in clusters.

    Parameters
    ----------
    mu, gap, replica, **tolerances
        As for `clusters`.
    degree : int
        Highest k.

    Raises
    ------
    ValueError, TypeError
        As for `clusters`.

    Examples
    --------
    >>> round(mf.order_parameters(mf.Points([0.0, np.pi])).resultant, 12)
    0.0
    """
    degree = inputs.degree("degree", degree)
    found = clusters(mu, gap, replica=replica, **tolerances)
    harmonics = None
    if is_density(mu):
        mu = member(mu, replica)
        mean = np.asarray(mu.mean) / mu.mass
        harmonics = np.abs(mu.moments(degree)) / mu.mass if mu.line is not None and mu.line.turn else None
    else:
        place, q, w = positions(mu, replica)
        harmonics = np.abs(fourier.moments(q, w, degree)) if place.turn else None
        mean = place.resultant(q, w)
    resultant = float(np.linalg.norm(mean))
    phase = None
    if harmonics is not None:
        phase = math.nan if vanishing(np.asarray(resultant), 1.0, found.members.size) else math.atan2(mean[1], mean[0])
    return Order(resultant, resultant**2, harmonics, found.clustered, phase)
