"""Multipliers and growth rates of `validation.exact`, against tables and quadrature."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from exact_tables import assert_close, records
from scipy.special import roots_jacobi

from validation.exact import growth, multipliers, reference_pde, reference_zonal

pytestmark = pytest.mark.rounding

# d, beta, e^{-beta} lambda_k for k = 0, 1, 5, 20
MULTIPLIERS = """
    2 0.5 0.6450352704491501 0.1564208031848717 4.9876055214701638e-06 2.2741587160374395e-31
    2 1 0.46575960759364043 0.20791041534970844 9.9865714112086908e-05 1.4593174056818686e-25
    2 4 0.2070019212239867 0.17875083950243534 0.0092443491731271019 9.5425823384794013e-15
    2 9 0.134959524581723 0.12722498393589121 0.032269111451112886 1.5120236526265723e-09
    2 64 0.049966053382357371 0.049574144320312409 0.041041468248362946 0.0021976593069193318
    2 1000 0.012617240455891257 0.012610930256928629 0.012460428940768863 0.010329157758475194
    3 1 0.43233235838169365 0.1353352832366127 3.6774102726997153e-05 2.8382441747915585e-26
    3 4 0.12495806717151219 0.093802416035609765 0.0032623741281697931 1.8483571906858598e-15
    3 64 0.0078125 0.0076904296875 0.0061696331176790409 0.00029432439457010244
    3 1000 0.00050000000000000001 0.00049950000000000005 0.00049255229047202745 0.00040525251410925299
    4 1 0.41582083069941689 0.099877553788447079 1.6546232433813584e-05 6.9453740390824994e-27
    4 4 0.089375419751217669 0.05881325073638452 0.0014145607477259205 4.5053829559077086e-16
    4 64 0.0015491920100097628 0.0015130269178858628 0.0011762577648629753 5.0000782446278656e-05
    4 1000 2.5221860513857258e-05 2.5184037190754797e-05 2.4784101865748857e-05 2.0238952850730418e-05
    8 0.5 0.61606713890513698 0.038384493649055773 8.8756142127940889e-08 1.2836324006049211e-34
    8 1 0.39145477309508608 0.048332652352213241 1.7588682254941337e-06 8.227831434588554e-29
    8 4 0.045843253522249716 0.019454995821202196 0.00013475631881348777 5.2628620321494577e-18
    8 9 0.0052548743060324456 0.0035214290423522133 0.0002627637228353776 7.6166130427854159e-13
    8 64 8.523209927589236e-06 8.066341166275986e-06 5.5309324241946665e-06 1.4850230005041952e-07
    8 1000 6.0290698476226173e-10 6.0079945066954156e-10 5.865449660284986e-10 4.6481732526846605e-10
    128 0.5 0.60712325966679226 0.0023715396034902632 4.7394200443825539e-13 2.774011799591772e-50
    128 1 0.36931923724850196 0.0028851331657002138 9.2237611472216261e-12 1.7681958319658371e-44
    128 4 0.019496311011550679 0.00060867499938939526 4.9649759268555829e-10 1.0121132813005956e-33
    128 9 0.00016921186822071413 1.1840342758432885e-05 2.4399533226890076e-10 9.147033146028669e-29
    128 64 3.110873507681965e-22 1.2906455587660226e-22 3.426891799000951e-24 9.5754255294240537e-31
    128 1000 3.1702083844673252e-86 2.975191080319284e-86 2.2850048826595168e-86 7.366725735420229e-87
