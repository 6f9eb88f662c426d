"""Frozen settings <-> JSON text, exactly.

A law, a space or a method is a frozen dataclass; `register` gives its class a short name, `to_json` writes an object
as ``{"kind": name, field: value, ...}`` and `from_json` rebuilds it by calling the class with these fields, so that
whatever the class checks at birth is checked again.  Nothing in the text is ever executed or imported: a name that
no imported module has registered is refused.

Besides registered dataclasses: None, bool, int of any size, float, complex, str, list, tuple, dict with string keys,
numpy scalars and arrays of numbers or bools, `numpy.random.SeedSequence` and `numpy.random.Generator`.  What JSON
cannot say is an object whose kind begins with ``#``.  The round trip keeps types, and every float bit for bit (the
payload of a NaN excepted).
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import json
import math
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np

T = TypeVar("T")
Older: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Fields as an older version wrote them -> today's; fields of today as they are."""

MAX_ELEMENTS = 2**20
"""Largest array that counts as a setting; larger ones are data and belong in `netcdf`."""


class NoSetting(TypeError):
    """A value, its second argument, of a kind that settings cannot hold."""

    def __str__(self) -> str:
        return str(self.args[0])


_classes: dict[str, type] = {}
_names: dict[type, str] = {}
_older: dict[type, Older] = {}

_DTYPES = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"}
_BIT_GENERATORS: dict[str, Any] = {
    g.__name__: g for g in (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64)
}


# --- the registry ------------------------------------------------------------------------------------------


@overload
def register(cls: type[T]) -> type[T]: ...
@overload
def register(
    cls: None = None, *, name: str | None = None, older: Older | None = None
) -> Callable[[type[T]], type[T]]: ...
def register(
    cls: type[T] | None = None, *, name: str | None = None, older: Older | None = None
) -> type[T] | Callable[[type[T]], type[T]]:
    """Class decorator: make a frozen dataclass known to `to_json` and `from_json`.

    The class is called with its ``init`` fields when read back; fields with ``init=False`` are derived and not
    written.  Defining the same class again (a notebook cell run twice) replaces it.

    Parameters
    ----------
    cls, name : type, str
        A frozen dataclass, and what files call it if not by its own name: ``@register`` or ``@register(name="mine")``.
    older : callable, optional
        How the fields of an older file become today's, such as ``renamed(template="form")``.

    Raises
    ------
    TypeError, ValueError
        If it is no frozen dataclass, or cannot be rebuilt from its fields; if the name is another's, or it has one.

    Examples
    --------
    >>> from dataclasses import make_dataclass
    >>> mf.register(make_dataclass("Rising", [("rate", float)], frozen=True))(2.0)
    Rising(rate=2.0)
    """
    if cls is None:
        return lambda c: _enter(c, name, older)
    return _enter(cls, name, older)


def renamed(**names: str) -> Older:
    """Fields that have another name since: ``renamed(before="now")``."""
    return lambda fields: {names.get(name, name): value for name, value in fields.items()}


