"""Exponentially long times: merge times of two clusters against quadrature, many clusters against plain particles."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import mpmath as mp
import numpy as np
import pytest
from pairs import KINDS, both
from scipy.optimize import brentq

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.geometry import ROWS
from meanfield.methods.late import closest
from meanfield.protocols import Array
from particles.longtime import longtime
from validation.exact import diracs

pytestmark = pytest.mark.rounding
GAPS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
MERGE_TIMES: dict[tuple[float, str, float], tuple[float, ...]] = {  # to a gap of 1e-3, by 30-digit quadrature
    (4.0, "USA", 0.5): (
        0.1194804664953906,
        0.1621541944324896,
        0.3351005098663389,
        1.567259663102346,
        10.73797611733155,
        77.18888961278975,
    ),
    (4.0, "SA", 0.5): (
        6.379581523751912,
        7.924819483197931,
        12.91295737456046,
        46.80670166364132,
        297.4881652928213,
        2112.30887692245,
    ),
    (4.0, "SA", 0.2): (
        6.323810451238898,
        7.504305081653065,
        10.19364089788754,
        26.47872843179449,
        144.8771079835336,
        999.9203151715454,
    ),
    (4.0, "SA", 0.9): (
        6.283702123703631,
        7.254122815842843,
        8.807242723571565,
        16.69187095505396,
        72.28999746008968,
        472.0029556045628,
    ),
    (9.0, "USA", 0.5): (
        0.0008652412498053597,
        0.002315014882830432,
        0.06279440731515551,
        5.273171457980729,
        310.7644341747901,
        7990.949453330777,
    ),
    (9.0, "SA", 0.5): (
        6.623436538265736,
        12.87753990971412,
        258.1791997461571,
        21368.49740680661,
        1259079.49726164,
        32375672.1642649,
    ),
    (9.0, "SA", 0.2): (
        6.460896344435212,
        9.884462985370093,
        125.6691831401475,
        10060.27263567403,
        592512.9386861637,
        15235616.3802739,
    ),
    (9.0, "SA", 0.9): (
        6.354185657871226,
        8.37569374401061,
        62.68445832635225,
        4697.101841202399,
        276390.330944029,
        7106863.229745181,
    ),
    (25.0, "USA", 0.5): (
        1.491909244015467e-10,
        8.294991419309281e-8,
        0.006921128151756852,
        1540.976843347945,
        48425167.75825139,
        38151005071.8946,
    ),
    (25.0, "SA", 0.5): (
        8.48911405267167,
        2989.898270724355,
        249177571.6992233,
        55478941243259.74,
        1.743424664914458e18,
        1.373529639910934e21,
    ),
    (25.0, "SA", 0.2): (
        7.389262555733664,
        1410.90154687069,
        117260037.9804531,
        26107737055656.22,
        8.204351364303331e17,
        6.463668893698515e20,
    ),
    (25.0, "SA", 0.9): (
        6.799652874798774,
        661.9134087172508,
        54697521.79541809,
        12178304175356.2,
        3.827029752251249e17,
        3.015065063219124e20,
    ),
    (64.0, "USA", 0.5): (
        3.317119753833995e-26,
        2.173799681608151e-17,
        0.0001702366663693389,
        6866063994.681584,
        7.588595281770802e20,
        1.320066454968147e27,
    ),
    (64.0, "SA", 0.5): (
        106.5315562262288,
        67769825436.7364,
        5.307254969166088e23,
        2.140546630261631e37,
        2.36580114478923e48,
        4.115405571652445e54,
    ),
    (64.0, "SA", 0.2): (
        53.58519137885747,
        31891682562.41428,
        2.497531750195806e23,
        1.007316061299591e37,
        1.113318185783167e48,
        1.936661445483504e54,
    ),
    (64.0, "SA", 0.9): (
        28.36134093663785,
        14876303150.28459,
        1.165007188353531e23,
        4.698760895696263e36,
        5.193222025147089e47,
        9.033817108505367e53,
    ),
}
every_row = pytest.mark.parametrize("row", MERGE_TIMES, ids=str)


def pair(alpha: float, d: int) -> Array:
    """Two points alpha apart: angles, or rows in a plane of no special position."""
    if d == 2:
        return np.array([0.3, 0.3 + alpha])
    plane = np.linalg.qr(np.random.default_rng(d).standard_normal((d, 2)))[0].T
    return geometry.retract(geometry.to_rows(np.array([0.3, 0.3 + alpha])) @ plane)


# --- two clusters ---------------------------------------------------------------------------------------------


@every_row
@pytest.mark.parametrize("d", [2, 3])
def test_merge_times_of_two_clusters(row: tuple[float, str, float], d: int) -> None:
    beta, kind, m1 = row
    for alpha, T in list(zip(GAPS, MERGE_TIMES[row], strict=True))[:: 1 if d == 2 else 5]:
        run = longtime(KINDS[kind](beta), pair(alpha, d), [m1, 1.0 - m1], math.log(T) + 1.0, log_t_eval=[math.log(T)])
        (merge,) = run.merges
        assert merge.t == pytest.approx(T, rel=1e-10, abs=0.0)
        assert merge.log_t == pytest.approx(math.log(T), abs=1e-10) and run.success
        np.testing.assert_array_equal(merge.members, [0, 1])
        np.testing.assert_allclose(merge.masses, [m1, 1.0 - m1], rtol=1e-15)


@every_row
def test_merge_times_by_plain_particles(row: tuple[float, str, float]) -> None:
    """Where t is no number out of reach: SA below 1e4; USA from 1e-6 to 1e4, and below 1e14 e^-beta."""
    beta, kind, m1 = row
    for alpha, T in zip(GAPS, MERGE_TIMES[row], strict=True):
        if T > 1e4 or (kind == "USA" and (T < 1e-6 or T * math.exp(beta) > 1e14)):
            continue

        def apart(_: float, mu: Any) -> bool:
            return bool(mu.points[1] - mu.points[0] < 0.999e-3)

        law = KINDS[kind](beta)
        traj = pt.simulate(
            law, pair(alpha, 2), (0.0, 2.0 * T), weights=[m1, 1.0 - m1], rtol=1e-12, atol=1e-13, observe=apart
        )

        def gap(t: float, traj: Any = traj) -> float:
            points = traj(t).points
            return float(points[1] - points[0]) - 1e-3

        assert brentq(gap, 0.0, traj.end, xtol=1e-300, rtol=1e-15) == pytest.approx(T, rel=1e-9, abs=0.0)


@both
@pytest.mark.parametrize("scale", ["natural", "scaled", "relative"])
def test_scales_and_other_gaps(kind: str, scale: str) -> None:
    law = KINDS[kind](12.0, scale=scale)
    for gap, d in ((1e-5, 2), (0.05, 3)):
        exact = diracs.log_merge_time(2.2, gap, 12.0, kind, 0.3, log_factor=law.log_factor(d))
        run = longtime(law, pair(2.2, d), [0.3, 0.7], exact + 3.0, gap)
        assert run.merges[0].log_t == pytest.approx(exact, abs=1e-9)


def test_times_that_no_float_holds() -> None:
    exact = diracs.log_merge_time(3.0, 1e-3, 1000.0)
    run = longtime(mf.SA(1000.0, scale="scaled"), [0.0, 3.0], log_t_end=3000.0)
    assert run.merges[0].log_t == pytest.approx(exact, rel=1e-12) and exact > 1900.0
    assert math.isinf(run.merges[0].t) and run.log_t[-1] == pytest.approx(3000.0, rel=1e-14)
    tiny = longtime(mf.USA(64.0), [0.0, 0.5], log_t_end=-50.0, log_t_eval=[-60.0, -50.0])
    assert tiny.merges[0].t == pytest.approx(3.317119753833995e-26, rel=1e-10, abs=0.0)
    np.testing.assert_array_equal(tiny.counts, [2, 1])
    # and long after it: the clock counts from the first motion, not from the end
    late = longtime(mf.USA(64.0), [0.0, 0.5], log_t_end=100.0)
    assert late.merges[0].t == pytest.approx(3.317119753833995e-26, rel=1e-10, abs=0.0)


def test_default_times_begin_at_a_thousandth_of_the_first_motion() -> None:
    """Two Diracs under USA: the pulls add up to e^{beta cos alpha}, whatever the masses."""
    run = longtime(mf.USA(4.0), [0.0, 2.0], [0.3, 0.7], log_t_end=3.0)
    assert run.log_t[0] == pytest.approx(-4.0 * math.cos(2.0) - math.log(1000.0), abs=1e-12)
    assert len(run.log_t) == 101
    np.testing.assert_allclose(np.diff(run.log_t), (3.0 - run.log_t[0]) / 100.0, rtol=1e-10)


@both
def test_the_gap_between_two_clusters_follows_the_closed_form(kind: str) -> None:
    T = diracs.merge_time(2.0, 1e-3, 9.0, kind)
    times = T * np.array([1e-6, 0.1, 0.9, 0.999])
    run = longtime(KINDS[kind](9.0), pair(2.0, 2), log_t_end=math.log(T) + 2.0, log_t_eval=np.log(times))
    exact = diracs.gap(times, 2.0, 9.0, kind)
    np.testing.assert_allclose([np.ptp(c) for c in run.centres], exact, rtol=1e-8)
    np.testing.assert_allclose(run.t, times, rtol=1e-12)
    assert np.ptp(run(math.log(0.5 * T)).points) == pytest.approx(diracs.gap(0.5 * T, 2.0, 9.0, kind), rel=1e-8)


def reduced(theta: Array) -> Array:
    """Angles modulo 2 pi, in 40 digits."""
    with mp.workdps(40):
        return np.array([float(mp.mpf(float(q)) - 2 * mp.pi * mp.nint(mp.mpf(float(q)) / (2 * mp.pi))) for q in theta])


@pytest.mark.parametrize("x", [np.array([0.0, 3.0]) + 2.0 * np.pi * 10_000, [0.0, 3e6], [1e17, 1.0], [0.0, -1e5, 40.0]])
def test_angles_far_out_are_reduced(x: Any) -> None:
    """They stalled: after a landing nobody was within the gap, by rounding, and a merger of none followed another."""
    run = pt.longtime(mf.SA(4.0), x, log_t_end=9.0)
    near = pt.longtime(mf.SA(4.0), reduced(np.asarray(x)), log_t_end=9.0)
    assert len(run.merges) == len(near.merges) == len(x) - 1
    for a, b in zip(run.merges, near.merges, strict=True):
        assert a.log_t == pytest.approx(b.log_t, abs=1e-9)
    np.testing.assert_allclose(np.exp(1j * run.theta), np.exp(1j * near.theta), rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("x", [[0.0, 3.0], [20.0, 23.0], [1.0, 2.0, 4.0]])
@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("gap", [1e-6, 1e-8, 1e-10])
def test_small_gaps_land_whatever_rounding_says(gap: float, rows: bool, x: list[float]) -> None:
    """From 1e-8 on a landing could miss the gap by its rounding, and nobody merged ever after."""
    start = geometry.to_rows(np.array(x)) if rows else x
    # the limit is never reached, but if the fault comes back: then the run would not end
    run = pt.longtime(mf.SA(4.0), start, log_t_end=9.0, merge_gap=gap, max_seconds=60.0)
    wide = pt.longtime(mf.SA(4.0), start, log_t_end=9.0, merge_gap=1e-4)
    assert len(run.merges) == len(wide.merges) == len(x) - 1
    for a, b in zip(run.merges, wide.merges, strict=True):
        # from one gap to the other a pair closes like e^-t, t in units of its own
        assert a.t - b.t == pytest.approx(math.log(1e-4 / gap), rel=0.1)


def test_a_run_stopped_before_anything_it_was_to_save_keeps_its_last_state(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(np.arange(0.0, 1e6))  # every look at the clock is a second on
    with monkeypatch.context() as there, pytest.warns(mf.StoppedEarly):
        there.setattr("meanfield.runs.drive.time.monotonic", lambda: next(now))
        run = pt.longtime(mf.SA(4.0), [0.0, 1.0, 3.0], log_t_end=9.0, log_t_eval=[8.0], max_seconds=50.0)
    assert 0 < run.counters.steps < 5 and len(run.t) == 1 and run.reached < 8.0
    assert run.log_t[0] == pytest.approx(run.reached, abs=1e-12)
    assert run.x.shape == (1, 3)


def test_repelling_clusters_part_and_rest() -> None:
    for kind, law in (("SA", mf.SA(4.0, sign=-1)), ("USA", mf.USA(4.0, sign=-1))):
        at = diracs.log_merge_time(1.0, 3.0, 4.0, kind)
        run = longtime(law, pair(1.0, 3), log_t_end=100.0, log_t_eval=[at, 100.0])
        assert run.merges == () and closest(run.centres[0], ROWS)[0] == pytest.approx(3.0, rel=1e-9)
        assert closest(run.centres[1], ROWS)[0] == pytest.approx(math.pi, rel=1e-7)
    ring = longtime(mf.SA(4.0, sign=-1), pt.uniform_angles(5, 1), log_t_end=100.0)
    np.testing.assert_allclose(np.diff(np.sort(ring.centres[-1] % (2.0 * np.pi))), 0.4 * np.pi, rtol=1e-8)


# --- refusals, pictures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"merge_gap": 0.0}, "merge_gap"),
        ({"merge_gap": -1e-3}, "merge_gap"),
        ({"merge_gap": 2.0}, "merge_gap"),
        ({"log_t_end": math.inf}, "log_t_end"),
        ({"log_t_end": math.nan}, "log_t_end"),
        ({"log_t_end": None}, "log_t_end"),
        ({"weights": [0.5, 0.2, 0.3]}, "weights"),
        ({"weights": [-0.5, 1.5]}, "weights"),
        ({"law": mf.SA(4.0) + mf.Diffusion(0.1)}, "law"),
        ({"law": mf.Diffusion(0.1)}, "law"),
        ({"law": 4.0}, "law"),
        ({"x": np.zeros((2, 3)), "angles": True}, "x"),
        ({"x": [0.0, math.nan]}, "x"),
        ({"angles": 1}, "angles"),
        ({"rtol": 1.0}, "rtol"),
        ({"cluster_gap": 0.0}, "cluster_gap"),
        ({"log_t_eval": [2.0, 1.0]}, "log_t_eval"),
        ({"log_t_eval": [200.0]}, "log_t_eval"),
        ({"x": mf.Points([0.0, 1.0]), "weights": [0.5, 0.5]}, "weights"),
        ({"x": mf.Points(np.zeros((2, 2)), angles=True)}, "x"),
        ({"x": np.arange(2001.0) * 0.003}, "x"),
    ],
)
def test_bad_input_is_refused_by_name(options: dict[str, Any], match: str) -> None:
    given: dict[str, Any] = {"law": mf.SA(4.0), "x": [0.0, 1.0], "log_t_end": 3.0, **options}
    with pytest.raises((ValueError, TypeError), match=rf"^{match}"):
        longtime(**given)


def test_questions_outside_the_run_are_refused() -> None:
    run = longtime(mf.SA(4.0), [0.0, 1.0], log_t_end=3.0)
    with pytest.raises(ValueError, match=r"log_t: got 4\.0"):
        run(4.0)
    with pytest.raises(ValueError, match="dissipated"):
        run.dissipated  # noqa: B018
    with pytest.raises(ValueError, match="log_t_end must be after the start"):
        longtime(mf.SA(4.0), run, log_t_end=2.0)


def test_a_folder_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(mf.StorageError, match="is a folder"):
        pt.load(tmp_path)


def test_beyond_the_memory_budget_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    law, theta = mf.SA(4.0), [0.0, 1.0, 3.0]
    whole = longtime(law, theta, log_t_end=8.0)
    monkeypatch.setattr("meanfield.runs.drive.DENSE_BUDGET", 2000)
    with pytest.warns(mf.StoppedEarly, match="memory budget"):
        part = longtime(law, theta, log_t_end=8.0)
    assert 10 < len(part) < len(whole) and part.log_t[-1] <= part.known < part.reached
    np.testing.assert_allclose(part.theta, whole.theta[: len(part)], rtol=0.0, atol=1e-12)
    assert [m.log_t for m in part.merges] == [m.log_t for m in whole.merges]
    with pytest.raises(ValueError, match="memory budget"):
        part(5.0)
    assert "memory budget" in part.message


def test_pictures() -> None:
    run = longtime(mf.SA(9.0), [0.0, 1.0, 2.5], log_t_end=20.0)
    for draw in (run.plot, run.plot_counts, run.plot_energy):
        ax = draw()
        assert "log" in ax.get_xlabel()
        plt.close(ax.figure)
    rows = longtime(mf.SA(9.0), pt.uniform(4, 3, 0), log_t_end=5.0)
    with pytest.raises(TypeError, match="theta"):
        rows.plot()
