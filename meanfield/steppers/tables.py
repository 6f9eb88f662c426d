"""Explicit Runge-Kutta tables, as data.

A table says y1 = y0 + h sum_j b_j k_j with k_i = f(t + c_i h, y0 + h sum_{j<i} a_ij k_j).  After the stages that
make y1 it may hold further rows: first f(t + h, y1) itself, then rows needed by the dense output alone.

The dense output of all tables is Hairer's nested form.  With D1 = y1 - y0, f0 = k_0, f1 = f(t + h, y1), x in [0, 1]:

    y(x) = y0 + x (F0 + (1-x) (F1 + x (F2 + (1-x) (F3 + x (F4 + (1-x) (F5 + x F6))))))
    F0 = D1,  F1 = h f0 - D1,  F2 = 2 D1 - h (f0 + f1),  F3.. = h sum_j nested_{i,j} k_j

Cut after F2 it is the cubic Hermite interpolant; with one row it is that of Dormand and Prince, with four that of
DOP853.

HNW: E. Hairer, S. P. Norsett, G. Wanner, Solving Ordinary Differential Equations I, 2nd ed., Springer 1993.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from meanfield.protocols import Array
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown

Row = tuple[float, ...]


@register
@dataclass(frozen=True)
class Table(Shown):
    """One explicit Runge-Kutta method (hashable, comparable, without behaviour)."""

    name: str
    order: int
    stages: int
    """Rows that make y1; row `stages`, where there is one, is f(t + h, y1)."""
    a: tuple[Row, ...]
    """a[i] has i entries."""
    b: Row
    c: Row
    errors: tuple[Row, ...] = ()
    """Weights e with h sum_j e_j k_j an error estimate; the second, where there is one, damps the first."""
    error_order: int = 0
    """The error that is controlled is O(h^(error_order + 1))."""
    nested: tuple[Row, ...] | None = None
    """Rows of F3.. above; None: the straight line from y0 to y1."""
    dense_order: int = 1
    """The dense output's local error is O(h^(dense_order + 1))."""
    watch: Row = ()
    """Fractions of the step where the dense output's residual is looked at (`Adaptive.heard`)."""
    share: float = 0.0
    """What of h times the largest residual there bounds the dense output's error: measured, see tests/runs."""
    source: str = ""

    @cached_property
    def A(self) -> Array:
        """(rows, rows) strictly lower triangular."""
        full = np.zeros((len(self.a), len(self.a)))
        for i, row in enumerate(self.a):
            full[i, :i] = row
        return full

    def below(self, h: float) -> list[Array]:
        """Weights of the state and the rows k below it: (1, h a_i0, ..., h a_i,i-1) for every row i."""
        full = h * self._below
        full[:, 0] = 1.0
        return [row[:length] for length, row in enumerate(full, start=1)]

    @cached_property
    def _below(self) -> Array:
        return np.pad(self.A, ((0, 0), (1, 0)))

    @cached_property
    def B(self) -> Array:
        """(stages,) weights of y1."""
        return np.array(self.b)

    @cached_property
    def E(self) -> Array:
        """(1 or 2, stages or stages + 1) error weights."""
        return np.array(self.errors)

    @cached_property
    def reach(self) -> float:
        """How far a step may go, in units of 1 / |fastest rate| of an oscillation: 0.9 of the stretch of the imaginary
        axis on which |R| <= 1.001 (5.4 for DOP853, 2.5 for RK4), and at least 1.

        Transport moves its finest modes along that axis; beyond it they grow from rounding.
        """
        return max(1.0, self._stable(1j))

    def _stable(self, way: complex) -> float:
        """0.9 of the stretch of a half-axis on which |R| <= 1.001, R(z) = 1 + sum_j z^(j+1) b A^j 1, a polynomial."""
        A, k, moments = self.A[: self.stages, : self.stages], np.ones(self.stages), [1.0]
        for _ in range(self.stages):
            moments.append(float(self.B @ k))
            k = A @ k
        x = np.arange(0.01, 20.0, 0.01)
        R = np.polynomial.polynomial.polyval(way * x, moments)
        return 0.9 * float(x[np.argmax(np.abs(R) > 1.001)])

    @cached_property
    def damping(self) -> float:
        """The largest h |rate| of a decaying mode: 0.9 of the stretch of the negative real axis on which |R| <= 1.001.

        1.8 for Euler's method, 2.5 for RK4, 5.6 for DOP853; beyond it the mode grows.
        """
        return self._stable(-1.0)

    @cached_property
    def P(self) -> Array:
        """(p, rows) with terms = P @ k in the power form y0 + h sum_m terms[m] x^(m+1) / (m+1) of `Between`."""
        if self.nested is None:
            return self.B[None, :]
        rows = len(self.a)
        f0, f1, b = np.eye(rows)[0], np.eye(rows)[self.stages], np.zeros(rows)
        b[: self.stages] = self.b
        F = [b, f0 - b, 2 * b - f0 - f1, *(np.array(row) for row in self.nested)]
        P = np.zeros((len(F), rows))
        basis = np.polynomial.Polynomial([0.0, 1.0])  # x, x(1-x), x^2(1-x), x^2(1-x)^2, ...: integers, so exact
        for i, row in enumerate(F):
            for m, coefficient in enumerate(basis.coef[1:]):
                P[m] += (m + 1) * coefficient * row
            basis *= np.polynomial.Polynomial([1.0, -1.0] if i % 2 == 0 else [0.0, 1.0])
        return P


