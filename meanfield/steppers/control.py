"""Step sizes: the error norm, the first step, the next step, and landing.

Shared by all adaptive steppers.  Nothing is remembered from step to step but h.

HNW: E. Hairer, S. P. Norsett, G. Wanner, Solving Ordinary Differential Equations I, 2nd ed., Springer 1993, section
II.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from meanfield.protocols import Array, Between, Method, Rng, Status, Stepped, Stepper, Stop
from meanfield.steppers.dense import evaluate

SMALL = 1e-18
"""Share of the time left from which nothing is known: a run may be of any length, and a step of 1e-6 be none."""
FAINT = 1e-3
"""Below this share of the tolerance a dense output's error has no say: rounding would choose the steps."""
NOT_FINITE_FACTOR = 0.1
"""What a step is cut to when it met inf or nan: nothing is known about the right size."""


def checked(t: float, y: Array, h: float | None, stop: float) -> Array:
    """y as a contiguous float64 or complex128 array; refuses a state, step or stop no stepper can take."""
    y = np.asarray(y)
    if y.dtype.kind in "iub":
        y = y.astype(np.float64)
    if y.dtype not in (np.float64, np.complex128):
        raise TypeError(f"y: got dtype {y.dtype}, wanted float64 or complex128")
    if stop == t:
        raise Stop(Status.STEP_TOO_SMALL, f"{Status.STEP_TOO_SMALL.value} (t = stop = {t!r})")
    if not stop > t:
        raise ValueError(f"stop: got {stop!r}, wanted a time not before t = {t!r}")
    if h is not None and not h > 0.0:
        raise ValueError(f"h: got {h!r}, wanted a positive step or None")
    return np.ascontiguousarray(y) if y.ndim else y


def lands(t: float, h: float, stop: float) -> bool:
    """Whether a step of h from t reaches stop, or would leave a sliver before it."""
    return h >= (stop - t) * (1.0 - 1e-10)


def land(t: float, h: float, stop: float) -> tuple[float, float]:
    """(t1, t1 - t) for a step of h from t, or onto stop, bit for bit, where the step reaches it."""
    if lands(t, h, stop):
        return stop, stop - t
    t1 = t + h
    return (t1, t1 - t) if t1 < stop else (stop, stop - t)


def before(t: float, h: float) -> float:
    """t + h as the step that ends there sees it: two roundings earlier, where a law that jumps there has not yet."""
    end = t + h
    return max(t, end - 2.0 * math.ulp(max(abs(t), abs(end))))


def moment(t: float, c: float, h: float) -> float:
    """When a stage at the share c of a step is asked: at its end, just before."""
    return before(t, h) if c == 1.0 else t + c * h


def whole(k: int, size: float) -> float:
    """k steps as a time t with int(t / size) = k: k * size can be a rounding short, and a law of layers one layer."""
    t = k * size
    return math.nextafter(t, math.inf) if t / size < k else t


def smallest(t: float, stop: float) -> float:
    """The step below which time does not move; at t = 0, where floats have no spacing, 1e-30 of what is left."""
    left = stop - t
    return max(16.0 * float(np.spacing(abs(t))), 1e-30 * left if math.isfinite(left) else 0.0)


def slope_of(method: Method) -> Callable[[float, Array, Array], Any]:
    """The whole right-hand side, linear * y + rhs(t, y), written into its third argument."""
    linear = method.linear
    if linear is None:
        return method.rhs

    def slope(t: float, y: Array, out: Array) -> None:
        method.rhs(t, y, out)
        out += linear * y

    return slope


def fastest(method: Method) -> float:
    """The rate at which the linear part's quickest mode decays; 0 if there is none."""
    linear = method.linear
    return 0.0 if linear is None else -float(np.real(linear).min(initial=0.0))


def longest(method: Method, limit: float, damping: float) -> float:
    """The longest step within a limit whose h |linear| stays within `damping`."""
    rate = fastest(method)
    return min(limit, damping / rate) if rate > 0.0 else limit


