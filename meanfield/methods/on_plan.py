"""A density as a law sees it at every stage of a run: the nodes of its space's plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from meanfield.measures import mixture
from meanfield.measures.belts import Belted, belted
from meanfield.methods.on_nodes import OnNodes
from meanfield.methods.quadrature import Quadrature
from meanfield.protocols import Array, Bilinear, Kernel, Reading, Space, Status, Stop
from meanfield.spaces.coefficients import tail
from meanfield.spaces.density import Density, Held, factor, summed
from meanfield.spaces.fields import Z_FLOOR, floored
from meanfield.sums.twofold import Twofold

PLANS = 8
"""Plans kept, if the last evaluation did not need more: a law that changes with time asks for ever new kernels."""
QUICK = 16
"""Kernels looked up by identity; a law that makes a new one at every call falls back on equality (the kernel's hash
takes 4 to 10 per cent of a right-hand side on the circle)."""
FOLDED = 1e-6
"""Largest of the last coefficients of a density multiplied on the plan's nodes: what they fold back is about the square
of it at the low degrees, and the kernel's multipliers quench the others."""
FAINT = 64.0 * float(np.finfo(float).eps)
"""Share of the density's norm below which sqrt(w) rho at a zonal node is rounding of its coefficients."""


class OnPlan(Held):
    """A density as a law sees it at every stage: the nodes of the space's plan, in the plan's own buffers."""

    def __init__(self, space: Space, isotropic: bool, tolerance: float) -> None:
        self.space, self.tolerance = space, tolerance
        self.top, self.waves = int(space.degrees.max()), space.waves
        self._flat = space.geometry.manifold != "sphere"
        self._isotropic = isotropic
        self._plans: dict[Any, _Laid] = {}
        self._quick: dict[Any, tuple[Any, _Laid]] = {}
        self._twofold: dict[Kernel, OnNodes] = {}
        self._stage = 0
        self._bare = space.plan(np.ones((1, len(space.degrees))), None)
        self.grid = self._bare.grid
        self._quadrature = Quadrature(self.grid, space, tolerance)
        self._apart: dict[Any, OnPlan] = {}

    def open(self, c: Array) -> None:
        """Lay the state c out."""
        self._stage += 1
        self._c = c
        self._rho: Array | None = None
        self._quadrature.open(c)

    @property
    def rho(self) -> Array:
        """(..., N) on the plan's nodes."""
        if self._rho is None:
            self._rho = self._bare.open(self._c)[0][..., 0, :]
        return self._rho

    @property
    def x(self) -> Array:
        """(N, d) rows of the plan's nodes."""
        return self.grid.rows

    @property
    def weights(self) -> Array:
        """(..., N) masses at the plan's nodes."""
        return self.grid.weights * self.rho

    @property
    def mean(self) -> Array:
        """int x d mu."""
        return self.space.averages(self._c)[0]

    @property
    def second_moment(self) -> Array:
        """int x x^T d mu."""
        return self.space.averages(self._c)[1]

    def some(self, where: Any) -> OnPlan:
        """Several of several densities, in buffers of their own, which are kept (see `protocols.Measure`)."""
        key = (where.start, where.stop) if isinstance(where, slice) else where.tobytes()
        if key not in self._apart:
            self._apart[key] = OnPlan(self.space, self._isotropic, self.tolerance)
        part = self._apart[key]
        part.open(self._c[..., where, :])
        return part

    @property
    def instead(self) -> str:
        """Where a question that it does not answer may be put."""
        return "move points, pt.simulate(law, rho0.sample(1000, rng=0), t_span)"

    def tangential(self, v: Array) -> Array:
        """Rows at the nodes as `read` answers there."""
        return v if self._flat else self.shown(np.einsum("...nd,nmd->...nm", v, self.grid.frame()))

    def shown(self, M: Array) -> Array:
        """Components as they are under an isotropic law; else, as others come, as rows."""
        return M if self._isotropic else np.einsum("...nm,nmd->...nd", M, self.grid.frame())

    def also(self, y: Any, a: Any, per_token: bool = True) -> mixture.Mixture | Belted:
        """mu + sum_j a_j delta_{y_j}, a_j masses beside mu's (see `Density.also`)."""
        if self.x is None:
            return belted(self, self.space.line.position(self.grid.nodes), y, a, per_token)
        return mixture.also(self, y, a, per_token, self.geometry.manifold)

    def reweighed(self, g: Any) -> Reweighed:
        """g mu, for g (N,) >= 0 at the plan's nodes, by its coefficients there; not normalised."""
        return Reweighed(self, self.grid.analyse(factor(g, self.rho.shape[-1]) * self.rho))

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """The plan's fields for an isotropic kernel; of one with matrices by its harmonics in both points, if these are
        few; else a sum over quadrature points as fine as the kernel asks.

        At the own nodes M comes in components under an isotropic law, else, as others come, in rows.
        """
        held = self._quick.get((id(kernel), want)) if x is None and V is None else None
        if held is None or held[0] is not kernel:
            if x is not None or V is not None or self._flat or not kernel.isotropic:
                twice = self._twice(kernel) if (x is None or x is self.x) and "L" not in want else None
                if twice is not None:
                    return twice.read(self._c, want, V)
                points = self._quadrature.points(kernel, self.weights)
                return points.read(kernel, self.x if x is None else x, want, V)
            laid = self._laid(kernel, want)
        else:
            laid = held[1]
        laid.stage = self._stage
        self._rho, reading = laid.read(self._c)
        return reading if self._isotropic or reading.M is None else reading._replace(M=self.shown(reading.M))

    def close(self, v: Array, out: Array) -> Array:
        """-div(rho v), for tangent components, rows or a scalar zero."""
        if np.ndim(v) == 0:
            out[...] = 0.0
            return out
        if v.shape[-1] == self.d:
            v = np.einsum("...nd,nmd->...nm", v, self.grid.frame())
        return self._bare.close(v, self._rho if self._rho is not None else self.rho, out)

    def lost(self, c: Array, moved: Array | None = None) -> float:
        """Mass (of `moved`, if that is another density) where some law divides by a Z that had to be floored."""
        worst = 0.0
        for twice in self._twofold.values():
            if twice.floors:
                rho = self._bare.open(c if moved is None else moved)[0][..., 0, :]
                low = np.where(twice.low(c), np.abs(self.grid.weights * rho), 0.0)
                worst = max(worst, float(low.sum(axis=-1).max()))
        for laid in self._plans.values():
            if laid.floors:
                s = laid.fields(c)[0]
                rho, Z = s[..., 0, :] if moved is None else self._bare.open(moved)[0][0], s[..., 1, :]
                low = Z_FLOOR * Z.max(axis=-1, keepdims=True) >= Z
                worst = max(worst, float(np.abs(self.grid.weights * np.where(low, rho, 0.0)).sum(axis=-1).max()))
        for part in self._apart.values():
            worst = max(worst, part.lost(part._c))
        return worst

    def _twice(self, kernel: Kernel) -> OnNodes | None:
        """The kernel laid out on few nodes; None where these are not fewer than the plan's, or there are none."""
        held = self._twofold.get(kernel)
        if held is None:
            self._make_room(self._twofold)
            level = None if self._flat or not isinstance(kernel, Bilinear) else kernel.level(self.d)
            both = None if level is None else Twofold(self.space, kernel, level, self.grid)
            few = both is not None and len(both.source.weights) <= len(self.grid.weights)
            held = self._twofold[kernel] = OnNodes(both if few else None, self.space, self.grid)
        held.stage = self._stage
        return held if held.able else None

    def _laid(self, kernel: Kernel, want: str) -> _Laid:
        """The plan for this kernel, by its value; remembered by its identity, which is quicker to look up."""
        laid = self._plans.get((kernel, want))
        if laid is None:
            k, d, top = self.space.degrees, self.d, self.top
            potential = kernel.potential(d, top)[k]
            symbols = [np.ones(len(k))]
            if "Z" in want:
                symbols.append(kernel.multipliers(d, top)[k])
            if "L" in want:
                symbols.append(self.space.laplacian * potential)
            plan = self.space.plan(np.stack(symbols), potential if "M" in want else None)
            floors = "Z" in want and kernel.range >= -np.log(Z_FLOOR)
            if self._make_room(self._plans):
                self._quick.clear()
            laid = self._plans[kernel, want] = _Laid(plan, want, floors, kernel.log_lambda0(d))
        if len(self._quick) < QUICK:
            self._quick[id(kernel), want] = kernel, laid
        return laid

    def _make_room(self, held: dict[Any, Any]) -> bool:
        """Drop what was used longest ago, but none of this evaluation or the last: a law may have many heads."""
        if len(held) < PLANS:
            return False
        key, oldest = min(held.items(), key=lambda one: one[1].stage)
        if oldest.stage < self._stage - 1:
            del held[key]
            return True
        return False


