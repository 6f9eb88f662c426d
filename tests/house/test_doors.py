"""Every public door, and every argument of it, given what makes no sense: it is taken, or refused by name.

The doors are found, not listed: the functions and classes that the packages export, and the methods of what they
return, but for those that the contracts of `meanfield.protocols` ask for (the library's own questions, asked at every
stage of a run).  Arguments have a value that makes sense by their name (`VALUES`), whatever the door; a new door whose
arguments have customary names is covered by itself, and one with a new name is told by `test_...makes_sense`.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import warnings
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import protocols
from validation import metrics

PACKAGES = {"mf": mf, "pt": pt, "metrics": metrics}
LAW = mf.SA(4.0)
ROWS = np.eye(3)
BAD: dict[str, Any] = {
    "None": None, "text": "abc", "nan": math.nan, "inf": math.inf, "minus one": -1, "a half": 2.5, "huge": 10**30,
    "True": True, "nothing": [], "another shape": np.ones((2, 3, 4, 5)), "an object": object(), "complex": 1j,
    "a negative huge": -(10**30), "not finite": np.array([1.0, np.nan]), "bytes": b"x",
}  # fmt: skip
INSIDE = {
    "ZonalSphere.around", "Circle.moments", "Sphere.moments",
    "ZonalSphere.moments", "Solution.joined", "Trajectory.joined", "LongTime.joined", "LongTime.at",
    "Solution.ahead", "Trajectory.ahead", "LongTime.ahead", "Solution.dense_wanted", "Trajectory.dense_wanted",
    "Gram.joined", "Gram.ahead", "Gram.dense_wanted", "Gaussian.trusted", "LongTime.saved",
    *(f"{one}.apart" for one in ("Causal", "Masked", "ALiBi", "Rescaled", "Activated")),
    *(f"{one}.leading" for one in ("Causal", "Masked", "ALiBi", "Rescaled", "Activated")),
    *(f"GaussianSolution.{one}" for one in ("joined", "ahead", "dense_wanted", "plot_profiles", "plot_spectrum")),
    "GaussianSolution.animate",
    *(f"Line.{one}" for one in ("cell_areas", "density_from", "density_from_cells", "density_from_map")),
    *(f"{run}.tells" for run in ("Solution", "Trajectory", "LongTime", "FamilySolution", "Gram", "GaussianSolution")),
    "Solution.replica", "GaussianSolution.replica",
    *(f"FamilySolution.{one}" for one in ("joined", "ahead", "dense_wanted", "animate", "replica")),
    "LongTime.dense_wanted", "Snapshot.cells", "Snapshot.below", "Snapshot.found", "Snapshot.on_panels",
    "CellAverages.trusted", "CellAverages.known", "CellAverages.below", "CellAverages.cells",
    "Points.on_sphere", "Points.unmasked", "Points.trusted",
    "Exponential.factors", "SA.driven", "USA.driven",
    "Density.known", "Snapshot.known",
    "Circle.density_from_map", "ZonalSphere.density_from_map", "Sphere.density_from_cells", "Sphere.cell_areas",
}  # fmt: skip
"""Methods that the library asks, with what it has checked before; and doors that only say which other one to take."""
TOLD = {
    "q": ("theta", "c:", "c must", "x must"), "kappa": ("density",), "mean": ("density",), "cls": ("register",),
    "cluster_gap": ("x: its clusters",), "times": ("t: got",), "keep": ("path",), "replicas": ("times n",),
    "rho0": ("law: ",), "energy": ("law: ",),
}  # fmt: skip
"""By what other names a refusal may speak of an argument: coordinates by those of the space, a callable's density."""

DRAWN = {
    "panels": None, "paths": False, "directions": None, "Trajectory.plot_states.t": None,
    "Trajectory.plot_attention.t": None,
}  # fmt: skip
"""What pictures of rows are given."""


@cache
def space(kind: str) -> Any:
    return {"Circle": mf.Circle(32), "Sphere": mf.Sphere(6), "ZonalSphere": mf.ZonalSphere(4, 8)}[kind]