def started(method: Method, t: float, y: Array, out: Array) -> float:
    """The whole right-hand side where a step begins, written into out; and the method's limit."""
    limit = float(method.slope(t, y, out))
    if method.linear is not None:
        out += method.linear * y
    return limit


class Advance(NamedTuple):
    """An accepted step's end, the step to try next, and the number of rejections before it."""

    t1: float
    h: float
    rejections: int


@dataclass(frozen=True, kw_only=True)
class Adaptive(Stepper):
    """What every error-controlled stepper is told.

    The local error e of a step from y0 to y1, and of its dense output where that is kept, is measured against
    sc = atol + rtol max(|y0|, |y1|), componentwise in modulus (HNW (II.4.10)), and the step is accepted if
    |e / sc| <= 1 in the norm: root mean square over all components (HNW (II.4.11)) or their maximum.  The next step is
    h min(grow, max(shrink, safety err^(-1/q))), not growing after a rejection (HNW (II.4.13)).

    Attributes
    ----------
    rtol, atol
        Tolerances, not both zero.
    safety, shrink, grow
        Of the step-size formula.
    norm
        "rms" or "max".
    """

    rtol: float = 1e-10
    atol: float = 1e-13
    safety: float = 0.9
    shrink: float = 1.0 / 3.0
    grow: float = 6.0
    norm: str = "rms"
    heeds = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.rtol < 1.0:
            raise ValueError(f"rtol: got {self.rtol!r}, wanted 0 <= rtol < 1")
        if not (0.0 <= self.atol < math.inf and self.atol + self.rtol > 0.0):
            raise ValueError(f"atol: got {self.atol!r}, wanted a finite tolerance >= 0, positive if rtol = 0")
        if self.norm not in ("rms", "max"):
            raise ValueError(f'norm: got {self.norm!r}, wanted "rms" or "max"')
        if not 0.0 < self.shrink < self.safety < 1.0 < self.grow:
            raise ValueError(
                f"safety, shrink, grow: got {self.safety!r}, {self.shrink!r}, {self.grow!r}, "
                "wanted 0 < shrink < safety < 1 < grow"
            )
        object.__setattr__(self, "adaptive", True)

    def step(self, method: Method, t: float, y: Array, h: float | None, stop: float, rng: Rng, keep: bool) -> Stepped:
        """One accepted step from (t, y), y real or complex of any shape; see `Stepper`.

        The between is the curve of the unretracted step: whoever reads it retracts.

        Raises
        ------
        Stop
            STEP_TOO_SMALL, or NOT_FINITE where the state or every trial step was not finite.
        ValueError
            Where the linear part is treated exactly: if method.linear is complex or positive somewhere.
        """
        y = checked(t, y, h, stop)
        with np.errstate(over="ignore", invalid="ignore"):  # a trial step may overflow: it is then rejected
            return self._step(method, t, y, h, stop, keep)

    def _step(self, method: Method, t: float, y: Array, h: float | None, stop: float, keep: bool) -> Stepped:
        raise TypeError(f"{type(self).__name__} does not step")

    def scale(self, modulus0: Array, y1: Array) -> Array:
        """sc for flat |y0| and flat y1; never zero, so that 0 / 0 cannot arise."""
        sc = np.abs(y1)
        np.maximum(sc, modulus0, out=sc)
        sc *= self.rtol
        sc += max(self.atol, 1e-300)
        return sc

    def size(self, e: Array, sc: Array) -> float:
        """Norm of e / sc, for flat e (real, or complex with one sc for each component)."""
        if e.size == 0:
            return 0.0
        q = np.abs(e)
        q /= sc
        if self.norm == "max":
            return float(q[q.argmax()])  # the quickest way to a maximum; nan, if there is one
        square = float(np.dot(q, q))
        if square == math.inf:  # as of velocities like e^350
            top = float(q.max())
            return top if top == math.inf else top * math.sqrt(float(np.dot(q / top, q / top)) / q.size)
        return math.sqrt(square / q.size)

    def blend(self, e: float, d: float, damp: float) -> float:
        """e^2 / sqrt(e^2 + (damp d)^2), for estimates e << d of successive orders: their geometric continuation.

        HNW section II.10 uses it with damp = 0.1.  It is never above e, and e where the orders show no decrease.
        """
        return e * e / math.hypot(e, damp * d) if e > 0.0 else e

    def heard(
        self, error: float, share: float, slope: Callable[[float, Array, Array], Any], between: Between, sc: Array,
        at: tuple[float, ...],
    ) -> float:  # fmt: skip
        """The error of a step and of its dense output as one; of the latter nothing that might be rounding.

        The dense output is off by about a `share` of the largest of h (P(x) - N(t, y(x))), its residual, at some
        fractions x of the step: its own error is the residual's integral.  P is the polynomial that stands for N in
        `Between`, `slope` is N.  Between the ends of the step it errs more than at them, RK45's and DOP853's by up to a
        hundred times the error that the step's size would be chosen by, so it has a say in that.
        """
        h, worst = between.t1 - between.t0, 0.0
        found = np.empty_like(between.y0)
        for part in at:
            t = between.t0 + part * h
            x = (t - between.t0) / h
            slope(t, evaluate(between, t), found)
            told = np.tensordot(x ** np.arange(len(between.terms)), between.terms, 1)
            worst = float(np.maximum(worst, self.size((h * (told - found)).reshape(-1), sc)))
        return error if share * worst < FAINT else float(np.maximum(error, share * worst))

    def first(self, y: Array, f0: Array, trial: Callable[[float], Array], left: float, t: float, order: int) -> float:
        """First step, after HNW section II.4, p. 169, by one evaluation not beyond the time left.

        Parameters
        ----------
        y, f0
            The state and its slope at t, flat.
        trial
            h -> the slope after a first-order step of h, flat.
        left
            Time to the end.
        order
            The error is O(h^order).
        """
        sc = self.scale(np.abs(y), y)
        d0, d1 = self.size(y, sc), self.size(f0, sc)
        if not math.isfinite(d0 + d1):
            raise Stop(Status.NOT_FINITE, f"the state or its slope is not finite at t = {t!r}")
        small = max(1e-6, SMALL * left if math.isfinite(left) else 0.0)
        h0 = min(small if min(d0, d1) < 1e-5 else 0.01 * d0 / d1, left)
        d2 = self.size(trial(h0) - f0, sc) / h0
        if not math.isfinite(d2):
            return h0 * 0.01
        d = max(d1, d2)
        h1 = max(small, 1e-3 * h0) if d <= 1e-15 else (0.01 / d) ** (1.0 / order)
        return min(100.0 * h0, h1)

    def advance(
        self,
        attempt: Callable[[float, float], float],
        t: float,
        h: float,
        stop: float,
        order: int,
        grid: Callable[[float], float] = float,
    ) -> Advance:
        """Try steps until one is accepted.

        Parameters
        ----------
        attempt
            (t1, t1 - t) -> the error's norm; nan or inf where a number was not finite.
        h
            Step to try first.
        order
            The error is O(h^order).
        grid
            h -> a step not above it; for steppers that keep tables for steps already taken.

        Raises
        ------
        Stop
            When the step falls below the spacing of times.
        """
        least = smallest(t, stop)
        rejections, error = 0, 0.0
        while True:
            if not lands(t, h, stop):
                h = grid(h)
                if h < least:
                    status = Status.STEP_TOO_SMALL if math.isfinite(error) else Status.NOT_FINITE
                    raise Stop(status, f"{status.value} (t = {t!r}, h = {h:.3g})")
            t1, used = land(t, h, stop)
            error = attempt(t1, used)
            if error <= 1.0:
                break
            rejections += 1
            if math.isfinite(error):
                h = used * max(self.shrink, self.safety * error ** (-1.0 / order))
            else:
                h = used * NOT_FINITE_FACTOR
        factor = self.grow if error == 0.0 else min(self.grow, self.safety * error ** (-1.0 / order))
        wanted = used * (min(1.0, factor) if rejections else max(self.shrink, factor))
        landed_early = used < h * (1.0 - 1e-9)
        return Advance(t1, grid(max(h, wanted) if landed_early else wanted), rejections)
