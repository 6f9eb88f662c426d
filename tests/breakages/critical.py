"""Critical points, their indices, and the proofs about them."""

from __future__ import annotations

from breakages.engine import Breakage

CRITICAL: tuple[Breakage, ...] = (
    Breakage(
        name="pulls: the sphere's curvature is left out of the Hessian",
        file="particles/pulls.py",
        old="own -= (A * G)",
        new="own -= 0.0 * (A * G)",
        red=("tests/particles/test_critical.py::test_pulls_are_usas_velocity_and_its_derivative", "A50", "A72"),
    ),
    Breakage(
        name="pulls: clusters hold together twice as well",
        file="particles/pulls.py",
        old="- w[a] * np.eye(d - 1)",
        new="- 2.0 * w[a] * np.eye(d - 1)",
        red=("tests/particles/test_critical.py::test_a_pair_comes_apart_at_its_beta_and_the_count_holds",),
    ),
    Breakage(
        name="seeking: deflation pushes elsewhere than it says",
        file="particles/seeking.py",
        old="log -= 2.0 * AWAY",
        new="log -= 1.0 * AWAY",
        red=("tests/particles/test_critical.py::test_deflation_is_smooth_and_blind_to_turns_and_names",),
    ),
    Breakage(
        name="critical: mirror images count once",
        file="particles/critical.py",
        old="* (1 if any(alike[1]) else 2)",
        new="* (2 if any(alike[1]) else 1)",
        red=("tests/particles/test_critical.py::test_four_tokens_as_printed", "A50"),
    ),
    Breakage(
        name="critical: negative eigenvalues are counted",
        file="particles/critical.py",
        old="(part > _edge(part)).sum()",
        new="(part < -_edge(part)).sum()",
        red=("A30", "A50"),
    ),
    Breakage(
        name="A68: the wrong pole is the subset",
        file="validation/checks/a/a_critical.py",
        old="G[np.ix_(one, ~one)].sum())), max",
        new="G[np.ix_(one, one)].sum())), max",
        red=("A68",),
    ),
    Breakage(
        name="A70: g with d for d - 1",
        file="validation/checks/a/a_critical.py",
        old="g = -(np.exp(beta * G) * ((d - 1.0) * G",
        new="g = -(np.exp(beta * G) * (d * G",
        red=("A70",),
    ),
    Breakage(
        name="configurations: Gegenbauer's recurrence of the wrong dimension",
        file="particles/configurations.py",
        old="((2.0 * k + d - 2.0) * values * now - k * before) / (k + d - 2.0)",
        new="((2.0 * k + d - 1.0) * values * now - k * before) / (k + d - 1.0)",
        red=("A58", "tests/particles/test_configurations.py::test_constructions_are_what_they_are_called"),
    ),
    Breakage(
        name="configurations: descent stops early",
        file="particles/configurations.py",
        old="end = _refined(_lowered(x, beta), beta)",
        new="end = x",
        red=("tests/particles/test_configurations.py::test_the_least_energies_of_the_table",),
    ),
    Breakage(
        name="configurations: at large beta E is descended with what points have with themselves",
        file="particles/configurations.py",
        old="told = _crowded if beta > SHARP else _spread",
        new="told = _spread",
        red=(
            "A57",
            "tests/particles/test_configurations.py::test_points_find_each_other_beneath_what_each_has_with_itself",
        ),
    ),
    Breakage(
        name="cbo: noise of half the variance",
        file="particles/cbo.py",
        old="return math.sqrt(2.0) * self.sigma * np.linalg.norm",
        new="return self.sigma * np.linalg.norm",
        red=("A65", "tests/particles/test_cbo.py::test_terms_are_those_printed"),
    ),
    Breakage(
        name="A65: the moments of n free points",
        file="validation/checks/a/a9_cbo.py",
        old="* 0.16 * 0.1 * 0.8) ** 5",
        new="* 0.16 * 0.1 * 1.0) ** 5",
        red=("A65",),
    ),
)
