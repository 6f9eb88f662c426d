"""Diracs, stars and orthogonal tokens of `validation.exact`, against tables and their own equations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from exact_tables import assert_close, records
from scipy.integrate import quad

from validation.exact import diracs, double_loop, orthogonal

pytestmark = pytest.mark.rounding

# beta, law, m1, time to 1e-3 from each angle of ANGLES
MERGERS = """
    4 USA 0.5 0.1194804664953906 0.1621541944324896 0.3351005098663389 1.567259663102346 10.73797611733155
        77.18888961278975
    4 SA 0.5 6.379581523751912 7.924819483197931 12.91295737456046 46.80670166364132 297.4881652928213
        2112.30887692245
    4 SA 0.2 6.323810451238898 7.504305081653065 10.19364089788754 26.47872843179449 144.8771079835336
        999.9203151715454
    4 SA 0.9 6.283702123703631 7.254122815842843 8.807242723571565 16.69187095505396 72.28999746008968
        472.0029556045628
    9 USA 0.5 0.0008652412498053597 0.002315014882830432 0.06279440731515551 5.273171457980729 310.7644341747901
        7990.949453330777
    9 SA 0.5 6.623436538265736 12.87753990971412 258.1791997461571 21368.49740680661 1259079.49726164
        32375672.1642649
    9 SA 0.2 6.460896344435212 9.884462985370093 125.6691831401475 10060.27263567403 592512.9386861637
        15235616.3802739
    9 SA 0.9 6.354185657871226 8.37569374401061 62.68445832635225 4697.101841202399 276390.330944029
        7106863.229745181
    25 USA 0.5 1.491909244015467e-10 8.294991419309281e-8 0.006921128151756852 1540.976843347945
        48425167.75825139 38151005071.8946
    25 SA 0.5 8.48911405267167 2989.898270724355 249177571.6992233 55478941243259.74 1.743424664914458e+18
        1.373529639910934e+21
    25 SA 0.2 7.389262555733664 1410.90154687069 117260037.9804531 26107737055656.22 8.204351364303331e+17
        6.463668893698515e+20
    25 SA 0.9 6.799652874798774 661.9134087172508 54697521.79541809 12178304175356.2 3.827029752251249e+17
        3.015065063219124e+20
    64 USA 0.5 3.317119753833995e-26 2.173799681608151e-17 0.0001702366663693389 6866063994.681584
        7.588595281770802e+20 1.320066454968147e+27
    64 SA 0.5 106.5315562262288 67769825436.7364 5.307254969166088e+23 2.140546630261631e+37
        2.36580114478923e+48 4.115405571652445e+54
    64 SA 0.2 53.58519137885747 31891682562.41428 2.497531750195806e+23 1.007316061299591e+37
        1.113318185783167e+48 1.936661445483504e+54
    64 SA 0.9 28.36134093663785 14876303150.28459 1.165007188353531e+23 4.698760895696263e+36
        5.193222025147089e+47 9.033817108505367e+53
"""

# n, beta, law, t, gamma, 1 - gamma
ORTHOGONAL = """
    32 1 SA 0.5 0.047255928737410496 0.95274407126258953
    32 1 SA 1 0.15184933554388463 0.84815066445611542
    32 1 SA 2 0.58977282289961575 0.4102271771003842
    32 1 SA 5 0.99828424862229292 0.0017157513777070893
    32 1 USA 0.2 0.015266861690050888 0.98473313830994913
    32 1 USA 0.5 0.052700248862838313 0.94729975113716169
    32 1 USA 1 0.18994211374856385 0.81005788625143615
    32 1 USA 2 0.89467374915139042 0.10532625084860962
    32 9 SA 1 0.0002470619746446589 0.99975293802535536
    32 9 SA 5 0.0012594985645505534 0.99874050143544946
    32 9 SA 20 0.0054339312017966379 0.99456606879820331
    32 9 SA 30 0.0085970764294186052 0.99140292357058135
    32 9 USA 0.5 0.077135767663350882 0.92286423233664916
    32 9 USA 0.6 0.13814387679499385 0.86185612320500615
    32 9 USA 0.65 0.21696588410076226 0.78303411589923777
    32 9 USA 0.68 0.40944196431126162 0.59055803568873844
    128 4 SA 0.5 0.0079794408918358994 0.99202055910816411
    128 4 SA 1 0.024086352462595252 0.97591364753740473
    128 4 SA 2 0.12205432395277145 0.87794567604722851
    128 4 SA 3 0.45291675816447119 0.54708324183552881
    128 4 SA 4 0.85471182146942792 0.14528817853057208
    128 4 SA 6 0.99688282146721652 0.0031171785327835299
    128 4 USA 0.2 0.0038611743671359772 0.99613882563286404
    128 4 USA 0.5 0.013729629928312018 0.98627037007168794
    128 4 USA 1 0.056269439338760288 0.94373056066123973
    128 4 USA 1.5 0.2677218533874165 0.7322781466125835
    128 4 USA 1.7 0.98464904592247438 0.015350954077525637