class Reweighed(Held):
    """g mu on the nodes of a plan, by the coefficients that these nodes hold.

    It answers where, and in the components in which, mu does.
    """

    def __init__(self, mu: OnPlan, c: Array) -> None:
        last = tail(mu.grid, c, gaps=False)
        if last > FOLDED:
            raise Stop(
                Status.UNRESOLVED,
                f"The density is multiplied by a function (`reweighed`), and the coefficients of the product reach "
                f"{last:.1e} in the last sixteenth of the degrees of {mu.grid}: begin at a larger resolution.",
            )
        self._mu, self._c, self.space = mu, c, mu.grid
        self._rho = summed(Density(mu.grid, c))
        self._quadrature = Quadrature(mu.grid, mu.grid, mu.tolerance)
        self._quadrature.open(c)

    @property
    def instead(self) -> str:
        """As of mu."""
        return self._mu.instead

    @property
    def x(self) -> Array:
        """(N, d) rows of the plan's nodes."""
        return self._mu.x

    @property
    def weights(self) -> Array:
        """(N,) masses at the plan's nodes."""
        return self._rho.weights

    @property
    def mean(self) -> Array:
        """int x g dmu."""
        return self._rho.mean

    @property
    def second_moment(self) -> Array:
        """int x x^T g dmu."""
        return self._rho.second_moment

    def tangential(self, v: Array) -> Array:
        """As of mu."""
        return self._mu.tangential(v)

    def reweighed(self, g: Any) -> Reweighed:
        """Multiplied once more."""
        grid = self._mu.grid
        return Reweighed(self._mu, grid.analyse(factor(g, len(grid.weights)) * grid.evaluate(self._c)))

    def also(self, y: Any, a: Any, per_token: bool = True) -> mixture.Mixture | Belted:
        """And points."""
        return replace(self._mu.also(y, a, per_token), body=self)

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """By the kernel's multipliers at the own nodes, else by a sum over quadrature points."""
        if x is not None or V is not None or self.geometry.manifold != "sphere" or not kernel.isotropic:
            return self._quadrature.points(kernel, self.weights).read(kernel, self.x if x is None else x, want, V)
        r = self._rho.read(kernel, None, want)
        return r if r.M is None else r._replace(M=self._mu.shown(r.M))


