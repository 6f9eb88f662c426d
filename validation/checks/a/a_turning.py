"""A, appendix B, and C, appendix A.2: one token's pull, its slope, and where attraction turns to spreading."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq

import meanfield as mf
from meanfield.plot import legends, style
from validation.checks._tools import EPS, relative
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

TURNS = {1.0: 0.904557, 10.0: 0.313535, 64.0: 0.124837}
"""Root of cos x = beta sin^2 x, as printed on the checklist."""


def _response(beta: float, x: float) -> float:
    """-div X at the angle x from a single token, USA scaled by e^{-beta}."""
    law = mf.USA(beta, scale="scaled")
    rows = np.array([[np.cos(x), np.sin(x)]])
    return -float(np.ravel(law.divergence(0.0, rows, mf.Points(np.array([[1.0, 0.0]]))))[0])


@check(
    "A69",
    where="A App B (B.1), (B.2); C Lem A.1",
    title="one token's field contracts up to tau*, and spreads beyond",
)
def turning(bench: Bench) -> Verdict:
    """Root of our divergence around a single token, against print (1e-5 relative) and the root in closed form.

    cos x = beta (1 - cos^2 x) gives cos tau* = (sqrt(1 + 4 beta^2) - 1)/(2 beta): 1e-12.  The divergence itself against
    e^{beta(cos x - 1)} (cos x - beta sin^2 x), whose exponent is rounded: 4 beta eps; negative beyond tau*;
    (beta + 1/2)^{-1/2} < tau* < beta^{-1/2}.
    """
    x = np.linspace(0.0, np.pi, 101)
    printed, exact, formula, beyond = 0.0, 0.0, 0.0, -np.inf
    low, high = np.inf, np.inf
    for beta, told in TURNS.items():
        ours = np.array([_response(beta, s) for s in x])
        told_so = np.exp(beta * (np.cos(x) - 1.0)) * (np.cos(x) - beta * np.sin(x) ** 2)
        formula = max(formula, float(np.abs(ours - told_so).max()))
        turn = float(brentq(lambda s, beta=beta: _response(beta, s), 1e-3, 1.5, xtol=1e-15))
        printed = max(printed, abs(turn / told - 1.0))
        exact = max(exact, abs(turn - np.arccos((np.sqrt(1.0 + 4.0 * beta**2) - 1.0) / (2.0 * beta))))
        beyond = max(beyond, float(ours[x > turn + 1e-3].max()))
        low, high = min(low, turn * np.sqrt(beta + 0.5) - 1.0), min(high, 1.0 - turn * np.sqrt(beta))
    measured = {
        "root - printed, relative": printed,
        "root - closed form": exact,
        "divergence - formula": formula,
        "largest response beyond the root": beyond,
        "root over its lower bound - 1": low,
        "1 - root over its upper bound": high,
    }
    limits: Limits = {
        "root - printed, relative": (None, 1e-5),
        "root - closed form": (None, 1e-12),
        "divergence - formula": (None, 4.0 * max(TURNS) * EPS),
        "largest response beyond the root": (None, 0.0),
        "root over its lower bound - 1": (1e-12, None),
        "1 - root over its upper bound": (1e-12, None),
    }
    return judge(measured, limits, pictures=[bench.figure("response", _responses)])


def _responses() -> Any:
    """Figure 6: the response -div X, which is g, of one token's field over the angle, with its root."""
    x = np.linspace(-np.pi, np.pi, 801)
    with style.axes() as ax:
        ax.axhline(0.0, color="0.7", linewidth=0.8)
        for beta, look in zip((1.0, 10.0), style.line_styles(2), strict=True):
            ax.plot(x, [_response(beta, s) for s in x], label=rf"$\beta = {beta:g}$", **{**look, "marker": ""})
            root = np.arccos((np.sqrt(1.0 + 4.0 * beta**2) - 1.0) / (2.0 * beta))
            ax.plot([-root, root], [0.0, 0.0], "o", color=look["color"], markersize=3.5)
        title = r"$e^{-\beta} g(\tau)$, scaled USA; zeros at $\pm\tau^*_\beta$"
        ax.set(xlabel=r"angle $\tau$", ylabel=r"$e^{-\beta} g(\tau)$", title=title)
        legends.legend(ax)
    return ax


