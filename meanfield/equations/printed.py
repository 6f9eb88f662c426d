"""The numbered equations of the papers as data: what each says, who holds it or where it will be, and what checks it.

Papers: **A** = arXiv 2312.10794, **B** = arXiv 2305.05465, **C** = arXiv 2411.04990; at the end some statements without
a number and two later works, by their arXiv numbers, because functions of ours are about them.  Notation is that of
`docs/conventions.md`, with b = beta for short.  What is said here is what is meant: `docs/errata.md` tells where print
differs.
"""

from __future__ import annotations

from meanfield.equations.cells import Printed, parsed

TITLES = {
    "A": "A mathematical perspective on Transformers",
    "B": "The emergence of clusters in self-attention dynamics",
    "C": "Clustering in causal attention masking",
    "": "Without a number",
}


# A line is `name | what it says | how | checks`; an indented line goes on with the one above.  How: `bench`;
# `to come: room`; `step: whose`; or a line of Python.  A number alone is an equation of the paper.
_A = """
(2.1) | z(k+1) = z(k) + w sigma(a z(k) + b), z(0) = x: residual layers
    | pt.layers(mf.FeedForward(np.eye(3), np.eye(3), np.zeros(3)), np.eye(3), depth=6, step=0.5) | A01
(2.2) | z' = w(t) sigma(a(t) z + b(t)): their limit of many layers
    | mf.FeedForward(np.eye(3), np.eye(3), np.zeros(3), activation="relu") | A01
(2.3) | x_i' = P_x sum_j e^{b <Q x_i, K x_j>} V x_j / Z_i, Q, K, V functions of t: self-attention
    | mf.SA(2.0, Q=[[1.0, 0.3], [0.0, 0.8]], K=[[0.9, 0.0], [0.2, 1.1]], V=[[1.0, 0.5], [-0.5, 0.7]]) | A02
(2.4) | Z_i = sum_k e^{b <Q x_i, K x_k>}: its partition function
    | mf.Points(np.eye(3)).read(mf.Exponential(2.0, Q=np.eye(3)[:2], K=np.eye(3)[1:]), want="Z") | A02
(2.5) | A_ij = e^{b <Q x_i, K x_j>} / Z_i: the attention matrix, of rows that sum to 1
    | pt.attention(mf.SA(4.0), np.eye(3)) | A02
(SA) | x_i' = P_x sum_j e^{b <x_i, x_j>} x_j / Z_i: softmax attention with Q = K = V = I
    | pt.simulate(mf.SA(beta=4.0), pt.uniform(8, 3, rng=0), (0.0, 1.0)) | A03
(2.6) | Z_i = sum_k e^{b <x_i, x_k>} | mf.Points(np.eye(3)).read(mf.Exponential(4.0), want="Z") | A03
(2.7) | attention of H heads: the sum over h of that with Q_h, K_h, V_h
    | mf.SA(2.0, V=np.eye(3)) + mf.SA(4.0, V=-0.5 * np.eye(3)) | A07
(2.8) | x_i' = P_x (heads + w sigma(a x_i + b)): the complete layer
    | mf.SA(2.0) + mf.FeedForward(np.eye(3), np.eye(3), np.zeros(3)) | A08 C21
(3.1) | x_i' = X[mu](x_i), mu the empirical measure | pt.simulate(mf.SA(4.0), pt.uniform(8, 3, rng=0), (0.0, 1.0)).x
    | A09 A09.carried A09.density A09.positive
(3.2) | X[mu](x) = P_x int e^{b <x, y>} y d mu(y) / Z(x)
    | mf.SA(4.0).velocity(0.0, None, mf.Points(pt.uniform(8, 3, rng=0))) | A09 A09.carried A09.density A09.positive
(3.3) | Z(x) = int e^{b <x, y>} d mu(y) | mf.Points(pt.uniform(8, 3, rng=0)).read(mf.Exponential(4.0), want="Z")
    | A09 A09.carried A09.density A09.positive
(3.4) | d_t mu + div(X[mu] mu) = 0: the continuity equation
    | mf.solve(mf.SA(4.0), mf.perturbed_uniform(mf.Circle(64), {1: 0.3}), (0.0, 0.5))
    | A09 A09.carried A09.density A09.positive A09.rotated
(3.5) | E[mu] = int int e^{b <x, y>} d mu d mu / (2 b): the interaction energy
    | mf.uniform(mf.Circle(64)).energy(mf.SA(4.0)) | A13 A13.sphere
(3.6) | dE/dt = int |X[mu]|^2 Z d mu along SA
    | mf.solve(mf.SA(4.0), mf.perturbed_uniform(mf.Circle(64), {1: 0.3}), (0.0, 0.5)).dissipation | A13 A13.sphere
(3.7) | X[mu] = grad log Z / b: SA's field, a logarithm's gradient and no first variation's
    | mf.SA(4.0).velocity(0.0, None, mf.Points(pt.uniform(8, 3, rng=0))) | A17
(USA) | x_i' = P_x sum_j e^{b <x_i, x_j>} x_j / n: attention without normalisation
    | pt.simulate(mf.USA(beta=1.0), pt.uniform(8, 3, rng=0), (0.0, 1.0)) | A19
(3.8) | X[mu](x) = P_x int e^{b <x, y>} y d mu(y): USA's field
    | mf.USA(1.0).velocity(0.0, None, mf.Points(pt.uniform(8, 3, rng=0))) | A20 A20.spheres
(3.9) | X[mu] = grad dE[mu]: USA is the Wasserstein gradient flow of E
    | mf.USA(1.0).velocity(0.0, None, mf.Points(pt.uniform(8, 3, rng=0))) | A20 A20.spheres
(3.10) | d_t mu + div(grad(G * mu) mu) = 0, G = e^{b t} / b: an aggregation equation
    | mf.solve(mf.USA(1.0), mf.perturbed_uniform(mf.Circle(64), {1: 0.3}), (0.0, 0.5)) | A20 A20.spheres
(3.11) | X' = n grad E(X): USA's tokens | pt.simulate(mf.USA(1.0), pt.uniform(8, 3, rng=0), (0.0, 1.0)).energy | A23
(3.12) | <a, b>_X = sum_i Z_i <a_i, b_i>: the metric in which SA's tokens climb E | bench | A24
(3.13) | the differential of E is that metric's product with the velocity
    | step: the proof that SA's tokens climb E (3.4.1) | A24
(3.14) | the flow that turns one token and leaves the others | step: the proof that SA's tokens climb E (3.4.1) | A24
(3.15) | SA's continuity equation as d_t mu + div(mu grad dE / dE) = 0
    | mf.solve(mf.SA(4.0), mf.perturbed_uniform(mf.Circle(64), {1: 0.3}), (0.0, 0.5)) | A25 A25.movements
(3.16) | d_t mu + div(v mu) = 0 on [0, 1]: the curves over which the weighted distance is the least
    | mf.distances.w2_energy_circle(mf.uniform(mf.Circle(32)), mf.perturbed_uniform(mf.Circle(32), {1: 0.3}), 1.0) | A25
(4.1) | x_i' = P_x (mean of the tokens): SA and USA at b = 0
    | pt.simulate(mf.SA(0.0), pt.uniform(8, 3, rng=0), (0.0, 5.0)) | A27 A27.few A27.poisson A27.spheres
(4.2) | <x_i(m), x_j(m)> > 3/4 of the run at b = 0 | step: the proof of Theorem 4.2 | -
(4.3) | the share of data for which it holds tends to 1 with m | step: the proof of Theorem 4.2 | -
(4.4) | |x_i(t) - x_i^0(t)| <= O(b): near the run at b = 0 | step: the proof of Theorem 4.2 | A28
(4.5) | hence the same bound for all small b | step: the proof of Theorem 4.2 | -
(6.1) | |x_i(t) - x*| <= C e^{-lambda t} for d >= n | bench | A33
(6.2) | the rate of <x_i, w> for the token nearest to the hyperplane | step: the proof of Lemma 6.4 | A34
(6.3) | x_i(t) -> x* | step: the proof of Lemma 6.4 | A34
(6.4) | x* is a convex combination of the tokens, up to a factor | step: the proof of Lemma 6.4 | A34
(6.5) | a' for a = min <x_i, x*>, as a sum over tokens | step: the proof of Lemma 6.4 | A34
(6.6) | min_j <x_i, x_j> <= a | step: the proof of Lemma 6.4 | A34
(6.7) | a' >= (1 - a) / (2 n e^{2b}) | step: the proof of Lemma 6.4 | A34
(6.8) | 1 - a(t) <= e^{-(t - t_0) / (2 n e^{2b})} / 2 | step: the proof of Lemma 6.4 | A34
(6.9) | the one inner product of orthogonal tokens under SA: an ODE
    | pt.gram(mf.SA(1.0), None, (0.0, 5.0), gram=np.eye(4)) | A38
(6.10) | the same under USA | pt.gram(mf.USA(1.0), None, (0.0, 5.0), gram=np.eye(4)) | A38
(6.11) | |<x_i, x_j> - gamma(t)| <= min(2 c(b)^{nt} (log d / d)^{1/2}, C e^{-lambda t}) | bench | A39 coverage.A39
(6.12) | gamma_b(t) = 1 - delta: the phase curve as d grows | bench | A40
(7.1) | theta_i' = -sum_j e^{b cos(theta_i - theta_j)} sin(theta_i - theta_j) / n, over Z_i for SA: angles
    | pt.simulate(mf.SA(4.0), pt.uniform_angles(8, rng=0), (0.0, 1.0)) | A46
(7.2) | theta_i' = omega_i + (K / n) sum_j sin(theta_j - theta_i): Kuramoto
    | pt.simulate(mf.Kuramoto([-0.1, 0.0, 0.1], coupling=1.0), [0.0, 1.0, 2.0], (0.0, 40.0))
    | A48 A48.graphs A48.lorentz A48.normal
(7.3) | F = (K / 2 n^2) sum cos(theta_i - theta_j): its energy
    | pt.simulate(mf.Kuramoto([-0.1, 0.0, 0.1]), [0.0, 1.0, 2.0], (0.0, 40.0)).quantity("potential") | A48 A48.graphs
(7.4) | theta' = n grad E(theta) on the torus: USA's angles climb E
    | pt.simulate(mf.USA(1.0), pt.uniform_angles(8, rng=0), (0.0, 1.0)).energy | A49
(7.5) | theta_i' = omega_i + (K / n) sum_j h(theta_j - theta_i): a general coupling
    | pt.simulate(mf.Coupling(lambda d: np.sin(d) - 0.7 * np.sin(2 * d)), [0.0, 0.3, 2.0], (0.0, 60.0)) | A51
(8.1) | d_t psi + d_x (v psi) = 0, v = (2 / (b n)) h'(x) - (2 (n - 2) / (b n)) g: the law of a pair
    | mf.pair_correlation(mf.USA(1.0), 32, (0.0, 0.5), closure="kirkwood").psi(0.5) | A53
(9.1) | x_i' = sum_j e^{b <Q x_i, K x_j>} V x_j / Z_i in R^d: pure attention
    | pt.simulate(mf.SA(1.0, Q=np.eye(3)[:2], K=np.eye(3)[1:], geometry="flat"), np.eye(3), (0.0, 1.0)) | A59
(9.2) | z_i = e^{-t V} x_i
    | mf.Rescaled(mf.SA(1.0, V=np.diag([1.0, 0.5, -1.0]), geometry="flat")).rescaled(2.0, np.eye(3)) | A59
(9.3) | z_i' = sum_j A_ij V (z_j - z_i): the rescaled tokens
    | pt.simulate(mf.Rescaled(mf.SA(1.0, V=np.diag([1.0, 0.5, -1.0]), geometry="flat")), np.eye(3), (0.0, 5.0)) | A59
(9.4) | the same without e^{tV} in the scores
    | mf.SA(100.0, geometry="flat") + mf.Linear(-np.eye(2), geometry="flat") | A62
(9.5) | z_i' = mean over C_i of V (z_j - z_i): b = infinity
    | pt.branches(mf.SA(np.inf, geometry="flat") + mf.Linear(-np.eye(2), geometry="flat"), [[1, 1], [-1, 1], [0, 0]])
    | A62 F22
(9.6) | C_i: the tokens j of largest <Q z_i, K z_j>
    | pt.leaders(mf.SA(np.inf, geometry="flat"), [[1.0, 1.0], [-1.0, 1.0], [0.2, 0.1]]) | A62
(A.1) | X' = grad f(X): gradient ascent on a manifold | step: the proof of Lemma A.1 | -
(A.2) | some subset of a critical point's tokens has a negative sum of products | bench | A68
(A.3) | the second derivative of E_0 as these tokens turn | bench | A68
(A.4) | the identity as a mean of squares of skew matrices, d odd | step: the proof of Lemma A.2 | A68
(B.1) | the Hessian's sums over a subset are <= 0 at a maximum | step: the proof of Theorem 5.1 | A69
(B.2) | sum g(theta_i - theta_j) >= 0 between a subset and the rest, g = (cos - b sin^2) e^{b cos}
    | step: the proof of Theorem 5.1 | A69
(B.3) | the same in any d, g = ((d - 1) cos - b sin^2) e^{b cos} | step: the proof of Theorem 5.1 | A70
(B.4) | the Hessian in the direction of one skew matrix | step: the proof of Theorem 5.1 | A70
(B.5) | the Hessian in any metric; at a critical point no Christoffel symbols
    | pt.critical_points(mf.SA(1.0), 3) | A50
(C.1) | grad E_b and Hess E_b are those of E_0 up to O(b) | step: the proof of Theorem 4.3 | A72
(C.2) | E_0'' = 2 (d - 1) / (d n) in some direction | step: the proof of Theorem 4.3 | A72
(C.3) | (C.1) for the gradient in SA's metric | step: Remark C.1 | A72
(C.4) | (C.1) for the Hessian in SA's metric | step: Remark C.1 | A72
(D.1) | the difference of two runs, as an integral | step: the proof of Theorem 6.9 | A73
(D.2) | its first part, bounded | step: the proof of Theorem 6.9 | A73
(D.3) | its second part, bounded | step: the proof of Theorem 6.9 | A73
(D.4) | |x_i - y_i| grows at most by c(b)^{nt} | step: the proof of Theorem 6.9 | A73
(D.5) | i.i.d. tokens are (log d / d)^{1/2} from orthogonal ones | step: the proof of Theorem 6.9 | A73
(D.6) | hence the runs are near | step: the proof of Theorem 6.9 | A73
(D.7) | and so are their inner products | step: the proof of Theorem 6.9 | A73
(D.8) | 1 - gamma decays exponentially | step: the proof of Theorem 6.9 | A73
(D.9) | a = min <x_i, x*> | step: the proof of Theorem 6.9 | A73
(D.10) | 1 - a decays exponentially | step: the proof of Theorem 6.9 | A73
(D.11) | a lower bound of a at t = 1/n | step: the proof of Theorem 6.9 | A73
(D.12) | a' as a sum over tokens | step: the proof of Theorem 6.9 | A73
(D.13) | min_j <x_i, x_j> <= a | step: the proof of Theorem 6.9 | A73
(D.14) | a' from below | step: the proof of Theorem 6.9 | A73
(D.15) | inner products late, with C and lambda | step: the proof of Theorem 6.9 | A73
"""

