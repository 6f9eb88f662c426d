"""Single values: numbers, angles, flags, choices, callables, generators."""

from __future__ import annotations

import copy
import difflib
import inspect
import math
import numbers
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from meanfield.protocols import Law
from meanfield.tools.inputs.messages import bounds, describe, message
from meanfield.tools.inputs.precision import snapped
from meanfield.tools.inputs.units import plain

F = TypeVar("F", bound=Callable[..., Any])

LARGEST_COUNT = 10**12
"""More of anything no memory holds."""
LARGEST_DEGREE = 10**6
"""Of harmonics, and of the sphere's ambient dimension: recurrences go through all of them."""


def number(
    name: str, value: Any, *, low: float | None = None, high: float | None = None, above: float | None = None
) -> float:
    """A finite real number as a float.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : real number
        Python or numpy number, or an array of no dimensions.  Not a bool, complex number or string; nor a quantity
        with a unit.
    low, high : float, optional
        Inclusive bounds; a number of single precision that is one of them in it is that bound.
    above : float, optional
        Exclusive lower bound.

    Raises
    ------
    TypeError
        If `value` is not a real number.
    ValueError
        If it is not finite or outside the bounds.
    """
    wanted = "a finite real number" + bounds(low, high, above)
    given = value = plain(name, value)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        remedy = "Pass one number, such as 1.0."
        if isinstance(value, complex | np.complexfloating):
            remedy = "Pass its real part or its modulus, whichever is meant."
        elif isinstance(value, np.ndarray):
            remedy = "Pass one number; take an element of the array, or call once for each."
        raise TypeError(message(name, wanted, describe(given), remedy))
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ValueError(message(name, wanted, describe(given), "Find where the value stopped being finite."))
    if isinstance(value, np.floating):
        result = float(snapped(name, value, np.asarray(result), tuple(b for b in (low, high) if b is not None)))
    inside = (low is None or result >= low) and (high is None or result <= high) and (above is None or result > above)
    if not inside:
        raise ValueError(message(name, wanted, describe(given), "Choose a value in this range."))
    return result


def one_time(name: str, value: Any) -> float:
    """A finite time; of several it is said how they are asked for."""
    if isinstance(value, list | tuple | range) or np.ndim(value):
        remedy = "Have them saved, t_eval=[...], or ask one by one: [run(s) for s in times]."
        raise TypeError(message(name, "one time", describe(value), remedy))
    return number(name, value)


def angle(
    name: str, value: Any, *, low: float | None = None, high: float | None = None, above: float | None = None
) -> float:
    """A finite angle in radians; a quantity with a unit of angle is converted.  Otherwise as `number`."""
    return number(name, plain(name, value, radians=True), low=low, high=high, above=above)


def integer(name: str, value: Any, *, low: int | None = None, high: int | None = None, even: bool = False) -> int:
    """An int from a Python or numpy integer; floats are refused, integral ones too.

    Parameters
    ----------
    name : str
        The argument's name.
    value : integer
        Not a bool, not a float.
    low, high : int, optional
        Inclusive bounds; without `high` the largest is 10^12.
    even : bool
        True: odd values are refused.

    Raises
    ------
    TypeError, ValueError
        As for `number`.
    """
    wanted = ("an even integer" if even else "an integer") + bounds(low, high)
    most = LARGEST_COUNT if high is None else high
    if isinstance(value, bool | np.bool_):
        raise TypeError(message(name, wanted, describe(value), "Pass a whole number, such as 8."))
    try:
        result = operator.index(plain(name, value))
    except TypeError:
        remedy = "Pass a whole number, such as 8."
        if isinstance(value, float | np.floating) and float(value).is_integer():
            remedy = f"Write {int(value)}, without the decimal point, or convert with int()."
        raise TypeError(message(name, wanted, describe(value), remedy)) from None
    if (low is not None and result < low) or result > most:
        told = high is not None or result <= LARGEST_COUNT
        remedy = "Choose a value in this range." if told else "No memory holds so many."
        raise ValueError(message(name, wanted, describe(value), remedy))
    if even and result % 2:
        near = result + 1 if result + 1 <= most else result - 1
        raise ValueError(message(name, wanted, describe(value), f"Take {near}, for example."))
    return result


def degree(name: str, value: Any, *, low: int = 0) -> int:
    """A degree of harmonics, at most 10^6."""
    return integer(name, value, low=low, high=LARGEST_DEGREE)


def dimension(name: str, value: Any, *, low: int = 2) -> int:
    """An ambient dimension d of the sphere S^{d-1}, 2 to 10^6."""
    return integer(name, value, low=low, high=LARGEST_DEGREE)


