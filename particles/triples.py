"""Whether matrices Q, K, V are a good triple: what Theorems 4.2 and 5.2 of B ask of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import null_space

from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations
from particles.limits import scores


class Triple(NamedTuple):
    """What `good_triple` finds, every condition by itself.

    Attributes
    ----------
    good : bool
        Definition 4.1: `dominant` and `positive`.
    dominant : bool
        The eigenvalue of V of largest modulus is real, positive and simple.
    positive : bool
        <Q phi, K phi> > 0 of its eigenvector; False where the eigenvalue is not simple and real.
    multiple : bool
        Definition 5.1: `definite` and `paranormal`.
    definite : bool
        <Q x, K x> > 0 for every x other than 0.
    paranormal : bool
        The eigenvalue of largest modulus is real, positive, and V is that number on an invariant space F; those of the
        complement are smaller in modulus.
    value : complex
        The eigenvalue of largest modulus; of a pair that with the larger real part and imaginary part >= 0.
    gap : float
        1 less the next modulus, of the others, over its own; 0 where several share it.
    multiplicity : int
        How many eigenvalues of V are it.
    score : float
        <Q phi, K phi> with |phi| = 1; nan where there is no phi.
    phi : ndarray (d,) or None
        The unit eigenvector of a simple real eigenvalue, its largest component positive.
    psi : ndarray (d,) or None
        The left one with <psi, phi> = 1: the hyperplanes of Theorem 4.2 are psi = const.

    Examples
    --------
    >>> t = pt.good_triple(np.eye(2), np.eye(2), np.diag([1.0, -0.5]))
    >>> t.good, t.gap, t.phi.tolist()
    (True, 0.5, [1.0, 0.0])
    """

    good: bool
    dominant: bool
    positive: bool
    multiple: bool
    definite: bool
    paranormal: bool
    value: complex
    gap: float
    multiplicity: int
    score: float
    phi: Array | None
    psi: Array | None

    def __repr__(self) -> str:
        return line(self)


@equations("B Def 4.1")
def good_triple(Q: Any, K: Any, V: Any, tol: float = 1e-6) -> Triple:
    """Which conditions of B's Definitions 4.1 (simple leading eigenvalue) and 5.1 (multiple) matrices meet.

    Of a good triple the rescaled tokens (3.1) gather at up to three parallel hyperplanes psi = a, 0, b (Theorem 4.2),
    of one with multiplicity at (bd K u {0}) x G (Theorem 5.2).  Largest is meant in modulus, as B prints it: largest
    real part, as others quote it, is another condition.

    Parameters
    ----------
    Q, K : array (m, d) or None
        None: the identity.
    V : array (d, d)
        Real.
    tol : float
        Moduli that differ by less, relatively, are one: an eigenvalue of a Jordan block is not known better.

    Returns
    -------
    Triple

    Raises
    ------
    ValueError, TypeError
        For matrices that are complex, not finite, not square (V), or do not fit each other.

    Examples
    --------
    >>> pt.good_triple(None, None, np.diag([1.0, 1.0, -0.5])).multiple
    True
    >>> pt.good_triple(None, None, [[0.0, -1.0], [1.0, 0.0]]).dominant
    False
    """
    V = inputs.array("V", V, ndim=2)
    if V.shape[0] != V.shape[1]:
        raise ValueError(f"V: got shape {V.shape}, wanted a square matrix (d, d)")
    tol = inputs.number("tol", tol, low=0.0, high=1.0)
    d = len(V)
    B = scores(Q, K, d)
    w = np.linalg.eigvals(V).astype(complex)
    size = np.abs(w)
    most = float(size.max())
    same = size >= most * (1.0 - tol)
    value = complex(max(w[same], key=lambda one: (one.real, one.imag)))
    multiplicity = int(np.sum(np.abs(w - value) <= tol * most))
    alone = bool(same.sum() == multiplicity)
    leads = alone and abs(value.imag) <= tol * most and value.real > 0.0
    gap = float(1.0 - size[~same].max() / most) if alone and not same.all() and most else float(alone and most > 0.0)
    phi, psi = _vectors(V, w, value) if multiplicity == 1 and value.imag == 0.0 else (None, None)
    score = float("nan") if phi is None else float(phi @ B @ phi)
    dominant = leads and multiplicity == 1
    positive = phi is not None and score > 0.0
    definite = bool(np.linalg.eigvalsh(0.5 * (B + B.T)).min() > 0.0)
    kernel = null_space(V - value.real * np.eye(d), rcond=tol).shape[1] if leads else 0
    paranormal = leads and kernel == multiplicity
    return Triple(
        dominant and positive, dominant, positive, definite and paranormal, definite, paranormal, value, gap,
        multiplicity, score, phi, psi,
    )  # fmt: skip


def _vectors(V: Array, w: Array, value: complex) -> tuple[Array, Array]:
    """Right and left eigenvectors of a real simple eigenvalue."""
    values, right = np.linalg.eig(V)
    phi = np.real(right[:, np.argmin(np.abs(values - value))])
    values, left = np.linalg.eig(V.T)
    psi = np.real(left[:, np.argmin(np.abs(values - value))])
    phi = phi * np.sign(phi[np.abs(phi).argmax()]) / np.linalg.norm(phi)
    return phi, psi / (psi @ phi)