_B = """
(1.1) | x_i' = sum_j P_ij V x_j in R^d
    | pt.simulate(mf.SA(1.0, Q=np.eye(3)[:2], K=np.eye(3)[1:], geometry="flat"), np.eye(3), (0.0, 1.0)) | B01
(1.2) | P_ij = e^{<Q x_i, K x_j>} / sum_l e^{<Q x_i, K x_l>}
    | pt.attention(mf.SA(1.0, Q=np.eye(3)[:2], K=np.eye(3)[1:], geometry="flat"), np.eye(3)) | B01
(1.3) | x_i(k+1) = x_i(k) + dt sum_j P_ij V x_j(k): layers
    | pt.layers(mf.SA(1.0), pt.uniform(8, 3, rng=0), depth=6, step=1.0) | B02
(3.1) | z_i' = sum_j P_ij V (z_j - z_i), scores of e^{tV} z: rescaled tokens
    | pt.simulate(mf.Rescaled(mf.SA(1.0, V=np.diag([1.0, 0.5, -1.0]), geometry="flat")), np.eye(3), (0.0, 5.0)) | B09
(6.1) | d_t mu + div(X[mu] mu) = 0 in R^d
    | mf.solve(mf.SA(1.0, geometry="flat"), mf.Gaussian([0.0], [[0.1]]), (0.0, 0.5)) | B22 B23.line
(6.2) | X[mu](x) = int e^{<Q x, K y>} V y d mu(y) / int e^{<Q x, K y>} d mu(y)
    | mf.SA(1.0, geometry="flat").velocity(0.0, None, mf.Points(2.0 * np.eye(3), geometry="flat")) | B22 B23.line
(6.3) | |X| <= |V| R for measures in the ball of radius R | bench | B22
(6.4) | |grad X| <= 2 |Q^T K| |V| R^2 | bench | B22
(6.5) | |X[mu] - X[nu]| <= C W_2(mu, nu) | bench | B22
(6.6) | two integrals against mu - nu | step: the proof of Lemma 6.5 | -
(6.7) | the first of them by W_1 and a Lipschitz constant | step: the proof of Lemma 6.5 | -
(6.8) | W_1 <= W_p <= diam^{1 - 1/p} W_1^{1/p} | step: the proof of Lemma 6.5 | -
(6.9) | W_2(mu(t), nu(t)) <= e^{C t} W_2(mu_0, nu_0) | bench | B23 B23.line
(6.10) | the support's radius under a field frozen over a step | bench | B23
(6.11) | W_p of two measures moved by two fields | step: the proof of Proposition 6.6 | -
(6.12) | W_2 over a short time | step: the proof of Proposition 6.6 | -
(7.1) | x_i' = sum_j P_ij x_j: Q = K = V = I
    | pt.simulate(mf.SA(1.0, geometry="flat"), [[-1.0], [0.0], [2.0]], (0.0, 1.0)) | -
(7.2) | x -> log sum_j e^{<x, x_j>} is convex | bench | B24
(7.3) | a product of sums of exponentials, by pairs | step: the proof of Lemma 7.1 | -
(7.4) | its bound from below | step: the proof of Lemma 7.1 | -
(7.5) | c = the least gap between neighbours at t = 0 | step: the proof of Lemma 7.3 | -
(7.6) | x_n' as a sum over tokens | step: the proof of Lemma 7.3 | -
(7.7) | without those to the right of 0 but x_n | step: the proof of Lemma 7.3 | -
(7.8) | from below, with e^{-x_n^2} | step: the proof of Lemma 7.3 | -
(7.9) | x_n' >= x_n / n - n e^{-x_n^2} / x_n | step: the proof of Lemma 7.3 | -
(7.10) | x_i' from below for an unbounded token | step: the proof of Lemma 7.4 | -
(7.11) | x_i' >= x_n less what decays | step: the proof of Lemma 7.5 | -
(7.12) | x_i' over the tokens left of 0 | step: the proof of Lemma 7.6 | -
(7.13) | x_j x_n - x_n^2 -> -infinity | step: the proof of Lemma 7.7 | -
(7.14) | its rate, bounded | step: the proof of Lemma 7.7 | -
(7.15) | y_i = e^t x_i = o(e^t) for the bounded token | step: the proof of Lemma 7.8 | -
(8.1) | z_i' = sum_j softmax(e^{2t} <A z_i, A z_j>) (z_j - z_i): V = I
    | pt.simulate(mf.Rescaled(mf.SA(1.0, geometry="flat")), np.eye(3), (0.0, 5.0)) | -
(8.2) | A = (Q^T K)^{1/2}
    | mf.Rescaled(mf.SA(1.0, Q=np.diag([2.0, 1.0]), K=np.diag([2.0, 1.0]), geometry="flat")) | -
(8.3) | the distance to a half-space outside the hull never falls | step: the proof of Proposition 8.2 | -
(8.4) | that distance's rate | step: the proof of Proposition 8.2 | -
(8.5) | |A x|^2 <= max <A x, A v_j> in a polytope of vertices v_j | bench | B32
(8.6) | S: the points w of it with |A w|^2 = max <A w, A v_j>
    | pt.limit_set([[1.0, 1.0], [1.0, -1.0]]) | B30
(8.7) | d/dt |A z_i|^2 >= gamma delta outside S_delta | bench | B32
(8.8) | d/dt |A z_i|^2 as a sum of b_j | step: the proof of Theorem 8.1 | -
(8.9) | b_j >= 0 where a_j >= 0 | step: the proof of Theorem 8.1 | -
(8.10) | the largest of them, from below | step: the proof of Theorem 8.1 | -
(8.11) | the negative ones, from below | step: the proof of Theorem 8.1 | -
(8.12) | delta small enough, once | step: the proof of Theorem 8.1 | -
(8.13) | |A x|^2 varies by 4 R |A| delta over a component of S_delta | step: the proof of Theorem 8.1 | -
(8.14) | it is larger over a component reached later | step: the proof of Theorem 8.1 | -
(8.15) | delta small enough, twice | step: the proof of Theorem 8.1 | -
(8.16) | growth on the way out of a component | step: the proof of Theorem 8.1 | -
(8.17) | z_i' as a sum over all tokens | step: the proof of Claim 2 | -
(8.18) | as one over those that matter | step: the proof of Claim 2 | -
(8.19) | max <x, v_j - x> >= beta |x - w| near w in S | step: the proof of Claim 2 | -
(8.20) | hence >= beta delta / 2 outside S_delta | step: the proof of Claim 2 | -
(8.21) | 0 as a convex combination of <x, v_j - x> | step: the proof of Lemma 8.4 | -
(8.22) | <w - x, w> from below | step: the proof of Lemma 8.4 | -
(8.23) | u = b w + a + r, orthogonally | step: the proof of Lemma 8.4 | -
(8.24) | max <x, v_j - x> from below | step: the proof of Lemma 8.4 | -
(8.25) | x_i' = -sum_j P_ij x_j: V = -I, Q^T K = I
    | pt.simulate(mf.SA(1.0, sign=-1, geometry="flat"), np.eye(3), (0.0, 1.0)) | B33
(9.1) | a, b: limits of the least and the largest leading coordinate | step: the proof of Theorem 4.2 | -
(9.2) | a coordinate that stays above epsilon_0 | step: the proof of Theorem 4.2 | -
(9.3) | its rate as a sum over tokens | step: the proof of Theorem 4.2 | -
(9.4) | scores are c phi_i phi_j e^{2 lambda_1 t} up to C e^{(lambda_1 + |lambda_2|) t} | bench | B35
(9.5) | some coordinate is at least b | step: the proof of Theorem 4.2 | -
(9.6) | the largest score, from below | step: the proof of Theorem 4.2 | -
(9.7) | its coordinate is nearly the largest | step: the proof of Theorem 4.2 | -
(9.8) | the rate, near and far tokens apart | step: the proof of Theorem 4.2 | -
(9.9) | the scores of far tokens, from above | step: the proof of Theorem 4.2 | -
(9.10) | the rate, from below | step: the proof of Theorem 4.2 | -
(9.11) | C^d as a sum of spans of Jordan chains | step: Remark 9.5 | -
(9.12) | a Jordan block with a small superdiagonal | step: Remark 9.5 | -
(9.13) | |pi_k e^{tV} z| <= C e^{(|lambda_k| + delta) t} | step: Remark 9.5 | -
(10.1) | d/dt |A z_i|^2 on the leading space, as a sum of b_j | step: the proof of Theorem 5.2 | -
(10.2) | what the other space adds to a score | step: the proof of Theorem 5.2 | -
(12.1) | z_i' = W sigma(V sum_j P_ij (z_j - z_i)): with a feed-forward layer
    | mf.Activated(mf.SA(1.0, geometry="flat"), np.eye(3), "relu") | B46
"""