"""

# beta, time to 1 - 1e-3 for n = 32 (SA, USA), 128 (SA, USA), 512 (SA, USA)
TRANSITIONS = """
    0 5.186260981120 5.186260981120 5.879396431428 5.879396431428 6.572540679383 6.572540679383
    0.5 5.220212764436 3.804595815391 5.891175928328 4.480546327500 6.576343911279 5.167517130874
    1 5.270283907586 2.897048622989 5.909020396811 3.557859195895 6.582210263723 4.239210129440
    2 5.458393682897 1.880417099555 5.978672868222 2.515447181901 6.605694745649 3.186797108101
    4 6.953501848808 1.130770341296 6.569549892778 1.725681903635 6.813529419015 2.380278000116
    6 15.99531354920 0.870230258282 10.35301824084 1.433965540803 8.194275174317 2.074469189073
    8 73.44567591095 0.734491243504 35.46747256962 1.272461121092 17.62520857862 1.900576435399
    9 178.7309295190 0.685987668877 82.59335750198 1.212534203184 35.60000444827 1.834935207785
    10 449.1239869446 0.645187186369 205.6361413775 1.161091524522 83.05190377194 1.778043141778
    12 2952.189135947 0.579456232517 1374.020962194 1.076023619871 541.4746231250 1.682754998270
    16 135092.1554003 0.486465725217 65977.17417276 0.950284333204 26712.22557056 1.538727308453
    20 6403611.949487 0.422362163543 3256270.853929 0.859092792646 1356401.559675 1.431418095436
"""

# beta, m, SA rates of q = 1, .., m // 2
STARS = """
    4 2 0.00067070026
    4 3 0.025898506
    4 4 0.14194866 0.2826033
    4 5 0.26075009 0.6713316
    4 6 0.28608657 0.81588658 1.0611775
    4 7 0.26127228 0.75600962 1.0693073
    4 8 0.23623722 0.66321012 0.91433752 0.97311147
    9 2 3.0459959e-08
    9 3 2.9818278e-05
    9 4 0.0022208587 0.0044416566
    9 5 0.02147002 0.05620656
    9 6 0.067951152 0.20379503 0.27168784
    9 7 0.11648067 0.37764277 0.58651234
    9 8 0.14114703 0.47914948 0.81326689 0.95052876
    25 2 3.8574997e-22
    25 3 2.988883e-15
    25 4 6.9439719e-10 1.3887944e-09
    25 5 9.6966451e-07 2.5386146e-06
    25 6 6.8010913e-05 0.00020403274 0.00027204365
    25 7 0.00090137111 0.0029267336 0.0045509482
    25 8 0.0045576251 0.015560704 0.026563782 0.031121406
    64 2 5.1444187e-56
    64 3 2.9552398e-40
    64 4 2.0528779e-26 4.1057559e-26
    64 5 4.9544864e-18 1.2971014e-17
    64 6 6.0154786e-13 1.8046436e-12 2.4061915e-12
    64 7 9.9355604e-10 3.2260562e-09 5.0163823e-09
    64 8 1.3251434e-07 4.5243224e-07 7.7235015e-07 9.0486449e-07
"""
ANGLES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


# --- two Diracs and stars ----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", records(MERGERS, 9), ids=lambda row: f"{row[1]} beta={row[0]:g} m1={row[2]:g}")
def test_merging_times_of_the_table(row: list[Any]) -> None:
    beta, kind, m1 = row[:3]
    for alpha, wanted in zip(ANGLES, row[3:]):
        # One entry of the table is itself good to 5e-13 only.
        assert diracs.merge_time(alpha, 1e-3, beta, kind, m1) == pytest.approx(wanted, rel=1e-12)
    assert diracs.merge_time(2.0, 1e-3, beta, kind, 1 - m1) == pytest.approx(row[6], rel=1e-12)


def test_the_longest_merging_time_to_all_its_digits() -> None:
    def slowness(x: float) -> float:  # in the angle itself, not its tangent; times e^{-127}
        cost = 64.0 * (1.0 - math.cos(x))
        return 0.5 * (math.exp(cost - 127.0) + math.exp(-127.0)) / math.sin(x)

    exact = quad(slowness, 1.0, 3.0, epsabs=0.0, epsrel=1e-13, limit=500)[0] * math.exp(127.0)
    assert diracs.merge_time(3.0, 1e-3, 64.0) == pytest.approx(exact, rel=1e-12)
    assert diracs.merge_time(3.0, 1e-3, 64.0) == pytest.approx(4.115405571652445e54, rel=1e-13)
    assert diracs.log_merge_time(3.0, 1e-3, 1000.0) == pytest.approx(1986.2, abs=0.1)


@pytest.mark.parametrize(("kind", "sign"), [("SA", 1), ("SA", -1), ("USA", 1), ("USA", -1)])
def test_the_gap_solves_the_equation_of_particles(kind: str, sign: int) -> None:
    """Against scipy's integration of the printed equations for two weighted particles in R^3."""
    m1, beta, alpha0, t = 0.3, 3.0, 2.0, np.array([0.5, 2.0])
    x0 = np.array([[1.0, 0.0, 0.0], [math.cos(alpha0), 0.6 * math.sin(alpha0), 0.8 * math.sin(alpha0)]])
    log_factor = -beta if kind == "USA" else 0.0
    clock = math.exp(log_factor) * t
    y = double_loop.run(kind, x0, beta, clock, weights=[m1, 1 - m1], sign=sign)
    theta = double_loop.run(kind, [0.3, 0.3 + alpha0], beta, clock, weights=[m1, 1 - m1], sign=sign)
    got = diracs.gap(t, alpha0, beta, kind, m1, sign=sign, log_factor=log_factor)
    assert y.shape == (2, 2, 3) and theta.shape == (2, 2)
    assert_close(np.cos(got), (y[:, 0] * y[:, 1]).sum(axis=1), 0.0, 1e-12)
    assert_close(got, theta[:, 1] - theta[:, 0], 0.0, 1e-12)


