"""What every token descends while the others are held: energies of one token each (C, Lemma 5.3 and C.3)."""

from __future__ import annotations

from typing import Any, NamedTuple

from meanfield.geometry import given
from meanfield.measures.points import Points
from meanfield.protocols import Array, Law
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations


class Energies(NamedTuple):
    """Of every token.

    Attributes
    ----------
    E : ndarray (..., n)
        What token k descends: x_k' = -grad_k E_k / Z_k.
    Z : ndarray (..., n)
        What that is divided by.

    Examples
    --------
    >>> float(pt.energies(mf.Causal(mf.SA(1.0)), [0.0, 0.0]).Z[1])
    2.0
    """

    E: Array
    Z: Array

    def __repr__(self) -> str:
        return line(self)


@equations("C Lem 5.3")
def energies(law: Law, x: Any, t: float = 0.0, *, angles: bool = False) -> Energies:
    r"""E_k and Z_k of tokens that descend one after the other (C, Lemma 5.3 and section C.3).

        Z_k = sum_{j <= k} e^{beta (<x_k, x_j> - 1)} + sum_j a_j e^{beta (<x_k, y_j> - 1)},   E_k = -(Z_k - 1) / beta,

    so that x_k' = -grad_k E_k / Z_k under ``mf.Causal(mf.SA(beta))``, and beside frozen tokens y_j of weight a_j.  (C
    prints E_k without 1/beta, with which the identity is off by the factor beta.)  Without a mask the sum is over all
    tokens; of a graph, over those that are seen; the identity is the same.

    Parameters
    ----------
    law : Law
        SA on a sphere, without matrices and with beta > 0; or that under masks and beside frozen tokens.
    x : array
        Unit rows (..., n, d), or angles (n,).
    t : float
        When, if beta changes.
    angles : bool
        Read x as angles.

    Returns
    -------
    Energies

    Raises
    ------
    ValueError, TypeError
        For what was given, and for other laws.

    Examples
    --------
    >>> E, Z = pt.energies(mf.Causal(mf.SA(1.0)), [0.0, 0.0])
    >>> [abs(float(value)) for value in (*E, *Z)]
    [0.0, 1.0, 1.0, 2.0]
    """
    inputs.law(law)
    place, q = given("x", x, angles=angles)
    law.check_range(place.d(q), atoms=True)
    return Energies(*law.singly(inputs.number("t", t), Points(q, geometry=place)))
