"""Falsehoods of limit shapes in R^d, and of what follow-up papers add: inertia, perceptrons, homogenised layers."""

from __future__ import annotations

from breakages.engine import Breakage

FOLLOWUPS: tuple[Breakage, ...] = (
    Breakage(
        name="A60: tokens of diag(1, 1, -1/2) under diag(1, 0.8, -1/2)",
        file="validation/checks/a/a9_table.py",
        old='"polytope x subspace": [1.0, 1.0, -0.5]',
        new='"polytope x subspace": [1.0, 0.8, -0.5]',
        red=("A60",),
    ),
    Breakage(
        name="A61: coordinates are those of x, not of z",
        file="validation/checks/a/a9_atlas.py",
        old="c = np.exp(-w[i] * run.t[:, None]) * ",
        new="c = np.exp(0.0 * run.t[:, None]) * ",
        red=("A61",),
        tier="full",
    ),
    Breakage(
        name="inertial: velocities that leave the sphere",
        file="meanfield/geometry/tangent.py",
        old="out = np.sum(x * w + speed * u, axis=-1, keepdims=True)",
        new="out = np.sum(x * w, axis=-1, keepdims=True)",
        red=("tests/laws/test_inertial.py::test_what_friction_takes_is_what_the_energy_loses",),
    ),
    Breakage(
        name="inertial: half the friction",
        file="meanfield/laws/inertial.py",
        old="push - self.friction * v",
        new="push - 0.5 * self.friction * v",
        red=("F19", "F47", "tests/laws/test_inertial.py::test_on_spheres_it_is_the_printed_loop"),
    ),
    Breakage(
        name="inertial: two laws, two kinetic energies",
        file="meanfield/laws/inertial.py",
        old="(kinetic if self.coasting else 0.0)",
        new="kinetic",
        red=("tests/laws/test_inertial.py::test_two_laws_push_what_moves_once",),
    ),
    Breakage(
        name="inertial: attention sees velocities",
        file="meanfield/measures/gaussian.py",
        old="self.mean[..., :k], self.covariance[..., :k, :k]",
        new="self.mean[..., -k:], self.covariance[..., -k:, -k:]",
        red=("F47", "tests/laws/test_inertial.py::test_a_gaussian_of_positions_and_velocities_stays_one"),
    ),
    Breakage(
        name="F47: tokens of another law",
        file="validation/checks/f/f47_inertia.py",
        old="clouds = mu.sample(CLOUDS",
        new="clouds = 1.2 * mu.sample(CLOUDS",
        red=("F47",),
    ),
    Breakage(
        name="exact: a force that forgets that rows are unit",
        file="validation/exact/inertia.py",
        old="push[i] -= (push[i] @ x[i]) * x[i] + (v[i] @ v[i]) * x[i]",
        new="push[i] -= (push[i] @ x[i]) * x[i]",
        red=("tests/laws/test_inertial.py::test_on_spheres_it_is_the_printed_loop",),
    ),
    Breakage(
        name="inertial: the rate of a law without inertia",
        file="meanfield/analysis/linear.py",
        old="inner = gamma * gamma + 4.0 * s",
        new="inner = gamma * gamma + 2.0 * s",
        red=("F19", "tests/laws/test_inertial.py::test_rates"),
    ),
    Breakage(
        name="F28: the other token is seen on the other side",
        file="validation/exact/heads.py",
        old="a * a * (1.0 - r)",
        new="a * a * (1.0 + r)",
        red=("F28",),
    ),
    Breakage(
        name="F28: tokens see a head of another rank",
        file="validation/checks/f/f28_heads.py",
        old='def _head(rng: np.random.Generator, m: int = RANK)',
        new='def _head(rng: np.random.Generator, m: int = 1)',
        red=("F28",),
    ),
    Breakage(
        name="F29: a perceptron of twice the weight in the gradient alone",
        file="validation/checks/f/f29_perceptron.py",
        old="turn = np.sum(((K * w) @ x - s @ A) * t, axis=-1)",
        new="turn = np.sum(((K * w) @ x - 2.0 * s @ A) * t, axis=-1)",
        red=("F29",),
    ),
    Breakage(
        name="exact: polygons whose rates are not divided by Z",
        file="validation/exact/polygons.py",
        old="/ _weight(beta, c).mean())",
        new="/ _weight(beta, c).max())",
        red=("F42",),
    ),
    Breakage(
        name="F42: layers that attract",
        file="validation/checks/f/f42_repulsive.py",
        old="pt.layers(mf.SA(beta, sign=-1), x, depth, step)",
        new="pt.layers(mf.SA(beta), x, depth, step)",
        red=("F42",),
    ),
)
