"""Arrays: of numbers, unit rows, angles, weights, directions; and times."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from meanfield.protocols import Array
from meanfield.tools.inputs.messages import describe, first, message, place, several
from meanfield.tools.inputs.precision import snapped, unit_room
from meanfield.tools.inputs.units import plain
from meanfield.tools.inputs.values import integer, number

_EPS = float(np.finfo(np.float64).eps)


def array(
    name: str,
    value: Any,
    *,
    ndim: int | Sequence[int] | None = None,
    shape: Sequence[int | None] | None = None,
    complex_ok: bool = False,
    nonempty: bool = True,
    copy: bool = True,
    radians: bool = False,
) -> Array:
    """A finite array of float64 (or, with `complex_ok` and complex input, complex128), C-contiguous.

    Parameters
    ----------
    name : str
        The argument's name.
    value : array-like of numbers
        Not of bools, objects, strings or dates; ragged lists, masked entries and units are refused.
    ndim : int or several, optional
        Permitted numbers of dimensions.
    shape : sequence of int or None, optional
        Required shape; None stands for any length.
    complex_ok : bool
        Permit complex values.
    nonempty : bool
        Refuse arrays without elements.
    copy : bool
        True: the result shares no memory with `value`.  False: it may.
    radians : bool
        Angles are meant: quantities with a unit of angle are converted.

    Raises
    ------
    TypeError
        If the elements are not numbers of a permitted kind.
    ValueError
        If the shape is wrong or an element is NaN or infinite (how many, and the first index, are named).
    """
    wanted = "an array of finite " + ("real or complex" if complex_ok else "real") + " numbers"
    raw = _numeric(name, plain(name, value, radians=radians), wanted, complex_ok)
    came = describe(value) if isinstance(value, np.ndarray) else f"something of shape {raw.shape}"
    _check_shape(name, raw, wanted, came, ndim, shape, nonempty)
    with np.errstate(over="ignore"):  # a long double may overflow here; that is reported as infinite below
        dtype = np.complex128 if raw.dtype.kind == "c" else np.float64
        result = np.array(raw, dtype=dtype, order="C", copy=True if copy else None)
    bad = ~np.isfinite(result)
    if bad.any():
        at = first(bad)
        came = f"{int(bad.sum())} NaN or infinite of {result.size}, the first at index {place(at)}: {result[at]}"
        raise ValueError(message(name, wanted, came, "Find where it stopped being finite, or drop these entries."))
    return result


def matrix(name: str, value: Any) -> Array:
    """A finite matrix of float64, frozen: settings hold it."""
    result = array(name, value, ndim=2)
    result.flags.writeable = False
    return result


def _numeric(name: str, value: Any, wanted: str, complex_ok: bool) -> Array:
    """`value` as a plain ndarray of integers, floats or (if permitted) complex numbers."""
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            remedy = "Fill them with .filled(number), or drop them with .compressed()."
            raise ValueError(message(name, wanted, f"{int(np.ma.count_masked(value))} masked entries", remedy))
        value = value.data
    if hasattr(value, "toarray"):
        raise TypeError(message(name, wanted, f"a sparse matrix ({describe(value)})", f"Give {name}.toarray()."))
    try:
        raw = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        remedy = f"Give every row the same length (numpy says: {error})."
        raise ValueError(message(name, wanted, describe(value), remedy)) from None
    kind = raw.dtype.kind
    if kind == "c" and not complex_ok:
        remedy = "Pass the real part, the modulus or the angle, whichever is meant."
        raise TypeError(message(name, wanted, f"complex values ({describe(value)})", remedy))
    if kind not in "iufc":
        convert = raw.ndim > 0 and kind in "bOV" and raw.dtype.names is None
        remedy = "Convert with .astype(float), if that is what is meant." if convert else "Pass numbers."
        raise TypeError(message(name, wanted, f"{describe(value)} with elements of dtype {raw.dtype}", remedy))
    return raw


def _check_shape(
    name: str,
    raw: Array,
    wanted: str,
    came: str,
    ndim: int | Sequence[int] | None,
    shape: Sequence[int | None] | None,
    nonempty: bool,
) -> None:
    if ndim is not None:
        allowed = (ndim,) if isinstance(ndim, int) else tuple(ndim)
        if raw.ndim not in allowed:
            dims = " or ".join(str(k) for k in allowed)
            remedy = "Reshape it, or take the part that is meant."
            raise ValueError(message(name, f"{wanted} with {dims} dimension(s)", came, remedy))
    if shape is not None:
        fits = raw.ndim == len(shape) and all(s is None or s == r for s, r in zip(shape, raw.shape, strict=True))
        if not fits:
            text = ", ".join("any" if s is None else str(s) for s in shape) + ("," if len(shape) == 1 else "")
            count = None if None in shape else math.prod(s for s in shape if s is not None)
            remedy = "Reshape or transpose it." if count in (None, raw.size) else f"Give {several(count, 'number')}."
            raise ValueError(message(name, f"{wanted} of shape ({text})", came, remedy))
    if nonempty and raw.size == 0:
        raise ValueError(message(name, f"{wanted} with at least one element", came, "Pass at least one."))


def rows(name: str, value: Any, *, d: int | None = None, tol: float = 1e-8, else_: str = "") -> Array:
    """Unit rows (..., n, d), d >= 2, n >= 1: points of S^{d-1}.

    Rows whose norm is within `tol` of 1, or within the rounding of single or half precision if they came in it
    (`precision.unit_room`), are renormalised in float64; rows whose norm is 1 up to rounding keep their bits, so that
    the function is idempotent and a resumed run starts from the very same points.  `else_` is what else the values may
    have been meant for, told if they are no unit rows.

    Raises
    ------
    ValueError
        Naming the worst row and its norm, if one is further from the sphere; or if the shape is wrong.
    """
    wanted = "unit rows of shape (..., n, d) with n >= 1 and " + ("d >= 2" if d is None else f"d = {d}")
    x = array(name, value)
    if x.ndim < 2:
        remedy = "For one point write x[None, :]; for angles on the circle stack cos and sin along the last axis."
        raise ValueError(message(name, wanted, f"shape {x.shape}", remedy))
    if x.shape[-1] < 2 or (d is not None and x.shape[-1] != d):
        remedy = "Points are rows: the last axis is the ambient dimension d. Transpose, or choose the space to match."
        raise ValueError(message(name, wanted, f"shape {x.shape}", remedy))
    with np.errstate(over="ignore"):
        norms = np.sqrt(np.sum(x * x, axis=-1))
    off = np.abs(norms - 1.0)
    room = max(tol, unit_room(name, value, x.shape[-1]))
    if off.max() > room:
        _refuse_lengths(name, wanted, x, norms, room, else_)
    # The norm of a correctly rounded unit row is computed as 1 only up to its own summation error.
    again = off > _EPS * (8 + x.shape[-1] / 8)
    x[again] /= norms[again][:, None]
    return x


def _refuse_lengths(name: str, wanted: str, x: Array, norms: Array, room: float, else_: str) -> None:
    """Rows that are not of norm 1: what to type, which works in any precision."""
    off, zero = np.abs(norms - 1.0), ~np.any(x, axis=-1)
    worst = first(zero if zero.any() else off == off.max())
    came = (
        f"{int((off > room).sum())} of {off.size} rows off the sphere by more than {room:.2g}, the worst "
        f"{name}{place(worst)} with norm {float(norms[worst])!r}"
    )
    if zero.any():
        leave = f"{name} = {name}[numpy.any({name}, axis=-1)]" if x.ndim == 2 else "in every replica"
        remedy = f"Zero rows, of which there are {int(zero.sum())}, have no direction. Leave them out: {leave}."
    elif not 1e-150 < norms.min() <= norms.max() < 1e150:
        remedy = f"First divide by the largest entries: {name} = {name} / numpy.abs({name}).max(-1, keepdims=True)."
    else:
        long = f"{name} = numpy.asarray({name}, float)"
        remedy = f"Divide by the norms: {long}; {name} /= numpy.linalg.norm({name}, axis=-1, keepdims=True)."
    raise ValueError(message(name, wanted, came, f"{remedy} {else_}".strip()))


def angles(name: str, value: Any) -> Array:
    """Finite angles in radians, (..., n) with n >= 1; not wrapped.  Quantities with a unit of angle are converted."""
    theta = array(name, value, radians=True)
    if theta.ndim == 0:
        raise ValueError(message(name, "angles of shape (..., n)", describe(value), f"For one angle write [{name}]."))
    return theta


def axes(value: Any) -> int:
    """Dimensions, without turning quantities into arrays, which some of them object to."""
    if isinstance(value, list | tuple):
        return 1 + (axes(value[0]) if value else 0)
    return np.ndim(value) if getattr(value, "ndim", None) is None else int(value.ndim)


def replica(value: Any, lead: Sequence[int]) -> tuple[int, ...]:
    """The indices of one replica among those of leading axes `lead`; negative ones count from the end; None: the first.
    """
    if value is None:
        return (0,) * len(lead)
    given = np.atleast_1d(np.asarray(value, dtype=object)) if not isinstance(value, tuple) else value
    wanted = f"{len(lead)} indices, of replicas of shape {tuple(lead)}" if len(lead) else "left out: there are none"
    if np.ndim(given) != 1 or len(given) != len(lead):
        raise ValueError(message("replica", wanted, describe(value), _indices(lead)))
    return tuple(integer("replica", i, low=-m, high=m - 1) for i, m in zip(given, lead, strict=True))


def _indices(lead: Sequence[int]) -> str:
    if not len(lead):
        return "Leave replica= out."
    return f"Give one index for each leading axis: replica={0 if len(lead) == 1 else (0,) * len(lead)}."


def weights(name: str, value: Any, shape: Sequence[int]) -> Array:
    """Nonnegative weights of the given shape (..., n) with sum 1 along the last axis.

    None means equal weights 1/n.  Anything else is broadcast to `shape` and divided by its sums; sums that are 1 up
    to rounding are left alone, so that the function is idempotent.

    Raises
    ------
    ValueError
        If a weight is negative (the first one is named), a sum is zero, or the shape does not broadcast.
    """
    shape = tuple(int(s) for s in shape)
    wanted = f"nonnegative weights that broadcast to shape {shape}"
    w = array(name, 1.0 / shape[-1] if value is None else value)
    try:
        w = np.array(np.broadcast_to(w, shape), order="C")
    except ValueError:
        replicas = f" or, one for each of every replica, {shape}" if len(shape) > 1 else ""
        remedy = f"Give one weight for each point: shape ({shape[-1]},){replicas}."
        raise ValueError(message(name, wanted, f"shape {w.shape}", remedy)) from None
    if (w < 0).any():
        index = first(w < 0)
        came = f"{int((w < 0).sum())} negative, the first at index {place(index)}: {w[index]}"
        raise ValueError(message(name, wanted, came, "A measure has no negative mass; shift or drop these."))
    top = w.max(axis=-1, keepdims=True)
    if (top == 0).any():
        index = first(top == 0)[:-1]
        came = "only zeros" + (f" in replica {place(index)}" if index else "")
        raise ValueError(message(name, wanted + " with a positive sum", came, "Give some point a positive weight."))
    with np.errstate(over="ignore"):
        total = np.sum(w, axis=-1, keepdims=True)
    scaled = w / top  # first, so that neither huge nor tiny weights overflow the sum or its inverse
    scaled /= np.sum(scaled, axis=-1, keepdims=True)
    return np.where(np.abs(total - 1.0) <= 64 * _EPS, w, scaled)


def factors(name: str, value: Any, n: int, each: str) -> Array:
    """Numbers (..., n) to multiply by, or one for all; `each` is what there are n of."""
    g = array(name, value)
    if g.shape[-1:] not in ((), (1,), (n,)):
        raise ValueError(f"{name}: got shape {g.shape}, wanted (..., {n}), a number for each {each}")
    return g


def unit_vector(name: str, value: Any, d: int) -> Array:
    """A vector (d,), divided by its norm; a zero vector or a wrong length is refused."""
    wanted = f"a nonzero vector of length {d}"
    v = array(name, value)
    if v.shape != (d,):
        raise ValueError(message(name, wanted, f"shape {v.shape}", f"Pass one vector of R^{d}, shape ({d},)."))
    top = float(np.abs(v).max())
    if top == 0.0:
        raise ValueError(message(name, wanted, "the zero vector", "It has no direction; pass any other vector."))
    if not math.isclose(float(np.sqrt(np.sum((v / top) ** 2))) * top, 1.0, rel_tol=_EPS * (8 + d / 8)):
        v /= top  # first, so that squares neither overflow nor vanish
        v /= np.sqrt(np.sum(v * v))
    return v


def times(t_span: Any, t_eval: Any = None, name: str = "t_eval") -> tuple[float, float, Array | None]:
    """The span (t0, t1) with t0 < t1, and the asked times: None, or strictly increasing inside [t0, t1].

    Times of single precision that are an end of the span in it are that end.

    Raises
    ------
    ValueError
        If the span is not two finite increasing numbers, or the times are unsorted, repeated or outside it.
    """
    t_span = plain("t_span", t_span)
    try:
        span = tuple(t_span)
    except TypeError:
        span = (t_span,)
    if isinstance(t_span, str) or len(span) != 2:
        wanted = "two numbers (t0, t1) with t0 < t1"
        raise ValueError(message("t_span", wanted, describe(t_span), "Write (0.0, 3.0), for example."))
    t0, t1 = number("t_span[0]", span[0]), number("t_span[1]", span[1])
    if not t0 < t1:
        remedy = "Time runs forward; for the repulsive flow use sign=-1." if t1 < t0 else "Give the run some length."
        raise ValueError(message("t_span", "increasing, t0 < t1", f"({t0}, {t1})", remedy))
    if t_eval is None:
        return t0, t1, None
    if isinstance(t_eval, numbers.Integral):
        remedy = f"Write numpy.linspace({t0:g}, {t1:g}, {int(t_eval)}) for so many."
        raise TypeError(message(name, "an array of times", describe(t_eval), remedy))
    t = snapped(name, t_eval, array(name, t_eval, ndim=1), (t0, t1))
    gaps = np.diff(t)
    if (gaps < 0).any():
        i = int(np.argmax(gaps < 0))
        came = f"unsorted times: {name}[{i}] = {t[i]} is followed by {name}[{i + 1}] = {t[i + 1]}"
        raise ValueError(message(name, "strictly increasing", came, f"Sort it: numpy.sort({name})."))
    if (gaps == 0).any():
        i = int(np.argmax(gaps == 0))
        came = f"repeated times: {name}[{i}] = {name}[{i + 1}] = {t[i]}"
        raise ValueError(message(name, "strictly increasing", came, f"Drop repeats: numpy.unique({name})."))
    outside = (t < t0) | (t > t1)
    if outside.any():
        i = int(np.argmax(outside))
        came = f"{int(outside.sum())} outside, the first {name}[{i}] = {float(t[i])!r}"
        remedy = "Use numpy.linspace, which ends exactly (arange does not), or lengthen t_span."
        raise ValueError(message(name, f"inside t_span = [{t0}, {t1}]", came, remedy))
    return t0, t1, t
