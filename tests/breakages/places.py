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
        red=("tests/geometry/test_geometries.py::test_pairs_are_cosines_and_tangents",),
    ),
    Breakage(
        name="geometry: the line of colatitudes is a circle",
        file="meanfield/geometry/meridian.py",
        old="    high = np.pi\n",
        new="    high = np.pi\n    turn = np.pi\n",
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
        name="geometry: points of an older file live on the sphere",
        file="meanfield/geometry/given.py",
        old='FLAT if fields.get("flat") else ROWS',
        new="ROWS",
        red=("tests/geometry/test_geometries.py::test_flags_of_an_older_file_are_a_geometry",),
    ),
    Breakage(
        name="energy: what a law asks for across an ellipse is dissipated too",
        file="meanfield/kernels/energy.py",
        old="mu.geometry.project(mu.positions, r.M)",
        new="r.M",
        red=("tests/house/test_stranger.py::test_geometry_carries_a_flat_law",),
    ),
    Breakage(
        name="lines: rings are summed by harmonics where pairs were asked for",
        file="meanfield/methods/lagrangian/lines.py",
        old='"auto" if field == "harmonic" else field',
        new='"harmonic"',
        red=("tests/geometry/test_geometries.py::test_a_line_has_its_measure",),
    ),
)
