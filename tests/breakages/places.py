"""Falsehoods of where tokens live: geometries, and who holds one."""

from __future__ import annotations

from breakages.engine import Breakage

PLACES = (
    Breakage(
        name="geometry: points of R^d have directions",
        file="meanfield/protocols/geometry.py",
        old='if self.manifold != "sphere":',
        new="if False:",
        red=("tests/laws/test_suited.py::test_questions_about_directions_are_refused_in_flat_space",),
    ),
    Breakage(
        name="geometry: rows are pulled by a chord that is not tangent",
        file="meanfield/geometry/rows.py",
        old="near + 0.5 * short[..., None] * q[:, None]",
        new="near",
        red=("tests/methods/test_late.py::test_pulls_are_the_printed_velocities",),
    ),
    Breakage(
        name="geometry: the line of colatitudes is a circle",
        file="meanfield/geometry/meridian.py",
        old="    high = np.pi\n",
        new="    high = np.pi\n    turn = 2.0 * np.pi\n",
        red=("tests/clustering/test_clusters.py::test_rings_do_not_close",),
    ),
    Breakage(
        name="geometry: vectors of R^d are brought to the sphere",
        file="meanfield/geometry/flat.py",
        old='    name = "flat"\n',
        new='    name = "flat"\n    fast = (2, 3)\n',
        red=("tests/laws/test_suited.py::test_nothing_fast_serves_points_of_flat_space",),
    ),
    Breakage(
        name="geometry: whatever is given lives on the sphere",
        file="meanfield/geometry/given.py",
        old="FLAT if inputs.choice",
        new="ROWS if inputs.choice",
        red=("tests/laws/test_suited.py::test_a_measure_is_not_flat_by_accident",),
    ),
    Breakage(
        name="lines: rings are summed by harmonics where pairs were asked for",
        file="meanfield/methods/lagrangian/lines.py",
        old='"auto" if field == "harmonic" else field',
        new='"harmonic"',
        red=("tests/geometry/test_geometries.py::test_a_line_has_its_measure",),
    ),
)
