"""The printed equations of `validation.exact`, in loops and by characteristics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from exact_tables import assert_close, records, zonally_tilted

from validation.exact import diracs, double_loop, poisson, reference_pde, reference_zonal

pytestmark = pytest.mark.rounding

# law, beta, sign, t, a1, b1, a2, b2
CIRCLE = """
    SA 4 1 1 0.18550940365692 -0.00134488674102557 0.00251132164085937 0.174672080257318
    SA 4 1 2 0.227541614927363 -0.00411356508004093 0.0085899354866148 0.297888031964026
    SA 4 1 3 0.272167523104882 -0.00815272787173144 0.0204611961932694 0.47850618727641
    SA 1 1 1 0.232284274195194 -0.00802051660200001 0.0217566569286167 0.147988787094665
    SA 1 1 2 0.352124630673629 -0.0290750195698149 0.0805783826530189 0.19250537321083
    SA 1 1 3 0.511476620398689 -0.0712680087614638 0.203782438477515 0.177823158501881
    USA 1 1 1 0.261366632304703 -0.0101786567988385 0.0576902468157261 0.161472281149654
    USA 1 1 2 0.434341613141323 -0.0451765150322573 0.233227824418979 0.185313670859322
    USA 1 1 3 0.642758994294578 -0.125405186864305 0.526358620204456 0.00761143560424815
    USA 4 1 0.1 0.191290964848245 0.00200971214461501 0.0191483645664437 0.189395474569554
    USA 4 1 0.2 0.240623804023763 0.00560197139595443 0.0612011632437686 0.344892172649293
    USA 4 1 0.3 0.278381775737528 0.00164075081965155 0.0989337093161497 0.522918812885626
    SA 4 -1 1 0.120998139533097 0.000522184977050278 -0.00085608121944073 0.0567535260129495
    SA 4 -1 2 0.097537713206846 0.000661235393238806 -0.00101828156229501 0.032112762363514
    SA 4 -1 3 0.0786101500470134 0.000642016312267526 -0.000917168299006477 0.0181534158355831
    USA 4 -1 0.1 0.117527251516177 -0.000664297528924545 -0.00623401238937681 0.0525908818205345
    USA 4 -1 0.2 0.0921031071265718 -0.0007878799910317 -0.00709412421357797 0.0276745092097786
    USA 4 -1 0.3 0.0721865507794977 -0.000725586086378171 -0.00607471014609564 0.0145801033288451
"""

# the same rows: E, dE/dt, max and min of rho / 2 pi
CIRCLE_MORE = """
    1.5459056788317 0.0898534563058 0.266051960095 0.06633388271
    1.6854035048986 0.20501986366 0.341001881646 0.038827193976
    1.9960177104904 0.436246842597 0.508374274215 0.01451140775
    0.66663538698025 0.0287006004559 0.282595229888 0.068730184272
    0.70985984917341 0.0609457840298 0.388785251955 0.045632517427
    0.79520480881741 0.112867987239 0.609022825196 0.025343854885
    0.67580643701617 0.0466070473818 0.321362386874 0.066570392421
    0.75425169715308 0.118069193586 0.621238346101 0.042942823507
    0.91887080044321 0.204709392251 2.04306533691 0.023499212769
    1.5633547551863 1.29034661853 0.304403972747 0.074098838611
    1.8090548061238 4.07907591771 0.651084571062 0.060855541746
    2.3335146958565 5.23225543288 3.8519936244 0.033901815785
    1.4536438453518 -0.0212570353854 0.207196921344 0.10802397581
    1.4376190277829 -0.0119042576602 0.194343860984 0.12100636613
    1.4283533910424 -0.00711472559811 0.185890788453 0.1302732809
    1.4510607537111 -0.220457070991 0.20163178517 0.10537349605
    1.4348412397419 -0.117299302507 0.188950235307 0.11828055135
    1.4258982546857 -0.0669764222351 0.181357750264 0.1283243516
