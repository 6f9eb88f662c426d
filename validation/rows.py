"""The checklist as data: every claim of the papers that a computation can bear on, one row each.

Papers: **A** = arXiv 2312.10794, **B** = arXiv 2305.05465 (with its slides), **C** = arXiv 2411.04990, **S** = a
summary card of A; **F** = later works that offer a number.  A check says which rows it covers; `docs/checklist.md`
shows the state of all of them.  Notation is that of `docs/conventions.md`, with b = beta for short and h, g the forces
of the papers; constants are re-derived before they are asserted, and `docs/errata.md` tells where print differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from meanfield.equations.cells import cells
from meanfield.equations.printed import TITLES as PAPERS


class Reach(Enum):
    """What a computation can say about a row, as a sentence."""

    FULL = "It can be computed."
    PARTLY = "Part of it needs the weights of a trained model; the rest can be computed."
    NONE = "It needs the weights of a trained model."
    PROOF = "It is a step of a proof, or a theorem without a number."


@dataclass(frozen=True)
class Row:
    """One row of the checklist."""

    id: str
    where: str
    """Section, equation or figure."""
    what: str
    wanted: str
    """What a numerical check shows."""
    reach: Reach = Reach.FULL

    @property
    def paper(self) -> str:
        """A, B, C, S or F."""
        return self.id[0]


TITLES = {**{letter: PAPERS[letter] for letter in "ABC"}, "S": "Summary card of A", "F": "Later works"}
"""What the letters stand for."""

_REACH = {
    "A05": Reach.PARTLY, "C28": Reach.PARTLY, "B38": Reach.NONE, "S06": Reach.NONE, "A36": Reach.PROOF,
    "A67": Reach.PROOF,
}  # fmt: skip

# A line is `id | where | what | wanted`; an indented line goes on with the one above.
_A = """
A01 | 2.1 (2.1), (2.2) | residual layers against their flow | Euler limit: the gap is O(1/layers)
A02 | 2.2 (2.3)-(2.5) | attention with Q, K, V(t) | unit norms kept; rows of A sum to 1; e^-b <= Z/n <= e^b
A03 | 2.2 (2.6) | SA with Q = K = V = I | two integrators agree to 1e-10 along trajectories
A04 | Rem 2.1 | Krause's model and relatives | compact phi leaves several clusters, SA one
A05 | Fig 1 | histograms of inner products over layers | SA from random data: mass at 1 grows with t
A06 | Rem 2.2 | permutation equivariance | permute then flow = flow then permute, to 1e-13
A07 | 2.3.1 (2.7) | several heads | H equal heads = one head of V summed; an energy for symmetric scores
A08 | 2.3.2 (2.8) | attention with feed-forward | splitting error of order 1 (Lie) and 2 (Strang)
A09 | 3.1 (3.1)-(3.4) | continuity equation | weak residual of empirical measures 0; mass to 1e-13, positive
A10 | Rem 3.1 | global existence | Diracs, atoms, L^1 data do not blow up; max rho <= e^{(d-1) Lip t} times its start
A11 | Rem 3.2 | sinusoidal positional encoding, M = 10^4 | the vectors p_i; their effect on clustering
A12 | Rem 3.3 | Dobrushin's estimate; rate of i.i.d. samples | growth exponent of W_1;
    n^{-1/2} at d = 2, with a logarithm at d = 3, n^{-1/(d-1)} from d = 4 on
A13 | 3.2 (3.5), (3.6) | energy and dissipation of SA | E(t) - E(0) = dissipated, points and density; E rises
A14 | 3.2 | V = -I | E falls
A15 | Prop 3.4 | the uniform measure minimises E, Diracs maximise it | circle, b = 1, 4, 9:
    0.63303, 1.41274, 60.7549 and 1.35914, 6.82477, 450.171; sinh(b)/(2 b^2) on S^2
A16 | Prop 3.4, proof | Gegenbauer coefficients of e^{bt} | positive; closed form = quadrature to 1e-14
A17 | 3.3 (3.7) | SA is no W_2 gradient flow | loop integral, or asymmetric second variation, not 0
A18 | Rem 3.5 | doubly stochastic (Sinkhorn) attention | row and column sums 1; energy monotone; clusters? (open)
A19 | 3.3 (USA) | 1/n in place of 1/Z | like SA; for n = 2 the same up to a change of time
A20 | (3.8)-(3.10), Lem 3.6 | USA: X = grad (G * mu), G = e^{bt}/b | spectral convolution = direct sum to 1e-13
A21 | Lem 3.7 | dE/dt = int |grad(G * mu)|^2 d mu | the identity along the PDE
A22 | 3.3, remark | aggregation equation, singular kernels | width decays exponentially, no collapse at finite T;
    the singular kernel has one