@cache
def density(kind: str) -> mf.Density:
    modes: dict[Any, complex] = {(1, 0): 0.1} if kind == "Sphere" else {1: 0.1, 3: 0.1}
    return mf.perturbed_uniform(space(kind), modes)


@cache
def solution() -> mf.Solution:
    return mf.solve(LAW, density("Circle"), (0.0, 0.1))


@cache
def trajectory() -> pt.Trajectory:
    run = pt.simulate(LAW, [0.0, 1.0, 2.5], (0.0, 0.1))
    return dataclasses.replace(run, t=run.t[::50], states=run.states[::50], owners=run.owners[::50])


@cache
def late() -> pt.LongTime:
    return pt.longtime(LAW, [0.0, 1.0, 3.0], log_t_end=8.0)


@cache
def products() -> pt.Gram:
    run = pt.gram(LAW, ROWS, (0.0, 0.1))
    return dataclasses.replace(run, t=run.t[::50], states=run.states[::50], owners=run.owners[::50])


@cache
def normal() -> Any:
    run = mf.solve(mf.SA(1.0, geometry="flat"), mf.Gaussian([0.3], [[0.5]]), (0.0, 0.2))
    return dataclasses.replace(run, t=run.t[::50], states=run.states[::50], owners=run.owners[::50])


@cache
def by_depth() -> Any:
    return mf.family(lambda s: density("Circle"), nodes=4)


@cache
def deep() -> Any:
    run = mf.solve(mf.Causal(LAW), by_depth(), (0.0, 0.1))
    return dataclasses.replace(run, t=run.t[::50], states=run.states[::50], owners=run.owners[::50])


SUBJECTS: dict[str, Callable[[], Any]] = {
    "SA": lambda: LAW,
    "USA": lambda: mf.USA(1.0),
    "Diffusion": lambda: mf.Diffusion(0.1),
    "Sum": lambda: LAW + mf.Diffusion(0.1), "VaryingDiffusion": lambda: mf.VaryingDiffusion(lambda t, x: 0.1),
    "Causal": lambda: mf.Causal(LAW),
    "Masked": lambda: mf.Masked(LAW, np.eye(3)),
    "Frozen": lambda: mf.Frozen(LAW, [0.0]),
    "FeedForward": lambda: mf.FeedForward(ROWS, ROWS, [0.0, 0.1, 0.2]),
    "Linear": lambda: mf.Linear(ROWS),
    "Activated": lambda: mf.Activated(LAW, ROWS),
    "Kuramoto": lambda: mf.Kuramoto(0.5),
    "Coupling": lambda: mf.Coupling(np.sin),
    "Krause": lambda: mf.Krause(np.exp),
    "CBO": lambda: pt.CBO(lambda x: np.sum(x * x, axis=-1)),
    "HegselmannKrause": lambda: mf.HegselmannKrause(1.0),
    "Inertial": lambda: mf.Inertial(LAW),
    "CuckerSmale": lambda: mf.CuckerSmale(np.exp),
    "Vicsek": lambda: mf.Vicsek(np.exp),
    "LinearAttention": mf.LinearAttention,
    "Sinkhorn": lambda: mf.Sinkhorn(1.0),
    "ALiBi": lambda: mf.ALiBi(LAW, 0.5),
    "Rescaled": lambda: mf.Rescaled(mf.SA(1.0, V=np.diag([1.0, -1.0, 0.5]), geometry="flat")),
    "Rotary": lambda: mf.Rotary(LAW),
    "Encoded": lambda: mf.Encoded(LAW, ROWS),
    "Normalised": lambda: mf.Normalised(LAW, "pre"),
    "Exponential": lambda: mf.Exponential(1.0),
    "Zonal": lambda: mf.Zonal(np.exp, "exp"),
    "Cloud": pt.Cloud,
    "Spectral": mf.Spectral,
    "Lagrangian": mf.Lagrangian,
    "FiniteVolume": mf.FiniteVolume,
    "MinimisingMovements": mf.MinimisingMovements,
    "CellAverages": lambda: mf.CellAverages(space("Circle"), np.ones(8)),
    "Line": lambda: mf.Line(-1.0, 1.0, 16),
    "Circle": lambda: space("Circle"),
    "Sphere": lambda: space("Sphere"),
    "ZonalSphere": lambda: space("ZonalSphere"),
    "Doubt": mf.Doubt,
    "Density": lambda: density("Circle"),
    "Density on S^2": lambda: density("Sphere"),
    "zonal Density": lambda: density("ZonalSphere"),
    "Points": lambda: mf.Points([0.0, 0.05, 2.0]),
    "Snapshot": lambda: mf.solve(LAW, density("Circle"), (0.0, 0.1), method="lagrangian")(0.1),
    "Solution": solution,
    "Trajectory": trajectory,
    "LongTime": late,
    "Family": by_depth,
    "FamilySolution": deep,
    "CausalSpectral": mf.CausalSpectral,
    "Gram": products,
    "GaussianSolution": normal,
    "Gaussian": lambda: mf.Gaussian([0.3], [[0.5]]),
    "Clusters": lambda: mf.clusters(mf.Points([0.0, 0.05, 2.0])),
    "Order": lambda: mf.order_parameters(mf.Points([0.0, 0.05, 2.0])),
    "Prediction": lambda: mf.predict(LAW, density("Circle")),
    "MergeTree": lambda: mf.merge_tree([(1.0, [0, 1]), (2.0, [0, 2])], 3),
    "Fluctuations": lambda: mf.fluctuations(LAW, density("Circle"), (0.0, 0.1), [0.1], samples=64),
    "PairCorrelation": lambda: mf.pair_correlation(LAW, 4, (0.0, 0.1)),
    "Tracking": lambda: mf.track(late(), 2e-3),
}


