"""What a function computes with, part by part, so that what one gave is not taken for what another would give.

``made_of(fn)`` is a dict of short digests: of its code, its defaults, what it closes over, what is bound to it, and
the globals it reads, with all that these are made of in turn: helper functions, classes with their methods, objects
with their state.  The standard library, installed packages and this project count by name.  What cannot be followed
(a lock, an open file, `eval`, an import inside the function of a module that is not installed) is refused by name:
a result that may be another function's is worse than none.  Not seen is what a function asks the world for: files,
the environment, the time.

Digests are the same in every process of one Python; another version of Python has other byte code and other digests.
"""

from __future__ import annotations

import copyreg
import dataclasses
import dis
import functools
import hashlib
import json
import pickle
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.tools import inputs, settings

OURS = {"meanfield", "particles", "validation"}
"""Packages of this project, installed or not."""
_PLAIN = (type(None), bool, int, float, complex, str, bytes, range, slice, type(...), type(NotImplemented))
_BUILTINS = (
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, types.MethodWrapperType,
    types.ClassMethodDescriptorType, types.MemberDescriptorType, types.GetSetDescriptorType,
)  # fmt: skip
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_CLOSED = ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")
_BLIND = {"eval", "exec", "globals", "__import__"}
"""Builtins through which a function may read anything."""


def name_of(fn: Any) -> str:
    """What a function is called, with what is bound to it."""
    if type(fn) is functools.partial:
        return settings.to_json({"partial of": name_of(fn.func), "args": fn.args, "keywords": fn.keywords})
    if hasattr(fn, "__qualname__"):
        return f"{fn.__module__}.{fn.__qualname__}"
    return settings.to_json(fn)  # a registered dataclass with __call__, or a refusal that says how to make it one


def made_of(fn: Any) -> dict[str, str]:
    """Name of a part -> digest, of all that a callable computes with but its arguments.

    Raises
    ------
    TypeError
        If something it uses cannot be followed; the message says what and where.
    """
    return {"Python": f"{sys.version_info[0]}.{sys.version_info[1]}", **dict(_parts(fn))}


def digest(value: Any, where: str) -> str:
    """The digest of a value with the code of its classes; refusals as of `made_of`, naming it as `where`."""
    return _short(_Walk().tell(value, where))


def _parts(fn: Any) -> Iterator[tuple[str, str]]:
    walk = _Walk(fn)
    if type(fn) is functools.partial:
        yield from _parts(fn.func)
        yield "bound arguments", _short(walk.tell([fn.args, fn.keywords], "its bound arguments"))
    elif isinstance(fn, types.MethodType):
        yield from _parts(fn.__func__)
        yield "self", _short(walk.tell(fn.__self__, "the object it is a method of"))
    elif isinstance(fn, types.FunctionType) and not _library(fn.__globals__.get("__name__")):
        for part, told in walk.function(fn, fn.__qualname__):
            yield part, _short(told)
    else:
        yield "what it is", _short(_Walk().tell(fn, "the function"))


def _short(told: Any) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _library(module: Any) -> bool:
    """Whether a module belongs to Python, to an installed package or to this project."""
    top = str(module).partition(".")[0]
    if top == "__main__":  # the user's script, or a notebook, whatever runs it
        return False
    if top in OURS or top in sys.stdlib_module_names:
        return True
    if top in sys.modules:
        found: Any = sys.modules[top]
        places = [getattr(found, "__file__", None), *getattr(found, "__path__", ())]
    else:  # looked for, and not imported
        asked = (finder.find_spec(top, None) for finder in sys.meta_path if hasattr(finder, "find_spec"))
        found = next((spec for spec in asked if spec is not None), None)
        places = [] if found is None else [found.origin, *(found.submodule_search_locations or ())]
    return any({"site-packages", "dist-packages"} & set(Path(str(place)).parts) for place in places)


def _refusal(where: str, what: str) -> TypeError:
    return TypeError(
        f"keep: {where} {what}, by which results cannot be told from another function's. Pass what it is made of in "
        "the cell, or make it a frozen dataclass and write @register above it; or sweep without keep."
    )


