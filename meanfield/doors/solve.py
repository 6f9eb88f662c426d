"""The door: checks what came, makes the method and the stepper, runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from meanfield.laws import suited
from meanfield.laws.beside import beside
from meanfield.measures.gaussian import Gaussian
from meanfield.methods import gaussian
from meanfield.methods.causal_density import CausalSpectral, ordered
from meanfield.methods.finite_volume import CellAverages, FiniteVolume
from meanfield.methods.lagrangian import Lagrangian
from meanfield.methods.minimising import MinimisingMovements
from meanfield.methods.spectral import Spectral
from meanfield.protocols import Law, Scheme, Stepper
from meanfield.runs.checkpoint import checked
from meanfield.runs.checks import checked_law, checked_stepper, checked_watch
from meanfield.runs.drive import begun
from meanfield.runs.errors import finish
from meanfield.runs.family import FamilySolution
from meanfield.runs.gaussian import GaussianSolution
from meanfield.runs.job import Job, stepper_of
from meanfield.runs.solution import Solution
from meanfield.runs.times import default_times, landing
from meanfield.runs.until import Ending, checked_until
from meanfield.spaces import several
from meanfield.spaces.density import Density
from meanfield.spaces.family import Family
from meanfield.tools import inputs

MethodName: TypeAlias = Literal[
    "auto", "spectral", "lagrangian", "finite-volume", "minimising-movements", "gaussian", "causal"
]
Unresolved: TypeAlias = Literal["raise", "stop", "lagrangian"]
METHODS: dict[str, Any] = {
    "spectral": Spectral, "lagrangian": Lagrangian, "finite-volume": FiniteVolume,
    "minimising-movements": MinimisingMovements, "gaussian": gaussian.ByMoments, "causal": CausalSpectral,
}  # fmt: skip
SCHEME = tuple(name for name in vars(Scheme) if not name.startswith("_"))
UNRESOLVED: tuple[Unresolved, ...] = get_args(Unresolved)
ATOL, SMALL, ROUNDING = 1e-13, 1e-2, 1e-15
"""The default atol; the size of the largest moving coefficient below which it follows that size, and to where."""
LOOSE = 1e-8
"""Share of what moves in a density above which an atol is told to be too large for it."""
SUMMED = 1e-15
"""The least default atol of laws that are summed over quadrature points: what the rounding of such a sum is."""
MASS = 1e-9
"""How far from 1 the mass of an initial density may be."""


class _Kind(NamedTuple):
    """What is asked of a measure to begin with, as it is held."""

    method: str
    """How it is moved, if nobody says."""
    face: Any
    """Of its run."""
    refuse: Callable[[Law, Any, tuple[float, float], Scheme], None]
    """What must be refused of it, and of the law, by any method or by this one."""
    atol: Callable[[Law, Any], float]
    """By the size of what moves, if nobody says."""


def _whole(law: Law, rho0: Any, times: tuple[float, float], chosen: Scheme) -> None:
    if np.ndim(rho0.coefficients) != 1 and not chosen.several:
        raise ValueError(
            f"rho0: got {rho0.coefficients.shape[:-1]} densities at once, and {chosen} moves one: take "
            'method="spectral", or solve one after the other'
        )
    mass = np.ravel(rho0.mass)
    off = int(np.argmax(np.abs(mass - 1.0)))
    if abs(mass[off] - 1.0) > MASS:
        which = "" if len(mass) == 1 else f" (number {off})"
        raise ValueError(f"rho0: its mass is {float(mass[off])!r}{which}, wanted 1: is it a signed perturbation?")
    # what its numbers may be the method knows
    suited.density(law, rho0.space, times, smooth=False, varied=chosen.varied)


def _deep(law: Law, mu: Family, times: tuple[float, float], chosen: Scheme) -> None:
    if np.ndim(mu.coefficients) != 2:
        raise ValueError(f"rho0: got {mu.coefficients.shape[:-2]} families at once, wanted one")
    off = np.abs(mu.mass - 1.0)
    if off.max() > MASS:
        at = int(off.argmax())
        raise ValueError(f"rho0: the mass at s = {mu.nodes[at]:.4g} is {float(mu.mass[at])!r}, wanted 1 at every depth")
    suited.density(ordered(law), mu.space, times, smooth=False, varied=chosen.varied)


def _followed(law: Law, rho0: Any) -> float:
    # c_0 does not move; and a perturbation below the rounding of c_0 is none
    each = np.ravel(np.abs(rho0.coefficients[..., rho0.space.degrees > 0]).max(axis=-1, initial=0.0))
    followed = ATOL * min(1.0, max(float(each.max()), ROUNDING) / SMALL)
    small = np.flatnonzero((each > ROUNDING) & (each < followed / LOOSE))
    if len(small):
        warnings.warn(
            f"rho0: {len(small)} of {len(each)} densities (number {small[0]} first) are so much nearer the uniform one "
            f"than others that atol = {followed:.1e}, which is of all, is more than {LOOSE:g} of what moves in them: "
            "solve those of one size together, or give a smaller atol=",
            UserWarning,
            stacklevel=4,
        )
    # a field by multipliers is as small as the coefficients; one that is summed over points is rounding there, and
    # moves the uniform density, too
    return followed if law.isotropic and law.geometry == "sphere" else max(followed, SUMMED)


def _deepest(law: Law, mu: Family) -> float:
    return _followed(law, Density(mu.space, np.abs(mu.coefficients).max(axis=0)))


def _one(law: Law, rho0: Gaussian, times: tuple[float, float], chosen: Scheme) -> None:
    if np.ndim(rho0.mean) != 1:
        raise ValueError(f"rho0: got {rho0.mean.shape[:-1]} Gaussians at once, wanted one")
    gaussian.refuse_others(law, rho0, times)


def _width(law: Law, rho0: Gaussian) -> float:
    return ATOL * min(1.0, float(np.abs(rho0.covariance).max()) or 1.0)


KINDS: dict[str, _Kind] = {
    "coefficients": _Kind("spectral", Solution, _whole, _followed),
    "cells": _Kind("finite-volume", Solution, _whole, _followed),
    "family": _Kind("causal", FamilySolution, _deep, _deepest),
    "moments": _Kind("gaussian", GaussianSolution, _one, _width),
}
"""By what a measure says that it is `held`, and a scheme that it `takes`."""


def solve(
    law: Law | Sequence[Law],
    rho0: Density | CellAverages | Gaussian | Family | Sequence[Density],
    t_span: Any,
    *, t_eval: Any = None, land: Any = False,
    method: MethodName | Scheme = "auto", stepper: Stepper | None = None,
    diffusion: float = 0.0, rtol: float = 1e-10, atol: float | None = None,
    max_resolution: int | None = None, on_unresolved: Unresolved = "raise",
    until: Ending = None, observe: Any = None, max_seconds: float | None = None, progress: bool | None = None,
    checkpoint: Any = None, every: float | None = None,
) -> Solution:  # fmt: skip
    """Solve the continuity equation d_t mu + div(X[mu] mu) = kappa Lap mu (A, (3.1)-(3.4)).

    Parameters
    ----------
    law : Law or sequence of Law
        ``mf.SA(beta)``, ``mf.USA(beta)``, or a sum of laws; several, with the same noise: one for each density.
    rho0 : Density, sequence of Density, CellAverages, Gaussian or Family
        ``space.density(...)``, ``mf.CellAverages(...)``, ``mf.Gaussian(...)``; ``mf.family(f)``: by depth.
        Several densities (spectral method) share one step: `sol.energy` is (T, B), `sol(t)` a Density of B.
    t_span : (float, float)
        Beginning and end, increasing.
    t_eval : array, optional
        Times to save, strictly increasing, within t_span; by default 101 equidistant ones.  They are read off the
        dense output, whose error is controlled to the tolerance as that of the steps is, and shorten no step.
    land : bool or array
        True: a step ends at every time to save; or at times given here, as at those where a law jumps.
    method : {"auto", "spectral", "lagrangian", "finite-volume", "minimising-movements", ...} or Scheme
        How.  Spectral ("auto" of a density): by coefficients, smooth, with or without diffusion.  Lagrangian ("auto"
        on R): carried by its flow, through clusters and beyond (no diffusion).  Finite volumes (circle and
        zonal spheres): masses in cells, positive, energy monotone; rough data, varying noise.  Minimising movements
        (circle): variational steps in either metric.  Gaussian: by moments.  Causal: by depth.  Or a `Scheme`.
    stepper : Stepper, optional
        What takes the steps, in place of the method's own; registered, if the run is to be saved.  One without dense
        output needs ``land=True``; under diffusion it must say that it takes the linear part (``linear``).
    diffusion : float
        kappa >= 0; sugar for ``law + mf.Diffusion(kappa)``.
    rtol, atol : float
        Tolerances of the time stepping, on every coefficient (c_0 = 1); rtol >= 1e-13, atol > 0.  By default atol is
        1e-13, or less near the uniform density, where all that moves is small: 1e-11 of the largest coefficient but
        c_0 (`settings["atol"]` of the solution tells); of laws with matrices or fixed points, whose sums have the
        rounding of c_0, never below 1e-15; of a Gaussian, that share of its covariance's largest entry.
    max_resolution : int, optional
        Largest size of the space (4096 nodes on the circle by default); the resolution doubles when the coefficients'
        tail asks for it.  For the Lagrangian method, the largest number of nodes.
    on_unresolved : {"raise", "stop", "lagrangian"}
        Beyond that: raise `UnresolvedError` carrying the solution so far, or return it, or go on from the last good
        density by the Lagrangian method; ``sol.segments`` says where.
    until : mf.steady(tol), mf.steps(n) or callable, optional
        What ends the run before its last time: rest, a number of steps, or a zero of g(t, mu), on which a step lands.
    observe : callable or sequence of callables
        observe(t, density) after every accepted step; returning True ends the run.  An exception of theirs ends it
        too, and carries the run up to there as `.solution`.
    max_seconds : float, optional
        Wall-clock limit, looked at before every evaluation: the run stops there, at its last accepted step, and warns.
    progress : bool, optional
        A progress bar; by default only on a terminal.
    checkpoint, every : path and float, optional
        A file that keeps the run while it goes, every so many seconds (60), and whole at its end; the one before stays
        beside it (``.before``), each with all dense output, of 256 MiB at most.  Where it holds this run already, that
        goes on: a script that was killed is run again.

    Returns
    -------
    Solution, of a Gaussian a GaussianSolution, of a family a FamilySolution

    Raises
    ------
    UnresolvedError, RunError, Interrupted
        Each with everything up to the last good step in `.solution` (and its `blow_up`, of a Gaussian).
    ValueError, TypeError
        For what was given.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> mf.solve(mf.SA(beta=1.0), rho0, (0.0, 1.0)).success
    True
    """
    moving, rho0, kind = _gathered(law, rho0, diffusion)
    t0, t1, asked = inputs.times(t_span, t_eval)
    chosen = handing_over(_method(method, kind, rho0, max_resolution), on_unresolved)
    kind.refuse(moving, rho0, (t0, t1), chosen)
    rtol, atol = _tolerances(rtol, atol, kind.atol(moving, rho0))
    bound, y = chosen.bind(moving := chosen.approximated(moving), rho0, rtol, atol)
    given = None if stepper is None else checked_stepper("stepper", stepper, bound)
    ending = checked_until(until, t0, bound.measure(t0, y), shaken=False)
    watch = checked_watch(observe, max_seconds, progress, ending, checked(checkpoint, every))
    settings: dict[str, Any] = {"t_span": [t0, t1], "method": chosen, "rtol": rtol, "atol": atol}
    saves = default_times(t0, t1) if asked is None else asked
    landed, kept = landing(land, t0, t1, saves)
    settings |= {"stepper": given, "t_eval": asked, "land": kept, "space": getattr(rho0, "space", None)}
    job = Job(
        face=kind.face, law=moving, method=bound, y=y, span=(t0, t1),
        saves=saves, stepper=stepper_of(chosen, bound, rtol, atol) if given is None else given,
        settings=settings, land=landed, dense=True, gauge=kind.face.gauged,
    )  # fmt: skip
    return finish(begun(job, watch), on_unresolved)


def _gathered(law: Law | Sequence[Law], rho0: Any, diffusion: float) -> tuple[Any, Any, _Kind]:
    """The law, and what it moves, held as it is; several of either side by side."""
    if isinstance(rho0, list | tuple):
        rho0 = several.stacked("rho0", rho0)
    if not isinstance(law, list | tuple):
        return checked_law(law, diffusion), rho0, _kind(rho0)  # type: ignore[arg-type]
    laws = beside(law, lambda one: checked_law(one, diffusion))
    if not isinstance(rho0, Density):
        raise TypeError(f"rho0: got {inputs.describe(rho0)}, wanted densities, which several laws move side by side")
    if not rho0.lead:
        rho0 = Density(rho0.space, np.stack([rho0.coefficients] * len(law)), rho0.doubt)
    if rho0.lead[-1] != len(law):
        raise ValueError(
            f"law: got {len(law)} of them for densities of shape {rho0.lead}, wanted one law, one density, or as "
            "many laws as the last leading axis has densities"
        )
    return laws, rho0, _kind(rho0)


def _kind(rho0: Any) -> _Kind:
    if not isinstance(rho0, Density | CellAverages | Gaussian | Family):
        raise TypeError(
            f"rho0: got {type(rho0).__name__}, wanted a Density: make one with mf.Circle(256).density(...); or an "
            "mf.Gaussian(mean, covariance)"
        )
    return KINDS[rho0.held]


def _tolerances(rtol: Any, atol: Any, least: float) -> tuple[float, float]:
    rtol = inputs.number("rtol", rtol, low=1e-13, high=1.0)
    return rtol, least if atol is None else inputs.number("atol", atol, above=0.0, high=1.0)


def _method(method: str | Scheme, kind: _Kind, rho0: Any, max_resolution: int | None) -> Scheme:
    chosen: Any = method
    if isinstance(method, str):
        name = inputs.choice("method", method, ("auto", *METHODS))
        own = getattr(getattr(rho0, "space", None), "method", None) or kind.method
        chosen = METHODS[own if name == "auto" else name]()
    inputs.having("method", chosen, SCHEME, f"one of {sorted(METHODS)} or a Scheme such as mf.Spectral()")
    if KINDS[chosen.takes] is not kind and not (chosen.rough and kind is KINDS["cells"]):
        raise ValueError(f'method: {chosen} is none for this measure: leave it out, or give method="{kind.method}"')
    return chosen if max_resolution is None else chosen.limited(max_resolution)


def handing_over(chosen: Scheme, on_unresolved: str) -> Scheme:
    """The method, told to hand over to the Lagrangian one if that is asked for."""
    if inputs.choice("on_unresolved", on_unresolved, UNRESOLVED) != "lagrangian":
        return chosen
    return chosen.followed(Lagrangian())
