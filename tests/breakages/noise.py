"""Noise on particles."""

from __future__ import annotations

from breakages.engine import Breakage

VARYING = "tests/steppers/test_steppers_varying.py"

NOISE: tuple[Breakage, ...] = (
    Breakage(
        name="weak2: the arithmetic mean for the geometric one",
        file="meanfield/steppers/varying.py",
        old="np.sqrt(0.5 * ahead * behind)",
        new="math.sqrt(0.125) * (ahead + behind)",
        red=(f"{VARYING}::test_noise_that_depends_on_the_other_token",),
    ),
    Breakage(
        name="weak2: a Brownian step that is not bent",
        file="meanfield/steppers/stochastic.py",
        old="y + u + 0.25 * (u",
        new="y + u + 0.0 * (u",
        red=(f"{VARYING}::test_noise_that_depends_on_the_place_on_a_sphere", "A66.brownian"),
    ),
    Breakage(
        name="varying noise of twice the variance",
        file="meanfield/laws/noise.py",
        old="return np.sqrt(2.0 * self._told(t, rows))",
        new="return np.sqrt(4.0 * self._told(t, rows))",
        red=(f"{VARYING}::test_constant_strength_may_be_told_as_a_function",),
    ),
    Breakage(
        name="steps of noise of any length",
        file="meanfield/steppers/stochastic.py",
        old="if h > most * (1.0 + ROOM)",
        new="if h > 100.0 * most * (1.0 + ROOM)",
        red=(f"{VARYING}::test_a_step_too_long_for_the_sphere_is_refused_with_the_limit",),
    ),
    Breakage(
        name="A66.orders: steps of half the noise that is drawn twice",
        file="meanfield/steppers/varying.py",
        old="half = math.sqrt(0.5)",
        new="half = 0.5",
        red=("A66.orders",),
    ),
    Breakage(
        name="A66.orders: the means of noise twice as strong",
        file="validation/exact/shaken.py",
        old="noise = -np.diag(k**2)",
        new="noise = -2.0 * np.diag(k**2)",
        red=("A66.orders",),
    ),
    Breakage(
        name="A66.orders: noise that does not fade",
        file="validation/checks/a/a9_orders.py",
        old="mf.VaryingDiffusion(lambda t, x: _slower(t) * (",
        new="mf.VaryingDiffusion(lambda t, x: 1.0 * (",
        red=("A66.orders",),
    ),
    Breakage(
        name="F26: half the pull of antipodal pairs",
        file="validation/exact/random_layers.py",
        old="p = np.tanh(u) + 2.0 * ab * e",
        new="p = 0.5 * np.tanh(u) + 2.0 * ab * e",
        red=("F26",),
        tier="full",
    ),
    Breakage(
        name="F26: tokens that see each other less",
        file="validation/checks/f/f26_random.py",
        old='law, at = mf.SA(beta, geometry="flat")',
        new='law, at = mf.SA(0.5 * beta, geometry="flat")',
        red=("F26",),
        tier="full",
    ),
    Breakage(
        name="F41: no force",
        file="validation/checks/f/f26_random.py",
        old="x[..., 0] += h * force",
        new="x[..., 0] += 0.0 * force",
        red=("F41",),
        tier="full",
    ),
    Breakage(
        name="F27: noise of every token's own",
        file="validation/checks/f/f27_common.py",
        old="noise = mf.Diffusion(kappa, common=True)",
        new="noise = mf.Diffusion(kappa)",
        red=("F27",),
        tier="full",
    ),
)