class _Walk:
    """Values as nested lists that are equal where the values compute the same."""

    def __init__(self, *path: Any) -> None:
        self.path = list(path)
        """What is being told, from the outermost in: what refers to one of these is told by its place."""

    def tell(self, value: Any, where: str) -> Any:
        if type(value) in _PLAIN:
            return [type(value).__name__, repr(value)]
        for place, outer in enumerate(self.path):
            if outer is value:
                return ["again", place]
        self.path.append(value)
        try:
            return self._tell(value, where)
        finally:
            self.path.pop()

    def _tell(self, value: Any, where: str) -> Any:
        cls = type(value)
        if cls in (list, tuple):
            return [cls.__name__, *(self.tell(v, f"{where}[{i}]") for i, v in enumerate(value))]
        if cls in (set, frozenset):
            return [cls.__name__, *sorted(json.dumps(self.tell(v, where)) for v in value)]
        if cls in (dict, types.MappingProxyType):
            return ["dict", *([self.tell(k, where), self.tell(v, f"{where}[{k!r}]")] for k, v in value.items())]
        if isinstance(value, np.generic) or (cls is np.ndarray and not value.dtype.hasobject):
            return ["array", value.dtype.str, list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
        if isinstance(value, types.ModuleType):
            if not _library(value.__name__):
                raise _refusal(where, f"hands on the module {value.__name__} as a whole")
            return ["module", value.__name__]
        if isinstance(value, types.FunctionType):
            return self._function(value, where)
        if isinstance(value, types.MethodType):
            return ["method", self.tell(value.__func__, where), self.tell(value.__self__, where)]
        if isinstance(value, _BUILTINS):
            return self._builtin(value, where)
        if isinstance(value, type):
            return self._class(value, where)
        return self._object(value, where)

    # --- code ---------------------------------------------------------------------------------------------

    def _function(self, fn: types.FunctionType, where: str) -> Any:
        home = fn.__globals__.get("__name__")  # a decorator may have given it another __module__
        if not _library(home):
            return ["function", [[part, told] for part, told in self.function(fn, where)]]
        # it may be a library's decorator about a user's function
        about = [v for v in _closed(fn).values() if isinstance(v, types.FunctionType | functools.partial)]
        return ["library", home, fn.__code__.co_qualname, *(self.tell(v, where) for v in about)]

    def function(self, fn: types.FunctionType, where: str) -> Iterator[tuple[str, Any]]:
        """Its parts by name."""
        code = fn.__code__
        yield "its code", _told_code(code)
        named = code.co_varnames[: code.co_argcount]
        defaults = fn.__defaults__ or ()
        for name, value in [*zip(named[len(named) - len(defaults) :], defaults), *(fn.__kwdefaults__ or {}).items()]:
            yield f"default of {name}", self.tell(value, f"{where}: the default of {name}")
        marks = {name: value for name, value in vars(fn).items() if name != "__wrapped__"}
        if marks:
            yield "its attributes", self.tell(marks, f"{where}: its attributes")
        for name, value in _read(fn, where):
            yield name, self.tell(value, f"{where}: {name}")

    def _builtin(self, value: Any, where: str) -> Any:
        owner = getattr(value, "__self__", None)
        named = ["builtin", str(getattr(value, "__module__", "")), getattr(value, "__qualname__", value.__name__)]
        home = getattr(value, "__objclass__", None)
        return [*named, repr(home) if isinstance(owner, types.ModuleType) or owner is None else self.tell(owner, where)]

    def _class(self, cls: type, where: str) -> Any:
        if _library(cls.__module__):
            return ["class", cls.__module__, cls.__qualname__]
        told = [
            [name, self._member(member, f"{where}: {cls.__name__}.{name}")]
            for name, member in sorted(vars(cls).items())
            if not _trivial(name, member)
        ]
        above = [self.tell(one, where) for one in (type(cls), *cls.__bases__)]
        return ["class", cls.__module__, cls.__qualname__, above, told]

    def _member(self, member: Any, where: str) -> Any:
        if isinstance(member, staticmethod | classmethod):
            return [type(member).__name__, self.tell(member.__func__, where)]
        if isinstance(member, property):
            return ["property", *(self.tell(f, where) for f in (member.fget, member.fset, member.fdel))]
        if isinstance(member, functools.cached_property):
            return ["cached", self.tell(member.func, where)]
        return self.tell(member, where)

    # --- objects ------------------------------------------------------------------------------------------

    def _object(self, value: Any, where: str) -> Any:
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None and _library(type(value).__module__):  # a cache, a compiler
            return ["wrapper", type(value).__qualname__, self.tell(wrapped, where)]
        params = getattr(type(value), "__dataclass_params__", None)
        if params is not None and params.frozen:  # what else it holds is a cache
            fields = [(f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value)]
            return [self.tell(type(value), where), *([name, self.tell(v, f"{where}.{name}")] for name, v in fields)]
        try:  # as for pickling, but to be compared
            reduce = copyreg.dispatch_table.get(type(value))
            state: Any = value.__reduce_ex__(2) if reduce is None else reduce(value)
            home = pickle.whichmodule(value, state) if isinstance(state, str) else ""  # type: ignore[attr-defined]
        except Exception as error:  # whatever a stranger's __reduce__ says
            raise _refusal(where, f"is {inputs.describe(value)}") from error
        if isinstance(state, str):
            if not _library(home):
                raise _refusal(where, f"is {inputs.describe(value)}")
            return ["library", home, state]
        make, arguments, *rest = state
        rest = [list(v) if hasattr(v, "__next__") else v for v in rest]
        return ["object", self.tell(make, where), self.tell(arguments, where), self.tell(rest, where)]


def _trivial(name: str, member: Any) -> bool:
    """Whether a class's attribute is Python's own and no part of what the class does."""
    dunder = name.startswith("__") and name.endswith("__")
    does = callable(member) or isinstance(member, staticmethod | classmethod | property)
    return name in ("_abc_impl", "__annotate__", "__annotate_func__") or (dunder and not does)


def _told_code(code: types.CodeType) -> Any:
    """Code without its place: lines may move, and files."""
    consts = [_told_code(c) if isinstance(c, types.CodeType) else _told_constant(c) for c in code.co_consts]
    sizes = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags]
    names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
    return [code.co_name, sizes, [list(n) for n in names], code.co_code.hex(), code.co_exceptiontable.hex(), consts]


