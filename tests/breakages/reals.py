"""Densities on R, carried by their flow."""

from __future__ import annotations

from breakages.engine import Breakage

RUN = "tests/methods/test_flow_on_r.py::"
REALS: tuple[Breakage, ...] = (
    Breakage(
        name="asked: in R^d the divergence of M forgets the values",
        file="meanfield/measures/asked.py",
        old="kernel.factors(y if V is None else y @ V[: points.d].T, y)",
        new="kernel.factors(y, y)",
        red=(RUN + "test_divergence_in_rd_by_differences",),
    ),
    Breakage(
        name="attention: in R^d M loses what lies along x",
        file="meanfield/laws/attention.py",
        old='if M.shape[-1] == mu.d and self.geometry == "sphere":',
        new="if M.shape[-1] == mu.d:",
        red=(RUN + "test_divergence_in_rd_by_differences",),
    ),
    Breakage(
        name="reals: panels may be as wide as they like",
        file="meanfield/geometry/reals.py",
        old="np.where(seen, np.abs(s[..., 1] - s[..., 0]), 0.0)",
        new="np.where(seen, 0.0, 0.0)",
        red=(RUN + "test_panels_are_as_narrow_as_scores_ask",),
    ),
    Breakage(
        name="reals: cells are measured by the interval that is shown",
        file="meanfield/geometry/reals.py",
        old="np.diff(edges) / of.area",
        new="np.diff(edges) / space.area",
        red=(RUN + "test_it_is_saved_resumed_drawn",),
    ),
    Breakage(
        name="line: mass outside has coefficients",
        file="meanfield/spaces/line.py",
        old="np.where(left[..., None], np.nan, out)",
        new="out",
        red=(RUN + "test_series_moments_and_samples_of_an_interval",),
    ),
    Breakage(
        name="line: powers by the interval's own middle",
        file="meanfield/spaces/line.py",
        old="REALS.moments(self._placed(rule.nodes)",
        new="REALS.moments(rule.nodes",
        red=(RUN + "test_series_moments_and_samples_of_an_interval",),
    ),
    Breakage(
        name="basins: widths on R are of positions twice as large",
        file="meanfield/clustering/basins.py",
        old="            core = float(self._rule(*inner)[1].sum()) if inner else 0.0\n",
        new="            core = float(self._rule(*inner)[1].sum()) if inner else 0.0\n            s = 2.0 * s\n",
        red=(RUN + "test_clusters_of_an_interval",),
    ),
    Breakage(
        name="flow: a blow-up is called long before",
        file="meanfield/methods/lagrangian/flow.py",
        old="SHORT = 1e-7\n",
        new="SHORT = 1e-1\n",
        red=(RUN + "test_it_blows_up_and_says_when",),
    ),
    Breakage(
        name="unbounded: digits that decide nothing are told as a blow-up",
        file="meanfield/methods/unbounded.py",
        old="            Status.UNDECIDED,\n",
        new="            Status.BLOWN_UP,\n",
        red=("tests/laws/test_rescaled_fields.py::test_x_whose_digits_decide_nothing_ends_by_a_status_that_names_the_way_on",),
    ),
    Breakage(
        name="plot: R has another unit of its axis",
        file="meanfield/plot/line.py",
        old='POSITION = "position $x$"',
        new='POSITION = "angle (rad)"',
        red=(RUN + "test_it_is_saved_resumed_drawn",),
    ),
    Breakage(
        name="B23.line: W_2 falls where it grows",
        file="validation/checks/b/b6_line.py",
        old="return float(gaps[1] / gaps[0])",
        new="return float(gaps[0] / gaps[1])",
        red=("B23.line",),
    ),
)