LINE = {
    "pt.attention.log": False, "log_P": np.log(np.full((2, 2), 0.5)), "index": 1,
    **{f"pt.{door}.law": mf.SA(1.0, geometry="flat") for door in ("ends", "stays")},
    **{f"pt.{door}.x": [[-2.0], [0.5], [2.0]] for door in ("ends", "stays")},
}  # fmt: skip
PLAIN: dict[str, Any] = {
    "closure": "linear", "mf.pair_correlation.max_resolution": 32, "PairCorrelation.psi.t": 0.05,
    "samples": 64, "resolution": 16, "Fluctuations.modes.K": 2, "mf.fluctuations.max_resolution": 32,
    "mf.CellAverages.values": np.ones(8), "mf.FiniteVolume.cells": 16, "metric": "weighted", "frozen": False,
    "matching": "cyclic", "return_path": False, "weight": "Z",
    "mf.MinimisingMovements.labels": 17, "mf.MinimisingMovements.step": 0.1,
    "mf.MinimisingMovements.max_resolution": 33, "cfl": 0.5, "limiter": "minmod",
    "CellAverages.on.space": mf.Circle(16), "CellAverages.at.x": np.eye(2),
    "mf.VaryingDiffusion.kappa": lambda t, x: 0.1,
    "mf.family.f": lambda s: density("Circle"), "nodes": 4, "Family.on.space": mf.Circle(16),
    **{f"Family.{one}.s": 0.5 for one in ("__call__", "seen")},
    **{f"FamilySolution.{one}.s": 0.5 for one in ("plot", "plot_profiles", "plot_spectrum")},
    "lam": 1.0, "sigma": 0.5, "epsilon": None, "anisotropic": False, "pt.CBO.geometry": "flat",
    "pt.CBO.f": lambda x: np.sum(np.atleast_2d(x) ** 2, axis=-1),
    **{f"CBO.{one}.x": ROWS for one in ("consensus", "laplace", "values")},
    "pt.critical_points.n": 3, "pt.critical_points.d": 2, "starts": 4,
    "pt.hull.x": ROWS, "pt.limit_set.x": ROWS, "pt.good_triple.V": ROWS,
    "base": 1e4, "frequencies": None, "mf.Encoded.p": ROWS, "D": None,
    "scores": [1.0, 0.5, 0.0], "log_counts": None, "mf.equiangular.rho": 0.5, **LINE,
    "mf.Gaussian.mean": [0.3], "covariance": [[0.5]], "Gaussian.pdf.x": [[0.1]],
    "Gaussian.energy.law": mf.SA(1.0, geometry="flat"),
}  # fmt: skip
"""More values, of arguments that need no folder."""
LED = {
    "z": ROWS, "Rescaled.rescaled.x": ROWS, "mf.Rescaled.law": mf.SA(1.0, geometry="flat"),
    "ties": None, "pt.leaders.law": mf.SA(np.inf), "pt.branches.law": mf.SA(np.inf),
}  # fmt: skip


