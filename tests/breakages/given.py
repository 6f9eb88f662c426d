"""Falsehoods of what a user gives: data of few digits, and densities made of data."""

from __future__ import annotations

from breakages.engine import Breakage

GIVEN = (
    Breakage(
        name="precision: float64 is told no better than single",
        file="meanfield/tools/inputs/precision.py",
        old="return max(EPS, float(np.finfo(dtype).eps)) if",
        new="return max(SINGLE, float(np.finfo(dtype).eps)) if",
        red=("tests/tools/test_precision.py::test_the_room_follows_the_type_that_came",),
    ),
    Breakage(
        name="precision: a table's last place is counted from each first digit alone",
        file="meanfield/tools/inputs/precision.py",
        old="np.maximum(10.0 ** (first - most + 1.0), 10.0 ** float(-decimals))",
        new="10.0 ** (first - most + 1.0)",
        red=("tests/tools/test_precision.py::test_rounding_bounds_what_rounding_did",),
    ),
    Breakage(
        name="rounded: numbers of one digit are data of one digit",
        file="meanfield/tools/inputs/precision.py",
        old="COARSEST = 1e-3",
        new="COARSEST = 1.0",
        red=("tests/tools/test_precision.py::test_rounding_is_read_off_the_numbers",),
    ),
    Breakage(
        name="rounded: coefficients of rounded values are known",
        file="meanfield/spaces/rounded.py",
        old="max(error, 2.0 * self.coefficient)",
        new="error",
        red=("tests/spaces/test_rounded.py::test_values_are_data_of_their_precision",),
    ),
    Breakage(
        name="spectral: a resumed run forgets what the data left unknown",
        file="meanfield/methods/spectral.py",
        old="atol, form.rounding)",
        new="atol, 0.0)",
        red=("tests/spaces/test_rounded.py::test_the_run_tells_the_tolerance_that_follows",),
    ),
)
