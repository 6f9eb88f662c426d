"""The closed forms and oracles of `validation.exact`, against tabulated values and against one another.

The tables were computed apart from this code, in 30 digits or by methods that share no formula with it.  Every family
is also confronted with something independent: quadrature, differences, particles, a simulation, conservation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import iv, roots_jacobi

from validation.exact import (
    autonomous,
    diracs,
    double_loop,
    energy,
    floors,
    fluctuations,
    growth,
    multipliers,
    ode,
    orthogonal,
    poisson,
    reference_pde,
    reference_zonal,
)

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

# --- tables ------------------------------------------------------------------------------------------------

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

# beta at which k* jumps from 1 to 2, 2 to 3, ...
CROSSINGS = {
    2: [1.04445686210, 3.16543444270, 6.21129837943, 10.2284831629, 15.2362767285, 21.2404519636],
    3: [1.81615452543, 4.42529301239, 7.96237985154, 12.4774331094, 17.9848939527, 24.4891468084],
    4: [2.52852031879, 5.65582321705, 9.69878627330, 14.7176117492, 20.7275555720, 27.7334807773],
    8: [5.25111070404, 10.5003416829, 16.5950434150, 23.6427038966, 31.6706318871, 40.6886141296],
    128: [85.2870272960, 154.539075916, 222.354212988, 290.360090159, 358.999022693, 428.440694417],
}

# d, t, |w| and |m| from |w| = 0.1 at t = 0
POISSON = """
    2 1 0.1634736400444892 0.1634736400444892   2 5 0.7745060372992806 0.7745060372992806
    3 1 0.1915989328845515 0.2535796514935359   3 5 0.9136279996338154 0.9787339386086895
    4 2 0.4010649106433889 0.5693411063860402   4 5 0.9392370209041513 0.994573963258632
    8 2 0.4727264126132581 0.7243477466255156   8 5 0.9581042639378318 0.9987199352597315