def sensible(folder: Path) -> dict[str, Any]:
    """A value for every argument, by its name, or by door and name."""
    circle, rho = space("Circle"), density("Circle")
    file = folder / "run.nc"
    return {
        "points": [0.1, 0.2, 1.0], "bandwidth": 1.5, "values": [1.0, 1.0, 1.0], "edges": np.linspace(0.0, np.pi, 4),
        "Circle.density_from_cells.edges": np.linspace(0.0, 2.0 * np.pi, 4), "lat": 75.0 - 30.0 * np.arange(6),
        "Circle.cell_areas.edges": np.linspace(0.0, 2.0 * np.pi, 4), "lon": 30.0 * np.arange(12),
        "Sphere.density_from_map.values": np.ones((6, 12)), "Sphere.density_from.points": ROWS,
        **{f"{kind}.density_from.degree": None for kind in ("Circle", "Sphere", "ZonalSphere")},
        "P": np.eye(3), "slope": 0.5, "causal": True, "norm": "post", "change": None, "kind": "sinusoidal", "M": 100.0,
        "how": "add", "depth": 2, "splitting": "lie", "mf.FeedForward.A": ROWS, "pt.layers.x0": ROWS,
        "pt.layers.step": 0.5, "pt.encoded.x": ROWS, "pt.encoded.p": ROWS, "pt.attention_rank.tol": None,
        "W": ROWS, "activation": "tanh", "mf.FeedForward.b": [0.0, 0.1, 0.2],
        "A": np.eye(3), "per_row": True, "Q": None, "K": None, "V": None, "R": ROWS,
        "a": [0.0, 1.0], "a_weights": None, "common": True, "angles": False, "atol": 1e-9, "ax": None,
        "axes": None, "axis": None, "b": [0.5, 2.0], "b_weights": None, "begin": None, "beta": 1.0, "breaks": (),
        "by": "angle", "cells": [1, 2], "cls": None, "cluster_gap": None, "coefficients": None, "d": 4, "degree": 3,
        "densities": [rho], "diffusion": 0.0, "done": None, "doubt": mf.Doubt(), "error": 0.0,
        "share": 1e-9, "each": False, "end": None, "energy": None, "count": None, "executor": None, "f": lambda q: 1.0,
        "field": "auto", "floor": 1e-6, "fn": lambda cell, rng: 1.0, "fps": 5, "frames": 2,
        "gap": 0.1, "geometry": "sphere", "friction": 0.5, "rate": 0.5, "mf.Line.a": -1.0, "mf.Line.b": 1.0,
        "h": np.sin, "omega": 0.5, "coupling": 1.0, "speed": 1.0, "mf.Krause.geometry": "flat",
        "k_max": 2, "kappa": 0.1, "keep": None, "labels": [0.1], "law": LAW, "lmax": 6, "log": None,
        "log_t": 2.0, "log_t_end": 2.0, "log_t_eval": None, "looks": 10, "m": 3, "max_iterations": 1000,
        "max_resolution": None, "max_seconds": None, "mean": 0.3, "merge_gap": 1e-3, "merge_tol": 1e-9,
        "merges": [(1.0, [0, 1])], "method": "spectral", "modes": {1: 0.1}, "mu": mf.Points([0.0, 0.05, 2.0]), "n": 16,
        "name": "energy", "normalize": True, "observe": None, "until": None,
        "land": False, "checkpoint": None, "every": None, "older": None, "on_unresolved": "raise", "order": 40,
        "overwrite": True, "p": 1, "path": file, "phi": np.exp, "progress": None,
        "projections": 4, "prominence": 0.1, "q": [0.1, 0.2], "refine": True, "replica": None, "replicas": 2,
        "rho": rho, "rho0": rho, "rng": 0, "rtol": 1e-6, "run": trajectory(), "s": None, "scale": "natural", "sign": 1,
        "signed": False, "size": 16, "sol": solution(), "space": circle, "step": None, "stepper": None,
        "t": 0.1, "t_end": None, "t_eval": None, "t_span": (0.0, 0.1), "tail": None, "terms": (LAW,),
        "theta": [0.3], "then": None, "times": None, "tie": None, "title": "",
        "tol": 1e-3, "w": [0.01, 0.02], "weights": None, "x": [0.0, 1.0], "x0": [0.0, 1.0], "y": ROWS,
        "mf.Frozen.weights": 1.0, "delta": 0.5, "strong": False, "centres": [0, 2], "radius": 0.5, "paper": None,
        "per_token": True, **LED, **DRAWN,
        "mf.clusters.replica": None, "mf.merge_tree.weights": 3, "mf.rescaled_energy.energy": [1.0, 2.0],
        "mf.Lagrangian.max_resolution": 100,
        "mf.rescaled_energy.d": 2, "mf.resume.t_end": 0.2, "mf.switching.law": None,
        "pt.simulate.method": "dop853", "pt.simulate.merge_tol": None, "pt.Cloud.merge_tol": None,
        "pt.longtime.rtol": 1e-9, "pt.gram.method": "dop853", "gram": None,
        "metrics.geodesic.x": ROWS, "Sphere.from_angles.phi": [0.1],
        "Sphere.points.q": ROWS, "ZonalSphere.points.q": [0.1], "Sphere.rotated.rho": density("Sphere"),
        "Sphere.resized.size": 8, "ZonalSphere.resized.size": 12, "Density on S^2.resized.size": 8,
        "Density.on.space": mf.Circle(16), "Density on S^2.on.space": mf.Sphere(8), "Snapshot.on.space": mf.Circle(16),
        "zonal Density.on.space": mf.ZonalSphere(4, 12), "Density on S^2.__call__.q": ROWS, "Density.at.x": np.eye(2),
        "Density on S^2.pdf.q": ROWS, "Density on S^2.at.x": ROWS, "zonal Density.at.x": np.eye(4),
        "Snapshot.at.x": np.eye(2), "MergeTree.plot_staircase.t": None, "Trajectory.plot_ring.t": None,
        "Trajectory.plot_globe.t": None, "velocity": LAW, "Solution.plot.velocity": False,
        "Trajectory.plot_ring.velocity": False, "Trajectory.plot_globe.velocity": False,
        "Trajectory.plot_inner_products.t": None, "Solution.animate.path": folder / "a.gif",
        "Trajectory.animate.path": folder / "b.gif", "LongTime.answers.t": 1.0,
        **{f"metrics.{one}.{side}": rows for one in (
            "emd_sphere", "sliced_sphere", "sobolev_axial", "sobolev_sphere", "w1_axial", "w2_axial"
        ) for side, rows in (("a", ROWS), ("b", ROWS[::-1]))},
        "mf.equation.name": "A (2.7)", "guess": mf.uniform(mf.Circle(32)), "mf.stationary.diffusion": 0.3,
        "parameter": "diffusion", "steps": 3, "mode": 1, "mf.turning.law": None, "mf.turning.d": 2,
        **{f"metrics.{one}.axis": ROWS[2] for one in ("sobolev_axial", "w1_axial", "w2_axial")},
    }  # fmt: skip