def flag(name: str, value: Any) -> bool:
    """True or False, Python's or numpy's; nothing else, for the string "no" counts as true and 1 is a number."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise TypeError(message(name, "True or False", describe(value), "Write True or False, without quotes."))


def sense(name: str, value: Any) -> int:
    """1 (attractive) or -1 (repulsive)."""
    if isinstance(value, bool) or not np.isscalar(value) or value not in (1, -1):
        raise ValueError(f"{name}: got {value!r}, wanted 1 (attractive) or -1 (repulsive)")
    return int(value)  # type: ignore[arg-type]


def choice(name: str, value: Any, options: Iterable[str]) -> str:
    """One of the `options`, spelled exactly; a near miss is answered by a suggestion."""
    known = list(options)
    wanted = "one of " + ", ".join(repr(o) for o in known)
    if not isinstance(value, str):
        raise TypeError(message(name, wanted, describe(value), "Pass one of these strings."))
    if value in known:
        return str(value)
    lower = {o.lower(): o for o in known}
    near = difflib.get_close_matches(value.lower(), list(lower), n=1, cutoff=0.5)
    remedy = f"Did you mean {lower[near[0]]!r}?" if near else "Pass one of these strings."
    raise ValueError(message(name, wanted, describe(value), remedy))


def callable_or_none(name: str, value: F | None) -> F | None:
    """A callable, or None."""
    if value is None or callable(value):
        return value
    raise TypeError(
        message(name, "a callable or None", describe(value), "Pass the function itself, not the result of calling it.")
    )


def fits(name: str, f: Callable[..., Any], wanted: str) -> None:
    """Refuse a function that cannot be called with arguments of these names, as "t, mu"; one that does not tell passes.
    """
    try:
        signature = inspect.signature(f)
    except (ValueError, TypeError):  # built in, and of no known signature
        return
    try:
        signature.bind(*wanted.split(", "))
    except TypeError:
        remedy = f"Write lambda {wanted}: ..., whether it uses them or not."
        raise TypeError(message(name, f"a function of ({wanted})", f"one of {signature}", remedy)) from None


def mapped(name: str, f: Callable[..., Any], at: Any, what: str) -> Any:
    """f of an array of these numbers; a function of single ones alone is refused, with what to type."""
    try:
        return f(at)
    except (TypeError, ValueError) as error:
        if "array" not in str(error) and "scalar" not in str(error):
            raise
        raise TypeError(
            f"{name}: the callable takes no array of {len(at)} {what} ({error}): write it with numpy (numpy.cos, not "
            "math.cos; numpy.where, not if), or give numpy.vectorize(f)"
        ) from error


def generator(rng: Any) -> np.random.Generator:
    """The random generator meant by `rng`.

    None gives fresh entropy; an integer seed >= 0 or a SeedSequence gives `numpy.random.default_rng` of it; a
    Generator is returned as it is, so that its stream goes on.  Everything else is refused.
    """
    wanted = "None, an integer seed >= 0, a numpy SeedSequence or a numpy Generator"
    remedy = "Pass a seed such as 0, or numpy.random.default_rng(seed)."
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None or isinstance(rng, np.random.SeedSequence):
        return np.random.default_rng(rng)
    if isinstance(rng, np.random.RandomState):
        raise TypeError(message("rng", wanted, "the legacy numpy.random.RandomState", remedy))
    if isinstance(rng, bool | np.bool_):
        raise TypeError(message("rng", wanted, describe(rng), remedy))
    try:
        seed = operator.index(rng)
    except TypeError:
        raise TypeError(message("rng", wanted, describe(rng), remedy)) from None
    if seed < 0:
        raise ValueError(message("rng", wanted, describe(rng), remedy))
    return np.random.default_rng(seed)


def law(value: Any) -> Any:
    """A law, as every argument of that name must be."""
    if not isinstance(value, Law):
        hint = "an instance, for example mf.SA(beta=4.0)" if isinstance(value, type) else "for example mf.SA(beta=4.0)"
        raise TypeError(f"law: got {value!r}, wanted a Law, {hint}")
    kind: Any = type(value)
    if not _timed(kind):
        raise TypeError(
            f"law: {type(value).__name__}.quantities takes no time, and is asked for what there is at time t: write "
            "def quantities(self, t, mu)"
        )
    return value


@lru_cache(maxsize=256)
def _timed(kind: type) -> bool:
    """Whether a class of laws can be asked for its quantities at a time."""
    try:
        inspect.signature(getattr(kind, "quantities")).bind(None, 0.0, None)  # noqa: B009
    except TypeError:
        return False
    return True


def seed(rng: Any, made: np.random.Generator | None) -> Any:
    """What `generator` makes the same stream of again, to be kept; `made` is what it made of `rng`, still unused.

    A seed is itself, of None it is the entropy drawn; a Generator is copied as it is now.  None if none is used.
    """
    if made is None:
        return None
    if rng is None:
        drawn: Any = made.bit_generator.seed_seq
        return drawn.entropy
    return copy.deepcopy(rng) if isinstance(rng, np.random.Generator | np.random.SeedSequence) else operator.index(rng)


def having(name: str, value: Any, attributes: Iterable[str], wanted: str) -> Any:
    """An object (no class) that has these attributes, for where anything of a contract's shape will do."""
    if not isinstance(value, type) and all(hasattr(value, a) for a in attributes):
        return value
    raise TypeError(message(name, wanted, describe(value), "Pass the object itself."))


def sequence(name: str, value: Any, wanted: str) -> list[Any]:
    """The items of an iterable that is no text, as a list."""
    single = isinstance(value, str | bytes | Mapping) or (isinstance(value, np.ndarray) and value.ndim == 0)
    if isinstance(value, Iterable) and not single:
        return list(value)
    raise TypeError(message(name, wanted, describe(value), f"Pass a list or a tuple, such as [{name}]."))