"""

# d, law, t, f1, f2, f3, E, dE/dt, rho at the poles
ZONAL = """
    3 SA 1 0.144638444362202 0.080671424677299 0.006700720714253 0.9051748034757 0.0465974623704 1.9096413162
        0.950773048
    3 SA 2 0.207131246971941 0.161695891081664 0.03017896814653 0.9852403940643 0.128098751595 2.8558518866
        1.13022873
    3 SA 3 0.288325409132575 0.314767405961678 0.09566198788065 1.212398992212 0.365914326006 5.556972104
        1.6966854
    3 USA 0.1 0.130517070104029 0.071219731742394 0.01091693884939 0.8951354168485 0.291173994271 1.8812376807
        0.921622728
    3 USA 0.2 0.171605780985704 0.127633595354651 0.04284807564582 0.9423470391635 0.736568514428 2.9193523612
        0.973325904
    3 USA 0.3 0.227599801568982 0.229803304379558 0.1275036415273 1.077308274355 2.28770957093 7.6285519013
        1.07780224
    4 SA 1 0.122466774522699 0.0482309132354742 0.004566487634315 0.6384444613977 0.0304556844497 2.0307590668
        0.90422602
    4 SA 2 0.198461080687863 0.105850429411451 0.02306013823366 0.69506094909 0.0955275853892 3.4580611733
        0.985739166
    4 SA 3 0.31353303522231 0.229049390339432 0.08518550672056 0.8786569119635 0.314310560931 8.6354064168
        1.33613474
"""


# --- the printed equations ---------------------------------------------------------------------------------


def test_energies_of_sharp_configurations() -> None:
    octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    turns = 2 * np.pi * np.arange(3) / 3
    triangle = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    for beta, i in ((1.0, 0), (4.0, 1), (9.0, 2)):
        wanted = [0.5905134391358739630797, 1.22117636816735360955, 75.06559306467766754064][i]
        assert double_loop.energy(octahedron, beta) == pytest.approx(wanted, rel=1e-14)
        wanted = [0.655223857980718680428, 2.286200858317394352579, 150.0575212142307498578][i]
        assert double_loop.energy(triangle, beta) == pytest.approx(wanted, rel=1e-14)
    assert double_loop.energy(triangle[:2], 0.0, weights=[0.5, 0.5]) == pytest.approx(0.125)


@pytest.mark.parametrize("kind", ["SA", "USA"])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_printed_laws_agree_with_one_another(kind: str, sign: int) -> None:
    rng = np.random.default_rng(3)
    theta, weights, beta = rng.uniform(0, 2 * np.pi, 7), rng.dirichlet(np.ones(7)), 2.5
    x = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    tangent = np.stack([-np.sin(theta), np.cos(theta)], axis=-1)
    v = double_loop.velocity(kind, x, beta, weights=weights, sign=sign)
    assert_close(
        (v * tangent).sum(axis=-1), double_loop.angle_velocity(kind, theta, beta, weights=weights, sign=sign), 1e-13
    )
    assert_close((v * x).sum(axis=-1), 0.0, 0.0, 1e-14)
    one = np.eye(2)
    assert_close(double_loop.general_velocity(kind, x, beta, one, one, sign * one, weights=weights), v, 1e-13, 1e-15)
    causal = double_loop.general_velocity(kind, x, beta, one, one, sign * one, causal=True)
    assert_close(causal[-1], double_loop.velocity(kind, x, beta, sign=sign)[-1], 1e-13, 1e-15)
    assert_close(causal[3], double_loop.velocity(kind, x[:4], beta, sign=sign)[-1], 1e-13, 1e-15)
    assert_close(causal[0], 0.0, 0.0, 1e-14)


def test_attention_rows_and_the_general_law() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((5, 3))
    Q, K, V = rng.standard_normal((2, 3)), rng.standard_normal((2, 3)), rng.standard_normal((3, 3))
    A = double_loop.attention_matrix(x, 1.3, Q, K)
    assert_close(A.sum(axis=1), 1.0, 1e-14)
    assert A[1, 2] / A[1, 0] == pytest.approx(math.exp(1.3 * (Q @ x[1]) @ (K @ (x[2] - x[0]))), rel=1e-12)
    assert_close(double_loop.general_velocity("SA", x, 1.3, Q, K, V, sphere=False), A @ x @ V.T, 1e-12)
    masked = double_loop.attention_matrix(x, 1.3, Q, K, causal=True)
    assert_close(np.triu(masked, 1), 0.0, 0.0)
    assert_close(masked.sum(axis=1), 1.0, 1e-14)
    assert_close(masked[-1], A[-1], 1e-14)
    flat = double_loop.general_velocity("SA", x, 1.3, Q, K, V, sphere=False, causal=True)
    assert_close(flat, masked @ x @ V.T, 1e-12)


@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_the_printed_field_ascends_the_printed_energy(kind: str) -> None:
    """w_i x_i' [Z_i] = grad_i E and dE/dt = dissipation, by differences."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((4, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    w, beta, h = rng.dirichlet(np.ones(4)), 3.0, 1e-5
    v = double_loop.velocity(kind, x, beta, weights=w)

    def moved(s: float) -> float:
        y = x + s * v
        return double_loop.energy(y / np.linalg.norm(y, axis=1, keepdims=True), beta, weights=w)

    rate = (moved(h) - moved(-h)) / (2 * h)
    assert double_loop.dissipation(kind, x, beta, weights=w) == pytest.approx(rate, rel=1e-8)
    assert double_loop.dissipation(kind, x, beta, weights=w, sign=-1) == pytest.approx(-rate, rel=1e-8)
    z = np.array([w @ np.exp(beta * (x @ row)) for row in x]) if kind == "SA" else np.ones(4)
    for i in range(4):
        direction = np.cross(x[i], [0.3, -0.5, 0.8])
        plus, minus = x.copy(), x.copy()
        plus[i] = plus[i] + h * direction
        minus[i] = minus[i] - h * direction
        slope = (double_loop.energy(plus, beta, weights=w) - double_loop.energy(minus, beta, weights=w)) / (2 * h)
        assert w[i] * z[i] * (v[i] @ direction) == pytest.approx(slope, rel=1e-7, abs=1e-9)