# --- the doors ---------------------------------------------------------------------------------------------


class Door(NamedTuple):
    name: str
    call: Callable[..., Any]


def public() -> Iterator[tuple[str, Any]]:
    """What the packages export and can be called, but for errors, records (runs make them) and contracts."""
    seen = set()
    for short, package in PACKAGES.items():
        for name in package.__all__:
            thing = getattr(package, name)
            by_runs = isinstance(thing, type) and (
                issubclass(thing, BaseException | Enum | tuple | mf.Merge | pt.Layers) or hasattr(thing, "measures")
            )
            if not by_runs and thing is not mf.Law and thing not in seen and not isinstance(thing, ModuleType):
                seen.add(thing)
                yield f"{short}.{name}", thing


def methods() -> Iterator[tuple[str, str]]:
    """(subject, name) of every public method that takes arguments and is no contract's."""
    asked = {
        name
        for contract in ("Kernel", "Law", "Measure", "Plan", "Space", "Form", "Method", "Stepper", "Scheme")
        for cls in getattr(protocols, contract).__mro__
        for name in (*vars(cls), *vars(cls).get("__annotations__", ()))
    }
    asked = (asked | {"excess"}) - {"__call__", "resized", "points", "density"}
    for subject in SUBJECTS:
        cls = type(SUBJECTS[subject]())
        for name in sorted(dir(cls)):
            plain = subject.split()[-1].replace("S^2", "Density")
            if (name.startswith("_") and name != "__call__") or name in asked or f"{plain}.{name}" in INSIDE:
                continue
            found = inspect.getattr_static(cls, name)
            if inspect.isfunction(getattr(found, "__func__", found)) and arguments(getattr(SUBJECTS[subject](), name)):
                yield subject, name