EULER = Table(name="euler", order=1, stages=1, a=((),), b=(1.0,), c=(0.0,), source="Euler 1768; HNW section I.7")

RK4 = Table(
    name="rk4",
    order=4,
    stages=4,
    a=((), (1 / 2,), (0.0, 1 / 2), (0.0, 0.0, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
    b=(1 / 6, 1 / 3, 1 / 3, 1 / 6),
    c=(0.0, 1 / 2, 1 / 2, 1.0, 1.0),
    nested=(),
    dense_order=3,
    source="Kutta 1901; HNW Table II.1.2 (left); dense output: cubic Hermite, HNW (II.6.7)",
)

_RK45_B = (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84)

# fmt: off
_RK45_D = (
    -12715105075 / 11282082432, 0.0, 87487479700 / 32700410799, -10690763975 / 1880347072,
    701980252875 / 199316789632, -1453857185 / 822651844, 69997945 / 29380423,
)
# fmt: on

RK45 = Table(
    name="rk45",
    order=5,
    stages=6,
    a=(
        (),
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
        _RK45_B,
    ),
    b=_RK45_B,
    c=(0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0),
    errors=((71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40),),
    error_order=4,
    nested=(_RK45_D,),
    dense_order=4,
    watch=(0.5, 0.85),
    share=0.35,
    source="Dormand and Prince, J. Comput. Appl. Math. 6 (1980) 19-26; HNW Table II.5.2; dense output: Shampine, "
    "Math. Comp. 46 (1986) 135-150, in the form of HNW section II.6",
)

# fmt: off
_DOP853_C = (
        0.0, 0.526001519587677318785587544488e-01, 0.789002279381515978178381316732e-01,
        0.118350341907227396726757197510, 0.281649658092772603273242802490, 0.333333333333333333333333333333, 0.25,
        0.307692307692307692307692307692, 0.651282051282051282051282051282, 0.6, 0.857142857142857142857142857142,
        1.0, 1.0, 0.1, 0.2, 0.777777777777777777777777777778,
)
_DOP853_A: tuple[tuple[float, ...], ...] = (
    (),
    (
        5.26001519587677318785587544488e-2,
    ),
    (
        1.97250569845378994544595329183e-2, 5.91751709536136983633785987549e-2,
    ),
    (
        2.95875854768068491816892993775e-2, 0.0, 8.87627564304205475450678981324e-2,
    ),
    (
        2.41365134159266685502369798665e-1, 0.0, -8.84549479328286085344864962717e-1,
        9.24834003261792003115737966543e-1,
    ),
    (
        3.7037037037037037037037037037e-2, 0.0, 0.0, 1.70828608729473871279604482173e-1,
        1.25467687566822425016691814123e-1,
    ),
    (
        3.7109375e-2, 0.0, 0.0, 1.70252211019544039314978060272e-1, 6.02165389804559606850219397283e-2,
        -1.7578125e-2,
    ),
    (
        3.70920001185047927108779319836e-2, 0.0, 0.0, 1.70383925712239993810214054705e-1,
        1.07262030446373284651809199168e-1, -1.53194377486244017527936158236e-2,
        8.27378916381402288758473766002e-3,
    ),
    (
        6.24110958716075717114429577812e-1, 0.0, 0.0, -3.36089262944694129406857109825,
        -8.68219346841726006818189891453e-1, 2.75920996994467083049415600797e1, 2.01540675504778934086186788979e1,
        -4.34898841810699588477366255144e1,
    ),
    (
        4.77662536438264365890433908527e-1, 0.0, 0.0, -2.48811461997166764192642586468,
        -5.90290826836842996371446475743e-1, 2.12300514481811942347288949897e1, 1.52792336328824235832596922938e1,
        -3.32882109689848629194453265587e1, -2.03312017085086261358222928593e-2,
    ),
    (
        -9.3714243008598732571704021658e-1, 0.0, 0.0, 5.18637242884406370830023853209,
        1.09143734899672957818500254654, -8.14978701074692612513997267357, -1.85200656599969598641566180701e1,
        2.27394870993505042818970056734e1, 2.49360555267965238987089396762, -3.0467644718982195003823669022,
    ),
    (
        2.27331014751653820792359768449, 0.0, 0.0, -1.05344954667372501984066689879e1,
        -2.00087205822486249909675718444, -1.79589318631187989172765950534e1, 2.79488845294199600508499808837e1,
        -2.85899827713502369474065508674, -8.87285693353062954433549289258, 1.23605671757943030647266201528e1,
        6.43392746015763530355970484046e-1,
    ),
    (
        5.42937341165687622380535766363e-2, 0.0, 0.0, 0.0, 0.0, 4.45031289275240888144113950566,
        1.89151789931450038304281599044, -5.8012039600105847814672114227, 3.1116436695781989440891606237e-1,
        -1.52160949662516078556178806805e-1, 2.01365400804030348374776537501e-1,
        4.47106157277725905176885569043e-2,
    ),
    (
        5.61675022830479523392909219681e-2, 0.0, 0.0, 0.0, 0.0, 0.0, 2.53500210216624811088794765333e-1,
        -2.46239037470802489917441475441e-1, -1.24191423263816360469010140626e-1,
        1.5329179827876569731206322685e-1, 8.20105229563468988491666602057e-3, 7.56789766054569976138603589584e-3,
        -8.298e-3,
    ),
    (
        3.18346481635021405060768473261e-2, 0.0, 0.0, 0.0, 0.0, 2.83009096723667755288322961402e-2,
        5.35419883074385676223797384372e-2, -5.49237485713909884646569340306e-2, 0.0, 0.0,
        -1.08347328697249322858509316994e-4, 3.82571090835658412954920192323e-4,
        -3.40465008687404560802977114492e-4, 1.41312443674632500278074618366e-1,
    ),
    (
        -4.28896301583791923408573538692e-1, 0.0, 0.0, 0.0, 0.0, -4.69762141536116384314449447206,
        7.68342119606259904184240953878, 4.06898981839711007970213554331, 3.56727187455281109270669543021e-1, 0.0,
        0.0, 0.0, -1.39902416515901462129418009734e-3, 2.9475147891527723389556272149,
        -9.15095847217987001081870187138,
    ),
)
_DOP853_D = (
    (
        -0.84289382761090128651353491142e+1, 0.0, 0.0, 0.0, 0.0, 0.56671495351937776962531783590,
        -0.30689499459498916912797304727e+1, 0.23846676565120698287728149680e+1,
        0.21170345824450282767155149946e+1, -0.87139158377797299206789907490, 0.22404374302607882758541771650e+1,
        0.63157877876946881815570249290, -0.88990336451333310820698117400e-1, 0.18148505520854727256656404962e+2,
        -0.91946323924783554000451984436e+1, -0.44360363875948939664310572000e+1,
    ),
    (
        0.10427508642579134603413151009e+2, 0.0, 0.0, 0.0, 0.0, 0.24228349177525818288430175319e+3,
        0.16520045171727028198505394887e+3, -0.37454675472269020279518312152e+3,
        -0.22113666853125306036270938578e+2, 0.77334326684722638389603898808e+1,
        -0.30674084731089398182061213626e+2, -0.93321305264302278729567221706e+1,
        0.15697238121770843886131091075e+2, -0.31139403219565177677282850411e+2,
        -0.93529243588444783865713862664e+1, 0.35816841486394083752465898540e+2,
    ),
    (
        0.19985053242002433820987653617e+2, 0.0, 0.0, 0.0, 0.0, -0.38703730874935176555105901742e+3,
        -0.18917813819516756882830838328e+3, 0.52780815920542364900561016686e+3,
        -0.11573902539959630126141871134e+2, 0.68812326946963000169666922661e+1,
        -0.10006050966910838403183860980e+1, 0.77771377980534432092869265740, -0.27782057523535084065932004339e+1,
        -0.60196695231264120758267380846e+2, 0.84320405506677161018159903784e+2,
        0.11992291136182789328035130030e+2,
    ),
    (
        -0.25693933462703749003312586129e+2, 0.0, 0.0, 0.0, 0.0, -0.15418974869023643374053993627e+3,
        -0.23152937917604549567536039109e+3, 0.35763911791061412378285349910e+3,
        0.93405324183624310003907691704e+2, -0.37458323136451633156875139351e+2,
        0.10409964950896230045147246184e+3, 0.29840293426660503123344363579e+2,
        -0.43533456590011143754432175058e+2, 0.96324553959188282948394950600e+2,
        -0.39177261675615439165231486172e+2, -0.14972683625798562581422125276e+3,
    ),
)

_DOP853_B = _DOP853_A[12]

# Weights of the embedded third-order formula on stages 1, 9 and 12.
_DOP853_B3 = (
    0.244094488188976377952755905512, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    0.733846688281611857341361741547, 0.0, 0.0, 0.220588235294117647058823529412e-1,
)

# Weights of y1 minus those of the embedded fifth-order formula.
_DOP853_E5 = (
    0.1312004499419488073250102996e-1, 0.0, 0.0, 0.0, 0.0, -0.1225156446376204440720569753e+1,
    -0.4957589496572501915214079952, 0.1664377182454986536961530415e+1, -0.3503288487499736816886487290,
    0.3341791187130174790297318841, 0.8192320648511571246570742613e-1, -0.2235530786388629525884427845e-1,
)

# fmt: on

DOP853 = Table(
    name="dop853",
    order=8,
    stages=12,
    a=_DOP853_A,
    b=_DOP853_B,
    c=_DOP853_C,
    errors=(_DOP853_E5, tuple(b - b3 for b, b3 in zip(_DOP853_B, _DOP853_B3, strict=True))),
    error_order=7,
    nested=_DOP853_D,
    dense_order=7,
    watch=(0.65, 0.95),
    share=0.26,
    source="HNW sections II.5 (twelve stages of order 8), II.6 (dense output of order 7) and II.10 (error estimate); "
    "numbers as in Hairer's program dop853.f",
)
