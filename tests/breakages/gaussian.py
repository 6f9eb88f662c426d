"""Gaussians moved by their means and covariances."""

from __future__ import annotations

from breakages.engine import Breakage

GAUSSIAN: tuple[Breakage, ...] = (
    Breakage(
        name="gaussian: scores pull half as far",
        file="meanfield/measures/gaussian.py",
        old="Su = u @ self.covariance",
        new="Su = 0.5 * u @ self.covariance",
        red=(
            "tests/methods/test_gaussian.py::test_the_table",
            "tests/methods/test_gaussian.py::test_readings_and_energies_are_those_of_quadrature",
        ),
    ),
    Breakage(
        name="gaussian: E without the determinant",
        file="meanfield/measures/gaussian.py",
        old=" - 0.5 * np.linalg.slogdet(D)[1]",
        new="",
        red=("tests/methods/test_gaussian.py::test_readings_and_energies_are_those_of_quadrature",),
    ),
    Breakage(
        name="gaussian: an indefinite covariance passes",
        file="meanfield/measures/gaussian.py",
        old="< -ROOM * len(m) * size:",
        new="< -1e9 * size:",
        red=("tests/methods/test_gaussian.py::test_what_is_no_gaussian_is_refused",),
    ),
    Breakage(
        name="gaussian: its covariance is moved from one side alone",
        file="meanfield/methods/gaussian.py",
        old="grown + grown.T + np.diag(f.noise)",
        new="grown + grown + np.diag(f.noise)",
        red=("tests/methods/test_gaussian.py::test_the_table",),
    ),
    Breakage(
        name="gaussian: a law that is not affine passes",
        file="meanfield/methods/gaussian.py",
        old="return self.off <= AFFINE * self.most < math.inf",
        new="return self.off >= 0.0",
        red=("tests/methods/test_gaussian.py::test_laws_that_keep_no_gaussian_are_refused",),
    ),
    Breakage(
        name="gaussian: a blow-up is near from a thousandth on",
        file="meanfield/methods/gaussian.py",
        old="NEAR = 1e-8",
        new="NEAR = 1e-3",
        red=("tests/methods/test_gaussian.py::test_blow_ups_are_located",),
    ),
    Breakage(
        name="gaussian: the blow-up is where the run ended",
        file="meanfield/runs/gaussian.py",
        old="""at["t"] + method.left(at["t"], at["y"])""",
        new="""at["t"]""",
        red=("tests/methods/test_gaussian.py::test_blow_ups_are_located",),
    ),
    Breakage(
        name="ellipses: pictures of Gaussians say no axis",
        file="meanfield/plot/ellipses.py",
        old="""ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")""",
        new="""ax.set(aspect="equal")""",
        red=("tests/methods/test_gaussian.py::test_a_run_is_saved_resumed_and_drawn",),
    ),
    Breakage(
        name="B22: the printed field sees keys by their transpose",
        file="validation/checks/b/b6_mean_field.py",
        old="(x @ Q.T) @ (y @ K.T).T",
        new="(x @ Q.T) @ (y @ K).T",
        red=("B22",),
    ),
    Breakage(
        name="B23: fields are frozen half a step late",
        file="validation/checks/b/b6_mean_field.py",
        old="(0.0, tau), path[-1].ravel()",
        new="(0.0, 1.1 * tau), path[-1].ravel()",
        red=("B23",),
    ),
    Breakage(
        name="F13: steered by the inverse, not by its square",
        file="validation/checks/f/f13_reachable.py",
        old="@ inverse @ inverse)",
        new="@ inverse)",
        red=("F13",),
    ),
    Breakage(
        name="F12.points: particles of a wider Gaussian",
        file="validation/checks/f/f13_reachable.py",
        old="one = pt.simulate(law, mu.sample(many, rng),",
        new="one = pt.simulate(law, 1.2 * mu.sample(many, rng),",
        red=("F12.points",),
    ),
    Breakage(
        name="F21: modes of half as wide a kernel",
        file="validation/checks/f/f21_modes.py",
        old="return np.exp(-0.5 * self.beta * s)",
        new="return np.exp(-2.0 * self.beta * s)",
        red=("F21",),
    ),
    Breakage(
        name="A59: the printed form of rescaled tokens forgets its own place",
        file="validation/checks/a/a9_flat.py",
        old="@ z - z) @ V.T",
        new="@ z) @ V.T",
        red=("A59",),
    ),
)