_C = """
(SA) | x_k' = P_x sum_j e^{b <Q x_k, K x_j>} V x_j / Z_k over all tokens
    | mf.SA(2.0, Q=np.eye(3)[:2], K=np.eye(3)[1:], V=-np.eye(3)) | C01
(CSA) | the same over j <= k: causal attention
    | pt.simulate(mf.Causal(mf.SA(9.0)), pt.uniform(8, 3, rng=0), (0.0, 1.0)) | C02
(CSA-2d) | phi_k' = sum_{j < k} h(phi_j - phi_k) / Z_k: causal attention on the circle
    | pt.simulate(mf.Causal(mf.SA(9.0)), pt.uniform_angles(8, rng=0), (0.0, 1.0)) | C11
(IntPot) | h(x) = e^{b (cos x - 1)} sin x: one token's pull | bench | C23
(1) | a strong centre begins c (1 + 2 epsilon) b^{-1/2} from all before it
    | pt.renyi([0.0, 0.3, 0.6, 2.0], 0.5, strong=True) | C14
(2) | c > b^{1/2} tau*: farther than the largest pull | bench | C14
(3) | T s h(c b^{-1/2}) < epsilon c b^{-1/2}: how long it stays | bench | C14
(4) | X_{k+1} = X_k + RMSNorm(attention(X_k)): a layer
    | pt.layers(mf.SA(1.0), pt.uniform(8, 3, rng=0), depth=6, step=1.0, norm="attention") | C22
(5) | y' = V y: x' = P_x V x without its normalisation | mf.Linear(np.diag([1.0, 0.0, -1.0])) | C25
(6) | y(t) by Jordan blocks | bench | C25
(7) | phi_k' = sum_{j < k} h(phi_j - phi_k) / Z_k, as (CSA-2d) | step: the proof of Lemma 5.1 | -
(8) | the gap to the nearest token before falls at most at 2 s h(gap) | step: the proof of Lemma 5.1 | -
(9) | the energy's rate has a bounded integral | step: the proof of Lemma 5.3 | -
(10) | the energy's slope tends to 0 | step: the proof of Lemma 5.3 | -
"""