"""


def number(token: str) -> Any:
    try:
        return float(token)
    except ValueError:
        return token


def records(text: str, size: int) -> list[list[Any]]:
    """The tokens of a table in records of `size`, numbers as floats."""
    tokens = [number(token) for token in text.split()]
    assert len(tokens) % size == 0 and tokens
    return [tokens[i : i + size] for i in range(0, len(tokens), size)]


def zonally_tilted(d: int) -> Callable[[np.ndarray], np.ndarray]:
    """1 + 0.3 P_1 + 0.2 P_2 of c."""
    return lambda c: 1 + 0.3 * c + 0.2 * (d * c * c - 1) / (d - 1)


def close(got: Any, wanted: Any, rtol: float, atol: float = 0.0) -> None:
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=atol)


# --- tools: autonomous, ode --------------------------------------------------------------------------------


def test_autonomous_equations_with_known_solutions() -> None:
    def log_slowness(y: np.ndarray) -> np.ndarray:  # y' = y^2 upwards: y = 1 / (1/y0 - t)
        return -2.0 * np.log(y)

    assert autonomous.log_time(log_slowness, 0.5, 2.0) == pytest.approx(math.log(1.5), abs=1e-15)
    assert autonomous.advance(log_slowness, 0.5, 1.5, 1) == pytest.approx(2.0, rel=1e-15)
    assert autonomous.advance(log_slowness, 0.5, 1.5, -1) == pytest.approx(1.0 / 3.5, rel=1e-15)
    assert autonomous.log_time(log_slowness, 1.0, 1.0) == -math.inf
    assert autonomous.advance(log_slowness, 1.0, 0.0, 1) == 1.0
    # y' = e^{-1000 y}: a time of e^1000 is a logarithm like any other
    assert autonomous.log_time(lambda y: 1000.0 * y, 0.0, 1.0) == pytest.approx(1000.0 - math.log(1000.0), rel=1e-15)


def test_autonomous_refuses_a_corner() -> None:
    with pytest.raises(ValueError, match="not smooth"):
        autonomous.log_time(lambda y: np.where(y > 0.1234567, 1.0, 0.0), 0.0, 1.0)


def test_ode_lands_on_its_times() -> None:
    t, y = ode.integrate(lambda t, y: np.array([y[1], -y[0]]), np.array([0.0, 1.0]), [0.0, 0.7, 0.7, 3.0])
    close(y[:, 0], np.sin(t), 0.0, 1e-13)
    with pytest.raises(ValueError, match="ascending"):
        ode.integrate(lambda t, y: y, np.zeros(1), [1.0, 0.5])


# --- multipliers and growth --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", records(MULTIPLIERS, 6), ids=lambda row: f"d={row[0]:g} beta={row[1]:g}")
def test_multipliers_of_the_table(row: list[float]) -> None:
    d, beta = int(row[0]), row[1]
    k, wanted = [0, 1, 5, 20], np.array(row[2:])
    logs = multipliers.log_multipliers(beta, d, 20)[k]
    close(np.exp(logs - beta), wanted, 1e-13)
    close(multipliers.ratios(beta, d, 20)[k], wanted / wanted[0], 5e-14)


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
    close(np.exp(multipliers.log_multipliers(beta, d, 12) - beta), integrals, 1e-10, 1e-14)


def test_multipliers_satisfy_the_recurrence_they_do_not_use() -> None:
    d, beta = 5, 7.0
    lam, k = np.exp(multipliers.log_multipliers(beta, d, 21)), np.arange(1, 21)
    close(lam[:-2] - lam[2:], (2 * k + d - 2) / beta * lam[1:-1], 1e-12)


def test_multipliers_at_beta_zero() -> None:
    close(multipliers.ratios(0.0, 5, 3), [1.0, 0.0, 0.0, 0.0], 0.0)
    close(multipliers.potential(0.0, 5, 3), [0.0, 0.2, 0.0, 0.0], 0.0)
    close(multipliers.potential(1e-9, 5, 3), multipliers.potential(0.0, 5, 3), 1e-15, 1e-9)


@pytest.mark.parametrize("row", records(FASTEST, 7), ids=lambda row: f"d={row[0]:g} beta={row[1]:g}")
def test_growth_rates_of_the_table(row: list[Any]) -> None:
    d, beta, k = int(row[0]), row[1], int(row[2])
    assert growth.fastest_mode("SA", beta, d) == growth.fastest_mode("USA", beta, d) == k
    assert growth.fastest_mode("sinkhorn", beta, d) == int(row[6])
    s = growth.growth_rates("SA", beta, d, k)
    close([s[k], s[1]], [row[3], row[5]], 1e-13, 1e-12)
    if beta < 700:
        close(growth.growth_rates("USA", beta, d, k)[k], row[4], 1e-12)
        factor = math.exp(-beta)
        close(growth.growth_rates("USA", beta, d, k, scale="scaled")[k], row[4] * factor, 1e-12)
    else:  # the table's natural rate is beyond double precision, and here a word
        scaled = growth.growth_rates("USA", beta, d, k, scale="scaled")[k]
        mantissa, exponent = str(row[4]).strip("~").split("e+")
        log10 = math.log10(scaled) + beta / math.log(10.0)
        assert log10 == pytest.approx(math.log10(float(mantissa)) + int(exponent), abs=1e-11)
        with pytest.raises(ValueError, match="scale"):
            growth.growth_rates("USA", beta, d, k)
    close(growth.growth_rates("USA", beta, d, k, scale="relative"), s, 1e-13)


@pytest.mark.parametrize("d", CROSSINGS)
def test_crossings_of_the_fastest_mode(d: int) -> None:
    close([growth.crossing(k, d) for k in range(1, 7)], CROSSINGS[d], 1e-11)


def test_limits_of_growth() -> None:
    close(growth.growth_rates("SA", 0.0, 7, 3), [0.0, 6.0 / 7.0, 0.0, 0.0], 0.0)
    close(growth.growth_rates("sinkhorn", 0.0, 7, 3), [0.0, 6.0 / 7.0, 0.0, 0.0], 0.0)
    assert growth.low_temperature_rate("SA") == pytest.approx(0.735758882342884643)
    assert growth.low_temperature_rate("sinkhorn") == pytest.approx(0.55692908552214738)
    for kind in ("SA", "sinkhorn"):
        k = growth.fastest_mode(kind, 1e5, 3)
        assert growth.growth_rates(kind, 1e5, 3, k)[k] == pytest.approx(growth.low_temperature_rate(kind), rel=1e-4)
    s = growth.growth_rates("SA", 4.0, 2, 4, kappa=0.1, sign=-1)
    close(s, -growth.growth_rates("SA", 4.0, 2, 4) - 0.1 * np.arange(5) ** 2, 1e-15)


def test_critical_diffusion_of_the_table() -> None:
    wanted = [2.4398662884261124, 1.6055473438210263, 0.8343189446050860]
    close(growth.critical_diffusion("USA", 4.0, 2, 3)[1:], wanted, 1e-14)
    wanted = [0.1047433248599671, 0.0878348166977850, 0.0657056285498404]
    close(growth.critical_diffusion("SA", 9.0, 2, 3)[1:], wanted, 1e-14)
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
    close(c[1, [1, 3]] / c[0, [1, 3]], np.exp(rates * t), 2e-9, 0.0)
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


# --- beta = 0 ----------------------------------------------------------------------------------------------


def test_poisson_radii_of_the_table() -> None:
    for d, t, r, m in records(POISSON, 4):
        assert float(poisson.radius(t, 0.1, int(d))) == pytest.approx(r, rel=2e-15)
        assert float(poisson.order_parameter(t, 0.1, int(d))) == pytest.approx(m, rel=3e-15)
    t = np.array([[0.0, 1.0], [2.0, 40.0]])
    close(poisson.circle_radius(t, 0.1), poisson.radius(t, 0.1, 2), 1e-15)
    close(poisson.circle_radius(t, 0.1, sign=-1), poisson.radius(t, 0.1, 2, sign=-1), 1e-14)
    gap = poisson.radius_gap(t[1], 0.3, 5)
    close(1.0 - gap, poisson.radius(t[1], 0.3, 5), 1e-15)
    assert gap[1] < 1e-15  # and yet not zero: e^{-40} times a constant
    assert gap[1] / poisson.radius_gap(41.0, 0.3, 5) == pytest.approx(math.e, rel=1e-12)
    assert np.all(poisson.radius([0.0, 3.0], 0.0, 3) == 0.0)


@pytest.mark.parametrize("d", [2, 3, 6])
def test_poisson_moments_are_integrals_of_the_kernel(d: int) -> None:
    r = 0.6
    c, w = roots_jacobi(200, 0.5 * (d - 3), 0.5 * (d - 3))
    points = np.zeros((200, d))
    points[:, 0], points[:, 1] = c, np.sqrt(1 - c * c)
    direction = np.eye(d)[0]
    mass = w / w.sum() * poisson.kernel(points, r * direction)
    harmonics = reference_zonal.gegenbauer(c[None, :], d, 6)[0]
    close(poisson.zonal_moments(r, d, 6), harmonics @ mass, 1e-12)
    assert float(poisson.mean_of_parameter(r, d)) == pytest.approx(float(poisson.zonal_moments(r, d, 1)[1]), rel=1e-15)


def test_poisson_kernel_on_the_circle() -> None:
    r, phi = 0.7, 0.4
    theta = 2 * np.pi * np.arange(256) / 256
    values = poisson.circle_kernel(theta, r, phi)
    rows = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    close(values, poisson.kernel(rows, [r * math.cos(phi), r * math.sin(phi)]), 1e-13)
    close(np.fft.fft(values)[:9] / 256, poisson.circle_coefficients(r, phi, 8), 0.0, 1e-15)


def test_poisson_kernels_are_carried_along_by_any_driving_vector() -> None:
    """x' = P_x m(t) on S^2 with m never along w: the mean of the moved points is that of the kernel of w(t)."""
    w0 = np.array([0.2, -0.1, 0.3])

    def drive(t: float) -> np.ndarray:
        return np.array([math.cos(t), 0.3, -math.sin(2 * t)])

    z, gauss = np.polynomial.legendre.leggauss(24)
    phi = 2 * np.pi * np.arange(48) / 48
    s = np.sqrt(1 - z * z)[:, None]
    x = np.stack([s * np.cos(phi), s * np.sin(phi), z[:, None] + 0 * phi], axis=-1).reshape(-1, 3)
    mass = np.repeat(gauss, 48) / 96 * poisson.kernel(x, w0)

    def rhs(t: float, y: np.ndarray) -> np.ndarray:
        rows = y.reshape(-1, 3)
        m = drive(t)
        return (m - (rows @ m)[:, None] * rows).ravel()

    _, moved = ode.integrate(rhs, x.ravel(), [0.4, 0.8], rtol=1e-11, atol=1e-12)
    w = poisson.driven_parameter([0.4, 0.8], w0, drive)
    for rows, v in zip(moved, w):
        r = float(np.linalg.norm(v))
        close(mass @ rows.reshape(-1, 3), poisson.mean_of_parameter(r, 3) * v / r, 1e-10, 1e-11)