def test_the_gap_and_the_merging_time_are_inverse() -> None:
    for beta, kind, m1, a0, a1 in [(4, "SA", 0.5, 2.0, 1e-6), (9, "USA", 0.5, 1.0, 0.3), (1, "SA", 0.0, 3.0, 1e-9)]:
        t = diracs.merge_time(a0, a1, beta, kind, m1)
        assert float(diracs.gap(t, a0, beta, kind, m1)) == pytest.approx(a1, rel=3e-14)
        back = diracs.merge_time(a1, a0, beta, kind, m1)
        assert back == pytest.approx(t, rel=1e-14)
        assert float(diracs.gap(back, a1, beta, kind, m1, sign=-1)) == pytest.approx(a0, rel=1e-13)
    shape = diracs.gap(np.zeros((2, 3)), 1.0, 4.0)
    assert_close(shape, np.ones((2, 3)), 1e-15)
    assert float(diracs.gap(1e10, 2.0, 4.0, "USA")) == 0.0  # e^{-e^4 1e10}


def test_star_rates_of_the_table() -> None:
    for line in STARS.strip().splitlines():
        beta, m, *wanted = map(float, line.split())
        assert_close(diracs.star_rates(int(m), beta)[1 : int(m) // 2 + 1], wanted, 5e-8)
    assert diracs.star_rates(5, 4.0)[0] == 0.0


@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_star_rates_are_derivatives_of_the_printed_field(kind: str) -> None:
    m, beta, eps = 5, 3.0, 1e-5
    x = 2 * np.pi * np.arange(m) / m
    for q in range(m):
        ripple = np.cos(q * x)
        change = double_loop.angle_velocity(kind, x + eps * ripple, beta)
        change = (change - double_loop.angle_velocity(kind, x - eps * ripple, beta)) / (2 * eps)
        assert_close(change, diracs.star_rates(m, beta, kind)[q] * ripple, 1e-8, 1e-8)


def test_diracs_refuse() -> None:
    with pytest.raises(ValueError, match="alpha0"):
        diracs.merge_time(math.pi, 0.1, 4.0)
    with pytest.raises(ValueError, match="kind"):
        diracs.gap(1.0, 1.0, 4.0, "sa")
    with pytest.raises(ValueError, match="t must"):
        diracs.gap(-1.0, 1.0, 4.0)
    with pytest.raises(ValueError, match="sign"):
        diracs.gap(1.0, 1.0, 4.0, sign=0)


# --- orthogonal tokens -------------------------------------------------------------------------------------


def test_orthogonal_tokens_of_the_table() -> None:
    for n, beta, kind, t, gamma, rest in records(ORTHOGONAL, 6):
        assert float(orthogonal.gamma(t, int(n), beta, kind)) == pytest.approx(gamma, rel=1e-13)
        assert float(orthogonal.one_minus_gamma(t, int(n), beta, kind)) == pytest.approx(rest, rel=2e-13)


def test_transition_times_of_the_table() -> None:
    for beta, *row in records(TRANSITIONS, 7):
        cases = [(n, kind) for n in (32, 128, 512) for kind in ("SA", "USA")]
        for (n, kind), wanted in zip(cases, row):
            assert orthogonal.transition_time(n, beta, kind) == pytest.approx(wanted, rel=3e-12)


@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_orthogonal_tokens_are_particles(kind: str) -> None:
    n, beta, times = 4, 2.0, [0.5, 1.0]
    rows = double_loop.run(kind, np.eye(n), beta, times)
    assert_close((rows[:, 0] * rows[:, 1]).sum(axis=-1), orthogonal.gamma(times, n, beta, kind), 1e-12)
    assert_close((rows[:, 2] * rows[:, 3]).sum(axis=-1), orthogonal.gamma(times, n, beta, kind), 1e-12)
    later = orthogonal.gamma(0.5, n, beta, kind, gamma0=float(orthogonal.gamma(0.5, n, beta, kind)))
    assert float(later) == pytest.approx(float(orthogonal.gamma(1.0, n, beta, kind)), rel=1e-14)
