"""How clusters of tokens on spheres pull at one another: the gradient of E and its derivative, of many states at once.

m clusters at rows x_a of S^{d-1} with masses w_a pull at each other with A_ab = w_b e^{beta (<x_a, x_b> - 1)}, a != b,
A_aa = 0: what a cluster does to itself has no part along the sphere, and is e^beta, beside which the rest would round
away.  USA's velocity n grad_i E of a token of cluster a is F_a^T sum_b A_ab x_b, in the units e^beta, F_a a basis of
the tangent space.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from meanfield import geometry
from meanfield.protocols import Array
from meanfield.tools.shown import line


def frames(x: Array) -> Array:
    """Orthonormal bases of the tangent spaces at unit rows, columns of (..., d, d - 1)."""
    return np.swapaxes(geometry.frames(x), -1, -2)


def moved(x: Array, step: Array) -> Array:
    """Unit rows at x + F step, step (..., m, d - 1)."""
    return geometry.retract(x + np.einsum("...akp,...ap->...ak", frames(x), step))


class Pulls(NamedTuple):
    """What clusters do to each other, in tangent coordinates: p and q number them, in units of e^beta.

    Attributes
    ----------
    A : ndarray (..., m, m)
        w_b e^{beta (<x_a, x_b> - 1)}, 0 on the diagonal.
    field : ndarray (..., m, d - 1)
        F_a^T sum_b A_ab x_b, which is n grad_i E of a token i of cluster a.
    slope : ndarray (..., m, d - 1, m, d - 1)
        Its derivative (clusters moved as wholes).
    cross : ndarray (..., m, m, d - 1)
        <x_a, F_b>.
    """

    A: Array
    field: Array
    slope: Array
    cross: Array


def pulls(x: Array, w: Array, beta: float) -> Pulls:
    """The pull on every cluster and its derivative, of rows x (..., m, d) with masses w (m,).

    With g = <x_a, x_b> the derivative is A_ab F_a^T (1 + beta x_b x_a^T) F_b beside the diagonal, and on it
    sum_b A_ab (beta F_a^T x_b x_b^T F_a - g): the covariant one, -g being the sphere's curvature.
    """
    m, d = x.shape[-2:]
    i = np.arange(m)
    G = x @ np.swapaxes(x, -1, -2)
    A = w * np.exp(beta * (G - 1.0))
    A[..., i, i] = 0.0
    F = frames(x)
    cross = np.einsum("...ak,...bkp->...abp", x, F)
    field = np.einsum("...ab,...bap->...ap", A, cross)
    slope = np.einsum("...akp,...bkq->...apbq", F, F) + beta * np.einsum("...bap,...abq->...apbq", cross, cross)
    slope *= A[..., :, None, :, None]
    own = beta * np.einsum("...ab,...bap,...baq->...apq", A, cross, cross)
    own -= (A * G).sum(axis=-1)[..., None, None] * np.eye(d - 1)
    slope[..., i, :, i, :] = np.moveaxis(own, -3, 0)
    return Pulls(A, field, slope, cross)


def among_others(x: Array, w: Array, beta: float) -> tuple[Array, Array]:
    """r_a = F_a^T sum_b A_ab x_b / c_a with c_a = sum_b A_ab, and its derivative: at most 1 at every beta.

    It vanishes where the pulls do, and says how far from balance each cluster is by its own measure.
    """
    p = pulls(x, w, beta)
    i = np.arange(len(w))
    c = p.A.sum(axis=-1)
    r = p.field / c[..., None]
    rise = beta * p.A[..., None] * p.cross  # of c_a, as b moves
    rise[..., i, i, :] = beta * p.field
    slope = p.slope - r[..., :, :, None, None] * rise[..., :, None, :, :]
    return r, slope / c[..., :, None, None, None]


def turns(x: Array) -> Array:
    """The rotations' velocities at rows (m, d), in tangent coordinates, as columns (m (d - 1), d (d - 1) / 2)."""
    d = x.shape[1]
    a, b = np.triu_indices(d, 1)
    v = np.zeros((len(a), *x.shape))
    k = np.arange(len(a))
    v[k, :, a], v[k, :, b] = x.T[b], -x.T[a]
    return np.asarray(np.einsum("akp,rak->apr", frames(x), v).reshape(-1, len(a)))