def test_euler_has_order_one_and_keeps_the_sphere() -> None:
    x0 = np.array([[1.0, 0.0], [math.cos(2.0), math.sin(2.0)]])
    exact, errors = float(diracs.gap(1.0, 2.0, 2.0)), []
    for steps in (100, 200):
        path = double_loop.euler(lambda x: double_loop.velocity("SA", x, 2.0), x0, 1.0 / steps, steps)
        assert_close(np.linalg.norm(path, axis=-1), 1.0, 1e-15)
        errors.append(abs(math.acos(float(path[-1, 0] @ path[-1, 1])) - exact))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(1.0, abs=0.05)


def test_double_loop_refuses_what_overflows() -> None:
    with pytest.raises(ValueError, match="beta"):
        double_loop.velocity("SA", np.eye(2), 1000.0)
    with pytest.raises(ValueError, match="weights"):
        double_loop.energy(np.eye(2), 1.0, weights=[1.0])


# --- the PDE by characteristics ----------------------------------------------------------------------------


def tilted(x: np.ndarray) -> np.ndarray:
    return 1 + 0.3 * np.cos(x) + 0.2 * np.sin(2 * x)


def test_characteristics_meet_the_table_of_the_circle() -> None:
    runs: dict[tuple[str, float, float], list[tuple[float, list[float]]]] = {}
    for row, more in zip(records(CIRCLE, 8), records(CIRCLE_MORE, 4)):
        runs.setdefault((row[0], row[1], row[2]), []).append((row[3], [*row[4:], *more]))
    for (kind, beta, sign), rows in runs.items():
        hard = kind == "SA" and beta == 4 and sign == 1  # steep between its clusters by t = 3
        run = reference_pde.solve(
            kind, beta, tilted, [t for t, _ in rows], labels=512 if hard else 256, sign=int(sign), rtol=3e-13
        )
        high, low = run.extremes()
        c = run.moments(2)
        got = np.stack([c[:, 1].real, -c[:, 1].imag, c[:, 2].real, -c[:, 2].imag, run.energy], axis=1)
        wanted = np.array([values for _, values in rows])
        assert_close(got, wanted[:, :5], 0.0, 1e-12)
        assert_close(run.dissipation, wanted[:, 5], 0.0, 1e-11)
        assert_close(np.stack([high, low], axis=1) / (2 * np.pi), wanted[:, 6:], 1e-10, 2e-11)


@pytest.mark.parametrize(("kind", "sign"), [("SA", 1), ("USA", -1)])
def test_characteristics_satisfy_the_lyapunov_identity(kind: str, sign: int) -> None:
    h = 1e-3
    run = reference_pde.solve(kind, 3.0, tilted, [0.3 - h, 0.3, 0.3 + h], labels=128, sign=sign, log_factor=-3.0)
    rate = (run.energy[2] - run.energy[0]) / (2 * h)
    assert run.dissipation[1] == pytest.approx(rate, rel=1e-5)
    turned = reference_pde.solve(kind, 3.0, lambda x: tilted(x - 1.0), [0.3], labels=128, sign=sign, log_factor=-3.0)
    k = np.arange(4)
    assert_close(turned.moments(3)[0], run.moments(3)[1] * np.exp(-1j * k), 0.0, 1e-12)