_OTHER = """
A Lem 3.7 | dE/dt = int |grad(G * mu)|^2 d mu along USA
    | mf.solve(mf.USA(1.0), mf.perturbed_uniform(mf.Circle(64), {1: 0.3}), (0.0, 0.5)).dissipation
    | A13.sphere A21 A21.noise
A Prop 3.4 | the uniform measure minimises E, Diracs maximise it | mf.uniform(mf.Circle(64)).energy(mf.SA(4.0))
    | A15 A15.growth A15.sample A16
A Rem 3.3 | W_1 of two runs grows at most exponentially: the mean-field limit
    | mf.distances.w1_circle([0.0, 1.0], [0.1, 1.3])
    | A12 A12.fluctuations A12.spheres coverage.A12 coverage.A12.spheres
A Problem 1 | metastability: how long clusters last | mf.star_rates(mf.SA(9.0), 3)
    | A43 A43.diracs A43.stars coverage.A43
C Thm 5.2 | phi_k' = (sum_{j <= k} h(phi_j - phi_k) + sum_j a_j h(theta_j - phi_k)) / Z_k: frozen tokens
    | pt.simulate(mf.Frozen(mf.Causal(mf.SA(64.0)), [0.0, 1.5], 1.0), [0.2, 1.3], (0.0, 1.0)) | C16
C Lem 5.3 | phi_k' = -dE_k/dphi_k / Z_k: tokens that descend one after the other
    | pt.energies(mf.Causal(mf.SA(4.0)), [0.0, 1.0, 2.0]) | C17 C29
B Tab 1 | what rescaled tokens of R^d come to, by the leading eigenvalue of V; the origin if V = -I
    | pt.classify(pt.simulate(mf.SA(1.0, V=-np.eye(2), geometry="flat"), np.eye(2), (0.0, 0.1))) | B03
B Def 4.1 | a good triple: the largest eigenvalue of V is real, positive, simple, and <Q phi, K phi> > 0
    | pt.good_triple(None, None, np.diag([1.0, -0.5])) | B14 B38
B Prop 8.2 | convex hulls of rescaled tokens never grow, if V = I | pt.hull([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]) | B31
C Tab 1 | what all tokens come to, by the largest eigenvalue of V and its multiplicity
    | pt.classify(pt.simulate(mf.Causal(mf.SA(1.0)), [0.0, 1.0, 2.0], (0.0, 1.0))) | C04
A Def 9.1 | spherical designs, and sharp configurations: m inner products, a design of strength 2 m - 1
    | pt.configurations.design([0.0, 2.1, 4.2]) | A58
A Thm 9.2 | sharp configurations and the 600-cell have the least E of n points, for every b
    | pt.configurations.least(mf.SA(4.0), 4, 3, starts=2) | A56 A57
A Fig 1 | inner products of random tokens gather at 1 as layers pass | bench | A05 A05.trained
A Sec 9.4 | consensus-based optimisation: points go to the mean weighted by e^{-b f}, shaken by their distance from it
    | pt.CBO(lambda x: np.sum(x**2, axis=-1)) | A65
A Fig 2 | where one cluster is proved in the plane of d and b, and where it is seen | bench | A26
A Fig 3 | the probability that two tokens are one by t, over t and b, nears that of orthogonal ones
    | bench | A41 A41.coded
A Fig 4 | how many clusters on the circle at t = 2.5, 18, 30 | bench | A42
A Fig 5 | phase diagrams of random matrices Q, K, V | bench | A44 A44.coded
C Fig 1 | final configurations on S^2 under five matrices V | bench | C04
C Fig 2 | causal attention at b = 64: clusters that wait, and their centres | bench | C10
C Fig 3 | the share of tokens that Rényi centres and strong ones have consumed | bench | C13
C Fig 4 | b^{-1/2} and the largest pull h of one token | bench | C23
C Fig 5 | the spectrum of a value matrix V | bench | C28
B Thm 2.1 | d = 1: attention tends to rows e_1 and e_n, and one of asterisks at the most
    | pt.ends(mf.SA(1.0, geometry="flat"), [[-4.0], [2.0], [3.0]]).P | B05 B07
B Lem 7.8 | the row of asterisks: theta_0, the root of g, of the token that stays bounded
    | pt.stays(mf.SA(1.0, geometry="flat"), [[-2.0], [0.5], [2.0]], 1) | B28
A Problem 7 | attention with noise | mf.SA(4.0) + mf.Diffusion(0.05) | A66 A66.brownian A66.orders
A Ex 9.3 | three tokens from which three solutions begin
    | pt.branches(mf.SA(np.inf, geometry="flat") + mf.Linear(-np.eye(2), geometry="flat"), [[1, 1], [-1, 1], [0, 0]])
    | A63 A63.rates
A Problem 6 | which solution at b = infinity is selected, where there are several
    | mf.SA(np.inf, ties="first", geometry="flat") | A64
2407.01602 | hardmax layers, and their leaders: tokens that see themselves alone
    | pt.leaders(mf.SA(np.inf, geometry="flat"), [[1.0, 1.0], [-1.0, 1.0], [0.2, 0.1]]) | F23
2508.09628 | hardmax as Frank-Wolfe: straight lines to vertices, and how long finite b stays near them
    | mf.SA(np.inf, geometry="flat") + mf.Linear(-np.eye(2), geometry="flat") | F22
2410.06833 | clusters merge in order, and the rescaled energy is a staircase
    | mf.merge_tree([(1.0, (0, 1)), (4.0, (0, 2))], weights=[0.3, 0.3, 0.4]) | F01 F01.late
2510.22026 | where a network normalises: tokens with a direction and a length
    | pt.simulate(mf.Normalised(mf.SA(1.0), "pre"), pt.uniform(8, 3, rng=0), (0.0, 4.0)) | F08
A Rem 2.1 | x_i' = sum_j a_ij (x_j - x_i), a_ij = phi(|x_i - x_j|^2) / sum_k phi(|x_i - x_k|^2): Krause's model, and
    its relatives
    | pt.simulate(mf.Krause(lambda s: np.maximum(1.0 - s, 0.0)), pt.uniform(8, 3, rng=0), (0.0, 1.0)) | A04
2602.11534 | Krause attention: weights that fall with distance, and vanish beyond a radius
    | mf.HegselmannKrause(0.5, geometry="sphere") | F44
A Sec 2.2 | z = D x on an ellipsoid: the trained diagonal of layer normalisation, seen by attention
    | mf.SA(2.0, D=[0.4, 0.5, 0.45]) | A02.diagonal
2607.24502 | rotary positions: scores <R_i Q x_i, R_j K x_j>, R_i turned by i omega, values as they are
    | pt.attention(mf.Rotary(mf.SA(4.0)), np.eye(4)) | F40
2605.09213 | tokens of a causal sequence see the near ones more, e^{-slope (i - j)}: what it remembers, by place
    | mf.ALiBi(mf.USA(1.0), 0.1, per_row=True) | F24 F24.density F24.limit
2605.30229 | positions that are added at every layer: X[mu_p](x_i + p_i)
    | pt.simulate(mf.Encoded(mf.USA(1.0), 0.5 * np.eye(3)), pt.uniform(3, 3, rng=0), (0.0, 4.0)) | F30
A Rem 3.2 | positional encodings: sines and cosines of i M^{-2k/d}, or random, added or put beside
    | pt.encoded(pt.uniform(8, 4, rng=0), pt.positions(8, 4)) | A11
A Rem 3.5 | doubly stochastic attention: k = e^{b <x, y> + phi(x) + phi(y)} of rows and columns that sum to 1
    | pt.simulate(mf.Sinkhorn(4.0, geometry="flat"), pt.uniform(8, 3, rng=0), (0.0, 1.0)) | A18 A18.clusters
2110.11773 | Sinkhorn's attention climbs -OT_b(mu, mu) / 2; of large b it is the heat equation, run backwards
    | mf.Sinkhorn(4.0, sign=-1) | F35
2604.07925 | without skips what is not the tokens' mean decays doubly exponentially
    | pt.attention(mf.Sinkhorn(1.0, geometry="flat"), 0.5 * np.eye(4)) | F45
2607.18584 | linear attention: weights <Q x, K y>; on the circle Kuramoto's in 2 theta | mf.LinearAttention() | F36
2510.05554 | equiangular tokens with beta = gamma log n: all outputs the same below gamma = 1/(1 - rho)
    | mf.equiangular(mf.SA(2.0 * np.log(1e6)), 10**6, 0.5) | F09
2605.12697 | the critical beta of a row of scores, by counting those within each gap of the largest
    | mf.critical_beta([1.0, 0.5, 0.5, 0.0]) | F43
2511.11553 | four classes of equilibria: consensus, bipartite, clusters, polygons
    | pt.equilibrium([0.0, 0.0, np.pi]) | F38
2410.23228 | the first clusters: the fastest mode about the uniform measure, and where it changes
    | mf.fastest(mf.SA(5.0), 2) | F02 F02.particles F02.rates
2412.14813 | stationary states on spheres: branch points of the uniform density, and where branches jump
    | mf.onset(mf.SA(4.0), 3, 2) | F15
2510.20094 | noisy attention: branches of stationary states, continuous at small beta and not beyond
    | mf.branch(mf.USA(4.0), mf.Circle(64), steps=9) | F16
2604.16288 | with noise: beta_* beyond which the transition is discontinuous
    | mf.turning(2) | F17 F17.thresholds
2606.05140 | with noise: the threshold K_# = 1 / (2 kappa_c)
    | mf.onset(mf.USA(2.0), 2) | F17 F17.thresholds
2603.16535 | attention with inertia: x' = v, v' = -gamma v + X[mu](x), own formulation
    | mf.Inertial(mf.SA(1.0), 0.5) | F47
2510.25034 | inertia: modes that grow at the rate s grow at (sqrt(gamma^2 + 4 s) - gamma) / 2, own formulation
    | mf.inertial_rate(mf.growth_rates(mf.SA(2.0), 2, 4), 0.5) | F19
"""

PRINTED: dict[str, Printed] = {
    one.name: one for paper, text in (("A", _A), ("B", _B), ("C", _C), ("", _OTHER)) for one in parsed(paper, text)
}
"""Every equation by its name, in the order of the papers."""
