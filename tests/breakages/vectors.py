"""Pictures of R^d, and the checks of B that draw its figures."""

from __future__ import annotations

from breakages.engine import Breakage

PLOT = "tests/plot/test_plot_vectors.py::"
VECTORS: tuple[Breakage, ...] = (
    Breakage(
        name="sheets: a title as wide as it likes",
        file="meanfield/plot/sheets.py",
        old="    if width > room:",
        new="    if width < 0.0:",
        red=(PLOT + "test_a_long_title_stays_within_the_sheet",),
    ),
    Breakage(
        name="polytopes: facets that are one have an edge between",
        file="meanfield/plot/polytopes.py",
        old="< 1.0 - 1e-9]",
        new="< 2.0]",
        red=(PLOT + "test_a_cube_has_eight_corners_and_twelve_edges",),
    ),
    Breakage(
        name="vectors: the deviation is the variance",
        file="meanfield/plot/vectors.py",
        old="each.std(axis=1)",
        new="each.var(axis=1)",
        red=(PLOT + "test_components_are_lines_or_their_mean_and_deviation",),
    ),
    Breakage(
        name="matrices: keys and queries change places",
        file="meanfield/plot/matrices.py",
        old="np.stack([Q[i], K[j]], axis=1)",
        new="np.stack([Q[j], K[i]], axis=1)",
        red=(PLOT + "test_attention_is_grey_squares_and_strokes",),
    ),
    Breakage(
        name="plot: every replica is the first",
        file="particles/plot.py",
        old="return run, at, run.rows[(slice(None), *run._index(replica))]",
        new="return run, at, run.rows[(slice(None), *run._index(None))]",
        red=(PLOT + "test_replicas_are_drawn_one_by_one",),
    ),
)