A23 | Rem 3.8 (3.11) | USA is n grad E on particles | finite differences of E = field to 1e-9
A24 | 3.4.1 (3.12)-(3.14) | SA is a gradient flow in the metric Z_i | sum Z_i |x_i'|^2 = dE/dt; conformal at n = 2
A25 | 3.4.2 (3.15), (3.16) | weighted metric and distance | X = grad(dE)/Z; e^{-b/2} W_2 <= W_{2,E} <= e^{b/2} W_2
A26 | Fig 2 | proved regimes in the plane of (d, b) | a map of observed convergence overlays them; e^-b for d >= n
A27 | 4.1, Thm 4.1 | b = 0: one cluster from almost all data | 10^5 runs, no antipodal limit; antipodal data stay
A28 | Thm 4.2 (4.4) | small b | the distance from the run at b = 0 is linear in b
A29 | Thm 4.3 | one cluster for b <= C/n, for b <= 1 at d = 2 | runs; every critical point but consensus strict
A30 | Thm 5.1 | one cluster for b >= C(d) n^2 | index of critical points at large b
A31 | Thm 6.1 | one cluster for every b, d >= 3 | many seeds at d = 3, 4, no failure
A32 | Rem 6.2 | no smooth invariant measure | entropy of the density falls without bound
A33 | Thm 6.3 (6.1) | exponential rate for d >= n | fitted rate > 0; near consensus 1 - <x_i, x_j> decays at rate 2
A34 | Lem 6.4, (6.2)-(6.8) | collapse of a cone | min <x_i, w> never falls; 1 - a <= exp(-(t-t0)/(2n e^{2b}))/2
A35 | Rem 6.5 | consensus is exponentially stable | negative Lyapunov exponent
A36 | Lem 6.6 | a lemma of Barbalat's type | nothing to measure
A37 | Thm 6.7 | chance of lying in a hemisphere | 2^{1-n} sum_{k<d} C(n-1, k) by Monte Carlo; n = 32:
    1.490e-8 (d=2), 2.314e-7 (3), 1.663e-3 (8), 0.5 (16), 0.99834 (24), 1 (32)
A38 | Thm 6.8 (6.9), (6.10) | orthogonal tokens: one scalar | = full system to 1e-11; time to 0.999, n = 32:
    SA 5.1921 (b=.1), 5.2703 (1), 6.9535 (4), 15.9953 (6), 178.731 (9);
    USA 4.8607, 2.8970, 1.1308, 0.8703, 0.6860
A39 | Thm 6.9 (6.11) | high d: inner products near that scalar | gap ~ d^{-1/2}; the bound holds, very loosely
A40 | 6.3 (6.12) | phase curve and its limit as d grows | from A38 as an integral
A41 | Fig 3 (a)-(f) | P(<x1, x2> >= 1 - delta) over (t, b) | regenerated; the half contour nears the limit curve
A42 | Fig 4 | zoom at d = 2, t = 2.5, 18, 30 | numbers of clusters over seeds; fastest mode 3 (b = 4) and 4 (b = 9)
A43 | Problem 1 | metastability for large b | lifetime over b, exponential fit
A44 | Fig 5 (a)-(d) | phase diagrams of random matrices, d = 128, n = 32 | regenerated with the scalings of the code
A45 | Problem 2 | Thms 6.8, 6.9 for random matrices | measured mean-field curve against g_b
A46 | 7.1 (7.1) | equations of angles | the same as in rows
A47 | 7.1 | PDE on the circle | spectral solver = characteristics to 1e-12
A48 | 7.2 (7.2), (7.3) | Kuramoto | K_c = 2/(pi g(0)); r = (1 - K_c/K)^{1/2} for Lorentz frequencies
A49 | 7.2 (7.4) | energy on the torus | gradient = field
A50 | Problem 3 | critical points other than consensus | all found for n <= 6; smallest top eigenvalue over b
A51 | 7.2 (7.5) | general coupling; e^{b cos x} in Bessel functions | the identity;
    31 modes at b = 9, 72 at 64, 89 at 100, 859 at 10^4 for 1e-16
