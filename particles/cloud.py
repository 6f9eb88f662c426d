"""The scheme of clouds: which sum, and whether points merge; and steppers by their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from meanfield.measures.points import Points
from meanfield.methods.cloud import OnPoints, Tokens
from meanfield.protocols import Array, Law, Method, Scheme, Stepper
from meanfield.runs.checks import checked_stepper
from meanfield.steppers import dop853, euler, euler_maruyama, euler_unprojected, heun, lie, rk4, rk45, strang, weak2
from meanfield.steppers.suited import draws
from meanfield.sums.choose import FIELDS
from meanfield.tools import inputs
from meanfield.tools.settings import register

ADAPTIVE = {"dop853": dop853, "rk45": rk45}
FIXED = {"rk4": rk4, "euler": euler, "euler-unprojected": euler_unprojected, "lie": lie, "strang": strang}
STOCHASTIC = {"heun": heun, "euler-maruyama": euler_maruyama, "weak2": weak2}
MethodName: TypeAlias = Literal[
    "dop853", "rk45", "rk4", "euler", "euler-unprojected", "lie", "strang", "heun", "euler-maruyama", "weak2"
]
METHODS: tuple[MethodName, ...] = get_args(MethodName)


@register
@dataclass(frozen=True)
class Cloud(Scheme):
    """Settings of points moved by a law.

    Parameters
    ----------
    field : {"auto", "direct", "harmonic", "cells", "compiled"}
        Which sum answers.
    merge_tol : float, optional
        Geodesic distance in radians within which points become one.

    Raises
    ------
    ValueError, TypeError
        For a field that there is not, or a merge_tol that is no positive number.

    Examples
    --------
    >>> run = pt.simulate(mf.SA(4.0), [0.0, 1.0], (0.0, 0.5), merge_tol=1e-5)
    >>> run.scheme
    Cloud(field='auto', merge_tol=1e-05)
    """

    field: str = "auto"
    merge_tol: float | None = None

    def __post_init__(self) -> None:
        inputs.choice("field", self.field, FIELDS)
        if self.merge_tol is not None:
            object.__setattr__(self, "merge_tol", inputs.angle("merge_tol", self.merge_tol, above=0.0))

    def bind(self, law: Law, mu: Any, rtol: float, atol: float) -> tuple[Tokens, Array]:
        """The method for this law, and its first state: the points of mu."""
        if not isinstance(mu, Points):
            raise TypeError(
                f"method: {self} moves points, and got {inputs.describe(mu)}: leave it out (or take mf.Spectral() or "
                "mf.Lagrangian()), or move points of it, pt.simulate(law, rho0.sample(1000, rng=0), t_span)"
            )
        form = OnPoints(mu.weights, mu.geometry, self.field)
        return self.rebind(law, form, rtol, atol), form.retract(mu.points)

    def rebind(self, law: Law, form: Any, rtol: float, atol: float) -> Tokens:
        """The method as it was when a run stopped."""
        moved: Tokens = form.moved(law, self.merge_tol, rtol)
        return moved


def named(method: str | Stepper, step: float | None, rtol: float, atol: float) -> Stepper:
    """The stepper of a name, or the one that was given; refuses the text of one, as older files have it."""
    if not isinstance(method, str):
        return method
    if method in ADAPTIVE:
        return ADAPTIVE[method](rtol, atol)
    if method not in METHODS or step is None:
        raise ValueError(
            f"method: this run was moved by {method}, of which its file has no more than the name: go on from its last "
            "points, pt.simulate(law, run.x[-1], (run.end, t_end), weights=run.weights, method=...)"
        )
    return {**FIXED, **STOCHASTIC}[method](step)


def chosen(
    cloud: Method, shaken: bool, method: str | Stepper, step: Any, rtol: float, atol: float, rng: Any
) -> tuple[Any, np.random.Generator | None]:
    """The stepper of a name or the one given, checked, and what it draws from, if it draws."""
    given = None if rng is None else inputs.generator(rng)
    if not isinstance(method, str):
        checked_stepper("method", method, cloud, shaken)
        if step is not None:
            raise ValueError(f"step: got {step!r}, but a {type(method).__name__} has its own: leave it out")
        return method, inputs.generator(given) if draws(method) else None
    inputs.choice("method", method, METHODS)
    if shaken and method not in STOCHASTIC:
        raise ValueError(
            f'method: "{method}" has no noise, and this law has (diffusion > 0): use method="heun", step=0.01 '
            "(or another step)"
        )
    if method in ADAPTIVE:
        if step is not None:
            raise ValueError(f'step: got {step!r}, but "{method}" chooses its own: use method="rk4" or "euler"')
        rtol = inputs.number("rtol", rtol, low=1e-13, high=1.0)
        return named(method, None, rtol, inputs.number("atol", atol, low=0.0, high=1.0)), None
    if step is None:
        raise ValueError(f'step: method="{method}" takes fixed steps: give step=, for example step=0.1')
    size = inputs.number("step", step, above=0.0)
    if method in FIXED:
        return named(method, size, rtol, atol), None
    return named(method, size, rtol, atol), inputs.generator(rng) if given is None else given
