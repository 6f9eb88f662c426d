"""`pair_correlation`: the law of theta_2 - theta_1 among n tokens, by the hierarchy's first equation and a closure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from meanfield.analysis.zeroflux import balance
from meanfield.doors.solve import solve
from meanfield.methods.pairs import CLOSURES, Evolution, Forces, TwoTokens, evolved
from meanfield.protocols import Law, Status
from meanfield.spaces import Circle
from meanfield.spaces.initial import uniform
from meanfield.sums.scores import peak
from meanfield.tools import inputs
from meanfield.tools.shown import Shown
from meanfield.tools.tags import equations

NODES = 64
"""Of the circle on which the law of two tokens is shown."""


@dataclass(frozen=True, eq=False)
class PairCorrelation(Shown):
    """What `pair_correlation` returns.

    Attributes
    ----------
    law : Law
    n : int
        Tokens.
    closure : str
        By which a third is told from two; of n = 2 nothing.
    t_span : (float, float)
        From when to when psi is known: up to the end asked for, unless `status` says why not.
    status : Status
        REACHED_END; UNRESOLVED, of a psi that is too steep for the grid; NEGATIVE, where the closure fails.

    Examples
    --------
    >>> two = mf.pair_correlation(mf.USA(0.0), 2, (0.0, 1.0))
    >>> bool(abs(two.psi(1.0).moments(1)[1] - np.tanh(0.5)) < 1e-10)
    True
    """

    law: Any
    n: int
    closure: str
    t_span: tuple[float, float]
    status: Status
    run: Any = field(repr=False)

    @property
    def success(self) -> bool:
        """Whether the end asked for was reached."""
        return self.status.success

    @property
    def message(self) -> str:
        """The status, as a sentence, and how far psi is known."""
        return f"{self.status.value} psi is known to t = {self.t_span[1]:.6g}."

    def psi(self, t: Any) -> Any:
        """The law of theta_2 - theta_1 at a time: a Density on the circle (uniform: 1), or one carried by its flow.

        Its moments are E cos k(theta_2 - theta_1).  ValueError for a time at which it is not known.
        """
        at = inputs.number("t", t)
        low, high = self.t_span
        if not low <= at <= high:
            why = "" if self.success else f" ({self.message})"
            raise ValueError(f"t: got {at:g}, and psi is known from {low:g} to {high:g}{why}: give a time between them")
        if not isinstance(self.run, Evolution):
            return self.run(at)
        space = Circle(self.run.size)
        values = self.run.values(at)
        # even by symmetry, and rounding below 0 is what the run has let pass
        return space.density(coefficients=space.analyse(values).real.astype(complex), signed=bool(values.min() < 0.0))


@equations("A (8.1)")
def pair_correlation(
    law: Law, n: int, t_span: Any, closure: str = "kirkwood", *, max_resolution: int | None = None, rtol: float = 1e-9
) -> PairCorrelation:
    """The law psi of theta_2 - theta_1 of n tokens of the circle that start independent and uniform (A, section 8).

    d_t psi + d_x (v psi) = 0, v = (2/(b n)) h'(x) - (2 (n - 2)/(b n)) g, h = e^{b cos}, with g the mean of -h'(theta_3)
    given the two: a closure tells it from psi.  Of SA the sums are divided by the mean of Z given the two (the exact Z
    for n = 2, and with "cluster" for n = 3).

    Parameters
    ----------
    law : Law
        SA or USA without matrices and noise.
    n : int
        Tokens, >= 2.  Two need no closure: psi is carried by its exact flow.
    t_span : (float, float)
        From when to when; the tokens are independent at the first.
    closure : {"independent", "kirkwood", "linear", "second cumulant", "cluster"}
        "cluster" moves the law of three tokens and closes with a fourth: exact for n = 3.
    max_resolution : int, optional
        Most nodes: 1024, and 192 an axis for "cluster".
    rtol : float
        Of the steps.

    Returns
    -------
    PairCorrelation
        With `psi(t)`.  Where psi turns negative under a closure it ends there, and `status` says so.

    Raises
    ------
    ValueError, TypeError
        For what was given.

    Examples
    --------
    >>> told = mf.pair_correlation(mf.USA(1.0), 32, (0.0, 0.5), closure="cluster")
    >>> np.round(told.psi(0.5).moments(3)[1:].real, 4).tolist()
    [0.023, 0.0224, 0.0081]
    """
    flux, kappa = balance(law, 2)
    if kappa:
        raise ValueError(f"law: got {law}: the hierarchy with noise is not told; give it without noise, {flux.law}")
    beta = peak(flux.law.kernel())
    if beta is None:
        raise ValueError(f"law: got {law}, wanted mf.SA(beta) or mf.USA(beta), whose kernel is e^(beta cos)")
    n = inputs.integer("n", n, low=2)
    begin, end, _ = inputs.times(t_span)
    inputs.choice("closure", closure, CLOSURES)
    usual, top = (192, 384) if closure == "cluster" else (1024, 2**16)
    most = usual
    if max_resolution is not None:
        most = inputs.integer("max_resolution", max_resolution, low=16, high=top, even=True)
    rtol = inputs.number("rtol", rtol, low=1e-12, high=1e-3)
    forces = Forces(n, float(beta), flux.law.sign, flux.law.normalised, flux.law.log_factor(2))
    if n == 2:
        sol = solve(TwoTokens(forces), uniform(Circle(NODES)), (begin, end), method="lagrangian", rtol=1e-2 * rtol)
        return PairCorrelation(law, n, closure, (begin, float(sol.t[-1])), sol.status, sol)
    run = evolved(forces, closure, (begin, end), most, rtol)
    return PairCorrelation(law, n, closure, (begin, float(run.t[-1])), run.status, run)
