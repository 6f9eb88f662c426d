"""Which law suits which measure: a density, and points that may merge, have no index, and not always rows.

A law that tells tokens apart (a causal mask, a graph, natural frequencies of their own) says so by `labelled = True`.
One that does not say so is found out by asking it twice about one measure, its points in two orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from meanfield import geometry
from meanfield.geometry import FLAT
from meanfield.laws.base import refuse_common, steady_noise
from meanfield.measures.points import Points
from meanfield.protocols import Array, Geometry, Law, Measure, Space, Stop, said
from meanfield.tools.remembered import remembered

__all__ = ["density", "difference", "indexless"]

ORDERS = ((3, 0, 4, 1, 5, 2), tuple((7 + 23 * i) % 60 for i in range(60)))
"""Other orders of few points and of many: they keep no half, no third and no neighbours together.  Of few a law that
sees its last eight tokens sees all."""
SPLIT = 0.3
"""The first of them also comes as two at one place, this share and the rest of its mass."""
WIDTHS = (1.0, 0.1, 0.01, 0.001)
"""Of the clouds they make: at large beta tokens far apart hardly see one another."""
APART, ROUNDING = 1e-6, 1e-12
"""Two answers differ if they do by more than this share of the largest velocity along the sphere (a law may iterate to
less), and of the largest of all, a token's pull on itself included: its twin's rounds like it."""


class Unsuited(TypeError, ValueError):
    """A law that moves densities out of their space: of another kind than what it is given, and a bad value of it."""


def density(
    law: Law, space: Space, times: Sequence[float] = (0.0,), *, noise: bool = True, flow: Measure | None = None,
    smooth: bool = True, atoms: bool = False, varied: bool = False,
) -> None:  # fmt: skip
    """Refuse a law that cannot move densities of this space, or not by this method: the one place for all of them.

    Parameters
    ----------
    law : Law
        What is to move them.
    space : Space
        Where they live.
    times : sequence of float
        When they begin, and other times at which the noise is looked at.
    noise : bool
        Whether the method takes noise: of constant strength, a linear part.
    flow : Measure, optional
        Some points on the space's line, of a method that asks the divergence: to see whether the law knows it.
    smooth, atoms : bool
        Whether densities are held that are smooth, and clusters, as points.
    varied : bool
        Whether the method takes noise of any kind, so that none is refused.

    Raises
    ------
    ValueError
        Naming the law, and what to do instead.  `Unsuited`, a TypeError too, of one that is not isotropic on a space
        whose densities are symmetric about an axis.
    """
    place, shaken = space.geometry, _strength(law, space.d, times[0]) != 0.0
    if law.geometry != place.manifold:
        instead = f'give it geometry="{place.manifold}", if it takes one'
        if place.manifold == "sphere":
            instead = f"move points, pt.simulate(law, x0, t_span) with {(law.place or FLAT).told} as x0"
        named = {"sphere": "spheres", "flat": "R^d"}
        raise ValueError(
            f"law: {law} moves points of {named[law.geometry]}, and densities on {space} live on "
            f"{named[place.manifold]}: {instead}"
        )
    if not law.isotropic and space.rows is None:
        where = {2: "mf.Circle(n)", 3: "mf.Sphere(lmax)"}.get(space.d)
        other = f"take the density on {where}" if where else "move points"
        raise Unsuited(
            f"law: {law} is not isotropic (it has matrices or fixed directions), and moves a density out of {space}, "
            f"which holds only those that are symmetric about its axis: {other}, "
            f"or {_points(shaken)}"
        )
    refuse_common(law, "a density moves at random")
    law.check_range(space.d, smooth=smooth, atoms=atoms)
    instead = f"move points, {_points(shaken, law.tokens)}"
    if law.unordered is not law:
        instead = f"give a density for every depth, mf.family(lambda s: rho0) as rho0, or {instead}"
    indexless("law", law, space.d, times[0], "a density has no first token", instead, place)
    if not varied:
        _quiet(law, space, times, noise)
    if flow is not None:
        _divergence(law, flow, _otherwise(space, shaken))


def _otherwise(space: Space, shaken: bool) -> str:
    """What to do where the method "lagrangian" cannot."""
    return 'use method="spectral"' if space.method is None else f"move points, {_points(shaken)}"


def _points(shaken: bool, tokens: int | None = None) -> str:
    """How to move points of a density instead, as many as there are tokens for."""
    how = ', method="heun", step=0.01, rng=0' if shaken else ""
    return f"pt.simulate(law, rho0.sample({tokens or 1000}, rng=0), t_span{how})"


def _strength(law: Law, d: int, t: float) -> float | None:
    """The noise, a number; None if it varies from token to token."""
    try:
        s = np.asarray(steady_noise(law, d, t))
    except (AttributeError, TypeError):  # it asks the measure
        return None
    return None if s.ndim else float(s)


def _quiet(law: Law, space: Space, times: Sequence[float], taken: bool) -> None:
    """Refuse noise that varies, or changes, or any that the method does not take."""
    d = space.d
    first = _strength(law, d, 0.0)
    if first is None:
        raise ValueError(
            f"law: the noise of {law} is not the same for all tokens, and a density takes it as constant: move points, "
            f"{_points(True)}"
        )
    for t in times if said(law) is not True else ():
        if (now := _strength(law, d, t)) != first:
            raise ValueError(
                f"law: the noise of {law} changes with time ({first} at t = 0, {now} at t = {t:g}); a density takes it "
                f"as constant: solve stretch by stretch with diffusion=, or move points, {_points(True)}"
            )
    if first != 0.0 and not taken:
        raise ValueError(
            'diffusion: the method "lagrangian" has none: with noise the measure is no longer carried by a flow; '
            f"{_otherwise(space, True)}"
        )


def _divergence(law: Law, pair: Measure, otherwise: str) -> None:
    """Refuse a law without divergence; what it is does not matter here."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            law.divergence(0.0, None if law.isotropic else pair.x, pair)
    except TypeError as error:
        raise ValueError(
            f"law: {law} gives no divergence, which a density carried by its flow needs ({error}): {otherwise}, "
            "or write divergence(self, t, x, mu) in its class"
        ) from error


