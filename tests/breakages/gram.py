"""Tokens moved by their inner products, and the pictures made with them."""

from __future__ import annotations

from breakages.engine import Breakage

GRAM: tuple[Breakage, ...] = (
    Breakage(
        name="inner: of a token the wrong part goes along itself",
        file="meanfield/measures/inner.py",
        old="e *= w[..., None, :]",
        new="e *= w[..., :, None]",
        red=("tests/measures/test_inner.py::test_readings_are_the_double_loop",),
    ),
    Breakage(
        name="gram: gaps shrink by one token's pull alone",
        file="meanfield/methods/gram.py",
        old="np.multiply(_pairs(a), y, out=cD)",
        new="np.multiply(a[..., None], y, out=cD)",
        red=(
            "tests/particles/test_gram.py::test_inner_products_are_those_of_rows",
            "tests/particles/test_gram.py::test_the_reference_values",
        ),
    ),
    Breakage(
        name="gram: matrices with negative eigenvalues pass",
        file="particles/gram.py",
        old="if least < -room * G.shape[-1]:",
        new="if least < -1e9 * G.shape[-1]:",
        red=("tests/particles/test_gram.py::test_what_is_refused",),
    ),
    Breakage(
        name="phase: tokens are together at three times the gap",
        file="validation/phase.py",
        old="<= DELTA).mean(axis=-1)",
        new="<= 3.0 * DELTA).mean(axis=-1)",
        red=("A41",),
    ),
    Breakage(
        name="phase: the limit curve of four times as many tokens, as in the script",
        file="validation/checks/a/a6_phase.py",
        old="n: int = TOKENS) -> Array",
        new="n: int = 128) -> Array",
        red=("A41",),
    ),
    Breakage(
        name="gram: of a step of the published codes too much is the token itself",
        file="meanfield/methods/gram.py",
        old="np.einsum(\"...ii->...i\", b)[...] += 1.0",
        new="np.einsum(\"...ii->...i\", b)[...] += 1.3",
        red=("A41.coded", "tests/particles/test_gram.py::test_schemes_of_fixed_steps"),
    ),
    Breakage(
        name="the kernel's K is its transpose",
        file="meanfield/kernels/exponential.py",
        old="y @ self.K.T)",
        new="y @ self.K)",
        red=("A44",),
    ),
    Breakage(
        name="as coded: V is not transposed",
        file="validation/checks/a/a6_random.py",
        old="return B, V.T if coded else V",
        new="return B, V",
        red=("A44.coded",),
    ),
    Breakage(
        name="random Q and K at the script's scale alone",
        file="validation/checks/a/a6_random.py",
        old="/ d**power",
        new="/ d**0.5",
        red=("A45",),
    ),
    Breakage(
        name="the map of regimes at ten times beta",
        file="validation/checks/a/a_regimes.py",
        old="pt.gram(mf.SA(beta), ",
        new="pt.gram(mf.SA(10.0 * beta), ",
        red=("A26",),
    ),
    Breakage(
        name="numbers of clusters at a larger beta",
        file="validation/checks/s/s01_clusters.py",
        old="mf.SA(beta), x",
        new="mf.SA(3.0 + beta), x",
        red=("S01",),
    ),
)