@check(
    "C23",
    where="C Lem A.1, Fig 4",
    title="bounds on one token's pull h, on its slope g, and on where g vanishes",
    equations=("C (IntPot)",),
)
def pull_bounds(bench: Bench) -> Verdict:
    """h(x) = e^{beta (cos x - 1)} sin x is minus our velocity (USA, scaled) at the angle x from a token, g = -div X.

    On a grid of 0.02 to pi, beta = 1, 10, 64, 1000, each bound's slack over its larger side:
    e^{-beta x^2/2} (x - x^3/6) < h < e^{-beta x^2/2 + beta x^4/24} x,
    g > e^{-beta x^2/2} (1 - x^2/2 - beta x^2) for x < (beta + 1/2)^{-1/2}, g > -e^{-beta x^2/2 + beta x^4/24} beta x^2.
    The least slack is 8e-9, where x is small; rounding is beta eps, 2e-13.  h rises up to tau* and falls beyond it; h
    is odd, g even.  That h and g are these functions: in units of (1 + beta) eps of their maxima, the rounding of
    exponents, at most 10.  (beta + 1/2)^{-1/2} < tau* < beta^{-1/2} at beta = 10: 0.308607, 0.313535, 0.316228 to
    their last digits.
    """
    x = np.concatenate([np.geomspace(0.02, 0.3, 40), np.linspace(0.3, np.pi, 60)[1:]])
    slack = {"lower bound of h": np.inf, "upper bound of h": np.inf, "lower bound of g": np.inf, "floor of g": np.inf}
    formula, turn, parity = 0.0, -np.inf, 0.0
    for beta in (1.0, 10.0, 64.0, 1000.0):
        h = np.array([_pull(beta, s) for s in x])
        g = np.array([_response(beta, s) for s in x])
        told_h = np.exp(beta * (np.cos(x) - 1.0)) * np.sin(x)
        told_g = np.exp(beta * (np.cos(x) - 1.0)) * (np.cos(x) - beta * np.sin(x) ** 2)
        formula = max(formula, max(relative(h, told_h), relative(g, told_g)) / (np.finfo(float).eps * (1.0 + beta)))
        parity = max(parity, *(abs(_pull(beta, s) + _pull(beta, -s)) / h.max() for s in (0.1, 1.0)))
        parity = max(parity, *(abs(_response(beta, s) - _response(beta, -s)) / g.max() for s in (0.1, 1.0)))
        root = float(np.arccos((np.sqrt(1.0 + 4.0 * beta**2) - 1.0) / (2.0 * beta)))
        steps = np.diff(h)
        turn = max(turn, -float(steps[x[1:] < root].min(initial=np.inf)), float(steps[x[:-1] > root].max()))
        # where the exponentials are no longer normal numbers, nothing is compared
        seen = beta * x * x < 600.0
        low, high = np.exp(-0.5 * beta * x**2), np.exp(-0.5 * beta * x**2 + beta * x**4 / 24.0)
        inner = x < (beta + 0.5) ** -0.5
        pairs = {
            "lower bound of h": (low * (x - x**3 / 6.0), h, seen & (x < np.sqrt(6.0))),
            "upper bound of h": (h, high * x, seen),
            "lower bound of g": (low * (1.0 - 0.5 * x**2 - beta * x**2), g, inner),
            "floor of g": (-high * beta * x**2, g, seen),
        }
        for name, (below, above, where) in pairs.items():
            below, above = below[where], above[where]
            room = (above - below) / np.maximum(np.abs(above), np.abs(below))
            slack[name] = min(slack[name], float(room.min(initial=np.inf)))
    at = [float(brentq(lambda s: _response(10.0, s), 0.1, 1.0, xtol=1e-15)), 10.5**-0.5, 10.0**-0.5]
    measured = {f"slack: {name}": value for name, value in slack.items()}
    measured |= {"h, g - formulas, in roundings": formula, "h odd, g even": parity, "h against its turn at tau*": turn}
    printed = (0.313535, 0.308607, 0.316228)
    measured["beta = 10: printed digits"] = max(abs(a - b) for a, b in zip(at, printed, strict=True))
    limits: Limits = {f"slack: {name}": (1e-11, None) for name in slack}
    limits = {**limits, "h, g - formulas, in roundings": (None, 10.0), "h odd, g even": (None, 1e-15)}
    limits = {**limits, "h against its turn at tau*": (None, 0.0), "beta = 10: printed digits": (None, 5.1e-7)}
    pictures = [bench.figure("4", lambda: _pulls(10.0)), bench.figure("slope", lambda: _slopes(10.0))]
    return judge(measured, limits, pictures=pictures)


def _pull(beta: float, x: float) -> float:
    """h(x): minus the velocity at the angle x from a single token, USA scaled by e^{-beta}."""
    rows = np.array([[np.cos(x), np.sin(x)]])
    v = mf.USA(beta, scale="scaled").velocity(0.0, rows, mf.Points(np.array([[1.0, 0.0]])))
    return -float((np.asarray(v) @ np.array([-np.sin(x), np.cos(x)])).ravel()[0])


def _pulls(beta: float) -> Any:
    """Figure 4 of C: h with beta^{-1/2} and tau*."""
    return _turned(beta, _pull, "h", r"e^{\beta(\cos x - 1)} \sin x", np.linspace(-np.pi, np.pi, 801))


def _slopes(beta: float) -> Any:
    """g = h' beside them, about its zero."""
    text = r"e^{\beta(\cos x - 1)} (\cos x - \beta \sin^2 x)"
    return _turned(beta, _response, "g", text, np.linspace(-1.5, 1.5, 801))


def _turned(beta: float, of: Any, name: str, formula: str, x: Any) -> Any:
    """A function of the angle, with beta^{-1/2} and tau*."""
    root = float(np.arccos((np.sqrt(1.0 + 4.0 * beta**2) - 1.0) / (2.0 * beta)))
    with style.axes() as ax:
        ax.axhline(0.0, color="0.8", linewidth=0.8)
        ax.plot(x, [of(beta, s) for s in x], color="tab:blue", label=f"${name}$")
        ax.axvline(beta**-0.5, color="tab:red", linestyle="--", label=rf"$\beta^{{-1/2}} = {beta**-0.5:.4f}$")
        ax.axvline(root, color="0.3", linestyle=":", label=rf"$\tau^*_\beta = {root:.4f}$")
        ax.set(xlabel="angle $x$", ylabel=f"${name}(x)$", title=rf"${name}(x) = {formula}$, $\beta = {beta:g}$")
        legends.legend(ax)
    return ax