def indexless(name: str, law: Law, d: int, t: float, why: str, instead: str, place: Geometry = geometry.ROWS) -> None:
    """Refuse a law that is no function of the measure alone: one that says it is labelled, or is found to be.

    Parameters
    ----------
    name : str
        The argument that is refused.
    law : Law
        Of this place.
    d : int
        Ambient dimension.
    t : float
        When it is asked.
    why, instead : str
        What has no index, and what to do: the end of the message.
    place : Geometry
        Where the points are that it is asked about: on the unit sphere, or in R^d.
    """
    if law.members:
        for one in law.members:
            indexless(name, one, d, t, why, instead, place)
        return
    found = "" if law.labelled else difference(law, d, t, place)
    if (law.labelled or found) and law.remedy:
        raise ValueError(f"{name}: {law} tells tokens apart by their number{found}, and {why}: give it {law.remedy}")
    if law.labelled or found:
        raise ValueError(f"{name}: {law} tells tokens apart by their index or number{found}, and {why}: {instead}")


@remembered(64)
def difference(law: Law, d: int, t: float, place: Geometry = geometry.ROWS) -> str:
    """How the law's answers about one measure differ; empty if they do not, or if it cannot be asked about points."""
    rng = np.random.default_rng(0)
    for order, width in product(map(np.array, ORDERS), WIDTHS):
        w = rng.uniform(0.5, 1.5, len(order))
        w /= w.sum()
        again, share = np.append(order, 0), np.where(order == 0, 1.0 - SPLIT, 1.0)
        x = place.retract(np.eye(d)[0] + width * rng.standard_normal((len(order), d)))
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # of numbers that only clusters would have
                one = _asked(law, t, place, x, w)
                two = _asked(law, t, place, x[again], w[again] * np.append(share, SPLIT))
                pull = np.abs(_asked(law, t, place, x, w, at=x)).max()
        except (Stop, AttributeError, TypeError):  # it asks what points do not answer, or at a time without a law
            return ""
        except (ValueError, IndexError) as error:
            return f" (asked about {len(order)} points it fails: {error})"
        if not (np.isfinite(one).all() and np.isfinite(two).all()):
            continue
        far = np.abs(place.project(x[again], one[again] - two)).max()
        size = np.abs(place.project(x, one)).max()
        if far > APART * size + ROUNDING * pull:
            return f" (the same measure with its points in another order gets velocities {far:.1e} off)"
    return ""


def _asked(law: Law, t: float, place: Geometry, x: Array, w: Array, at: Array | None = None) -> Array:
    """Velocities of the points: along the sphere, or, asked at their rows, with what they add to their own pull."""
    mu = Points.trusted(x, w, place, "direct")
    return np.array(np.broadcast_to(law.velocity(t, at if law.isotropic else x, mu), x.shape))