def test_a_kernel_that_drives_itself_is_a_driven_one() -> None:
    w0, times = np.array([0.1, 0.2, -0.2, 0.1]), np.array([0.5, 2.0])

    def drive(t: float) -> np.ndarray:
        w = poisson.parameter(t, w0)
        r = float(np.linalg.norm(w))
        return poisson.mean_of_parameter(r, 4) * w / r

    close(poisson.driven_parameter(times, w0, drive), poisson.parameter(times, w0), 1e-12)
    assert poisson.parameter(1.0, np.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_zonal_densities_at_beta_zero() -> None:
    table = {
        2: [0.23353004788088, 0.3548255286123, 0.83787814909333],
        3: [0.18846757273747, 0.34485921954556, 0.94840627958597],
        8: [0.089338232134089, 0.2098910961061, 0.95796359563665],
    }
    for d, wanted in table.items():
        close(poisson.zonal_order_parameter([1.0, 2.0, 5.0], zonally_tilted(d), d), wanted, 2e-13)
    # a Poisson kernel is a zonal density
    got = poisson.zonal_order_parameter([1.0, 3.0], lambda c: (0.91 / (1.09 - 0.6 * c)) ** 4, 5)
    close(got, poisson.order_parameter([1.0, 3.0], 0.3, 5), 1e-12)


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
    close(np.cos(got), (y[:, 0] * y[:, 1]).sum(axis=1), 0.0, 1e-12)
    close(got, theta[:, 1] - theta[:, 0], 0.0, 1e-12)


def test_the_gap_and_the_merging_time_are_inverse() -> None:
    for beta, kind, m1, a0, a1 in [(4, "SA", 0.5, 2.0, 1e-6), (9, "USA", 0.5, 1.0, 0.3), (1, "SA", 0.0, 3.0, 1e-9)]:
        t = diracs.merge_time(a0, a1, beta, kind, m1)
        assert float(diracs.gap(t, a0, beta, kind, m1)) == pytest.approx(a1, rel=3e-14)
        back = diracs.merge_time(a1, a0, beta, kind, m1)
        assert back == pytest.approx(t, rel=1e-14)
        assert float(diracs.gap(back, a1, beta, kind, m1, sign=-1)) == pytest.approx(a0, rel=1e-13)
    shape = diracs.gap(np.zeros((2, 3)), 1.0, 4.0)
    close(shape, np.ones((2, 3)), 1e-15)
    assert float(diracs.gap(1e10, 2.0, 4.0, "USA")) == 0.0  # e^{-e^4 1e10}


def test_star_rates_of_the_table() -> None:
    for line in STARS.strip().splitlines():
        beta, m, *wanted = map(float, line.split())
        close(diracs.star_rates(int(m), beta)[1 : int(m) // 2 + 1], wanted, 5e-8)
    assert diracs.star_rates(5, 4.0)[0] == 0.0


@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_star_rates_are_derivatives_of_the_printed_field(kind: str) -> None:
    m, beta, eps = 5, 3.0, 1e-5
    x = 2 * np.pi * np.arange(m) / m
    for q in range(m):
        ripple = np.cos(q * x)
        change = double_loop.angle_velocity(kind, x + eps * ripple, beta)
        change = (change - double_loop.angle_velocity(kind, x - eps * ripple, beta)) / (2 * eps)
        close(change, diracs.star_rates(m, beta, kind)[q] * ripple, 1e-8, 1e-8)


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
    close((rows[:, 0] * rows[:, 1]).sum(axis=-1), orthogonal.gamma(times, n, beta, kind), 1e-12)
    close((rows[:, 2] * rows[:, 3]).sum(axis=-1), orthogonal.gamma(times, n, beta, kind), 1e-12)
    later = orthogonal.gamma(0.5, n, beta, kind, gamma0=float(orthogonal.gamma(0.5, n, beta, kind)))
    assert float(later) == pytest.approx(float(orthogonal.gamma(1.0, n, beta, kind)), rel=1e-14)


# --- energy ------------------------------------------------------------------------------------------------


def test_extremes_of_energy_on_the_circle() -> None:
    for beta, low, high in [(1.0, 0.63303, 1.35914), (4.0, 1.41274, 6.82477), (9.0, 60.7549, 450.171)]:
        assert energy.minimum(beta, 2) == pytest.approx(low, rel=1e-5)
        assert energy.maximum(beta) == pytest.approx(high, rel=1e-5)
        assert energy.minimum(beta, 3) == pytest.approx(math.sinh(beta) / (2 * beta**2), rel=8.0 * (1.0 + beta) * EPS)
        for scale in ("natural", "scaled", "relative"):
            span = energy.maximum(beta, 3, scale=scale) - energy.minimum(beta, 3, scale=scale)
            rounding = 8.0 * (1.0 + beta) * EPS * energy.maximum(beta, 3, scale=scale)
            assert energy.span(beta, 3, scale=scale) == pytest.approx(span, rel=0.0, abs=rounding)
    assert energy.minimum(5.0, 4, scale="relative") == pytest.approx(0.1, rel=1e-15)
    assert energy.maximum(5.0, 4, scale="scaled") == pytest.approx(0.1, rel=1e-15)
    with pytest.raises(ValueError, match="scale"):
        energy.maximum(1000.0)


def test_energy_at_small_beta_forgets_its_constant_only() -> None:
    assert (energy.minimum(0.0, 3), energy.maximum(0.0), energy.span(0.0, 3)) == (0.0, 0.5, 0.5)
    for beta in (1e-12, 1e-6, 0.3, 1.0, 1.0000001):
        with mp.workdps(40):
            b = mp.mpf(beta)
            exact = (mp.exp(b) - mp.sinh(b) / b) / (2 * b)
        assert energy.span(beta, 3) == pytest.approx(float(exact), rel=1e-14)


def test_energy_of_a_sample_is_exact_for_every_n() -> None:
    """Two and three tokens on the circle, averaged over all their angles by the trapezoidal rule (exact here)."""
    beta, nodes = 3.0, 40
    x = 2 * np.pi * np.arange(nodes) / nodes
    pairs = [_angles_energy([0.0, a], beta) for a in x]
    assert np.mean(pairs) - energy.minimum(beta, 2) == pytest.approx(energy.sampling_excess(2, beta, 2), rel=1e-12)
    triples = [_angles_energy([0.0, a, b], beta) for a in x[::2] for b in x[::2]]
    assert np.mean(triples) - energy.minimum(beta, 2) == pytest.approx(energy.sampling_excess(3, beta, 2), rel=1e-9)


def _angles_energy(theta: list[float], beta: float) -> float:
    return double_loop.energy(np.stack([np.cos(theta), np.sin(theta)], axis=-1), beta)


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
    close((v * tangent).sum(axis=-1), double_loop.angle_velocity(kind, theta, beta, weights=weights, sign=sign), 1e-13)
    close((v * x).sum(axis=-1), 0.0, 0.0, 1e-14)
    one = np.eye(2)
    close(double_loop.general_velocity(kind, x, beta, one, one, sign * one, weights=weights), v, 1e-13, 1e-15)
    causal = double_loop.general_velocity(kind, x, beta, one, one, sign * one, causal=True)
    close(causal[-1], double_loop.velocity(kind, x, beta, sign=sign)[-1], 1e-13, 1e-15)
    close(causal[3], double_loop.velocity(kind, x[:4], beta, sign=sign)[-1], 1e-13, 1e-15)
    close(causal[0], 0.0, 0.0, 1e-14)


def test_attention_rows_and_the_general_law() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((5, 3))
    Q, K, V = rng.standard_normal((2, 3)), rng.standard_normal((2, 3)), rng.standard_normal((3, 3))
    A = double_loop.attention_matrix(x, 1.3, Q, K)
    close(A.sum(axis=1), 1.0, 1e-14)
    assert A[1, 2] / A[1, 0] == pytest.approx(math.exp(1.3 * (Q @ x[1]) @ (K @ (x[2] - x[0]))), rel=1e-12)
    close(double_loop.general_velocity("SA", x, 1.3, Q, K, V, sphere=False), A @ x @ V.T, 1e-12)
    masked = double_loop.attention_matrix(x, 1.3, Q, K, causal=True)
    close(np.triu(masked, 1), 0.0, 0.0)
    close(masked.sum(axis=1), 1.0, 1e-14)
    close(masked[-1], A[-1], 1e-14)
    flat = double_loop.general_velocity("SA", x, 1.3, Q, K, V, sphere=False, causal=True)
    close(flat, masked @ x @ V.T, 1e-12)


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
        close(np.linalg.norm(path, axis=-1), 1.0, 1e-15)
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
        close(got, wanted[:, :5], 0.0, 1e-12)
        close(run.dissipation, wanted[:, 5], 0.0, 1e-11)
        close(np.stack([high, low], axis=1) / (2 * np.pi), wanted[:, 6:], 1e-10, 2e-11)


@pytest.mark.parametrize(("kind", "sign"), [("SA", 1), ("USA", -1)])
def test_characteristics_satisfy_the_lyapunov_identity(kind: str, sign: int) -> None:
    h = 1e-3
    run = reference_pde.solve(kind, 3.0, tilted, [0.3 - h, 0.3, 0.3 + h], labels=128, sign=sign, log_factor=-3.0)
    rate = (run.energy[2] - run.energy[0]) / (2 * h)
    assert run.dissipation[1] == pytest.approx(rate, rel=1e-5)
    turned = reference_pde.solve(kind, 3.0, lambda x: tilted(x - 1.0), [0.3], labels=128, sign=sign, log_factor=-3.0)
    k = np.arange(4)
    close(turned.moments(3)[0], run.moments(3)[1] * np.exp(-1j * k), 0.0, 1e-12)


def test_characteristics_at_beta_zero_carry_poisson_kernels() -> None:
    run = reference_pde.solve("SA", 0.0, lambda x: poisson.circle_kernel(x, 0.3, 1.0), [0.0, 1.5], labels=128)
    r = float(poisson.circle_radius(1.5, 0.3))
    close(run.moments(5)[1], poisson.circle_coefficients(r, 1.0, 5), 0.0, 1e-13)
    x = np.linspace(-4.0, 9.0, 11)
    close(run.pdf(x), poisson.circle_kernel(x, r, 1.0), 1e-11)
    high, low = run.extremes()
    close([high[1], low[1]], [(1 + r) / (1 - r), (1 - r) / (1 + r)], 1e-12)
    close(run.energy, 0.5 * np.abs(run.moments(1)[:, 1]) ** 2, 1e-14)
    close(run.dissipation[1], (1 - r * r) * r * r / 2, 1e-12)
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
        close(run.moments(3)[:, 1:], wanted[:, 1:4], 0.0, 1e-12)
        close(run.energy, wanted[:, 4], 1e-12)
        close(run.dissipation, wanted[:, 5], 1e-11)
        close(np.exp(run.log_density[:, [0, -1]]), wanted[:, 6:], 1e-8)


def test_zonal_characteristics_on_the_circle_are_the_circle() -> None:
    def even(c: np.ndarray) -> np.ndarray:
        return 1 + 0.3 * c + 0.2 * (2 * c * c - 1)

    zonal = reference_zonal.solve("SA", 4.0, 2, even, [1.0], labels=48)
    circle = reference_pde.solve("SA", 4.0, lambda x: even(np.cos(x)), [1.0], labels=128)
    close(zonal.moments(4)[0], circle.moments(4)[0].real, 0.0, 1e-13)
    close([zonal.energy[0], zonal.dissipation[0]], [circle.energy[0], circle.dissipation[0]], 1e-12)
    close(np.exp(zonal.log_density[0, [0, -1]]), circle.pdf([0.0, np.pi]), 1e-11)


def test_zonal_characteristics_at_beta_zero_in_many_dimensions() -> None:
    run = reference_zonal.solve("USA", 0.0, 20, lambda c: (0.99 / (1.01 - 0.2 * c)) ** 19, [1.0], labels=48)
    assert run.moments(1)[0, 1] == pytest.approx(float(poisson.order_parameter(1.0, 0.1, 20)), rel=1e-12)
    r = float(poisson.radius(1.0, 0.1, 20))
    assert run.log_density[0, 0] == pytest.approx(19 * math.log((1 + r) / (1 - r)), rel=1e-11)


# --- floors and fluctuations -------------------------------------------------------------------------------


def _w1_to_uniform(turns: np.ndarray) -> np.ndarray:
    """W1 to the uniform measure, (R,), from (R, n) points in turns: the level median of F_n(u) - u on a fine grid."""
    grid = (np.arange(2000) + 0.5) / 2000
    out = np.empty(len(turns))
    for i, row in enumerate(np.sort(turns, axis=1)):
        excess = np.searchsorted(row, grid) / row.size - grid
        out[i] = 2 * np.pi * np.abs(excess - np.median(excess)).mean()
    return out


def test_w1_of_one_and_two_points() -> None:
    assert floors.w1_uniform(1) == pytest.approx(math.pi / 2, rel=1e-14)
    gaps = (np.arange(400) + 0.5) / 400  # n = 2: the first point is at 0, the other anywhere
    brute = _w1_to_uniform(np.stack([0 * gaps, gaps], axis=1)).mean()
    assert floors.w1_uniform(2) == pytest.approx(brute, rel=2e-5)


def test_w1_of_samples_by_simulation() -> None:
    rng = np.random.default_rng(6)
    for n, replicas in ((3, 4000), (25, 2000)):
        draws = _w1_to_uniform(rng.random((replicas, n)))
        error = draws.std() / math.sqrt(replicas)
        assert abs(draws.mean() - floors.w1_uniform(n)) < 3.5 * error
        assert error < 0.02 * draws.mean()


def test_w1_constant_is_the_limit_and_the_bridge() -> None:
    assert floors.w1_constant() == pytest.approx(1.430774211799604, rel=1e-15)
    errors = [abs(math.sqrt(n) * floors.w1_uniform(n) / floors.w1_constant() - 1) for n in (1000, 4000)]
    assert errors[1] < 1e-4 and errors[0] / errors[1] == pytest.approx(4.0, rel=0.2)
    rng = np.random.default_rng(7)
    walk = np.cumsum(rng.standard_normal((4000, 1024)), axis=1) / 32.0
    bridge = walk - walk[:, -1:] * (np.arange(1, 1025) / 1024)
    means = 2 * np.pi * np.abs(bridge - np.median(bridge, axis=1)[:, None]).mean(axis=1)
    assert abs(means.mean() - floors.w1_constant()) < 4 * means.std() / math.sqrt(4000)


def test_w2_of_samples_by_simulation() -> None:
    rng = np.random.default_rng(8)
    for n in (1, 2, 7):
        x = np.sort(rng.random((40000, n)), axis=1)
        squares = (2 * np.pi) ** 2 * ((x - (np.arange(n) + 0.5) / n).var(axis=1) + 1 / (12 * n * n))
        error = squares.std() / math.sqrt(len(squares))
        assert abs(squares.mean() - floors.w2_squared_uniform(n)) <= 3.5 * error + 1e-12
    assert 1000 * floors.w2_squared_uniform(1000) == pytest.approx((2 * math.pi) ** 2 / 12)


def test_equispaced_points_are_at_the_least_distance() -> None:
    equispaced = (np.arange(5)[None, :] + 0.5) / 5
    assert floors.w1_equispaced(5) == pytest.approx(_w1_to_uniform(equispaced)[0], rel=1e-6)
    assert floors.w2_equispaced(1) ** 2 == pytest.approx(floors.w2_squared_uniform(1), rel=1e-15)
    assert floors.w1_equispaced(1) == pytest.approx(floors.w1_uniform(1), rel=1e-14)
    assert [floors.w1_exponents(d) for d in (2, 3, 4, 9)] == [(0.5, 0.0), (0.5, 0.5), (1 / 3, 0.0), (1 / 8, 0.0)]
    assert floors.w2_squared_sphere(100) == pytest.approx(math.log(100) / 100)


def _mode_field(theta: np.ndarray, beta: float, kind: str) -> np.ndarray:
    """The field of (R, n) angles through their Fourier modes up to 10 (enough for beta = 1)."""
    k = np.arange(1, 11)
    waves = np.exp(1j * theta[..., None] * k)
    c = waves.conj().mean(axis=1, keepdims=True)
    up = 2 * (iv(k, beta) * (1j * k) * c * waves).real.sum(axis=-1) / beta
    if kind == "USA":
        return up
    return up / (iv(0, beta) + 2 * (iv(k, beta) * c * waves).real.sum(axis=-1))


@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_fluctuations_of_particles_grow_as_predicted(kind: str) -> None:
    """A simulation: 800 replicas of 60 tokens, uniform at t = 0, Runge-Kutta's fourth order to t = 0.6."""
    rng = np.random.default_rng(9)
    theta, h, n = rng.uniform(0, 2 * np.pi, (800, 60)), 0.1, 60
    for _ in range(6):
        k1 = _mode_field(theta, 1.0, kind)
        k2 = _mode_field(theta + h / 2 * k1, 1.0, kind)
        k3 = _mode_field(theta + h / 2 * k2, 1.0, kind)
        theta = theta + h / 6 * (k1 + 2 * k2 + 2 * k3 + _mode_field(theta + h * k3, 1.0, kind))
    predicted = fluctuations.mode_power(0.6, kind, 1.0, 2, 3)
    assert predicted[1] == pytest.approx(math.exp(2 * growth.growth_rates(kind, 1.0, 2, 1)[1] * 0.6))
    for k in (1, 2, 3):
        power = n * np.abs(np.exp(-1j * k * theta).mean(axis=1)) ** 2
        error = power.std() / math.sqrt(len(power))
        assert abs(power.mean() - predicted[k]) < 3.5 * error + 2.0 * predicted[k] ** 2 / n
    pairs = fluctuations.pair_coefficients(0.6, n, kind, 1.0, 3)
    close(1 + n * pairs[1:], predicted[1:], 1e-14)


def test_fluctuations_with_noise() -> None:
    t = np.array([0.0, 0.5, 2.0])
    # No drift in mode 2 at beta = 0: noise on independent tokens keeps n E|c|^2 = 1.
    close(fluctuations.mode_power(t, "SA", 0.0, 2, 2, kappa=0.3)[:, 2], 1.0, 1e-14)
    # In general V' = 2 s V + 2 kappa k(k+d-2), V(0) = 1.
    s = growth.growth_rates("SA", 4.0, 3, 4, kappa=0.1)
    _, y = ode.integrate(lambda t, v: 2 * s * v + 0.2 * growth.laplace(3, 4), np.ones(5), t)
    close(fluctuations.mode_power(t, "SA", 4.0, 3, 4, kappa=0.1)[:, 1:], y[:, 1:], 1e-12)
    kappa = float(growth.critical_diffusion("SA", 4.0, 2, 1)[1])
    exactly_critical = fluctuations.mode_power(t, "SA", 4.0, 2, 1, kappa=kappa)[:, 1]
    close(exactly_critical, 1 + 2 * kappa * t, 1e-13)
    assert fluctuations.mode_power(10.0, "USA", 9.0, 2, 1)[1] == math.inf


@pytest.mark.parametrize("x", [0.0, 0.3, 0.7, -1.5])
def test_causal_fluctuations_of_many_tokens(x: float) -> None:
    """Against the series of e^{x C*} 1 for the Cesaro matrix of 20 000 tokens."""
    n = 20_000
    term, total = np.ones(n), np.ones(n)
    for j in range(1, 40):
        term = np.cumsum((term / np.arange(1, n + 1))[::-1])[::-1] * x / j
        total = total + term
    assert (total @ total) / n == pytest.approx(float(fluctuations.causal_power(1.0, x)), rel=5e-3)


def test_causal_fluctuations_as_an_integral() -> None:
    for x in (0.5, 2.0):
        wanted = quad(lambda u, x=x: math.exp(-u) * float(iv(0, 2 * math.sqrt(x * u))) ** 2, 0, 120, epsrel=1e-12)[0]
        assert float(fluctuations.causal_power(1.0, x)) == pytest.approx(wanted, rel=1e-11)
        assert float(fluctuations.causal_power(0.5, 2 * x)) == pytest.approx(wanted, rel=1e-11)
        assert wanted > math.exp(2 * x)


# --- bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: growth.growth_rates("softmax", 1.0, 2, 3), ValueError, "kind"),
        (lambda: growth.growth_rates("SA", -1.0, 2, 3), ValueError, "beta"),
        (lambda: growth.growth_rates("SA", "x", 2, 3), TypeError, "beta"),  # type: ignore[arg-type]
        (lambda: growth.growth_rates("SA", 1.0, 1, 3), ValueError, "d must"),
        (lambda: growth.growth_rates("SA", 1.0, 2.0, 3), TypeError, "d must"),  # type: ignore[arg-type]
        (lambda: multipliers.log_factor("log", 1.0, 2), ValueError, "scale"),
        (lambda: poisson.radius(1.0, 1.0, 3), ValueError, "r0"),
        (lambda: poisson.parameter(1.0, [1.0, 0.0]), ValueError, "unit ball"),
        (lambda: orthogonal.gamma(1.0, 4, 1.0, gamma0=-1 / 3), ValueError, "gamma0"),
        (lambda: floors.w1_uniform(0), ValueError, "n must"),
        (lambda: fluctuations.causal_power(-1.0, 1.0), ValueError, "t must"),
    ],
)
def test_refusals(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