def arguments(call: Callable[..., Any]) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(call).parameters.values() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def doors() -> dict[str, Door]:
    found = [Door(name, thing) for name, thing in public()]
    found += [Door(f"{subject}.{name}", getattr(SUBJECTS[subject](), name)) for subject, name in methods()]
    return {door.name: door for door in found}


DOORS = doors()


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("doors")
    solution().save(folder / "run.nc")
    return sensible(folder) | PLAIN


def made(door: Door, values: dict[str, Any]) -> dict[str, Any]:
    """Arguments that make sense."""
    return {p.name: values.get(f"{door.name}.{p.name}", values[p.name]) for p in arguments(door.call)}


def ask(door: Door, given: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a run that stops early says so; here any end is one
        door.call(**given)


def complaint(door: Door, given: dict[str, Any], argument: inspect.Parameter, bad: Any) -> str:
    """What is wrong with the answer; nothing where it was taken or refused by name."""
    try:
        ask(door, {**given, argument.name: bad})
    except (ValueError, TypeError) as refusal:
        words = (argument.name, *TOLD.get(argument.name, ()))
        return "" if any(word in str(refusal) for word in words) else f"no name in {refusal!r}"
    except OSError as refusal:
        return "" if argument.name in ("path", "keep", "sol", "checkpoint") else repr(refusal)
    except Exception as error:  # what a user would meet
        return repr(error)
    flag = str(argument.annotation).startswith("bool") and not (bad is None and "None" in str(argument.annotation))
    return f"taken for {argument.annotation}" if flag and not isinstance(bad, bool) else ""


def test_the_doors_are_found() -> None:
    names = set(DOORS)
    assert {"mf.solve", "pt.simulate", "metrics.w1_circle", "Density.sample", "Solution.save", "mf.Circle"} <= names
    assert "SA.velocity" not in names and len(names) > 80
    classes = {thing for name, thing in public() if isinstance(thing, type)}
    assert classes <= {type(make()) for make in SUBJECTS.values()}, "a public class needs an instance in SUBJECTS"


@pytest.mark.parametrize("name", DOORS)
def test_what_makes_no_sense_is_taken_or_refused_by_name(
    name: str, values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some texts are names of files
    door = DOORS[name]
    given = made(door, values)
    ask(door, given)
    found = []
    for argument in arguments(door.call):
        for kind, bad in BAD.items():
            told = complaint(door, given, argument, bad)
            found += [f"{name}({argument.name} = {kind}): {told}"] if told else []
            plt.close("all")
    assert not found, "\n".join(found)