"""

# d, beta, k*, SA's rate there, USA's (~: beyond double precision), SA's rate at k = 1, Sinkhorn's k*
FASTEST = """
    2 2 2 0.604450684071984 1.377896895397e+00 0.348887328982 2
    2 4 3 0.664388812207858 7.508870501446e+00 0.215880652756 3
    2 5 3 0.682678333616746 1.859607030447e+01 0.178676627408 4
    2 9 4 0.704497029299596 7.704297470299e+02 0.104743324859 5
    2 16 6 0.714267427635565 6.381595389472e+05 0.060514234714 6
    2 25 7 0.725796513190406 4.191155953380e+09 0.039191658139 8
    2 64 11 0.730884493179754 2.277039881558e+26 0.015502445211 13
    2 100 14 0.733176102978211 7.872490922006e+41 0.009949873730 16
    2 1000 45 0.735455069094485 ~1.828110439536e+432 0.000999499874 51
    3 2 2 0.582083756726033 1.055568265660e+00 0.537314720727 2
    3 4 2 0.655494955798107 4.472100766716e+00 0.375335575200 3
    3 5 3 0.672348687290954 9.978086244950e+00 0.320036321592 3
    3 9 4 0.703144760846832 3.165356068668e+02 0.197530870966 4
    3 16 5 0.719316601753302 1.997477132005e+05 0.117187500000 6
    3 25 7 0.720600573149184 1.037735434641e+09 0.0768 7
    3 64 11 0.731512602278898 3.563351663829e+25 0.03076171875 12
    3 100 14 0.732359320136374 9.843338212137e+40 0.0198 15
    3 1000 44 0.735477811576513 ~7.244717957936e+430 0.001998 50
    4 2 1 0.649691140083467 1.033422671548e+00 0.649691140083 2
    4 4 2 0.683905465281280 3.337275778420e+00 0.493535450519 2
    4 5 2 0.679244055853679 6.611936108257e+00 0.431604348818 3
    4 9 3 0.700618462482622 1.605061972979e+02 0.279523991354 4
    4 16 5 0.717214169769092 7.755411063594e+04 0.170215283602 5
    4 25 6 0.725648643820007 3.284497726730e+08 0.112875042594 7
    4 64 10 0.730574390411793 7.056941781687e+24 0.045780727190 12
    4 100 13 0.733110216637364 1.566465030399e+40 0.029551136400 15
    4 1000 44 0.735459703282224 ~3.654415337898e+429 0.002995501126 50
    8 2 1 0.834586955650174 1.065299969563e+00 0.834586955650 1
    8 4 1 0.742666370103503 1.858861866295e+00 0.742666370103 2
    8 5 1 0.692229669689103 2.746187008934e+00 0.692229669689 2
    8 9 2 0.718812890800218 3.060754709616e+01 0.521209280309 3
    8 16 3 0.715713289880135 5.608824072778e+03 0.349708798001 4
    8 25 5 0.724099883848772 1.069142599206e+07 0.242835452613 6
    8 64 9 0.731050652335028 3.885057904440e+22 0.103512182916 10
    8 100 11 0.731870715165642 3.605279516118e+37 0.067580928964 13
    8 1000 42 0.735490297284979 ~8.735930420399e+424 0.006975530655 48
    128 2 1 0.991949106252689 1.007568140088e+00 0.991949106252 1
    128 4 1 0.991235276210143 1.055132793784e+00 0.991235276210 1
    128 5 1 0.990701228924680 1.092251060987e+00 0.990701228924 1
    128 9 1 0.987403507890784 1.353866441118e+00 0.987403507890 1
    128 16 1 0.977369010669639 2.636804769037e+00 0.977369010669 1
    128 25 1 0.957449025597922 1.052961382558e+01 0.957449025597 1
    128 64 1 0.823281555599064 1.596899482208e+06 0.823281555599 2
    128 100 2 0.763235042216066 5.978634806612e+13 0.696378020137 2
    128 1000 14 0.735844014023519 ~4.595740253223e+348 0.119187517467 18
