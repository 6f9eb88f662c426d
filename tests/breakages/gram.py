"""Tokens moved by their inner products, and the pictures made with them."""

from __future__ import annotations

from breakages.engine import Breakage

GRAM: tuple[Breakage, ...] = (
    Breakage(
        name="inner: of a token the wrong part goes along itself",
        file="meanfield/measures/inner.py",
        old="e *= w[..., None, :]",
        new="e *= w[..., :, None]",
        red=("tests/particles/test_gram.py::test_inner_products_are_those_of_rows",),
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
)
