"""Noise: stationary densities, their spectra, and branches of them."""

from __future__ import annotations

from breakages.engine import Breakage

STATIONARY: tuple[Breakage, ...] = (
    Breakage(
        name="zero flux: SA's potential without its logarithm",
        file="meanfield/analysis/zeroflux.py",
        old="value = np.log1p(beta * V) / beta if beta > 0.0 else V",
        new="value = V",
        red=("tests/analysis/test_stationary.py::test_the_printed_moments",),
    ),
    Breakage(
        name="sectors: the part that was integrated is of one dimension less",
        file="meanfield/analysis/sectors.py",
        old="(m * (d + m - 2.0) * rho",
        new="(m * (d + m - 3.0) * rho",
        red=("tests/analysis/test_stationary.py::test_the_printed_moments",),
    ),
    Breakage(
        name="linearised: the field's curvature is left out",
        file="meanfield/analysis/linearised.py",
        old="+ (G2 * v)[..., None] * slope)",
        new="- (G2 * v)[..., None] * slope)",
        red=("tests/analysis/test_stationary.py::test_the_linearised_equation_is_that_of_the_solver",),
    ),
    Breakage(
        name="stationary: the free energy counts the excess twice",
        file="meanfield/analysis/stationary.py",
        old="return 0.5 * flux.factor",
        new="return flux.factor",
        red=("tests/analysis/test_stationary.py::test_scales_and_laws_with_noise_in_them",),
    ),
    Breakage(
        name="exact stationary: SA without its logarithm",
        file="validation/exact/stationary.py",
        old='(np.log(Z) if kind == "SA" else Z)',
        new='(Z if kind == "SA" else Z)',
        red=("tests/analysis/test_stationary.py::test_nothing_flows_by_quadrature",),
    ),
)
