"""The circle's PDE by the method of characteristics: an independent solution for smooth data without noise.

Every label a is carried by theta' = X[mu](theta), theta(a, 0) = a, and mu_t is the push-forward of rho0(a) da / 2 pi:
int f dmu_t is the trapezoidal rule in a, which is spectrally accurate, and the density is rho0(a) / J with
J = d theta/da, (log J)' = X'(theta).  No Fourier series of the density, no Bessel function, no multiplier: X and X' are
sums over all pairs of labels,

U' = -sum_j w_j e^{b cos x} sin x,   U'' = -sum_j w_j e^{b cos x} (cos x - b sin^2 x),   x = theta - theta_j,
X = U' and X' = U'' (USA);   X = U'/Z and X' = U''/Z - b X^2 (SA).

Equispaced labels cease to resolve the map when it steepens between clusters; `Reference.tail` tells.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.exact import ode, refuse

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """The solution at times t (T,): where N equispaced labels have gone, and the density they carry."""

    t: Array
    theta: Array
    """(T, N) positions, radians, increasing in the label, not reduced modulo 2 pi."""
    log_density: Array
    """(T, N) log rho at theta, with respect to sigma (uniform: 0)."""
    weights: Array
    """(N,) masses of the labels."""
    kind: str
    beta: float
    sign: int
    log_factor: float

    def moments(self, degree: int) -> NDArray[np.complex128]:
        """c_k = int e^{-ik theta} dmu = a_k - i b_k, k = 0..degree: (T, degree + 1)."""
        k = np.arange(refuse.integer("degree", degree, 0) + 1)
        return np.exp(-1j * k[:, None] * self.theta[:, None, :]) @ self.weights

    @property
    def energy(self) -> Array:
        """(T,) E = (1/(2 beta)) int Z dmu times the scale's factor; |c_1|^2 / 2 at beta = 0."""
        if self.beta == 0.0:
            return np.asarray(0.5 * np.abs(self.moments(1)[:, 1]) ** 2 * math.exp(self.log_factor))
        z = [self.weights @ _sums(theta, self.weights, self.beta)[0] for theta in self.theta]
        return np.array(z) * math.exp(self.beta + self.log_factor) / (2.0 * self.beta)

    @property
    def dissipation(self) -> Array:
        """(T,) dE/dt = +- int |X|^2 dmu (USA), int |X|^2 Z dmu (SA), times the scale's factor where it belongs."""
        out = []
        for theta in self.theta:
            z, _ = _sums(theta, self.weights, self.beta)
            speed, _ = _field(theta, self.weights, self.beta, self.kind, self.log_factor)
            log = self.beta + self.log_factor if self.kind == "SA" else 0.0
            out.append(self.weights @ (speed**2 * (z * math.exp(log) if self.kind == "SA" else 1.0)))
        return self.sign * np.array(out)

    @property
    def tail(self) -> Array:
        """(T,) resolution: the largest Fourier coefficient of theta(a) - a and log J in the top eighth, relative.

        About 1e-14 is resolved to rounding; the moments' error is of the size of the tail, or less.
        """
        labels = _labels(self.theta.shape[1])
        out = np.zeros(len(self.t))
        for values in (self.theta - labels, self.log_density):
            size = np.abs(np.fft.rfft(values, axis=1))
            top = size[:, -size.shape[1] // 8 :].max(axis=1)
            out = np.maximum(out, top / np.maximum(size.max(axis=1), values.shape[1]))
        return out

    def extremes(self) -> tuple[Array, Array]:
        """(T,), (T,): max and min of rho over the circle, off the labels too."""
        found = [_extremes(values) for values in self.log_density]
        return np.exp([high for high, _ in found]), np.exp([low for _, low in found])

    def pdf(self, theta: ArrayLike, index: int = -1) -> Array:
        """rho at any angles (...,) at the saved time of that index: the label is found by Newton's method."""
        points = np.asarray(theta, dtype=float)
        shift = np.fft.rfft(self.theta[index] - _labels(self.theta.shape[1]))
        # The map a -> theta is increasing: start from linear interpolation of its inverse.
        nodes, labels = self.theta[index], _labels(self.theta.shape[1])
        around = np.concatenate([nodes[-1:] - 2.0 * math.pi, nodes, nodes[:1] + 2.0 * math.pi])
        at = np.concatenate([labels[-1:] - 2.0 * math.pi, labels, [2.0 * math.pi]])
        wanted = nodes[0] + np.mod(points - nodes[0], 2.0 * math.pi)
        a = np.interp(wanted, around, at)
        for _ in range(20):
            value, slope, _ = _series(shift, self.theta.shape[1], a)
            step = (a + value - wanted) / (1.0 + slope)
            a = a - step
            if np.all(np.abs(step) < 1e-13):
                break
        else:
            raise RuntimeError("the map of the labels could not be inverted: too few labels (see tail)")
        return np.exp(_series(np.fft.rfft(self.log_density[index]), self.theta.shape[1], a)[0])


def solve(
    kind: str,
    beta: float,
    density: Callable[[Array], ArrayLike],
    times: ArrayLike,
    *,
    labels: int = 512,
    sign: int = 1,
    log_factor: float = 0.0,
    rtol: float = 1e-13,
) -> Reference:
    """Carry a smooth positive density along, and save it at ascending times.

    Parameters
    ----------
    kind : {"SA", "USA"}
    beta : float
        >= 0.
    density : callable
        rho0(theta), with respect to sigma, of mean 1 over the circle.
    times : array (T,)
        Ascending, >= 0; landed on.
    labels : int
        N, even; the cost is N^2 an evaluation.  Double it to learn the error, or look at `Reference.tail`.
    sign : {1, -1}
    log_factor : float
        log of the scale's factor (`multipliers.log_factor`): 0 is the natural scale.
    rtol : float
        Tolerance of DOP853, absolute and relative.

    Raises
    ------
    ValueError
        If rho0 is not positive, not of mass 1, or not resolved by the labels.
    """
    refuse.choice("kind", kind, ("SA", "USA"))
    beta, sign = refuse.number("beta", beta, 0.0), refuse.sign(sign)
    a = _labels(refuse.integer("labels", labels, 8))
    rho0 = np.asarray(density(a), dtype=float) * np.ones(labels)
    _check(rho0)
    weights = rho0 / labels

    def rhs(t: float, y: Array) -> Array:
        speed, slope = _field(y[:labels], weights, beta, kind, log_factor)
        return np.concatenate([sign * speed, sign * slope])

    ts, y = ode.integrate(rhs, np.concatenate([a, np.zeros(labels)]), times, rtol=rtol, atol=rtol)
    theta, log_j = y[:, :labels], y[:, labels:]
    return Reference(ts, theta, np.log(rho0) - log_j, weights, kind, beta, sign, float(log_factor))


# --- tools -------------------------------------------------------------------------------------------------


def _labels(n: int) -> Array:
    return 2.0 * math.pi * np.arange(n) / n


def _check(rho0: Array) -> None:
    if not np.all(np.isfinite(rho0)) or rho0.min() <= 0.0:
        raise ValueError(f"density must be finite and positive; its least value is {float(rho0.min())!r}")
    if abs(rho0.mean() - 1.0) > 1e-12:
        raise ValueError(
            f"density must have mean 1 over the circle (it is taken with respect to d theta / 2 pi); "
            f"its mean is {rho0.mean()!r}"
        )
    size = np.abs(np.fft.rfft(rho0)) / rho0.size
    if size[-size.size // 8 :].max() > 1e-13:
        raise ValueError("density is not resolved by the labels; take more")


def _sums(theta: Array, weights: Array, beta: float) -> tuple[Array, Array]:
    """(N,) e^{-beta} Z at every label, and (5, N): e^{-beta} sum_j w_j e^{beta cos x} {cos, sin, cos^2, cos sin, sin^2}
    of theta_j."""
    c, s = np.cos(theta), np.sin(theta)
    e = np.outer(c, c)
    e += np.outer(s, s)
    e -= 1.0
    e *= beta
    np.exp(e, out=e)
    columns = weights * np.stack([np.ones_like(c), c, s, c * c, c * s, s * s])
    sums = columns @ e
    return sums[0], sums[1:]


def _field(theta: Array, weights: Array, beta: float, kind: str, log_factor: float) -> tuple[Array, Array]:
    """(N,) X and (N,) dX/dtheta at every label, attractive."""
    z, (m_c, m_s, m_cc, m_cs, m_ss) = _sums(theta, weights, beta)
    c, s = np.cos(theta), np.sin(theta)
    first = c * m_s - s * m_c
    second = -(c * m_c + s * m_s) + beta * (s * s * m_cc - 2.0 * s * c * m_cs + c * c * m_ss)
    if kind == "SA":
        speed = first / z
        return speed, second / z - beta * speed**2
    factor = math.exp(beta + log_factor)
    return factor * first, factor * second


def _series(coefficients: NDArray[np.complex128], n: int, a: Array) -> tuple[Array, Array, Array]:
    """The trigonometric interpolant of n values with this rfft, and two derivatives, at a (...,)."""
    k = np.arange(coefficients.size)
    scaled = 2.0 * coefficients / n
    scaled[0] *= 0.5
    if n % 2 == 0:
        scaled[-1] = 0.0
    waves = np.exp(1j * np.asarray(a)[..., None] * k)
    return (waves @ scaled).real, (waves @ (1j * k * scaled)).real, (waves @ (-(k**2) * scaled)).real


def _extremes(values: Array) -> tuple[float, float]:
    """Max and min of the trigonometric interpolant, by Newton's method from the extreme nodes."""
    n, coefficients = values.size, np.fft.rfft(values)
    found = []
    for best in (np.argmax(values), np.argmin(values)):
        a = float(_labels(n)[best])
        for _ in range(8):
            _, slope, bend = _series(coefficients, n, np.array(a))
            if bend == 0.0 or abs(step := float(slope / bend)) > 2.0 * math.pi / n:
                break  # flat to rounding: the node is as good
            a -= step
        found.append(float(_series(coefficients, n, np.array(a))[0]))
    return found[0], found[1]