"""

# beta at which k* jumps from 1 to 2, 2 to 3, ...
CROSSINGS = {
    2: [1.04445686210, 3.16543444270, 6.21129837943, 10.2284831629, 15.2362767285, 21.2404519636],
    3: [1.81615452543, 4.42529301239, 7.96237985154, 12.4774331094, 17.9848939527, 24.4891468084],
    4: [2.52852031879, 5.65582321705, 9.69878627330, 14.7176117492, 20.7275555720, 27.7334807773],
    8: [5.25111070404, 10.5003416829, 16.5950434150, 23.6427038966, 31.6706318871, 40.6886141296],
    128: [85.2870272960, 154.539075916, 222.354212988, 290.360090159, 358.999022693, 428.440694417],
}


@pytest.mark.parametrize("row", records(MULTIPLIERS, 6), ids=lambda row: f"d={row[0]:g} beta={row[1]:g}")
def test_multipliers_of_the_table(row: list[float]) -> None:
    d, beta = int(row[0]), row[1]
    k, wanted = [0, 1, 5, 20], np.array(row[2:])
    logs = multipliers.log_multipliers(beta, d, 20)[k]
    assert_close(np.exp(logs - beta), wanted, 1e-13)
    assert_close(multipliers.ratios(beta, d, 20)[k], wanted / wanted[0], 5e-14)


UNDERFLOWS = [(512, 1.0, 0), (512, 1.0, 3), (2, 1.0, 200), (3, 100.0, 400), (2, 1e4, 7)]


@pytest.mark.parametrize(("d", "beta", "k"), UNDERFLOWS)
def test_multipliers_where_bessel_functions_underflow_or_are_large(d: int, beta: float, k: int) -> None:
    with mp.workdps(40):
        half = mp.mpf(d) / 2
        exact = mp.log(mp.gamma(half) * (2 / mp.mpf(beta)) ** (half - 1) * mp.besseli(k + half - 1, mp.mpf(beta)))
    assert multipliers.log_multipliers(beta, d, k)[k] == pytest.approx(float(exact), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize(("d", "beta"), [(2, 4.0), (3, 9.0), (8, 4.0)])
def test_multipliers_are_integrals_against_zonal_harmonics(d: int, beta: float) -> None:
    c, w = roots_jacobi(80, 0.5 * (d - 3), 0.5 * (d - 3))
    harmonics = reference_zonal.gegenbauer(c[None, :], d, 12)[0]
    integrals = harmonics @ (w * np.exp(beta * (c - 1.0))) / w.sum()
    assert_close(np.exp(multipliers.log_multipliers(beta, d, 12) - beta), integrals, 1e-10, 1e-14)


def test_multipliers_satisfy_the_recurrence_they_do_not_use() -> None:
    d, beta = 5, 7.0
    lam, k = np.exp(multipliers.log_multipliers(beta, d, 21)), np.arange(1, 21)
    assert_close(lam[:-2] - lam[2:], (2 * k + d - 2) / beta * lam[1:-1], 1e-12)


def test_multipliers_at_beta_zero() -> None:
    assert_close(multipliers.ratios(0.0, 5, 3), [1.0, 0.0, 0.0, 0.0], 0.0)
    assert_close(multipliers.potential(0.0, 5, 3), [0.0, 0.2, 0.0, 0.0], 0.0)
    assert_close(multipliers.potential(1e-9, 5, 3), multipliers.potential(0.0, 5, 3), 1e-15, 1e-9)


@pytest.mark.parametrize("row", records(FASTEST, 7), ids=lambda row: f"d={row[0]:g} beta={row[1]:g}")
def test_growth_rates_of_the_table(row: list[Any]) -> None:
    d, beta, k = int(row[0]), row[1], int(row[2])
    assert growth.fastest_mode("SA", beta, d) == growth.fastest_mode("USA", beta, d) == k
    assert growth.fastest_mode("sinkhorn", beta, d) == int(row[6])
    s = growth.growth_rates("SA", beta, d, k)
    assert_close([s[k], s[1]], [row[3], row[5]], 1e-13, 1e-12)
    if beta < 700:
        assert_close(growth.growth_rates("USA", beta, d, k)[k], row[4], 1e-12)
        factor = math.exp(-beta)
        assert_close(growth.growth_rates("USA", beta, d, k, scale="scaled")[k], row[4] * factor, 1e-12)
    else:  # the table's natural rate is beyond double precision, and here a word
        scaled = growth.growth_rates("USA", beta, d, k, scale="scaled")[k]
        mantissa, exponent = str(row[4]).strip("~").split("e+")
        log10 = math.log10(scaled) + beta / math.log(10.0)
        assert log10 == pytest.approx(math.log10(float(mantissa)) + int(exponent), abs=1e-11)
        with pytest.raises(ValueError, match="scale"):
            growth.growth_rates("USA", beta, d, k)
    assert_close(growth.growth_rates("USA", beta, d, k, scale="relative"), s, 1e-13)


@pytest.mark.parametrize("d", CROSSINGS)
def test_crossings_of_the_fastest_mode(d: int) -> None:
    assert_close([growth.crossing(k, d) for k in range(1, 7)], CROSSINGS[d], 1e-11)


def test_limits_of_growth() -> None:
    assert_close(growth.growth_rates("SA", 0.0, 7, 3), [0.0, 6.0 / 7.0, 0.0, 0.0], 0.0)
    assert_close(growth.growth_rates("sinkhorn", 0.0, 7, 3), [0.0, 6.0 / 7.0, 0.0, 0.0], 0.0)
    assert growth.low_temperature_rate("SA") == pytest.approx(0.735758882342884643)
    assert growth.low_temperature_rate("sinkhorn") == pytest.approx(0.55692908552214738)
    for kind in ("SA", "sinkhorn"):
        k = growth.fastest_mode(kind, 1e5, 3)
        assert growth.growth_rates(kind, 1e5, 3, k)[k] == pytest.approx(growth.low_temperature_rate(kind), rel=1e-4)
    s = growth.growth_rates("SA", 4.0, 2, 4, kappa=0.1, sign=-1)
    assert_close(s, -growth.growth_rates("SA", 4.0, 2, 4) - 0.1 * np.arange(5) ** 2, 1e-15)


def test_critical_diffusion_of_the_table() -> None:
    wanted = [2.4398662884261124, 1.6055473438210263, 0.8343189446050860]
    assert_close(growth.critical_diffusion("USA", 4.0, 2, 3)[1:], wanted, 1e-14)
    wanted = [0.1047433248599671, 0.0878348166977850, 0.0657056285498404]
    assert_close(growth.critical_diffusion("SA", 9.0, 2, 3)[1:], wanted, 1e-14)
    kappa = growth.critical_diffusion("SA", 9.0, 2, 3)[2]
    assert growth.growth_rates("SA", 9.0, 2, 3, kappa=kappa)[2] == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize(("kind", "sign"), [("SA", 1), ("USA", 1), ("USA", -1)])
def test_small_ripples_grow_as_the_linear_theory_says(kind: str, sign: int) -> None:
    eps, t = 1e-5, 0.3
    run = reference_pde.solve(
        kind, 4.0, lambda x: 1 + eps * (np.cos(x) + np.sin(3 * x)), [0.0, t], labels=64, sign=sign, log_factor=-2.0
    )
    c = run.moments(3)
    rates = growth.growth_rates(kind, 4.0, 2, 3, sign=sign)[[1, 3]] * (math.exp(-2.0) if kind == "USA" else 1.0)
    assert_close(c[1, [1, 3]] / c[0, [1, 3]], np.exp(rates * t), 2e-9, 0.0)
    zonal = reference_zonal.solve(
        kind, 4.0, 4, lambda x: 1 + eps * (4 * x * x - 1) / 3, [0.0, t], labels=24, sign=sign, log_factor=-2.0
    )
    f = zonal.moments(2)[:, 2]
    rate = growth.growth_rates(kind, 4.0, 4, 2, sign=sign)[2] * (math.exp(-2.0) if kind == "USA" else 1.0)
    assert f[1] / f[0] == pytest.approx(math.exp(rate * t), rel=2e-5)  # degree 2 meets itself: O(eps)


def test_sinkhorn_ripples_grow_as_the_linear_theory_says() -> None:
    beta, k, eps, nodes = 4.0, 3, 1e-6, 64
    x = 2 * np.pi * np.arange(nodes) / nodes
    mu, kernel = (1 + eps * np.cos(k * x)) / nodes, np.exp(beta * np.cos(x[:, None] - x))
    g = np.ones(nodes)
    for _ in range(400):
        g = np.sqrt(g / (kernel @ (mu * g)))
    sine = -np.sin(x[:, None] - x)
    field = g * ((kernel * sine) @ (mu * g))  # int k_mu(x, y) y dmu, its angular part
    amplitude = -2.0 * (field @ np.sin(k * x)) / nodes
    rate = growth.growth_rates("sinkhorn", beta, 2, k)[k]
    assert k * amplitude / eps == pytest.approx(rate, rel=1e-6)
