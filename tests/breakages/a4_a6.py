"""A, sections 4 to 6: small beta, one cluster, high dimension."""

from __future__ import annotations

from breakages.engine import Breakage

A4_A6: tuple[Breakage, ...] = (
    Breakage(
        name="repulsion at beta = 0",
        file="validation/checks/a/a4_small_beta.py",
        old="end = pt.simulate(mf.SA(0.0), x, (0.0, 100.0)",
        new="end = pt.simulate(mf.SA(0.0, sign=-1), x, (0.0, 100.0)",
        red=("A27",),
        tier="full",
    ),
    Breakage(
        name="tokens at beta = 0 to a tenth of the time",
        file="validation/checks/a/a4_small_beta.py",
        old="x, (0.0, 100.0), [100.0], rtol=1e-6, atol=1e-9)",
        new="x, (0.0, 10.0), [10.0], rtol=1e-6, atol=1e-9)",
        red=("A27.few",),
    ),
    Breakage(
        name="the field at beta = 0 is 1e-9 too weak",
        file="meanfield/special/bessel.py",
        old="p[1] = 1.0 / (d + beta * steps[1])",
        new="p[1] = 1.0 / (1.000000001 * d + beta * steps[1])",
        red=("A27.poisson",),
    ),
    Breakage(
        name="zonal moments by orthonormal polynomials",
        file="meanfield/spaces/zonal.py",
        old="held = c[..., : degree + 1] / np.sqrt(dimensions(self.d, self.degree)[: degree + 1])",
        new="held = c[..., : degree + 1]",
        red=("A27.spheres",),
    ),
    Breakage(
        name="small beta, halved",
        file="validation/checks/a/a4_small_beta.py",
        old="ends = [pt.simulate(kind(b), x,",
        new="ends = [pt.simulate(kind(0.5 * b), x,",
        red=("A28",),
    ),
    Breakage(
        name="small beta, eight times as large",
        file="validation/checks/a/a4_small_beta.py",
        old="pt.simulate(mf.SA(b, Q=Q, K=K), x,",
        new="pt.simulate(mf.SA(8.0 * b, Q=Q, K=K), x,",
        red=("A28.share",),
    ),
    Breakage(
        name="repulsion on S^2 and S^3",
        file="validation/checks/a/a4_small_beta.py",
        old="end = pt.simulate(kind(0.2), x, (0.0, 150.0)",
        new="end = pt.simulate(kind(0.2, sign=-1), x, (0.0, 150.0)",
        red=("A29.spheres",),
    ),
    Breakage(
        name="one cluster at half of beta",
        file="validation/checks/a/a4_small_beta.py",
        old="run = pt.simulate(mf.SA(beta), x, (0.0, 150.0)",
        new="run = pt.simulate(mf.SA(0.5 * beta), x, (0.0, 150.0)",
        red=("A29",),
    ),
    Breakage(
        name="clouds of S^2 and S^3 to a hundredth of the time",
        file="validation/checks/a/a6_high_dimension.py",
        old="x, (0.0, 1000.0), [1000.0]",
        new="x, (0.0, 10.0), [10.0]",
        red=("A31",),
        tier="full",
    ),
    Breakage(
        name="a cone at half of beta",
        file="validation/checks/a/a6_high_dimension.py",
        old="run = pt.simulate(law, x, (0.0, t[-1])",
        new="run = pt.simulate(type(law)(0.5 * law.beta), x, (0.0, t[-1])",
        red=("A34",),
    ),
    Breakage(
        name="uniform angles fill two thirds of the circle",
        file="particles/sample.py",
        old="return 2.0 * np.pi * inputs",
        new="return 1.333 * np.pi * inputs",
        red=("A37",),
    ),
    Breakage(
        name="the kernel is that of a beta larger by 1e-9",
        file="meanfield/kernels/exponential.py",
        old="else self.beta * a, (y",
        new="else 1.000000001 * self.beta * a, (y",
        red=("A38",),
    ),
    Breakage(
        name="the state inside a step is 1e-7 off",
        file="meanfield/steppers/runge_kutta.py",
        old="self.shaped(np.dot(table.P, self.k))",
        new="self.shaped(1.0000001 * np.dot(table.P, self.k))",
        red=("A40",),
    ),
    Breakage(
        name="the end of a run at another time, by 1/50",
        file="validation/checks/a/a6_high_dimension.py",
        old="x, (0.0, 1.0), [1.0], rtol=1e-6",
        new="x, (0.0, 0.98), [0.98], rtol=1e-6",
        red=("A39",),
    ),
)
