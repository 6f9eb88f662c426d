"""Tokens of the line, and logarithms of attention."""

from __future__ import annotations

from breakages.engine import Breakage

LINE: tuple[Breakage, ...] = (
    Breakage(
        name="general: log P is the score, not normalised",
        file="meanfield/laws/general.py",
        old="s - np.log(np.exp(s).sum(axis=-1, keepdims=True)) if self.normalised else s",
        new="s",
        red=("tests/particles/test_line.py::test_logarithms_of_every_kind_of_attention_are_logarithms",),
    ),
    Breakage(
        name="matrix: log(1 - P) is that of the rounded P",
        file="particles/matrix.py",
        old="    np.put_along_axis(out, largest, rest, axis=-1)\n",
        new="",
        red=("tests/particles/test_line.py::test_logarithms_of_attention_are_those_of_the_loop_where_it_underflows",),
    ),
    Breakage(
        name="line: a token leaves for sure from a third of where it does",
        file="particles/line.py",
        old="    n, most = len(u), escape(len(u)) ** 2",
        new="    n, most = len(u), 0.1 * escape(len(u)) ** 2",
        red=("tests/particles/test_line.py::test_where_tokens_are_sure_to_leave",),
    ),
    Breakage(
        name="line: the number of tokens on either side does not count",
        file="particles/line.py",
        old="math.log(-m[0] * low / (m[1] * high))",
        new="math.log(-low / high)",
        red=("B28", "tests/particles/test_line.py::test_the_token_that_stays_is_that_of_the_flow_back_in_time"),
    ),
    Breakage(
        name="exact line: the pair's limit without the term that is integrated by hand",
        file="validation/exact/line.py",
        old=" + 0.5 * math.log(low)",
        new="",
        red=("tests/particles/test_line.py::test_two_tokens_of_the_plane_part_by_what_a_quadrature_tells",),
    ),
    Breakage(
        name="line: a leader without company is left as slowly as one with it",
        file="particles/line.py",
        old="pace[side] = V if side.sum() > 1 else 2.0 * V",
        new="pace[side] = V",
        red=("B05", "tests/particles/test_line.py::test_matrices_and_beta_are_a_change_of_units"),
    ),
    Breakage(
        name="line: all follow the last token",
        file="particles/line.py",
        old="((left, u.argmin()), (right, u.argmax()))",
        new="((left, u.argmax()), (right, u.argmax()))",
        red=("B06", "tests/particles/test_line.py::test_the_limit_of_attention_is_that_of_a_run"),
    ),
    Breakage(
        name="line: A of n, not of n^2",
        file="particles/line.py",
        old="lambertw(float(n) ** 2)",
        new="lambertw(float(n))",
        red=("B26", "tests/particles/test_line.py::test_where_tokens_are_sure_to_leave"),
    ),
    Breakage(
        name="B05: the follower's share is asked, not the leader's",
        file="validation/checks/b/b2_line.py",
        old="ends.P.argmax(axis=1)])",
        new="ends.P.argmin(axis=1)])",
        red=("B05",),
    ),
    Breakage(
        name="B12: tokens are rescaled by half of their growth",
        file="validation/checks/b/b3_rates.py",
        old="x * np.exp(-t)",
        new="x * np.exp(-0.5 * t)",
        red=("B12",),
    ),
    Breakage(
        name="B24: concave",
        file="validation/checks/b/b7_line.py",
        old="f[0] - 2.0 * f[1] + f[2]",
        new="2.0 * f[1] - f[0] - f[2]",
        red=("B24",),
    ),
    Breakage(
        name="B25, B27, B29: tokens repel",
        file="validation/checks/b/b7_line.py",
        old='LAW = mf.SA(1.0, geometry="flat")',
        new='LAW = mf.SA(1.0, sign=-1, geometry="flat")',
        red=("B25", "B29"),
    ),
    Breakage(
        name="B27: x e^{-t/2}",
        file="validation/checks/b/b7_line.py",
        old="off = 1.0 - x * np.exp(-t)[:, None] / gamma",
        new="off = 1.0 - x * np.exp(-0.5 * t)[:, None] / gamma",
        red=("B27",),
    ),
    Breakage(
        name="B33: beta = 2",
        file="validation/checks/b/b8_origin.py",
        old='LAW = mf.SA(1.0, sign=-1, geometry="flat")',
        new='LAW = mf.SA(2.0, sign=-1, geometry="flat")',
        red=("B33",),
    ),
    Breakage(
        name="B34: nine tenths of the bound",
        file="validation/checks/b/b8_origin.py",
        old="np.maximum(length[0], np.sqrt(2.0 * n))",
        new="np.maximum(0.9 * length[0], np.sqrt(2.0 * n))",
        red=("B34",),
    ),
)
