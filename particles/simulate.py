"""The door to particles: checks, geometry, choice of sum and stepper, then the one loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.geometry import FEW_TURNS, given, located
from meanfield.laws import suited
from meanfield.laws.base import noisy
from meanfield.methods import merging
from meanfield.methods.cloud import OnPoints
from meanfield.methods.parted import started
from meanfield.protocols import Array, Geometry, Law, Stepper, said
from meanfield.runs.checkpoint import checked
from meanfield.runs.checks import checked_law, checked_watch
from meanfield.runs.drive import begun
from meanfield.runs.errors import finish
from meanfield.runs.job import Job, Start
from meanfield.runs.times import default_times, landing, landings, stepped_times
from meanfield.runs.until import Ending, checked_until
from meanfield.sums.choose import FIELDS, Field
from meanfield.tools import inputs
from particles.cloud import Cloud, MethodName, chosen
from particles.trajectory import Trajectory

FURTHEST = 1e9
"""Angles beyond this are refused, radians."""


def simulate(
    law: Law,
    x0: Any,
    t_span: Any,
    t_eval: Any = None,
    *,
    land: Any = False,
    weights: Any = None, angles: bool = False, geometry: str | Geometry | None = None, field: Field = "auto",
    method: MethodName | Stepper = "dop853",
    step: float | None = None, diffusion: float = 0.0, merge_tol: float | None = None,
    rtol: float = 1e-9, atol: float = 1e-12, rng: Any = None,
    until: Ending = None, observe: Any = None, max_seconds: float | None = None, progress: bool | None = None,
    checkpoint: Any = None, every: float | None = None,
) -> Trajectory:  # fmt: skip
    """Move n particles by a law: x_i' = P_{x_i} X[mu_n](x_i), mu_n = sum_i w_i delta_{x_i} (A, (SA), (USA), (7.1)).

    Parameters
    ----------
    law : Law
        The same object that drives a density.
    x0 : array
        Angles (n,) in radians, to 1e9, or unit rows (..., n, d); with ``angles=True`` angles (..., n); under a law of
        R^d (``geometry="flat"``) any rows.  Leading axes are independent replicas; they share the adaptive step.
    t_span, t_eval, land
        As for ``mf.solve``; with noise, which knows nothing between its steps, all of `t_eval` is landed on.
    weights : array, optional
        Masses, broadcast to (..., n) and normalised; 1/n by default.
    geometry : {"sphere", "flat"} or Geometry, optional
        Where they live, if it is not what the law says: a geometry of one's own (`meanfield.protocols.Geometry`).
    field : {"auto", "direct", "differences", "harmonic", "cells", "compiled"}
        The sum (see `mf.Points`): all pairs, by rows or by differences of angles, or the band-limited one, or by rule.
    method : {"dop853", "rk45", "rk4", "euler", "euler-unprojected", "lie", "strang", "heun", "euler-maruyama", "weak2"}
        The first two adapt; the others take steps of `step`.  "euler" goes along the projected velocity and back to
        unit norm: x + step P_x v; "euler-unprojected", the scheme of the published codes, adds the whole attention and
        then normalises: x + step v.  The flow is the same as step -> 0, but in and between clusters (SA) the second is
        slower by about 1 / (1 + step); it sums over pairs.  "lie" and "strang" move by the terms of a sum one after the
        other, each along its own flow, to order 1 and 2 (`meanfield.steppers.splitting`).  Noise needs one of the
        last three: of weak order 1 ("euler-maruyama"), 2 if it is constant ("heun"), 2 if it is every token's own
        ("weak2").  Or any `Stepper`; with noise one that says that it draws it (``stochastic``).
    step, diffusion : float
        Step of a fixed-step method, refused where noise or drift turn tokens too far (docs/noise.md); kappa >= 0, sugar
        for ``law + mf.Diffusion(kappa)``.
    merge_tol : float, optional
        Geodesic distance in radians: points of a group no wider than this become one after the step, of their joint
        mass at their centre of mass, which makes late times cheap, where the flow brings them closer still.
        `x` keeps a place for every original point.  Refused if it could change a velocity elsewhere by more than rtol,
        relatively (`methods.merging.checked`), and of a law that parts what is near.  For one cloud without noise.
    rtol, atol : float
        Tolerances of the adaptive methods.
    rng : int or numpy.random.Generator
        For noise; the same seed gives the same bits.
    until, observe, max_seconds, progress, checkpoint, every
        As for ``mf.solve``.

    Returns
    -------
    Trajectory

    Raises
    ------
    ValueError, TypeError
        For what was given.
    mf.RunError, mf.Interrupted
        With everything up to the last good step in `.solution`.

    Examples
    --------
    >>> run = pt.simulate(mf.USA(1.0), [0.0, 1.0, 2.5], (0.0, 5.0))
    >>> bool(run.energy[-1] > run.energy[0])
    True
    """
    law = checked_law(law, diffusion)
    place, x, turns, w = _cloud(law, x0, weights, angles, geometry)
    t0, t1, asked = inputs.times(t_span, t_eval)
    inputs.choice("field", field, FIELDS)
    form = OnPoints(w, place, field, turns=turns)
    times = (t0,) if said(law) else (t0, t1)  # the run itself asks in between
    shaken = any(noisy(law, form.measure(x), t) for t in times)
    scheme = Cloud(field, _merge_tol(law, form, x, times, merge_tol, rtol, shaken))
    form, x = started(law, form, x, shaken)
    cloud = scheme.rebind(law, form, rtol, atol)
    _refuse_field(law, form, x, t0)
    stepper, generator = chosen(cloud, shaken, method, step, rtol, atol, rng)
    if stepper.order > 1 and not shaken:  # Euler's steps are layers, whose leaders are those at their beginning
        cloud = cloud.led(t0, x)
    ending = checked_until(until, t0, form.measure(x), shaken)
    watch = checked_watch(observe, max_seconds, progress, ending, checked(checkpoint, every))
    settings: dict[str, Any] = {"t_span": [t0, t1], "method": method, "step": step, "rtol": rtol, "atol": atol}
    settings |= {"field": field, "merge_tol": scheme.merge_tol, "t_eval": asked, "rng": inputs.seed(rng, generator)}
    if generator is not None:
        asked, land = _drawn_times((t0, t1), asked, land, stepper, watch.kept is not None and rng is None)
        settings["t_eval"] = asked
    saves = default_times(t0, t1) if asked is None else asked
    landed, kept = landing(land, t0, t1, saves)
    job = Job(
        face=Trajectory, law=law, method=cloud, y=x, span=(t0, t1),
        saves=saves, stepper=stepper, settings=settings, land=landed, dense=False, gauge=Trajectory.gauged,
    )  # fmt: skip
    settings |= {"land": kept, "dense": job.reads and generator is None}
    return finish(begun(replace(job, dense=settings["dense"]), watch, Start(rng=generator)))


def _cloud(
    law: Law, x0: Any, weights: Any, angles: bool, geometry: str | Geometry | None
) -> tuple[Geometry, Array, Array | None, Array]:
    """Where the points live, positions, the turns taken off angles far out, weights broadcastable to the points.

    A state of many turns would have fewer digits than a step has.
    """
    where = law.geometry if law.place is None else law.place
    place, x = given("x0", x0, angles=angles, geometry=where if geometry is None else geometry)
    located("x0", law, place)
    law.check_range(place.d(x), atoms=True)
    shape, turns = place.shape(x), None
    if place.turn and (far := float(np.abs(x).max())) > FEW_TURNS:
        if far > FURTHEST:
            raise ValueError(
                f"x0 must be angles of at most {FURTHEST:g} rad, which floats know to 1e-7; got {far!r}, known to "
                f"{np.spacing(far):.1g}: take off whole turns, numpy.arctan2(numpy.sin(x0), numpy.cos(x0))"
            )
        turns = np.round((x - place.reduced(x)) / place.turn)
        x = place.reduced(x)
    n = shape[-1]
    return place, x, turns, np.full(n, 1.0 / n) if weights is None else inputs.weights("weights", weights, shape)


def _drawn_times(
    span: tuple[float, float], asked: Array | None, land: Any, stepper: Stepper, lost: bool
) -> tuple[Array, Array]:
    """Times to save and to land on of a noisy cloud, which is not known between its steps: the ends of some."""
    if lost:
        raise ValueError("rng: a run that is kept goes on by its seed, and none came: give rng=0, say")
    saves = stepped_times(*span, stepper) if asked is None else asked
    return saves, np.union1d(saves, landings(land, *span, saves))


def _refuse_field(law: Law, form: OnPoints, x: Array, t0: float) -> None:
    """Ask the law once, so that a sum that cannot serve it is refused before the run."""
    if form.field not in ("auto", "direct"):
        mu = form.measure(x)
        law.velocity(t0, None if law.isotropic else mu.x, mu)


def _merge_tol(
    law: Law, form: OnPoints, x: Array, times: tuple[float, ...], merge_tol: Any, rtol: float, shaken: bool
) -> float | None:
    """The distance at which points are taken for one (None: never), or a refusal."""
    if merge_tol is None:
        return None
    if lead := form.geometry.shape(x)[:-1]:
        raise ValueError(
            f"merge_tol: got {merge_tol!r} with {lead} replicas, which "
            "would come to have different numbers of points: simulate them one by one (mf.sweep), or leave it out"
        )
    if form.geometry.manifold != "sphere":
        raise ValueError(f"merge_tol: {law} moves points of R^d: merging is for points on spheres; leave it out")
    mu = form.measure(x)
    if law.choosing:
        raise ValueError(f"merge_tol: {law} jumps where another token leads, and one for several may not: omit it")
    suited.indexless("merge_tol", law, mu.d, times[0], "points that merge lose theirs", "leave it out")
    if shaken:
        raise ValueError("merge_tol: noise parts what has merged: leave it out, or take diffusion=0.0")
    for t in times:
        merging.attracting("merge_tol", law, mu.d, t)
    rtol = inputs.number("rtol", rtol, low=1e-13, high=1.0)
    return merging.checked("merge_tol", law, mu.d, merge_tol, rtol, times)
