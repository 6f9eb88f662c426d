"""What a law cannot do with a density or a method is refused by one function, and what it says to do works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt

SPAN = (0.0, 0.05)
CIRCLE = mf.perturbed_uniform(mf.Circle(24), {1: 0.3})
ZONAL = mf.perturbed_uniform(mf.ZonalSphere(4, 8), {1: 0.3})


@dataclass(frozen=True)
class Shaking(mf.Law):
    """Noise that asks where the others are."""

    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return 0.0

    def divergence(self, t: float, x: Any, mu: Any) -> Any:
        return 0.0

    def noise(self, t: float, x: Any, mu: Any) -> Any:
        return 0.1 * np.linalg.norm(mu.x - mu.mean, axis=-1, keepdims=True)


@dataclass(frozen=True)
class Beginning(mf.Law):
    """Noise that grows with time."""

    isotropic = True
    autonomous = False

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return 0.0

    def noise(self, t: float, x: Any, mu: Any) -> Any:
        return t


@dataclass(frozen=True)
class Unspread(mf.Law):
    """SA that does not say its divergence."""

    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return mf.SA(1.0).velocity(t, x, mu)


def cloud(law: Any, rho: Any, **options: Any) -> Any:
    """What the words say, of fewer points."""
    return pt.simulate(law, rho.sample(8, rng=0), SPAN, **options)


HEUN: dict[str, Any] = {"method": "heun", "step": 0.01, "rng": 0}
SAYS = r"pt\.simulate\(law, rho0\.sample\(1000, rng=0\), t_span\)"
SHAKEN = r'pt\.simulate\(law, rho0\.sample\(1000, rng=0\), t_span, method="heun", step=0\.01, rng=0\)'
MATRIX = mf.SA(1.0, V=np.diag([1.0, -1.0, 1.0, 1.0]))
FROZEN = mf.Frozen(mf.LinearAttention(), [1.0], 2.0)
REFUSED: dict[str, tuple[Any, Any, Any, str, Callable[[], Any]]] = {
    "labelled": (mf.Causal(mf.SA(1.0)), CIRCLE, "spectral", SAYS, lambda: cloud(mf.Causal(mf.SA(1.0)), CIRCLE)),
    "labelled with noise": (
        mf.Causal(mf.SA(1.0)) + mf.Diffusion(0.1), CIRCLE, "spectral", SHAKEN,
        lambda: cloud(mf.Causal(mf.SA(1.0)) + mf.Diffusion(0.1), CIRCLE, **HEUN),
    ),
    "counted": (
        FROZEN, CIRCLE, "spectral", "per_token=False",
        lambda: mf.solve(replace(FROZEN, per_token=False, weights=0.2), CIRCLE, SPAN),
    ),
    "zonal": (MATRIX, ZONAL, "lagrangian", SAYS, lambda: cloud(MATRIX, ZONAL)),
    "varying noise": (Shaking(), CIRCLE, "spectral", SHAKEN, lambda: cloud(Shaking(), CIRCLE, **HEUN)),
    "varying noise, carried": (Shaking(), ZONAL, "lagrangian", SHAKEN, lambda: cloud(Shaking(), ZONAL, **HEUN)),
    "noise that begins": (Beginning(), CIRCLE, "spectral", SHAKEN, lambda: cloud(Beginning(), CIRCLE, **HEUN)),
    "noise, carried": (
        mf.SA(1.0) + mf.Diffusion(0.1), CIRCLE, "lagrangian", 'use method="spectral"',
        lambda: mf.solve(mf.SA(1.0) + mf.Diffusion(0.1), CIRCLE, SPAN, method="spectral"),
    ),
    "no divergence": (
        Unspread(), CIRCLE, "lagrangian", 'use method="spectral"',
        lambda: mf.solve(Unspread(), CIRCLE, SPAN, method="spectral"),
    ),
    "flat": (
        mf.SA(1.0, geometry="flat"), CIRCLE, "spectral", r"pt\.simulate\(law, x0, t_span\) with rows",
        lambda: pt.simulate(mf.SA(1.0, geometry="flat"), np.eye(2), SPAN),
    ),
    "a cloud's method": (
        mf.SA(1.0), CIRCLE, pt.Cloud(), rf"leave it out.*{SAYS}", lambda: cloud(mf.SA(1.0), CIRCLE),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_refusal_says_to_do_works(name: str) -> None:
    law, rho, method, words, instead = REFUSED[name]
    with pytest.raises((ValueError, TypeError), match=words):
        mf.solve(law, rho, SPAN, method=method)
    assert instead().success


def test_who_takes_over_is_asked_before_the_run() -> None:
    with pytest.raises(ValueError, match=r"gives no divergence.*write divergence"):
        mf.solve(Unspread(), CIRCLE, SPAN, on_unresolved="lagrangian")


def test_laws_that_have_no_late_times_move_points() -> None:
    for law in (mf.SA(1.0) + mf.Diffusion(0.1), mf.Kuramoto(0.0), mf.SA(1.0, V=-np.eye(2))):
        with pytest.raises(ValueError, match=r"law: .*use pt\.simulate"):
            pt.longtime(law, [0.0, 1.0, 3.0], log_t_end=3.0)