class _Laid:
    """A plan laid for one kernel and one question."""

    def __init__(self, plan: Any, want: str, floors: bool, log: float) -> None:
        self.plan, self.want, self.floors, self.log = plan, want, floors, log
        self.stage = 0  # when it was used last
        self._root = None if plan.grid.ends is None else np.sqrt(plan.grid.weights)
        self._fields: tuple[Any, Any] = (None, None)

    def fields(self, c: Array) -> tuple[Any, Any]:
        """The plan's fields; of a zonal density without velocity where rounding of the coefficients would be one.

        Near the poles of high dimensions sqrt(w) rho is below rounding, and moves nothing by itself; but M and Z can
        be of any size there.
        """
        s, M = self.plan.open(c)
        if self._root is not None:
            faint = np.abs(s[..., 0, :]) * self._root <= FAINT * np.linalg.norm(c, axis=-1, keepdims=True)
            np.copyto(s[..., 1:, :], 0.0, where=faint[..., None, :])
            if "Z" in self.want:
                s[..., 1, :][faint] = 1.0  # its mean over the sphere
            if M is not None:
                M[faint] = 0.0
        return s, M

    def read(self, c: Array) -> tuple[Array, Reading]:
        """rho at the nodes, and the answer; made anew only where the plan answers in other arrays than last time."""
        s, M = self.fields(c)
        if s is not self._fields[0] or M is not self._fields[1]:
            self._fields = s, M
            Z = s[..., 1, :, None] if "Z" in self.want else None
            self._answer = s[..., 0, :], Reading(Z, M, s[..., -1, :] if "L" in self.want else None, self.log)
        if self.floors:
            floored(s[..., 1, :])  # in place
        return self._answer
