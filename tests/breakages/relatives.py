"""Falsehoods of Kuramoto's relatives: opinions, flocks, products of geometries, and what is known of them exactly."""

from __future__ import annotations

from breakages.engine import Breakage

RELATIVES: tuple[Breakage, ...] = (
    Breakage(
        name="product: headings are projected as positions",
        file="meanfield/geometry/product.py",
        old="return joined(self.first.project(a, u), self.second.project(b, w))",
        new="return joined(self.first.project(a, u), self.first.project(b, w))",
        red=("tests/geometry/test_product.py::test_each_half_is_its_own",),
    ),
    Breakage(
        name="product: distances are of positions alone",
        file="meanfield/geometry/product.py",
        old="np.hypot(self.first.distance(a, u), self.second.distance(b, w))",
        new="np.hypot(self.first.distance(a, u), 0.0)",
        red=("tests/geometry/test_product.py::test_distances",),
    ),
    Breakage(
        name="radial: positions and velocities count as one",
        file="meanfield/kernels/radial.py",
        old="x.shape[-1] // 2 if self.half else x.shape[-1]",
        new="x.shape[-1]",
        red=("tests/laws/test_flocking.py::test_cucker_and_smale_s_flock_is_the_printed_loop",),
    ),
    Breakage(
        name="radial: weights may be negative",
        file="meanfield/kernels/radial.py",
        old="~np.isfinite(values) | (values < 0.0)",
        new="~np.isfinite(values)",
        red=("tests/laws/test_krause.py::test_who_is_refused",),
    ),
    Breakage(
        name="krause: nobody sees his border",
        file="meanfield/laws/krause.py",
        old="return (s <= self.most).astype(float)",
        new="return (s < self.most).astype(float)",
        red=("tests/laws/test_krause.py::test_the_border_itself_is_seen_and_beyond_it_nobody_moves",),
    ),
    Breakage(
        name="krause: opinions go beyond the mean",
        file="meanfield/laws/krause.py",
        old="mean - (mu.x if x is None else x), 0.0)",
        new="1.01 * mean - (mu.x if x is None else x), 0.0)",
        red=(
            "tests/laws/test_krause.py::test_velocities_are_the_printed_loop_s",
            "tests/laws/test_krause.py::test_rounds_of_hegselmann_and_krause",
            "tests/laws/test_krause.py::test_adaptive_steps_cross_the_borders_of_confidence",
        ),
    ),
    Breakage(
        name="krause: half of its energy",
        file="meanfield/laws/krause.py",
        old="E = 0.25 * np.sum(",
        new="E = 0.5 * np.sum(",
        red=("tests/laws/test_krause.py::test_the_energy_falls_by_what_is_dissipated",),
    ),
    Breakage(
        name="flocking: a flock is pulled to a mean",
        file="meanfield/laws/flocking.py",
        old="self.coupling * (M - Z * v)",
        new="self.coupling * (M - v)",
        red=(
            "tests/laws/test_flocking.py::test_cucker_and_smale_s_flock_is_the_printed_loop",
            "tests/laws/test_flocking.py::test_two_birds",
        ),
    ),
    Breakage(
        name="flocking: positions shake",
        file="meanfield/laws/flocking.py",
        old="np.repeat([0.0, 1.0], mu.d // 2)",
        new="np.repeat([1.0, 0.0], mu.d // 2)",
        red=("tests/laws/test_flocking.py::test_headings_alone_shake",),
    ),
    Breakage(
        name="located: rows of R^d are taken for positions and velocities",
        file="meanfield/geometry/given.py",
        old="if law.place is not None and law.place != place:",
        new="if False:",
        red=("tests/laws/test_flocking.py::test_who_is_refused",),
    ),
    Breakage(
        name="opinions: an event is forgotten",
        file="validation/exact/opinions.py",
        old="seen[pair], events = not seen[pair], events + 1",
        new="seen[pair], events = seen[pair], events + 1",
        red=("tests/laws/test_krause.py::test_adaptive_steps_cross_the_borders_of_confidence",),
    ),
    Breakage(
        name="synchrony: the order parameter decays at the whole width",
        file="validation/exact/synchrony.py",
        old="a, b = 0.5 * K - gamma, 0.5 * K",
        new="a, b = 0.5 * K - 2.0 * gamma, 0.5 * K",
        red=("tests/validation/test_exact_relatives.py::test_ott_and_antonsen_s_equation",),
    ),
)