A52 | 8 | r-point marginals | first marginal uniform by Monte Carlo; psi estimated
A53 | 8 (8.1) | equation of psi | Monte Carlo residual within its noise, both terms of v times 1/b
A54 | Problem 4 | closures for g | chaos, Kirkwood, second cumulant, clusters, compared
A55 | 8, end | hierarchy for d > 2 and for SA | pair law at d = 3 by Monte Carlo
A56 | 9.1 | repulsion, V = -I | E falls to the minimum over n points
A57 | Thm 9.2 | sharp configurations and the 600-cell minimise E | descent reaches their energy to 1e-12 for every b:
    simplex, cross-polytope, 12 (d=3), 120 (d=4), 240 (d=8) points
A58 | Def 9.1 | designs, sharpness | design strength and number of inner products
A59 | 9.2 (9.1)-(9.3) | attention in R^d, rescaled by e^{-tV} | the attention matrix is the same in both
A60 | Table 1 | four limit geometries | one classifier each, see B03
A61 | Problem 5 | other Q, K, V | atlas of limit shapes over random spectra
A62 | 9.3 (9.4)-(9.6) | b = infinity | finite b converges uniformly on [0, T]
A63 | Ex 9.3 | three points, no uniqueness | three explicit solutions; which one finite b takes when perturbed
A64 | Problem 6 | selection principle | statistics of the branch taken, with noise or perturbation
A65 | 9.4 | consensus-based optimisation | rate of Laplace's principle; consensus
A66 | Problem 7 | noise | stationary states and thresholds, see F17
A67 | 10 | approximation, control, training | nothing to measure
A68 | App A, Lem A.1, A.2 | b = 0: saddles are strict | for random critical points a subset of negative sum
A69 | App B (B.1), (B.2), Fig 6 | (cos x - b sin^2 x) e^{b cos x} | root 0.904557 (b=1), 0.313535 (10), 0.124837 (64);
    negative beyond
