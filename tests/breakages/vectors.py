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
    Breakage(
        name="B's figures: V with the other sign",
        file="validation/checks/b/_flat.py",
        old='K=K, V=V, geometry="flat"))',
        new='K=K, V=-V, geometry="flat"))',
        red=("B04", "B11", "B16", "B18", "B19", "B21", "B41", "B42", "B43", "B45"),
    ),
    Breakage(
        name="B's attention: V with the other sign",
        file="validation/checks/b/b2_attention.py",
        old='mf.Linear(V, geometry="flat") if coded else mf.SA(1.0, V=V,',
        new='mf.Linear(-V, geometry="flat") if coded else mf.SA(1.0, V=-V,',
        red=("B07", "B07.coded", "B39", "B39.coded", "B40", "B40.coded"),
    ),
    Breakage(
        name="B's clouds: V with the other sign",
        file="validation/checks/b/b2_attention.py",
        old="mf.SA(1.0, Q=Q, V=V,",
        new="mf.SA(1.0, Q=Q, V=-V,",
        red=("B08", "B08.coded"),
    ),
    Breakage(
        name="B's heads have no values",
        file="validation/checks/b/b12_open.py",
        old="V=np.eye(2) / H",
        new="V=0.0 * np.eye(2)",
        red=("B44",),
    ),
    Breakage(
        name="a layer behind attention with the other sign",
        file="validation/checks/b/b12_open.py",
        old="mf.Activated(rescaled(V), out, sigma)",
        new="mf.Activated(rescaled(V), -out, sigma)",
        red=("B46",),
    ),
    Breakage(
        name="every singular value counts for the rank",
        file="particles/matrix.py",
        old="np.sum(s > tol * s[..., :1], axis=-1)",
        new="np.sum(s >= 0.0 * s[..., :1], axis=-1)",
        red=("B47",),
    ),
    Breakage(
        name="Figure 8 without a negative eigenvalue",
        file="validation/checks/b/b3_polytopes.py",
        old="MIXED = np.diag([1.0, 1.0, -0.5])",
        new="MIXED = np.diag([1.0, 1.0, 0.5])",
        red=("B21",),
    ),
    Breakage(
        name="Figure 14 turns faster",
        file="validation/checks/b/b4_hyperplanes.py",
        old="_pair(-0.05, 0.25)",
        new="_pair(-0.05, 0.35)",
        red=("B42",),
    ),
)
