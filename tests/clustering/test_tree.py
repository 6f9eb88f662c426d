"""Clusters followed through time: merge times against exact ones, trees of lists, pictures that show what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.clustering.track import track
from meanfield.clustering.tree import MergeTree, merge_tree, rescaled_energy
from meanfield.plot import tree as drawn
from meanfield.protocols import Array
from validation.exact import diracs

picture: Any = drawn
TURN = 2.0 * np.pi


@dataclass
class Film:
    """A run without dense output: times and measures."""

    t: Array
    measures: list[Any]


def film(t: Any, theta: Any, weights: Any = None) -> Film:
    return Film(np.asarray(t, dtype=float), [mf.Points(theta(s), weights=weights) for s in t])


class Moving(Film):
    """The same with dense output."""

    def __init__(self, t: Array, at: Any) -> None:
        super().__init__(np.asarray(t, dtype=float), [at(s) for s in t])
        self.at = at

    def __call__(self, t: float) -> Any:
        return self.at(t)


# --- merge times -------------------------------------------------------------------------------------------


@pytest.mark.rounding
@pytest.mark.parametrize(
    ("kind", "m1", "alpha"), [("SA", 0.5, 1.5), ("SA", 0.2, 2.0), ("SA", 0.9, 1.0), ("USA", 0.5, 2.0)]
)
def test_two_diracs_merge_when_they_should(kind: str, m1: float, alpha: float) -> None:
    law = {"SA": mf.SA, "USA": mf.USA}[kind](4.0)
    exact = diracs.merge_time(alpha, 1e-3, 4.0, kind, m1)
    run = pt.simulate(
        law, np.array([0.3, 0.3 + alpha]), (0.0, 1.2 * exact), weights=[m1, 1.0 - m1], rtol=1e-12, atol=1e-15
    )
    tree = track(run, 1e-3, tol=1e-9).tree
    (merger,) = tree.merges
    assert merger.t == pytest.approx(exact, rel=3e-9)
    assert merger.after <= merger.t <= merger.after * (1.0 + 1.001e-9)
    assert merger.jump == pytest.approx(2.0 * m1 * (1.0 - m1), rel=1e-12)
    assert tree.lifetimes == pytest.approx({2: merger.t, 1: 0.2 * exact + (exact - merger.t)}, rel=1e-9)


@pytest.mark.rounding
def test_the_bracket_is_as_narrow_as_asked() -> None:
    run = Moving(np.linspace(0.0, 1.0, 3), lambda t: mf.Points(np.array([0.0, 1.0 - 0.7 * t, 3.0])))
    for tol in (1e-2, 1e-6, 1e-12):
        (merger,) = track(run, 0.7, tol=tol).tree.merges
        assert merger.after <= 0.3 / 0.7 <= merger.t <= merger.after * (1.0 + 1.1 * tol)
    # several at once and in one interval
    run = Moving(np.array([0.0, 1.0]), lambda t: mf.Points(np.array([0.0, 0.5 - 0.5 * t, 3.0, 3.8 - 0.7 * t, 5.0])))
    assert [round(m.t, 8) for m in track(run, 0.2).tree.merges] == pytest.approx([0.6, 0.6 / 0.7], abs=1e-8)


def test_without_dense_output_the_bracket_is_that_of_saved_times() -> None:
    times = np.linspace(0.0, 1.0, 6)
    got = track(film(times, lambda t: np.array([0.0, 1.0 - t, 3.0])), 0.3)
    (merger,) = got.tree.merges
    assert (merger.after, merger.t) == (pytest.approx(0.6), pytest.approx(0.8))
    assert "bracketed by saved times" in got.tree.detail and got.counts.tolist() == [3, 3, 3, 3, 2, 2]
    run = pt.simulate(mf.SA(4.0), np.array([0.0, 1.0, 3.0]), (0.0, 20.0), np.linspace(0.0, 20.0, 11))
    assert "bracketed" in track(run, 0.3, refine=False).tree.detail


@pytest.mark.rounding
def test_a_long_time_run_is_bisected_in_log_time() -> None:
    """It is called with log t: the gap of two Diracs beside a third falls to 2e-3 at 7.24898454, by plain particles."""
    law, theta = mf.SA(4.0), [0.0, 1.0, 3.0]
    plain = pt.simulate(law, theta, (0.0, 8.0), rtol=1e-12, atol=1e-15)
    exact = track(plain, 2e-3, tol=1e-11).tree.merges[0].t
    assert exact == pytest.approx(7.24898454, abs=1e-8)
    run = pt.longtime(law, theta, log_t_end=8.0)
    got = track(run, 2e-3)
    assert got.tree.merges[0].t == pytest.approx(exact, rel=1e-8) and "relative" in got.tree.detail
    np.testing.assert_allclose(got.t, run.t)
    logs = track(run, 2e-3, log=True)
    assert logs.tree.log and logs.tree.merges[0].t == pytest.approx(np.log(exact), abs=1e-8)
    np.testing.assert_array_equal(logs.t, run.log_t)
    assert track(run, 2e-3, times=[1.0, 2.0, 3.0]).counts.tolist() == [3, 2, 2]  # log times, as run() takes them
    with pytest.raises(ValueError, match="leave it out"):
        track(plain, 2e-3, log=True)


@pytest.mark.rounding
def test_a_merger_beyond_all_floats_is_told_by_its_logarithm() -> None:
    run = pt.longtime(mf.SA(1000.0, scale="relative"), [0.0, 1.0, 3.0], log_t_end=2000.0)
    tree = track(run, 2e-3).tree
    assert tree.log and tree.counts[1].tolist() == [3, 2, 1]
    assert tree.end == pytest.approx(2000.0, rel=1e-14)  # read off the run's own clock, to a few eps
    # so late a gap of 2e-3 closes at once: the mergers are the run's own, at 1e-3
    np.testing.assert_allclose([m.t for m in tree.merges], [m.log_t for m in run.merges], rtol=1e-11)


def test_what_a_run_cannot_tell_is_said_and_what_fails_is_raised() -> None:
    run = Moving(np.linspace(0.0, 1.0, 3), lambda t: mf.Points(np.array([0.0, 1.0 - 0.7 * t, 3.0])))
    at = run.at

    def broken(t: float) -> Any:
        if t in (0.0, 0.5, 1.0):
            return at(t)
        raise ValueError("lost")

    run.at = broken
    with pytest.raises(ValueError, match="lost"):
        track(run, 0.7)
    saved = pt.simulate(mf.SA(4.0), np.array([0.0, 1.0, 3.0]), (0.0, 20.0), np.linspace(0.0, 20.0, 11), land=True)
    assert saved.answers(2.0) and not saved.answers(2.5) and not saved.answers(21.0)
    assert "1 times bracketed" in track(saved, 0.3).tree.detail


# --- who is who --------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_the_published_five_points() -> None:
    """2410.06833: {1, 2} and {4, 5} merge, then 3 joins the latter, and for most of the time there are two."""
    theta = np.arctan2(
        [0.06215705, 0.21268594, 0.96932515, 0.2284854, -0.04632772], [0.998, 0.977, -0.246, -0.973, -0.999]
    )
    law = mf.SA(4.0)
    run = pt.simulate(law, theta, (0.0, 400.0), rtol=1e-11)
    got = track(run, 1e-3)
    tree = got.tree
    assert [m.parents for m in tree.merges] == [(0, 1), (3, 4), (2, 6), (5, 7)]
    np.testing.assert_allclose([m.jump for m in tree.merges], [0.08, 0.08, 0.16, 0.48], rtol=1e-12)
    assert tree.counts[1].tolist() == [5, 4, 3, 2, 1] and max(tree.lifetimes, key=tree.lifetimes.__getitem__) == 2
    np.testing.assert_allclose(tree.levels[1], [0.2, 0.28, 0.36, 0.52, 1.0])
    # on the plateau and at the top the energy is the level, but for the clusters' attraction
    energy = rescaled_energy(law, run.energy)
    np.testing.assert_allclose(energy[run.t > 380.0], 1.0, rtol=1e-7)
    np.testing.assert_allclose(energy[(run.t > 20.0) & (run.t < 200.0)], 0.52, rtol=0.0, atol=2e-3)
    scaled = mf.SA(4.0, scale="relative")
    np.testing.assert_allclose(rescaled_energy(scaled, mf.Points(theta).energy(scaled), 2), energy[0], rtol=1e-13)
    assert got.ids[-1] == (8,) and got.sharp[-1] and got.clustered[-1] == pytest.approx(1.0)


def test_splits_births_and_dust_are_told() -> None:
    split = film([0.0, 1.0, 2.0], lambda t: np.array([0.0, 0.05 + t, 3.0]))
    tree = track(split, 0.1).tree
    assert [b.origin for b in tree.branches] == [None, None, 0, 0]
    assert tree.counts[1].tolist() == [2, 3] and "split of 0" in tree.table() and "pieces" in tree.table()
    assert len(tree.newick().splitlines()) == 3
    # one point comes from beneath the floor, another goes there
    run = Film(np.arange(3.0), [mf.Points(np.array([0.0, 2.0, 4.0]), weights=w)
                                for w in ([0.5, 0.5, 0.0], [0.5, 0.25, 0.25], [0.5, 0.0, 0.5])])  # fmt: skip
    tree = track(run).tree
    assert [(b.birth, b.death, b.alive) for b in tree.branches] == [(0, 2, True), (0, 2, False), (1, 2, True)]


def test_a_changed_number_of_points_is_followed_by_position() -> None:
    """The points of the second half are doubled; then two of the three clusters merge into one."""

    def at(t: float) -> Any:
        theta = np.array([0.02, 1.0 - 0.5 * t, 3.0])
        theta = theta if t < 1.0 else np.concatenate([theta + 1e-3, theta - 1e-3])
        return mf.Points(theta)

    got = track(Moving(np.linspace(0.0, 1.9, 8), at), 0.1)
    assert [m.parents for m in got.tree.merges] == [(0, 1)] and got.tree.counts[1].tolist() == [3, 2]

    # a small cluster joins the end of a wide one, whose centre is further than that of a third
    def joined(t: float) -> Any:
        theta = np.concatenate([np.linspace(0.0, 1.7, 30), np.linspace(1.9 - 0.1 * t, 2.0, 10), [2.6]])
        return mf.Points(theta if t < 0.5 else np.append(theta, 2.6))

    (merger,) = track(film([0.0, 1.0], lambda t: joined(t).theta), 0.15).tree.merges
    assert merger.parents == (0, 1)
    # across the angle 0 too: the second cluster is at 6.25, then at 0.03

    def more(t: float) -> Any:
        return mf.Points(np.append(np.full(2 + int(8 * t), 6.25 + 0.06 * t), 3.0))

    got = track(Moving(np.linspace(0.0, 1.0, 9), more), 0.02)
    assert len(got.tree.branches) == 2 and not got.tree.merges


def test_densities_are_followed_too() -> None:
    """Two bumps move together: they are one when the saddle is as high as the lower maximum less its prominence."""
    kappa, space, share = 100.0, mf.Circle(256), 0.02

    def at(t: float) -> Any:
        return mf.mixture([mf.von_mises_fisher(space, a, kappa) for a in (2.0 + t, 4.0 - t, 0.0)], [0.3, 0.4, 0.3])

    tree = track(Moving(np.linspace(0.0, 1.0, 6), at), prominence=share, tol=1e-7).tree
    (merger,) = tree.merges
    v = at(merger.t)(np.linspace(2.7, 3.3, 20001))
    before, here, after = v[:-2], v[1:-1], v[2:]
    low, saddle = here[(here > before) & (here >= after)].min(), here[(here < before) & (here <= after)].min()
    assert saddle / low == pytest.approx(1.0 - share, abs=1e-5)
    assert sum(merger.masses) == pytest.approx(0.7, abs=1e-6) and tree.branches[-1].mass == pytest.approx(0.7, abs=1e-6)


def test_a_resolution_that_grows_loses_nobody() -> None:
    rho = mf.perturbed_uniform(mf.Circle(64), {3: 1e-2 * np.exp(1j), 1: 1e-4})
    sol = mf.solve(mf.USA(5.0, scale="relative"), rho, (0.0, 5.0), t_eval=np.linspace(0.0, 5.0, 16))
    assert len({len(r.coefficients) for r in sol.densities}) > 1
    got = track(sol)
    assert got.counts[0] == 1 and got.counts[-1] == 3 and not got.tree.merges
    assert sum(b.alive for b in got.tree.branches) == 3


def test_a_density_carried_by_its_flow_against_particles() -> None:
    """Once they are narrow, its clusters are those of quantised particles."""
    law = mf.SA(4.0)
    rho0 = mf.Circle(256).density(lambda t: 1.0 + 0.3 * np.cos(t) + 0.2 * np.sin(2.0 * t))
    sol = mf.solve(law, rho0, (0.0, 8.0), method="lagrangian")
    run = pt.simulate(law, rho0.quantize(1000), (0.0, 8.0))
    a, b = track(sol, refine=False), track(run, floor=0.01)
    assert a.counts[-1] == b.counts[-1] == 2 and a.sharp[-1] and not a.tree.merges and not b.tree.merges
    np.testing.assert_allclose(a.clusters[-1].masses, b.clusters[-1].masses, rtol=0.0, atol=1.5e-3)  # 1000 particles
    np.testing.assert_allclose(a.clusters[-1].centres, b.clusters[-1].centres, rtol=0.0, atol=2e-3)
    assert abs(a.clusters[-1].dust) < 1e-9
    assert [bool(x.alive) for x in a.tree.branches] == [False, True, True]


def test_asked_times_and_refusals() -> None:
    run = pt.simulate(mf.SA(4.0), np.array([0.0, 1.0, 3.0]), (0.0, 10.0))
    assert track(run, 0.3, times=[0.5, 2.25]).t.tolist() == [0.5, 2.25]
    with pytest.raises(ValueError, match="times"):
        track(run, 0.3, times=[1.0, 0.5])
    with pytest.raises(ValueError, match="tol"):
        track(run, 0.3, tol=0.0)
    with pytest.raises(ValueError, match="gap"):
        track(run, -1.0)
    with pytest.raises(ValueError, match="law"):
        rescaled_energy(mf.SA(0.0), [1.0])


# --- lists of mergers --------------------------------------------------------------------------------------


@dataclass
class Told:
    """A merger as a run with merging points tells it."""

    t: float
    log_t: float
    members: Array


def test_a_tree_from_a_list_in_log_time() -> None:
    tree = merge_tree([(10.0, [[0], [2, 3]]), (3.0, [0, 1]), (200.0, (4, 0))], 5, log=True, end=300.0)
    assert tree.newick() == "(c4:198,(c2:8,c3:8,(c0:1,c1:1)c5:7)c6:190)c7:100;"
    assert [m.parents for m in tree.merges] == [(0, 1), (2, 3, 5), (4, 6)] and tree.merges[1].jump == pytest.approx(0.4)
    life = tree.lifetimes  # logarithms of e^3 - e^2, e^10 - e^3, e^200, e^300
    assert life == pytest.approx({5: 3 + np.log1p(-np.exp(-1)), 4: 10 + np.log1p(-np.exp(-7)), 2: 200.0, 1: 300.0})
    assert [(p.clusters, p.begin, p.end) for p in tree.plateaus] == [(5, 2, 3), (4, 3, 10), (2, 10, 200), (1, 200, 300)]
    lines = tree.table().splitlines()
    assert len(lines) == 9 and lines[0].split()[1:3] == ["log", "birth"] and lines[-1].split()[-1] == "alive"


def test_mergers_as_runs_tell_them() -> None:
    told = [Told(1.0, 0.0, np.array([0, 1])), Told(np.e, 1.0, np.array([0, 1, 2]))]
    tree = merge_tree(told, [0.2, 0.3, 0.5], end=4.0)
    assert not tree.log and [m.t for m in tree.merges] == [1.0, np.e] and tree.branches[-1].mass == pytest.approx(1.0)
    assert merge_tree(told, 3, log=True).merges[1].t == 1.0
    told.append(Told(np.inf, 1000.0, np.array([2, 3])))
    late = merge_tree(told, 4)
    assert late.log and late.end == 1000.0 and late.begin == -1.0 and late.lifetimes[2] == pytest.approx(1000.0)
    as_dicts = merge_tree([{"log_t": 2.0, "members": [0, 1]}], 2, log=True)
    assert as_dicts.merges[0].t == 2.0
    empty = merge_tree([], 3, end=7.0)
    assert empty.lifetimes == {3: 7.0} and len(empty.newick().splitlines()) == 3
    for bad, name in (([(1.0, [0, 9])], "members"), ([(-1.0, [0, 1])], "begin"), ([(1.0, [])], "members")):
        with pytest.raises(ValueError, match=name):
            merge_tree(bad, 3)
    mixed = [{"t": 1.0, "members": [0, 1]}, {"log_t": 2.0, "members": [0, 2]}]
    assert [m.t for m in merge_tree(mixed, 3).merges] == [0.0, 2.0]
    with pytest.raises(ValueError, match="one kind"):
        merge_tree(mixed, 3, log=False)
    with pytest.raises(ValueError, match="one kind"):
        merge_tree([(1.0, [0, 1]), mixed[1]], 3)


def test_mergers_before_a_hand_over_are_missed() -> None:
    x = pt.uniform_angles(40, 3)
    early = pt.simulate(mf.SA(16.0), x, (0.0, 40.0), merge_tol=1e-6)
    late = pt.longtime(mf.SA(16.0), early, log_t_end=60.0)
    assert early.merges and late.merges
    whole = merge_tree([*early.merges, *late.merges], early.weights, log=True)
    assert len(whole.merges) == len(early.merges) + len(late.merges)
    with pytest.raises(ValueError, match="earlier mergers are missing"):
        merge_tree(late.merges, early.weights)


def test_what_was_one_at_the_start_is_told_too() -> None:
    """`longtime` joins points within its gap before it begins; then the tree has as many branches as points."""
    for theta, counts in (([0.0, 5e-4, 3.0], [2, 1]), ([0.0, 5e-4], [1])):
        run = pt.longtime(mf.SA(4.0), theta, log_t_end=8.0)
        first = run.merges[0]
        assert (first.t, first.log_t, first.parts) == (0.0, -np.inf, (0, 1)) and first.jump > 0.0
        assert run.jumped[0] == first.jump
        for log in (None, True):
            tree = merge_tree(run.merges, run.weights, log=log)
            assert tree.counts[1].tolist() == counts and tree.merges[0].parents == (0, 1)
            assert tree.merges[0].t == tree.begin and tree.plot() is not None
    late = pt.longtime(mf.SA(4.0), pt.simulate(mf.SA(4.0), [0.0, 5e-4, 3.0], (0.0, 1.0)), log_t_end=8.0)
    assert late.merges[0].t == 1.0 and late.merges[0].log_t == 0.0


# --- pictures ----------------------------------------------------------------------------------------------


@pytest.fixture
def tree() -> MergeTree:
    return merge_tree(
        [(3.0, [0, 1]), (10.0, [0, 2, 3]), (200.0, [4, 0])], [0.1, 0.2, 0.3, 0.1, 0.3], end=300.0, title="p"
    )


def test_the_tree_is_drawn_as_it_is(tree: MergeTree) -> None:
    figure, ax = plt.subplots()
    assert tree.plot(ax) is ax and figure.axes == [ax]
    lives, bars = ax.collections
    segments: Any = lives
    assert len(segments.get_segments()) == 8 and len(bars.get_paths()) == 3
    ends = np.array([s[:, 1] for s in segments.get_segments()])
    np.testing.assert_allclose(ends, [[b.birth, b.death] for b in tree.branches])
    widths = np.array(segments.get_linewidths())
    assert np.argmax(widths) == 7 and np.all(np.argsort(widths[:5]) == np.argsort([b.mass for b in tree.branches[:5]]))
    # those who merge stand beside each other, none on another
    x = [float(s[0, 0]) for s in segments.get_segments()]
    assert (
        sorted(x[:5]) == [0.0, 1.0, 2.0, 3.0, 4.0] and abs(x[0] - x[1]) == 1.0 and x[5] == pytest.approx(np.mean(x[:2]))
    )
    assert ax.get_title() == "p" and ax.get_ylabel() == r"time $t$"


def test_the_tree_is_in_sight_and_its_lines_as_wide_as_their_masses(tree: MergeTree) -> None:
    ax = tree.plot()
    lives: Any = ax.collections[0]
    segments = np.array(lives.get_segments())
    for ends, (low, high) in ((segments[..., 0], ax.get_xlim()), (segments[..., 1], ax.get_ylim())):
        assert low < ends.min() < ends.max() < high
        assert high - low < 1.5 * np.ptp(ends)
    widths = np.interp([b.mass for b in tree.branches], [0.0, 1.0], [picture._NARROW, picture._WIDE])
    np.testing.assert_allclose(lives.get_linewidths(), widths)


@pytest.mark.parametrize(("number", "scale"), [([31, 1], "log"), ([30, 1], "linear"), ([60, 20], "linear")])
def test_counts_that_fall_thirtyfold_are_drawn_over_their_logarithm(number: list[int], scale: str) -> None:
    ax = picture.counts([0.0, 1.0], number)
    assert ax.get_yscale() == scale
    low, high = ax.get_ylim()
    assert low < min(number) and max(number) < high
    assert ax.get_xlim() == (0.0, 1.0)


@pytest.mark.rounding
def test_a_long_chain_of_mergers_is_told_and_drawn() -> None:
    n = 3000
    chain = merge_tree([(float(i), [0, i]) for i in range(1, n)], n)
    assert chain.counts[1].tolist() == list(range(n, 0, -1)) and chain.newick().count("(") == n - 1
    assert chain.levels[1][-1] == pytest.approx(1.0, abs=1e-12)
    parents: list[list[int]] = [[] for _ in range(n)] + [[n + i - 1 if i else 0, i + 1] for i in range(n - 1)]
    birth = np.concatenate([np.zeros(n), np.arange(1.0, n)])
    assert picture.merges(birth, birth + 1.0, np.full(2 * n - 1, 0.1), parents).collections


def test_counts_and_staircase(tree: MergeTree) -> None:
    ax = tree.plot_counts()
    assert ax.get_title(loc="left") == "p" and ax.get_ylabel() == "number of clusters"
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [5, 4, 2, 1, 1])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0, 3, 10, 200, 300])
    ax = tree.plot_staircase([0.0, 300.0], [0.3, 1.0])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.24, 0.28, 0.58, 1.0, 1.0])
    assert ax.get_legend() is not None and len(ax.lines) == 2
    assert merge_tree([(3.0, [0, 1])], 2, log=True).plot_counts().get_xlabel() == r"log time $\ln t$"
    with pytest.raises(ValueError, match="parents"):
        picture.merges([0.0], [1.0], [1.0], [])
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="death"):
            picture.merges([0.0], [bad], [1.0], [[]])


def test_pieces_hang_on_what_they_split_off_from() -> None:
    """One that went to pieces at 2 stands between them, and a bar at 2 joins all three."""
    ax = picture.merges([0.0, 2.0, 2.0, 5.0], [2.0, 5.0, 5.0, 9.0], [1.0, 0.6, 0.4, 1.0], [[], [], [], [1, 2]],
                        origins=[None, 0, 0, None])  # fmt: skip
    lives, bars = (collection.get_segments() for collection in ax.collections)
    first, left, right, last = (life[0][0] for life in lives)
    assert (left, right) == (0.0, 1.0) and first == last == 0.5
    assert [bar.tolist() for bar in bars] == [[[0.0, 5.0], [1.0, 5.0]], [[0.0, 2.0], [1.0, 2.0]]]
    ax = picture.merges([0.0, 2.0], [9.0, 9.0], [1.0, 0.4], [[], []], origins=[None, 0])  # one piece of what lives on
    assert [life[0][0] for life in ax.collections[0].get_segments()] == [0.0, 1.0]


def test_a_table_of_many_names_the_first_and_the_last() -> None:
    table = merge_tree([(1.0, list(range(40)))], 40).table().splitlines()
    assert "0 + 1 + 2 + 3 + 4 + ... + 39 (40)" in table[-1] and max(map(len, table)) < 90
    assert "0 + 1 + 2 + 3 + 4 + 5  " in merge_tree([(1.0, list(range(6)))], 6).table()


def test_a_tree_says_its_numbers_in_words() -> None:
    assert repr(merge_tree([(1.0, [0, 1])], 2)).startswith("<1 merger, 2 -> 1 cluster,")
    assert repr(merge_tree([(1.0, [0, 1]), (2.0, [0, 2])], 4)).startswith("<2 mergers, 4 -> 2 clusters,")