A70 | App B (B.3), (B.4) | the same for every d, b >= (d-1) n^2 | E[B^2] = -(d-1) I for random skew B
A71 | Rem B.1, C.1 | the index does not depend on the metric | equal in both metrics at critical points
A72 | App C (C.1)-(C.4) | E_b = E_0 + b R_b | smallest top eigenvalue >= 2(d-1)/(dn) for b < c/n
A73 | App D (D.1)-(D.15) | Lipschitz bounds, nearly orthogonal data | bounds hold; the true constants tabulated
A74 | Rem D.1 | the same for USA | bounds hold
"""

_B = """
B01 | (1.1), (1.2) | attention in R^d | reference runs without overflow
B02 | Rem 1.1 (1.3) | layers, step 1 in practice | Euler's order
B03 | Table 1 | polytope, three hyperplanes, polytope x subspace, origin | one classifier for each
B04 | Fig 1 | V = I in R^3 | limit points are among the hull's
B05 | Thm 2.1 | d = 1: the attention matrix converges, doubly exponentially | log(-log |P - P*|) linear in t
B06 | Fig 2 | form of P* | rank 1 or 2, histogram
B07 | Fig 3 | P(t), n = 40, Q = K = V = 1 | as printed and as coded
B08 | Fig 4 | clouds K x_i and Q x_j, n = 20, d = 2, t = 0, 2, 9 | rank <= 2
B09 | (3.1) | z = e^{-tV} x | the same motion as B01
B10 | Thm 3.1 | V = I: limits on a polytope's boundary, or 0 | the distance tends to 0
B11 | Fig 5 | polytope, n = 40, R^3, Q = K = I | regenerated
B12 | Rem 3.2, 3.3 | Q^T K need not be positive; convergence is fast | rates over the data's scale
B13 | Rem 3.4 | discrete rescaling by I + V dt | the hull shrinks under the discrete map
B14 | Def 4.1 | good triples | about 14% of Ginibre matrices at d = 128
B15 | Thm 4.2 | at most three parallel hyperplanes | limits of the leading coordinate in {a, 0, b}
B16 | Fig 6 | R^2, eigenvalues 1.35 and -0.07, leading vector (0.76, 0.65) | regenerated at t = 0, 1, 5, 15
B17 | Conj 4.3 | codimension = number of eigenvalues with positive real part | test over random V
B18 | Fig 7(a) | n = 40, d = 3, eigenvalues 1.96, -0.22, 0.25 | codimension 2
B19 | Fig 7(b) | n = 256, d = 128, 65 positive eigenvalues | variances tend to 0, two limits per coordinate
B20 | Def 5.1, Thm 5.2 | V = lambda I on F, smaller on G | distance to (boundary of K, or 0) x G tends to 0
B21 | Fig 8 | R^3, V = diag(1, 1, -1/2) | polytope before t = 5
B22 | 6.3 (6.1)-(6.5), Def 6.4, Lem 6.5 | PDE in R^d | field <= |V| R, its derivative <= 2 |Q^T K| |V| R^2
B23 | Prop 6.6 (6.9)-(6.12) | stability in W_2; fields frozen over T/2^k | first order; exponent; radius <= e^{|V|T} R_0
B24 | Lem 7.1 | log-sum-exp is convex | second differences >= 0
B25 | Lem 7.2 | V = I: distances of pairs never fall | monotone to 1e-12
B26 | Lem 7.3 | A^2 = n^2 e^{-A^2}; x_n >= c e^t | A by Lambert's W; growth exponent 1
B27 | Lem 7.4, 7.5 | x_i = gamma_i e^t + o(e^t) | the fitted gamma take two values
B28 | Lem 7.6-7.8 | at most one bounded particle | shooting to the bounded branch; the root theta_0
B29 | Rem 7.9 | counterexample with two points of R^2 | one cluster, but P tends to the identity
B30 | Thm 8.1, Fig 9 | the set S = {|Ax|^2 = max <Ax, A v_j>} | limits belong to the S computed
B31 | Prop 8.2, Cor 8.3 | convex hulls never grow | inclusion at each step
B32 | Claims 1, 2, (8.5)-(8.16), Lem 8.4 | growth of |Az| outside S_delta | (8.7) along runs
B33 | Thm 8.5 (8.25) | V = -I: x tends to 0 | law of decay
B34 | Rem 8.6, Lem 8.7-8.9 | V = -I: P tends to 1/n | |x| <= max(|x_0|, (2n)^{1/2}); sum e^{<x_i, x_j>} never rises
B35 | Lem 9.1-9.3, (9.4) | leading coordinates | min and max monotone; |phi_k(e^{tV} z)| <= C e^{|lambda_k| t}
B36 | Rem 9.4, 9.5 | divergence along a hyperplane; Jordan blocks | examples
B37 | 11.1 | set-up of the figures: step 0.1, data on [-5, 5]^d | as printed and as coded
B38 | Fig 10 | heads of a trained model that are good triples | <Q phi, K phi> = 1.3060, 0.6719
B39 | Fig 11 | P(t), n = 100 | the rank stays
B40 | Fig 12 | P(t), random V > 0, d = 10, 40, 80 | as printed and as coded
B41 | Fig 13 | eigenvalues 1, 0.1 +- 0.08 i, n = 25 | two points
B42 | Fig 14 | eigenvalues 1, -0.05 +- 0.25 i, n = 25, t to 40 | rotation at rate 0.25
B43 | Fig 15 | diverging coordinates to 10^14 | exponents -lambda_j
B44 | 12 | layers of several heads (open) | statistics of clusters over the number of heads
B45 | 12.1, Figs 16, 17 | Q^T K not positive | the pattern persists
B46 | 12.2 (12.1), Fig 18 | with a feed-forward layer | three panels; collapse to 0
B47 | slides | open questions on vertices and ranks | vertices over n and d; rank histogram
"""

_C = """
C01 | 2 (SA) | full attention with Q, K, V | as A02
C02 | 2 (CSA) | token k sees j <= k | the first moves alone; later tokens change no earlier one
C03 | 3, Lem 3.1 | x' = P_x V x | exponential to the leading space, 1/t with a Jordan block; (6) exact
C04 | Table 1, Fig 1(a)-(e) | final configurations on S^2, b = 9, five V | one classifier for each
C05 | Thm 4.1 | V = I: all tokens tend to x_1(0) | random and moving Q, K
C06 | 4, footnote | an example without structure | long run, spectrum of the motion
C07 | Conj 1 | distinct positive eigenvalues: limits +-xi | search for a counterexample
C08 | Conj 2 | leading space of dimension >= 2: one point | search for a counterexample
C09 | 4-5 | V lowers the dimension | number of metastable clusters ~ b^{(d1-1)/2}
C10 | Fig 2 | n = 200, d = 2, b = 64, delta = 0.5, t to 500 | regenerated; number of clusters over seeds
C11 | 5 (CSA-2d) | equations of angles | the same as C02
C12 | 5.1 | Renyi centres, strong Renyi centres | greedy algorithms; the strong ones are among the others
C13 | Fig 3 | share of particles consumed over time, 5000 runs | regenerated, mean and quantiles 0.1, 0.9
C14 | Lem 5.1 | strong centres hardly move up to T_j | the bound holds; its slack
C15 | 5, remark | T_j s_j < eps e^{c^2/2 - c^4/(24 b)} | the implication, tested
C16 | Thm 5.2 | frozen tokens attract all | limits within eps b^{-1/2} of a centre
C17 | Lem 5.3 | sequential gradient systems converge | identities (C.2); convergence
C18 | 5, remark | ranges for eps = 0.1, c = 6.5 | 14.045 and 682.9 by our formula; 3782 from the condition itself
C19 | 5 | final collapse after an exponential time | log lifetime over b and over its root
C20 | 6 | each centre takes Omega(n) tokens in O(1) time (open) | capture curves over n
C21 | 6 | with a feed-forward layer (open) | runs with A (2.8)
C22 | A.1 (4) | layer with RMS norm, its ODE | discretisation error
C23 | Lem A.1, Fig 4 | (b + 1/2)^{-1/2} < root < b^{-1/2} | 0.308607 < 0.313535 < 0.316228 at b = 10
C24 | Lem A.2 | an implication for r >= 4.5 | f(4.5) = -4.13752; f' < 0
C25 | B.1 (5), (6) | normalised linear flow | closed form = ODE, with Jordan blocks
C26 | B.2 | unstable eigenvalue, multiplicity d - 1 | spectrum of the Jacobian
C27 | Lem B.1 | <x, z> >= <x, y><y, z> if |<y, z>| <= <x, z> | random test, cases of equality
C28 | B.3, Figs 5, 6 | spectra of value matrices | spectrum of a Gaussian start
C29 | C.3 | energies of the frozen-token system | gradient identity
C30 | C.4 | Renyi's constant | 0.7475979 times 2 pi/0.5 = 9.3946 centres
C31 | Lem C.1 | expected number of strong centres | pi/delta = 6.28319 at d = 2; 1/sin^2(delta/2) at d = 3
C32 | 5.1 | general and Markov laws of tokens (open) | integral formula against simulation
C33 | 5, introduction | number of centres in full attention | ~ b^{(d-1)/2} at d = 2, 3
"""

_S = """
S01 | card | histogram of clustering over b | regenerated
S02 | card | with and without normalisation | compared
S03 | card | heads 1..H | compared
S04 | card | clusters for d >= n | checked
S05 | card | metastable durations over b | measured, see A43
S06 | card | learned matrices | need weights
"""

_F = """
F01 | 2410.06833 | dynamic metastability | five points, b = 4: the order of merging; energy a staircase;
    jumps 2 w_i w_j/n^2, rescaled waiting times 1 - cos(gap)
