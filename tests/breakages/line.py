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
        red=("tests/particles/test_line.py::test_the_token_that_stays_is_that_of_the_flow_back_in_time",),
    ),
    Breakage(
        name="exact line: the pair's limit without the term that is integrated by hand",
        file="validation/exact/line.py",
        old=" + 0.5 * math.log(low)",
        new="",
        red=("tests/particles/test_line.py::test_two_tokens_of_the_plane_part_by_what_a_quadrature_tells",),
    ),
)
