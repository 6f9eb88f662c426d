"""A, sections 6.2 to 9: the circle, critical points, metastability, hierarchies, repulsion."""

from __future__ import annotations

from breakages.engine import Breakage

A7_A9: tuple[Breakage, ...] = (
    Breakage(
        name="half of the entropy",
        file="meanfield/spaces/density.py",
        old="return np.sum(self.space.weights * rho * np.log(",
        new="return 0.5 * np.sum(self.space.weights * rho * np.log(",
        red=("A32",),
    ),
    Breakage(
        name="USA for SA",
        file="validation/checks/a/a7_landscape.py",
        old="run = pt.simulate(mf.SA(beta), x, (0.0, 30.0)",
        new='run = pt.simulate(mf.USA(beta, scale="relative"), x, (0.0, 30.0)',
        red=("A42",),
    ),
    Breakage(
        name="clusters pull each other 1e-4 too weakly, in beta",
        file="meanfield/geometry/angles.py",
        old="return 2.0 * (half * half), np.sin(gap)",
        new="return 2.0001 * (half * half), np.sin(gap)",
        red=("A43", "A43.diracs"),
    ),
    Breakage(
        name="the slope of a pull with sin for its square",
        file="meanfield/analysis/stars.py",
        old="(np.cos(x) - beta * np.sin(x) ** 2)",
        new="(np.cos(x) - beta * np.abs(np.sin(x)))",
        red=("A43.stars",),
    ),
    Breakage(
        name="tangents are turned clockwise",
        file="meanfield/geometry/turning.py",
        old="    np.negative(rows[..., 1], out=turned[..., 0])\n    turned[..., 1] = rows[..., 0]\n",
        new="    np.negative(rows[..., 0], out=turned[..., 1])\n    turned[..., 0] = rows[..., 1]\n",
        red=("A46",),
    ),
    Breakage(
        name="a density's Z has multipliers that fall off 1e-6 too slowly",
        file="meanfield/methods/on_plan.py",
        old="symbols.append(kernel.multipliers(d, top)[k])",
        new="symbols.append(kernel.multipliers(d, top)[k] * 1.000001**k)",
        red=("A47",),
    ),
    Breakage(
        name="noise of twice the variance",
        file="meanfield/laws/noise.py",
        old="return sqrt(2.0 * self.kappa)",
        new="return sqrt(4.0 * self.kappa)",
        red=("A47.growth", "F02.rates", "F17.thresholds"),
    ),
    Breakage(
        name="the series of lambda_0 one step late",
        file="meanfield/special/bessel.py",
        old="term *= z / (m * (0.5 * d + m - 1.0))",
        new="term *= z / (m * (0.5 * d + m))",
        red=("A51",),
    ),
    Breakage(
        name="a token's mass is 1/(n - 1) in a run",
        file="particles/simulate.py",
        old="return place, x, turns, np.full(n, 1.0 / n) if",
        new="return place, x, turns, np.full(n, 1.0 / (n - 1)) if",
        red=("A52",),
    ),
    Breakage(
        name="a token's mass is 1/(n - 1)",
        file="meanfield/measures/points.py",
        old="w = np.full(shape, 1.0 / shape[-1]) if",
        new="w = np.full(shape, 1.0 / (shape[-1] - 1)) if",
        red=("A53",),
    ),
    Breakage(
        name="SA attracts whatever its sign",
        file="meanfield/laws/gradient.py",
        old="return v if self.sign > 0 else np.negative(v, out=v)",
        new="return v",
        red=("A56",),
    ),
    Breakage(
        name="tokens' noise of half the variance",
        file="meanfield/steppers/stochastic.py",
        old="xi *= math.sqrt(h)",
        new="xi *= math.sqrt(0.5 * h)",
        red=("A66.brownian",),
    ),
    Breakage(
        name="large configurations to a thousandth of the time",
        file="validation/checks/a/a9_repulsion.py",
        old="near, (0.0, 4000.0), [4000.0]",
        new="near, (0.0, 4.0), [4.0]",
        red=("A57",),
        tier="full",
    ),
    Breakage(
        name="the divergence on S^{d-1} with d for d - 1",
        file="meanfield/sums/tiles.py",
        old="np.add(s, self.d - 1.0 + (self.peak or 0.0), out=g)",
        new="np.add(s, self.d + (self.peak or 0.0), out=g)",
        red=("A69",),
    ),
    Breakage(
        name="SA attracts where it should repel",
        file="meanfield/laws/gradient.py",
        old="return v if self.sign > 0 else np.negative(v, out=v)",
        new="return v if self.sign < 0 else np.negative(v, out=v)",
        red=("A71",),
    ),
)