def _told_constant(value: Any) -> Any:
    if isinstance(value, frozenset):  # in the order of this process's hashes
        return ["frozenset", *sorted(json.dumps(_told_constant(v)) for v in value)]
    if isinstance(value, tuple):
        return ["tuple", *(_told_constant(v) for v in value)]
    return [type(value).__name__, repr(value)]


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those inside it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _codes(inner)


def _closed(fn: types.FunctionType) -> dict[str, Any]:
    """What a function closes over, by name."""
    found = {}
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return found


def _read(fn: types.FunctionType, where: str) -> Iterator[tuple[str, Any]]:
    """Name and value of everything that a function reads from around it, each once."""
    found: dict[str, Any] = {}
    around: dict[str, tuple[str, dict[str, Any]]] = dict.fromkeys(_GLOBAL, ("global", fn.__globals__))
    around |= dict.fromkeys(_CLOSED, ("closed-over", _closed(fn)))
    for code in _codes(fn.__code__):
        steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
        for i, step in enumerate(steps):
            if step.opname == "IMPORT_NAME" and (steps[i - 2].argval or not _library(step.argval)):
                raise _refusal(where, f"imports {step.argval or 'a module'} within itself, not at the top of its file")
            if step.opname not in around:
                continue
            kind, world = around[step.opname]
            if step.argval in world:
                name, value = _reached(step.argval, world[step.argval], steps[i + 1 :])
                found[f"{kind} {name}"] = value
            elif step.argval in _BLIND:
                raise _refusal(where, f"calls {step.argval}")
    yield from sorted(found.items(), key=lambda pair: pair[0])


def _reached(name: str, value: Any, steps: list[dis.Instruction]) -> tuple[str, Any]:
    """What is used of a module that is no library's: the attribute that the next instructions ask for."""
    for step in steps:
        if not isinstance(value, types.ModuleType) or _library(value.__name__):
            break
        if step.opname not in ("LOAD_ATTR", "LOAD_METHOD") or not hasattr(value, step.argval):
            break
        name, value = f"{name}.{step.argval}", getattr(value, step.argval)
    return name, value