def test_characteristics_at_beta_zero_carry_poisson_kernels() -> None:
    run = reference_pde.solve("SA", 0.0, lambda x: poisson.circle_kernel(x, 0.3, 1.0), [0.0, 1.5], labels=128)
    r = float(poisson.circle_radius(1.5, 0.3))
    assert_close(run.moments(5)[1], poisson.circle_coefficients(r, 1.0, 5), 0.0, 1e-13)
    x = np.linspace(-4.0, 9.0, 11)
    assert_close(run.pdf(x), poisson.circle_kernel(x, r, 1.0), 1e-11)
    high, low = run.extremes()
    assert_close([high[1], low[1]], [(1 + r) / (1 - r), (1 - r) / (1 + r)], 1e-12)
    assert_close(run.energy, 0.5 * np.abs(run.moments(1)[:, 1]) ** 2, 1e-14)
    assert_close(run.dissipation[1], (1 - r * r) * r * r / 2, 1e-12)
    assert run.tail.max() < 1e-13


def test_characteristics_say_when_the_labels_are_too_few() -> None:
    coarse = reference_pde.solve("SA", 4.0, tilted, [3.0], labels=128, rtol=1e-9)
    assert coarse.tail[0] > 1e-6
    assert abs(coarse.moments(1)[0, 1].real - 0.272167523104882) > 1e-8


def test_characteristics_refuse() -> None:
    with pytest.raises(ValueError, match="mean 1"):
        reference_pde.solve("SA", 1.0, lambda x: 2.0 + 0 * x, [1.0])
    with pytest.raises(ValueError, match="positive"):
        reference_pde.solve("SA", 1.0, lambda x: 1 + 2 * np.cos(x), [1.0])
    with pytest.raises(ValueError, match="not resolved"):
        reference_pde.solve("SA", 1.0, lambda x: poisson.circle_kernel(x, 0.9), [1.0], labels=300)
    with pytest.raises(ValueError, match="mass 1"):
        reference_zonal.solve("SA", 1.0, 3, lambda c: 1 + c * c, [1.0])
    with pytest.raises(ValueError, match="at most 64"):
        reference_zonal.solve("SA", 1.0, 128, lambda c: 1 + 0 * c, [1.0])


def test_zonal_characteristics_meet_the_table() -> None:
    runs: dict[tuple[int, str], list[list[float]]] = {}
    for d, kind, *row in records(ZONAL, 10):
        runs.setdefault((int(d), kind), []).append(row)
    for (d, kind), rows in runs.items():
        wanted = np.array(rows)
        run = reference_zonal.solve(kind, 4.0, d, zonally_tilted(d), wanted[:, 0], labels=40)
        assert_close(run.moments(3)[:, 1:], wanted[:, 1:4], 0.0, 1e-12)
        assert_close(run.energy, wanted[:, 4], 1e-12)
        assert_close(run.dissipation, wanted[:, 5], 1e-11)
        assert_close(np.exp(run.log_density[:, [0, -1]]), wanted[:, 6:], 1e-8)


def test_zonal_characteristics_on_the_circle_are_the_circle() -> None:
    def even(c: np.ndarray) -> np.ndarray:
        return 1 + 0.3 * c + 0.2 * (2 * c * c - 1)

    zonal = reference_zonal.solve("SA", 4.0, 2, even, [1.0], labels=48)
    circle = reference_pde.solve("SA", 4.0, lambda x: even(np.cos(x)), [1.0], labels=128)
    assert_close(zonal.moments(4)[0], circle.moments(4)[0].real, 0.0, 1e-13)
    assert_close([zonal.energy[0], zonal.dissipation[0]], [circle.energy[0], circle.dissipation[0]], 1e-12)
    assert_close(np.exp(zonal.log_density[0, [0, -1]]), circle.pdf([0.0, np.pi]), 1e-11)


def test_zonal_characteristics_at_beta_zero_in_many_dimensions() -> None:
    run = reference_zonal.solve("USA", 0.0, 20, lambda c: (0.99 / (1.01 - 0.2 * c)) ** 19, [1.0], labels=48)
    assert run.moments(1)[0, 1] == pytest.approx(float(poisson.order_parameter(1.0, 0.1, 20)), rel=1e-12)
    r = float(poisson.radius(1.0, 0.1, 20))
    assert run.log_density[0, 0] == pytest.approx(19 * math.log((1 + r) / (1 - r)), rel=1e-11)
