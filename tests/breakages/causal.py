"""What C says of powers of beta, of spectra, of layers and of what is open; the past, compiled."""

from __future__ import annotations

from breakages.engine import Breakage

CAUSAL: tuple[Breakage, ...] = (
    Breakage(
        name="compiled past: columns go on behind the row's own",
        file="meanfield/sums/direct_numba.py",
        old="i0 = max(first, j) if past else first",
        new="i0 = first",
        red=("tests/sums/test_direct_numba.py::test_under_the_causal_mask",),
    ),
    Breakage(
        name="direct: earlier sums keep the score they were under",
        file="meanfield/sums/direct.py",
        old="            sums[r, i] *= fade\n",
        new="",
        red=("tests/sums/test_direct.py::test_several_tiles_each_way",),
    ),
    Breakage(
        name="masked: graphs that are not symmetric have an energy too",
        file="meanfield/laws/masked.py",
        old="return self.law.paired and symmetric(self.A)",
        new="return bool(self.law.paired)",
        red=("tests/laws/test_graph_energy.py::test_a_graph_that_is_not_symmetric_has_none",),
    ),
    Breakage(
        name="gradient: a graph's energy counts every pair twice",
        file="meanfield/laws/gradient.py",
        old="return np.sum(mu.weights * Z, axis=-1) / (2.0 * k.beta)",
        new="return np.sum(mu.weights * Z, axis=-1) / k.beta",
        red=("tests/laws/test_graph_energy.py::test_it_is_the_double_sum_over_edges",),
    ),
    Breakage(
        name="edges: a large dense graph stays as it is",
        file="meanfield/sums/edges.py",
        old="        return Edges.of(scipy.sparse.csr_array(A))\n    warnings",
        new="        return A\n    warnings",
        red=("tests/laws/test_masks.py::test_a_large_dense_graph_is_held_by_its_edges_or_said_to_be_unsavable",),
    ),
    Breakage(
        name="layers: what is added is not normalised",
        file="particles/layers.py",
        old='"attention": lambda x, A, t, h: x + h * unit(A),',
        new='"attention": lambda x, A, t, h: x + h * A,',
        red=("C22",),
    ),
    Breakage(
        name="check C22: the flow of the projected sum for (4)",
        file="validation/checks/c/ca_layers.py",
        old='"attention": _flow(x, lambda y: _normed(_attention(y, parts))),',
        new='"attention": _flow(x, lambda y: _attention(y, parts)),',
        red=("C22",),
    ),
    Breakage(
        name="check C09: V keeps a dimension more",
        file="validation/checks/c/c5_scaling.py",
        old="np.diag([1.0] * d + [0.0] * (4 - d))",
        new="np.diag([1.0] * (d + 1) + [0.0] * (3 - d))",
        red=("C09",),
    ),
    Breakage(
        name="check C20: captured is within a width",
        file="validation/checks/c/c6_open.py",
        old="CLOSE = 0.1 / np.sqrt(BETA)",
        new="CLOSE = 4.0 / np.sqrt(BETA)",
        red=("C20",),
    ),
    Breakage(
        name="check C21: the layer beside no mask",
        file="validation/checks/c/c6_open.py",
        old="law, x = mf.Causal(mf.SA(4.0)) + mf.FeedForward(W, A, b)",
        new="law, x = mf.SA(4.0) + mf.FeedForward(W, A, b)",
        red=("C21",),
    ),
    Breakage(
        name="check C28: values with a variance of 2/d",
        file="validation/checks/c/cb_spectrum.py",
        old="rng.standard_normal((LARGE, LARGE)) / np.sqrt(LARGE)",
        new="rng.standard_normal((LARGE, LARGE)) / np.sqrt(0.5 * LARGE)",
        red=("C28",),
    ),
    Breakage(
        name="check C33: the power is of beta squared",
        file="validation/checks/c/c5_scaling.py",
        old="np.polyfit(np.log(RANGES[d])",
        new="np.polyfit(2.0 * np.log(RANGES[d])",
        red=("C33",),
    ),
)
