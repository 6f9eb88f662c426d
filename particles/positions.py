"""Where in the sequence a token stands, told by what is added to it, or put beside it (A, Remark 3.2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.tags import equations

KINDS = ("sinusoidal", "random")
WAYS = ("add", "concatenate")


@equations("A Rem 3.2")
def positions(n: int, d: int, kind: str = "sinusoidal", *, M: float = 1e4, rng: Any = None) -> Array:
    """Positional encodings p_1, ..., p_n, (n, d).

    (p_i)_{2k} = sin(i M^{-2k/d}), (p_i)_{2k+1} = cos(i M^{-2k/d}), k = 0, ..., d/2 - 1, i from 1 on as the
    paper counts (of code that counts from 0, the second token is ours the first); or random unit vectors.

    Parameters
    ----------
    n, d : int
        How many, in which dimension; even for "sinusoidal".
    kind : {"sinusoidal", "random"}
        Which.
    M : float
        Of "sinusoidal": the longest wave is 2 pi M^{1 - 2/d} tokens long.
    rng : int or numpy.random.Generator, optional
        Of "random".

    Raises
    ------
    ValueError, TypeError
        For what was given.

    Examples
    --------
    >>> pt.positions(2, 4).round(4)
    array([[ 0.8415,  0.5403,  0.01  ,  1.    ],
           [ 0.9093, -0.4161,  0.02  ,  0.9998]])
    """
    n, d = inputs.integer("n", n, low=1), inputs.dimension("d", d)
    inputs.choice("kind", kind, KINDS)
    M = inputs.number("M", M, above=0.0)
    if kind == "random":
        return geometry.retract(inputs.generator(rng).standard_normal((n, d)))
    if d % 2:
        raise ValueError(f"d: got {d}, wanted an even dimension: a sine and a cosine of every wave")
    angle = np.arange(1, n + 1)[:, None] * M ** (-2.0 * np.arange(d // 2) / d)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(n, d)


def encoded(x: Any, p: Any, how: str = "add") -> Array:
    """Unit rows of tokens with their positions: x_i + p_i, or [x_i; p_i], over their length.

    Parameters
    ----------
    x : array (..., n, d)
        Tokens.
    p : array (n, d'), or (..., n, d')
        Their positions, as from `positions`; of the same dimension to be added.
    how : {"add", "concatenate"}
        Which.

    Raises
    ------
    ValueError, TypeError
        For what was given, and where x_i + p_i is 0.

    Examples
    --------
    >>> x = pt.uniform(8, 4, rng=0)
    >>> pt.encoded(x, pt.positions(8, 4)).shape, pt.encoded(x, pt.positions(8, 6), "concatenate").shape
    ((8, 4), (8, 10))
    """
    x, p = inputs.array("x", x), inputs.array("p", p)
    inputs.choice("how", how, WAYS)
    for name, rows in (("x", x), ("p", p)):
        if rows.ndim < 2:
            raise ValueError(f"{name}: got shape {rows.shape}, wanted rows (..., n, d)")
    if p.ndim > x.ndim or p.shape[-2] != x.shape[-2] or (how == "add" and p.shape[-1] != x.shape[-1]):
        raise ValueError(f"x and p: got shapes {x.shape} and {p.shape}, wanted a position for every token")
    try:
        p = np.broadcast_to(p, (*x.shape[:-1], p.shape[-1]))
    except ValueError:
        raise ValueError(f"x and p: got shapes {x.shape} and {p.shape}, wanted the same replicas") from None
    with np.errstate(over="ignore"):  # told below
        y = x + p if how == "add" else np.concatenate([x, p], axis=-1)
    size = np.abs(y).max(axis=-1, keepdims=True)
    if not size.all():
        raise ValueError("p: a token and its position cancel, and 0 has no direction: take another encoding")
    if not np.isfinite(size).all():
        raise ValueError("p: a token and its position are beyond floats together: take smaller ones")
    return geometry.retract(y / size)  # of which no square is beyond floats