F02 | 2410.23228 | emergence of metastable clusters | k* = 3 (b = 5), 4 (b = 7); positions from one coefficient;
    k* changes at 1.044457, 3.165434, 6.211298, ... (d=2), 1.816155, ... (3), 2.5285, ... (4)
F03 | 2509.25040 | three phases for b ~ n | their time scales separate
F04 | 2504.14697 | quantitative clustering for small b | exponential decay; constant of the PL inequality
F05 | 2405.18273 | circles and spheres | synchrony for b in (0, 1]; a convex phi with a spurious maximum, n >= 5
F06 | 2507.22857 | mean-field models on the circle | synchrony for b >= -0.16, not below -2/3: the threshold between
F07 | 2512.01868 | survey | equal angles: 1 - rho ~ e^{-2t} (normalised after), t^{-2} (before); long contexts
F08 | 2510.22026 | six normalisations | table of first and last speeds
F09 | 2510.05554 | critical scaling b = gamma log n | gamma_c = 1/(1 - rho)
F10 | 2605.08505 | long contexts | b* ~ n^{2/(d-1)} for uniform keys; below it a backward heat step
F11 | 2312.14820 | smoothness of attention | Lipschitz ~ n^{1/2} up to the mean-field regime, then constant
F12 | 2501.18322 | Gaussian data | they stay Gaussian: mean and covariance as an exact test in R^d; low-rank limits
F13 | 2606.07600 | reachable Gaussians | covariance of Riccati type; blow-up against stability
F14 | 2501.03096 | layer norm, mean field | minimiser's density for diag(1, 1+e); the relation of four particles
F15 | 2412.14813 | stationary states on spheres | bifurcation points; resonance condition for jumps
F16 | 2510.20094 | noisy attention | quadratic system of coefficients; the transition turns discontinuous as b grows
F17 | 2604.16288, 2606.05140 | phase transitions | b* = 2.446918 (d=2), 1.816155 (3), 1.575257 (4), 1.266553 (8);
    K_# at b* = 0.510135, 1.093963, 1.634652; K_c < K_# beyond
