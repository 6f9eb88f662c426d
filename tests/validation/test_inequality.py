"""The energy-dissipation inequality: an equality along the metric's own flow, strict along the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
from validation.inequality import energy_dissipation, metric_slope, metric_speed

pytestmark = pytest.mark.rounding

RHO = mf.Circle(64).density(lambda theta: 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))
ZONAL = mf.perturbed_uniform(mf.ZonalSphere(3, 32), {1: 0.3, 2: 0.2})


@pytest.mark.parametrize("method", ["spectral", "lagrangian"])
@pytest.mark.parametrize("rho", [RHO, ZONAL], ids=["circle", "d = 3"])
def test_equality_along_the_metric_s_own_flow_alone(rho: mf.Density, method: Any) -> None:
    for law, own, other in ((mf.SA, "weighted", "wasserstein"), (mf.USA, "wasserstein", "weighted")):
        for sign in (1, -1):
            sol = mf.solve(law(4.0, sign=sign, scale="relative"), rho, (0.0, 0.5), method=method)
            told: Any = {metric: energy_dissipation(sol, metric) for metric in (own, other)}  # type: ignore[arg-type]
            assert abs(told[own].share) < 1e-10
            assert told[other].share > 1e-3 and np.all(np.diff(told[other].defect) > 0.0)
            assert abs(told[own].gained[-1] - sign * sol.gained[-1]) < 1e-12


def test_the_crossed_defect_is_the_integral_of_its_square() -> None:
    """(1/2) int int |grad U|^2 (1 - 1/Z)^2 d mu dt, of SA in Wasserstein's metric, by the trapezoidal rule."""
    t = np.linspace(0.0, 0.5, 201)
    sol = mf.solve(mf.SA(4.0, scale="relative"), RHO, (0.0, 0.5), t_eval=t)
    rate = []
    for rho in sol.densities:
        r = rho.summed.read(mf.Exponential(4.0), None, "ZM")  # Z over lambda_0, which is this scale's
        rate.append(0.5 * np.sum(rho.summed.weights * (r.M * (1.0 - 1.0 / r.Z))[:, 0] ** 2))
    printed = np.sum(0.5 * np.diff(t) * (np.array(rate)[1:] + np.array(rate)[:-1]))
    assert abs(energy_dissipation(sol, "wasserstein").defect[-1] / printed - 1.0) < 1e-4


def test_slope_and_speed_of_one_measure() -> None:
    for law, metric in ((mf.SA(4.0), "weighted"), (mf.USA(4.0, scale="relative"), "wasserstein")):
        speed, slope = metric_speed(law, RHO, metric), metric_slope(law, RHO, metric)  # type: ignore[arg-type]
        assert abs(speed / slope - 1.0) < 1e-12
        assert abs(slope**2 / float(law.quantities(0.0, RHO)["dissipation"]) - 1.0) < 1e-12
    assert metric_slope(mf.SA(4.0), mf.uniform(mf.Circle(64)), "weighted") < 1e-12


def test_what_has_no_inequality_here_is_refused() -> None:
    with pytest.raises(ValueError, match="metric"):
        metric_slope(mf.SA(4.0), RHO, "frozen")  # type: ignore[arg-type]
    for law in (mf.SA(4.0) + mf.Diffusion(0.1), mf.SA(4.0, V=np.eye(2)), mf.SA(lambda t: 1.0 + t)):
        with pytest.raises(ValueError, match="law: got"):
            metric_slope(law, RHO, "weighted")