def _enter(cls: type[T], name: str | None, older: Older | None) -> type[T]:
    label = getattr(cls, "__name__", repr(cls))
    if not isinstance(cls, type) or "__dataclass_fields__" not in vars(cls):
        raise TypeError(f"register: {label} is not a dataclass; write @register above @dataclass(frozen=True).")
    if not vars(cls)["__dataclass_params__"].frozen:
        raise TypeError(f"register: {label} is not frozen; write @dataclass(frozen=True), settings never change.")
    names = _fields(cls)
    if "kind" in names:
        raise TypeError(f"register: {label} has a field 'kind', which is where the class's name goes; rename it.")
    parameters = inspect.signature(cls).parameters
    needs = [
        p.name for p in parameters.values() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    odd = sorted(set(names) - set(parameters)) + sorted(set(needs) - set(names))
    if odd:
        raise TypeError(f"register: {label} cannot be rebuilt from its fields; fields and arguments differ: {odd}.")
    kind = label if name is None else name
    if not isinstance(kind, str) or not kind or kind.startswith("#"):
        raise ValueError(f"register: the name must be a nonempty string that does not begin with '#'; got {kind!r}.")
    other = _classes.get(kind)
    if other is not None and _origin(other) != _origin(cls):
        raise ValueError(
            f"register: the name {kind!r} belongs to {_origin(other)}; give {_origin(cls)} another one: "
            f'@register(name="...").'
        )
    if _names.get(cls, kind) != kind:
        raise ValueError(f"register: {_origin(cls)} is already registered as {_names[cls]!r}; got {kind!r}.")
    _classes[kind] = cls
    _names[cls] = kind
    if older is not None:
        if not callable(older):
            raise TypeError(f"older: got {older!r}, wanted a function of fields, as older=renamed(before='now')")
        _older[cls] = older
    return cls


def kinds() -> dict[str, type]:
    """The registered classes by name (a copy)."""
    return dict(_classes)


def _origin(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _fields(cls: Any) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(cls) if f.init)


# --- writing -----------------------------------------------------------------------------------------------


def to_json(obj: Any, *, indent: int | None = None) -> str:
    """The settings `obj` as JSON text (ASCII).

    Raises
    ------
    TypeError
        If a value somewhere inside is of a kind that settings cannot hold; the message says where.
    ValueError
        If it refers to itself, or an array is larger than `MAX_ELEMENTS`.
    """
    try:
        return json.dumps(_pack(obj, "settings"), allow_nan=False, indent=indent)
    except RecursionError:
        raise ValueError("settings: nested too deeply, or an object that contains itself; break the circle.") from None


def _pack(value: Any, where: str) -> Any:
    # Exact types: numpy.float64 is a float, True is an int and an enumeration may be a str, and all would come back
    # as something else.
    cls = type(value)
    if value is None or cls is bool or cls is int:
        return value
    if cls is float:
        return value if math.isfinite(value) else {"kind": "#float", "value": repr(value)}
    if cls is str:
        return _utf8(value, where)
    if cls is list:
        return _pack_items(value, where)
    if cls is tuple:
        return {"kind": "#tuple", "items": _pack_items(value, where)}
    if cls is dict:
        return _pack_dict(value, where)
    if cls in _names:
        fields = {name: _pack(getattr(value, name), f"{where}.{name}") for name in _fields(cls)}
        return {"kind": _names[cls], **fields}
    return _pack_numeric(value, where)


def _pack_items(value: Any, where: str) -> list[Any]:
    return [_pack(v, f"{where}[{i}]") for i, v in enumerate(value)]


def _pack_dict(value: dict[Any, Any], where: str) -> dict[str, Any]:
    for key in value:
        if type(key) is not str:
            raise TypeError(f"{where}: keys must be strings; got {key!r} ({type(key).__name__}). Use str(key).")
        _utf8(key, where)
    packed = {key: _pack(v, f"{where}[{key!r}]") for key, v in value.items()}
    if "kind" in packed:  # would be taken for an object of that kind
        return {"kind": "#dict", "items": [[key, v] for key, v in packed.items()]}
    return packed


def _utf8(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where}: the string {text!r} holds half a surrogate pair; it is no Unicode text.") from None
    return text


def _pack_numeric(value: Any, where: str) -> dict[str, Any]:
    if type(value) is complex:
        return {"kind": "#complex", "real": _word(value.real), "imag": _word(value.imag)}
    if isinstance(value, np.generic):
        return {"kind": "#scalar", "dtype": _dtype(value, where), "data": _numbers(np.asarray(value))}
    if type(value) is np.ndarray:
        if value.size > MAX_ELEMENTS:
            raise ValueError(
                f"{where}: an array of {value.size} elements is data, not a setting (at most {MAX_ELEMENTS}); "
                "keep it in a file and the file's name in the settings."
            )
        return {
            "kind": "#array", "dtype": _dtype(value, where), "shape": list(value.shape), "data": _numbers(value)
        }  # fmt: skip
    if type(value) is np.random.SeedSequence:
        return {"kind": "#seed", "state": _pack(value.state, where)}
    if type(value) is np.random.Generator and type(value.bit_generator).__name__ in _BIT_GENERATORS:
        source = value.bit_generator.seed_seq  # kept, so that rng.spawn() goes on too
        seed = source if type(source) is np.random.SeedSequence else None
        state = value.bit_generator.state
        return {"kind": "#generator", "seed": _pack(seed, where), "state": _pack(state, where)}
    cls = type(value)
    remedy = "Store plain values, or make it a frozen dataclass and write @register above it."
    if inspect.isroutine(value):
        remedy = "A function is not data: make it a frozen dataclass with __call__ and write @register above it."
    elif isinstance(value, np.ndarray | str | int | float | tuple | list | dict):
        remedy = f"It is a subclass of {cls.__mro__[1].__name__} and would come back as another type; convert it."
    raise NoSetting(f"{where}: {_origin(cls)} cannot be written as settings. {remedy}", value)


def _dtype(value: Any, where: str) -> str:
    text = str(value.dtype.str)
    if text[1:] not in _DTYPES:
        raise TypeError(
            f"{where}: the dtype {value.dtype} cannot be written exactly; "
            "convert to bool, an integer, float64 or complex128."
        )
    return text


def _word(x: float) -> float | str:
    """A float as JSON knows it, or its name."""
    return x if math.isfinite(x) else repr(x)


def _numbers(value: Any) -> list[Any]:
    """The elements in C order; a complex number is two of them.  Floats are exact: float16 and float32 widen."""
    flat = np.ravel(value)
    if flat.dtype.kind == "c":
        flat = np.stack([flat.real, flat.imag], axis=-1).ravel()
    items: list[Any] = flat.tolist()
    return [_word(v) for v in items] if flat.dtype.kind == "f" else items


# --- reading -----------------------------------------------------------------------------------------------


def from_json(text: str) -> Any:
    """What `to_json` wrote.

    Raises
    ------
    ValueError
        If the text is not JSON, names a kind no imported module registers, or its fields do not fit the class.
        What the class itself refuses is raised as it comes.
    """
    if not isinstance(text, str):
        raise TypeError(f"settings: wanted JSON text; got {type(text).__name__}.")
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        return _unpack(data, "settings")
    except json.JSONDecodeError as error:
        raise ValueError(f"settings: this is not JSON text: {error}.") from None
    except RecursionError:
        raise ValueError("settings: the text is nested too deeply.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError(f"settings: a name occurs twice in one object, among {[key for key, _ in pairs]}.")
    return result


def _constant(word: str) -> float:
    raise ValueError(f'settings: bare {word} is not JSON; {{"kind": "#float", "value": "nan"}} is how it is written.')


def _unpack(data: Any, where: str) -> Any:
    if isinstance(data, list):
        return [_unpack(v, f"{where}[{i}]") for i, v in enumerate(data)]
    if not isinstance(data, dict):
        return data
    if "kind" not in data:
        return {key: _unpack(v, f"{where}[{key!r}]") for key, v in data.items()}
    body = dict(data)
    kind = body.pop("kind")
    if isinstance(kind, str) and kind.startswith("#"):
        return _unpack_tagged(kind, body, where)
    cls = _classes.get(kind) if isinstance(kind, str) else None
    if cls is None:
        near = difflib.get_close_matches(str(kind), list(_classes), n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(
            f"{where}: no class named {kind!r} is registered{hint}; import the module that registers it, then read "
            f"again. Registered now: {', '.join(sorted(_classes)) or 'none'}."
        )
    return _rebuild(cls, kind, body, where)


def _rebuild(cls: Any, kind: str, body: dict[str, Any], where: str) -> Any:
    known = _fields(cls)
    values = {key: _unpack(v, f"{where}.{key}") for key, v in body.items()}
    if cls in _older:
        values = _older[cls](values)
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ValueError(f"{where}: {kind!r} has no field {unknown}; its fields are {list(known)}.")
    required = (f for f in dataclasses.fields(cls) if f.init)
    missing = [
        f.name
        for f in required
        if f.name not in values and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ValueError(f"{where}: {kind!r} needs the fields {missing}, which the text does not give.")
    try:
        return cls(**values)
    except (TypeError, ValueError) as error:
        error.add_note(f"(while rebuilding {kind!r} at {where})")
        raise


def _unpack_tagged(kind: str, body: dict[str, Any], where: str) -> Any:
    if kind in ("#tuple", "#dict"):
        items = body.get("items")
        if not isinstance(items, list) or (kind == "#dict" and any(not _is_pair(item) for item in items)):
            raise ValueError(f"{where}: the text of a {kind!r} is damaged: its items are {items!r}")
        if kind == "#tuple":
            return tuple(_unpack(items, where))
        return {key: _unpack(v, f"{where}[{key!r}]") for key, v in items}
    readers: dict[str, Callable[..., Any]] = {
        "#float": _float,
        "#complex": lambda real, imag: complex(_float(real), _float(imag)),
        "#scalar": lambda dtype, data: _array(dtype, (), data)[()],
        "#array": lambda dtype, shape, data: _array(dtype, tuple(shape), data),
        "#seed": lambda state: np.random.SeedSequence(**_unpack(state, where)),
        "#generator": lambda seed, state: generator(_unpack(seed, where), _unpack(state, where)),
    }
    if kind not in readers:
        raise ValueError(f"{where}: the kind {kind!r} is unknown; was the text written by a newer version?")
    try:
        return readers[kind](**body)
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise ValueError(f"{where}: the text of a {kind!r} is damaged: {error}") from error


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)


def _float(value: Any) -> float:
    if isinstance(value, str) and value not in ("nan", "inf", "-inf"):
        raise ValueError(f"{value!r} is not a float")
    return float(value)


def _array(dtype: Any, shape: tuple[int, ...], data: list[Any]) -> Any:
    if not isinstance(dtype, str) or dtype[:1] not in "<>|" or dtype[1:] not in _DTYPES:
        raise ValueError(f"the dtype {dtype!r} is not one that settings hold")
    target = np.dtype(dtype)
    if target.kind not in "fc":
        word = bool if target.kind == "b" else int
        odd = [v for v in data if type(v) is not word]
        if odd:
            raise ValueError(f"{odd[0]!r} is no {word.__name__}")
        return np.array(data, dtype=target).reshape(shape)
    flat = np.array([_float(v) for v in data], dtype=np.float64)
    if target.kind == "c":
        pairs = flat.reshape(-1, 2)
        result = np.empty(len(pairs), dtype=target)
        result.real, result.imag = pairs[:, 0], pairs[:, 1]  # x + 1j * y would spoil signed zeros and infinities
        return result.reshape(shape)
    return flat.astype(target).reshape(shape)


def generator(seed: Any, state: dict[str, Any]) -> np.random.Generator:
    """A generator of this state; `seed` is what it spawns from."""
    bits = _BIT_GENERATORS[state["bit_generator"]](0 if seed is None else seed)
    bits.state = state
    return np.random.Generator(bits)