F18 | 2510.17629 | coarsening with weak noise | clusters of the PDE exchange mass, particles also merge: two laws
F19 | 2510.25034 | inertia | cluster time over friction
F20 | 2605.10931 | low temperature | W_2 <= (log(b+1)/b)^{1/2} e^{Ct} + e^{-ct}; time scale log b
F21 | 2412.09080 | modes of kernel density estimates | expected number ~ (b log b)^{1/2}
F22 | 2508.09628 | hardmax and Frank-Wolfe | Voronoi cells, straight lines; exit times exponential in b
F23 | 2407.01602 | hardmax layers | leaders; vertices of a polytope
F24 | 2605.09213 | kinetic theory of causal attention | a_n = n^2 I_n(b); closed profile; threshold of the U shape
F25 | 2605.16747 | contextual flow maps | rates n^{-1/d} in general, n^{-1/2} for transformers, uniform in depth
F26 | 2601.21942 | two tokens with noise | transition in (b, d); antipodal limits of positive probability
F27 | 2604.26898, 2603.06187 | common noise | sign of the Lyapunov exponent; clusters without attention
F28 | 2604.01978 | homogenised layers | drift of the overlap in closed form; slow at large b
F29 | 2601.21366 | perceptron blocks | critical points are atoms: counted
F30 | 2605.30229 | positional encodings | the maximiser is a push-forward, no Dirac
F31 | 2605.07772 | trained weights | they leave the clustering regime
F32 | 2605.04279, 2605.18870 | several heads | total energy rises, one head's need not; critical b;
    energy identity with moving weights
F33 | 2411.04551 | measure to measure | steering of N measures by Q, K, V(t)
F34 | 2412.02682, 2403.02579, 2405.18781 | consensus, maps with layers, masks | runs of each
F35 | 2110.11773 | Sinkhorn attention | W_2 flow; limit of the heat equation
F36 | 2607.18584 | linear attention on the circle: Kuramoto in twice the angle | r/(1-r^2)^{1/2} grows as e^{t/2};
    r = 0.4603034049690, 0.6497905376004, 0.9185562220048 at t = 1, 2, 4 from 0.3
F37 | 2604.26085 | Q^T K = V = V^T | the dominant positive eigenvalue aligns, V < 0 polarises; borders of stability
F38 | 2511.11553 | multistability | consensus, bipartite, clusters, polygons on eigenvectors of V; counts of basins
F39 | pattern formation (2026) | dispersion J(q) of heads | one symmetric head selects q = 0 or pi only;
    travelling waves
F40 | 2607.24502 | rotary positions | twisted states; spectrum of consensus, Bessel aliasing on resonant rings
F41 | 2608.16664 | forced random quadratic form | antipodal with probability 1/2; metastable time log(1/gamma)
F42 | 2609.28448, 2608.08922 | repulsive recurrent layers | polygons: flip, period 2, chaos;
    condensation at b ~ n^2 (d=2)
F43 | 2605.12697 | critical b by counting | (log n)^{1/2}, log n, (log n)^2 by the law of the gaps
F44 | 2602.11534 | Krause attention | several clusters persist; their number over the radius
F45 | 2604.07925 | Sinkhorn attention | rank decays doubly exponentially
F46 | 2607.09279 | non-normal propagator | Kreiss constant ~ n^{1/2} for the causal mask
F47 | 2603.16535 | attention with inertia | elliptical laws stay so; the ODE of moments as oracle
"""


def _parse(text: str) -> list[Row]:
    table = cells(text, "a row of the checklist must be `id | where | what | wanted`")
    return [Row(id, where, what, wanted, _REACH.get(id, Reach.FULL)) for id, where, what, wanted in table]


ROWS: dict[str, Row] = {row.id: row for text in (_A, _B, _C, _S, _F) for row in _parse(text)}
"""Every row by its id, in the order of the papers."""