class Spectrum(NamedTuple):
    """Eigenvalues of n Hess E at a critical point, rotations left out, in one metric and in units of e^beta.

    Attributes
    ----------
    whole : ndarray
        Of clusters that move as wholes, ascending.
    apart : ndarray
        Of clusters that come apart, ascending.
    """

    whole: Array
    apart: Array

    def __repr__(self) -> str:
        return line(self)


def spectrum(x: Array, sizes: Array, beta: float, weighted: bool) -> Spectrum:
    """The Hessian's eigenvalues for tokens in clusters of these sizes at rows x (m, d), by its two parts.

    In the metric (1/n) sum_i w_i |v_i|^2, w_i = 1 or (weighted) Z_i, and orthonormal in it, n Hess E keeps apart what
    moves clusters as wholes and what leaves their means: the second has on every cluster of k tokens, k - 1 times, the
    d - 1 eigenvalues of its diagonal block less k / n (in e^beta).  Formed of all tokens at once, the first would be
    lost beside e^beta.
    """
    d, w = x.shape[1], sizes / sizes.sum()
    p = pulls(x, w, beta)
    Z = p.A.sum(axis=-1) + w if weighted else np.ones(len(w))
    whole = np.linalg.eigvalsh(_hessian(x, w, p, Z)[1])
    apart = [
        np.repeat(np.linalg.eigvalsh(p.slope[a, :, a, :] - w[a] * np.eye(d - 1)) / Z[a], k - 1)
        for a, k in enumerate(sizes)
    ]
    return Spectrum(whole, np.sort(np.concatenate(apart)))


def _hessian(x: Array, w: Array, p: Pulls, Z: Array) -> tuple[Array, Array]:
    """An orthonormal basis (m (d - 1), N) of what is orthogonal to the rotations where sum_a w_a Z_a |v_a|^2 is the
    metric, of moves sqrt(w_a Z_a) v_a, and n Hess E of clusters as wholes in it, (N, N)."""
    each = x.shape[1] - 1
    q = np.repeat(np.sqrt(w / Z), each)
    S = q[:, None] * p.slope.reshape(len(q), -1) / (q * np.repeat(Z, each))
    rest = across(np.repeat(np.sqrt(w * Z), each)[:, None] * turns(x))
    return rest, rest.T @ (0.5 * (S + S.T)) @ rest


def across(columns: Array) -> Array:
    """An orthonormal basis of what is orthogonal to these columns, (N, N - rank)."""
    u, s, _ = np.linalg.svd(columns)
    return np.asarray(u[:, int((s > 1e-9 * max(s.max(initial=0.0), 1e-300)).sum()) :])


def newton(x: Array, sizes: Array, beta: float) -> tuple[Array, float, float, float]:
    """Newton's step (m, d - 1) across the rotations, its length, |grad|, and the Hessian's least singular value.

    All in Wasserstein's metric and in units of e^beta.
    """
    m, d = x.shape
    w = sizes / sizes.sum()
    p = pulls(x, w, beta)
    q = np.repeat(np.sqrt(w), d - 1)
    rest, H = _hessian(x, w, p, np.ones(m))
    grad = rest.T @ (q * p.field.ravel())
    if not grad.size:
        return np.zeros((m, d - 1)), 0.0, 0.0, np.inf
    u, s, v = np.linalg.svd(H)
    inverse = np.where(s > 1e-15 * s[0], 1.0 / np.maximum(s, np.finfo(float).tiny), 0.0)
    step: Any = -rest @ (v.T @ (inverse * (u.T @ grad)))
    return (step / q).reshape(m, d - 1), float(np.linalg.norm(step)), float(np.linalg.norm(grad)), float(s[-1])
