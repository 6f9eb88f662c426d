"""What a run leaves behind: times, snapshots, why it ended, what it cost.  Energies are computed when asked."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.laws.base import noisy
from meanfield.plot import curves
from meanfield.plot.options import drawn
from meanfield.protocols import Array, Between, Scheme, Status, Stepper, said
from meanfield.runs import archive, dataset, shown
from meanfield.runs.rates import batches, identity, integrals
from meanfield.runs.segments import Counters, Segment, steps_told
from meanfield.runs.times import Ahead, ahead
from meanfield.steppers.dense import evaluate
from meanfield.tools import inputs

DENSE_BUDGET = 1 << 28
"""Bytes of dense output a record keeps (256 MiB); beyond it only saved times can be asked for."""
SIZES_TOLD = 8
"""Longer lists of sizes are cut short in a message."""


@dataclass(frozen=True, eq=False)
class Record:
    """A run, as plain arrays.  `Solution` is its density face, `particles.Trajectory` its particle face."""

    law: Any
    t: Array
    states: tuple[Array, ...]
    owners: tuple[int, ...]
    segments: tuple[Segment, ...]
    status: Status
    detail: str
    counters: Counters
    settings: dict[str, Any]
    dense: tuple[Between, ...] = ()
    dense_owners: tuple[int, ...] = ()
    integral_t: Array = field(default_factory=lambda: np.empty(0))
    """Where the dense output had to be dropped for memory: knots, and the integrals of `rates` up to each."""
    integral: Array = field(default_factory=lambda: np.empty(0))
    checkpoint: dict[str, Any] = field(default_factory=dict)
    """The last accepted step: t, y, h, and the generator's state."""
    start: Array | None = None
    """The state the run began with, saved or not; None in files from before it was kept."""
    kind = "record"
    gauged = True
    """Whether the dissipation's integral is taken from dense output that cannot be kept."""

    # --- how it went --------------------------------------------------------------------------------------

    @property
    def success(self) -> bool:
        """True if the run ended where it was meant to."""
        return self.status.success

    @property
    def begin(self) -> float:
        """The first time of the run, saved or not."""
        return self.segments[0].t

    @property
    def end(self) -> float:
        """The time the run reached, saved or not."""
        return float(self.checkpoint["t"])

    @property
    def log_end(self) -> float:
        """Logarithm of the last saved time, -inf at t = 0; NaN of a time before."""
        t = float(self.t[-1])
        return math.log(t) if t > 0.0 else -math.inf if t == 0.0 else math.nan

    @property
    def blow_up(self) -> float | None:
        """When the solution is infinite, of a run that ended near that time; None of others."""
        return None

    @property
    def told_span(self) -> tuple[str, float, float]:
        """Beginning and end by which the run is told, and of what: t, or its logarithm."""
        return "t", self.begin, self.end

    @property
    def held(self) -> int:
        """Bytes of dense output kept; the whole budget once some had to be dropped, for what follows leaves no gap."""
        dropped = len(self.integral_t) or (self.dense and self.dense[-1].t1 < self.end)
        return DENSE_BUDGET if dropped else sum(b.nbytes for b in self.dense)

    @property
    def message(self) -> str:
        """Why it ended, and what it cost, for a human."""
        c = self.counters
        sizes = [str(s.unknowns) for s in self.segments]
        if len(sizes) > SIZES_TOLD:
            most = max(s.unknowns for s in self.segments)
            sizes = [*sizes[:2], "...", f"{most} at most", "...", sizes[-1]]
        clock, _, end = self.told_span
        return (
            f"{self.status.value} {self.detail}".strip()
            + f" {clock} = {end:.6g}; {c.steps} steps ({c.rejections} rejected), {c.evaluations} evaluations; "
            + f"unknowns {' -> '.join(sizes)}."
        )

    def __repr__(self) -> str:
        clock, begin, end = self.told_span
        return f"<{type(self).__name__} {self.law} {clock} = {begin:.6g}..{end:.6g}: {self.message}>"

    def _repr_html_(self) -> str:
        return shown.html(self)

    # --- snapshots ----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.t)

    @cached_property
    def measures(self) -> tuple[Any, ...]:
        """The measure at every saved time."""
        return tuple(self.segments[o].form.measure(y) for o, y in zip(self.owners, self.states, strict=True))

    def __call__(self, t: float) -> Any:
        """The measure at any time of the run, by the dense output of the steps.

        Raises
        ------
        ValueError
            Outside the run, or at a time that is not saved where the dense output was not kept.
        """
        t = inputs.one_time("t", t)
        if not self.begin <= t <= self.end:
            raise ValueError(f"t: got {t!r}, wanted a time of the run, {self.begin!r}..{self.end!r} ({self.message})")
        where = int(np.searchsorted(self.t, t))
        if where < len(self.t) and self.t[where] == t:
            return self.measures[where]
        if t == self.begin and self.start is not None:
            return self.segments[0].form.measure(self.start)
        i = self._step(t)
        if i is None:
            raise ValueError(
                f"t: got {t!r}: between the saved times this run has no dense output there (not kept, or over its "
                f"memory budget): ask for the time by t_eval=, or for one of the {len(self.t)} saved times"
            )
        return self.segments[self.dense_owners[i]].form.measure(evaluate(self.dense[i], t))

    def answers(self, t: float) -> bool:
        """Whether run(t) can tell: at a saved time, or where the dense output was kept."""
        return (t == self.begin and self.start is not None) or bool(np.any(self.t == t)) or self._step(t) is not None

    def saved(self, t: float) -> int:
        """The number of a saved time, or a refusal that names the nearest."""
        t = inputs.number("t", t)
        at = int(np.argmin(np.abs(self.t - t)))
        if self.t[at] != t:
            raise ValueError(f"t: got {t!r}, which is not a saved time; the nearest is {float(self.t[at])!r}")
        return at

    def _step(self, t: float) -> int | None:
        """Which kept step of the dense output covers t, if any."""
        i = int(np.searchsorted([b.t1 for b in self.dense], t))
        return i if i < len(self.dense) and self.dense[i].t0 <= t else None

    # --- quantities ---------------------------------------------------------------------------------------

    @cached_property
    def _quantities(self) -> dict[str, Array]:
        parts: dict[str, list[Array]] = {}
        for form, t, states in batches(self):
            for name, value in self.tells(t, form.measure(states)).items():
                if not (self.silent and name in dataset.ENERGIES):
                    parts.setdefault(name, []).append(np.asarray(value))
        # what is not known at all of them (a free energy, while noise is on) is not a quantity of the run
        whole = {name: np.concatenate(values) for name, values in parts.items()}
        return {name: values for name, values in whole.items() if len(values) == len(self.t)}

    def tells(self, t: float, held: Any) -> dict[str, Any]:
        """The law's quantities of one measure of the run."""
        return dict(self.law.quantities(t, held.summed))

    @property
    def autonomous(self) -> bool:
        """True if the law says that it does not change with time."""
        return said(self.law) is True

    @property
    def silent(self) -> bool:
        """True if the law does not say whether it changes with time: its `quantities` may be of another."""
        return said(self.law) is None

    @property
    def names(self) -> tuple[str, ...]:
        """What `quantity` can be asked for here."""
        return tuple(sorted(self._quantities))

    def quantity(self, name: str) -> Array:
        """A named quantity of the law at every saved time, (T,) or (T, replicas)."""
        if not isinstance(name, str):
            raise TypeError(f"name: got {inputs.describe(name)}, wanted one of {list(self.names)}")
        if name in dataset.ENERGIES and self.silent:
            raise ValueError(
                f"{name}: {self.law} does not say whether it changes with time: it is not told. Write autonomous = "
                "True in the law's class if its velocity and noise never do; else autonomous = False, and let its "
                "quantities(t, mu) be those of time t; or ask a snapshot under the law of its moment, for example "
                "run(t).energy(mf.SA(beta))"
            )
        if name not in self.names:
            why = dataset.LEFT_OUT.get(name, "")
            raise ValueError(f"{name}: {self.law} has no quantity of that name here; it has {list(self.names)}{why}")
        return self._quantities[name]

    @property
    def energy(self) -> Array:
        """E at every saved time, in the law's scale (A, (3.5))."""
        return self.quantity("energy")

    @property
    def _energy_name(self) -> str:
        """The quantity whose differences are those of E and keep the most digits."""
        return "excess" if "excess" in self.names else "energy"

    @property
    def gained(self) -> Array:
        """E(t) - E(begin) at every saved time: what `dissipated` must be without noise, and with it `driven`.

        A difference of the law's `excess`, E less that of the uniform measure, which keeps its digits where the
        constant of E would swamp them: at small beta, in high d, near the uniform measure.  Of a law that changes with
        time the excess has the time of its measure, and E of the uniform measure changes by itself.
        """
        name = self._energy_name
        values = self.quantity(name)
        if self.t[0] == self.begin:
            return values - values[0]
        if self.dense:
            first = self.segments[self.dense_owners[0]].form.measure(self.dense[0].y0)
        elif self.start is not None:
            first = self.segments[0].form.measure(self.start)
        else:
            raise ValueError(f"gained: this run kept nothing of its beginning, t = {self.begin!r}: save it by t_eval=")
        return values - np.asarray(self.law.quantities(self.begin, first.summed)[name])

    @property
    def jumped(self) -> Array:
        """What mergers have added to E up to every saved time, where the method counts them."""
        return np.array([self.segments[owner].form.jump for owner in self.owners])

    @property
    def dissipation(self) -> Array:
        """dE/dt by its formula: int |X|^2 Z d mu (SA), int |X|^2 d mu (USA), times sign; the drift's part."""
        return self.quantity("dissipation")

    @property
    def free_energy(self) -> Array:
        """kappa Ent - sign E (a Lyapunov function for USA; for SA with noise just a number)."""
        return self.quantity("free_energy")

    @property
    def dissipated(self) -> Array:
        """int_0^t dissipation at every saved time, by Gauss quadrature of each step's dense output.

        Without noise E(t) - E(0), which is `gained`, is `dissipated`: an identity that a run can fail.
        """
        return self._integrals if self.autonomous else self._integrals[:, 0]

    @property
    def driven(self) -> Array:
        """int_0^t of the rate at which time itself changes the excess (E, of a law that tells no excess).

        0 under an autonomous law.  Without noise `gained` is `dissipated` + `driven`.  A jump of the law, as of a beta
        that is constant in every layer, has no rate and is not in it: `gained` - `dissipated` - `driven` is then what
        the jumps add, and a RuntimeWarning says so.
        """
        if self.autonomous:
            return np.zeros_like(self.dissipation)
        self.quantity("driven")  # or a refusal
        found = self._integrals[:, 1]
        if not self.noisy:
            try:
                known = self.gained, self.jumped
            except ValueError:  # nothing is known of the beginning
                return found
            if told := identity(self.law, *known, self._integrals[:, 0], found, self.settings.get("rtol", 0.0)):
                warnings.warn(told, RuntimeWarning, stacklevel=2)
        return found

    @cached_property
    def _integrals(self) -> Array:
        """The integrals of `rates` up to every saved time."""
        return integrals(self)

    @property
    def diagnostics(self) -> dict[str, Array]:
        """What every step with its dense output kept says of itself, if its method does, and "t", where it ended."""
        return steps_told(self)

    # --- going on -----------------------------------------------------------------------------------------

    @property
    def scheme(self) -> Scheme:
        """The settings of the method that moved it."""
        return self.settings["method"]

    @property
    def stepper(self) -> Stepper | None:
        """The stepper it was given; None: the method's own, or the door's choice."""
        return self.settings.get("stepper")

    def dense_wanted(self, reads: bool, rng: Any) -> bool:
        """Whether what follows keeps its dense output."""
        return True

    def ahead(self, t_end: float | None, t_eval: Any, land: Any = None) -> Ahead:
        """The times still to come, to a new end or the one first asked for."""
        saved = self.t[: len(self.t) - bool(self.checkpoint["extra"])]
        return ahead(self.settings, saved, self.end, t_end, t_eval, land)

    @property
    def loose(self) -> Any:
        """Itself as the loop left it."""
        return self

    def finished(self) -> Any:
        """What the loop left, as this face shows it."""
        return self

    @property
    def warning(self) -> str:
        """What the run lacks though it ended well."""
        lacking = getattr(self.segments[-1].form, "lacking", None)
        return "" if lacking is None else str(lacking(self.checkpoint["y"]))

    def joined(self, more: Record) -> Record:
        """This run and its continuation as one."""
        if more.end <= self.end:  # it went nowhere
            counters = self.counters + more.counters
            return replace(self, status=more.status, detail=more.detail, counters=counters, settings=more.settings)
        same = more.segments[0].form == self.segments[-1].form
        shift = len(self.segments) - (1 if same else 0)
        # a state kept only because the run ended early is not one of the times asked for
        kept = range(len(self.t) - bool(self.checkpoint["extra"]))
        last = self.integral[-1] if len(self.integral) else 0.0
        before = more.checkpoint.get("before")
        return replace(
            more,
            t=np.append(self.t[: len(kept)], more.t),
            states=tuple(self.states[i] for i in kept) + more.states,
            owners=tuple(self.owners[i] for i in kept) + tuple(o + shift for o in more.owners),
            segments=self.segments + more.segments[1 if same else 0 :],
            checkpoint=more.checkpoint | ({"before": before.beyond(self, len(kept), shift)} if before else {}),
            start=self.start,
            counters=self.counters + more.counters,
            dense=self.dense + more.dense,
            dense_owners=self.dense_owners + tuple(o + shift for o in more.dense_owners),
            integral_t=np.append(self.integral_t, more.integral_t),
            integral=np.concatenate([self.integral, last + more.integral]) if len(self.integral) else more.integral,
        )

    @property
    def noisy(self) -> bool:
        """True if the law has noise: E has no identity then.

        Who draws none is ended where the law has some; who draws some may have had it between the saved times.
        """
        if self.checkpoint.get("rng") is None:
            return noisy(self.law, self.measures[0], float(self.t[0]))
        saved = zip(self.t.tolist(), self.measures, strict=True)
        return not self.autonomous or any(noisy(self.law, mu, t) for t, mu in saved)

    def _draw_energy(self, index: Any, axes: Any, options: dict[str, Any]) -> Any:
        """The energy and its identity's defect; with noise the free energy, if it is known, and no defect."""
        look: dict[str, Any] = {"ylabel": self.law.energy_is or "energy"}
        if not self.noisy and (self.autonomous or "driven" in self.names):
            name = self._energy_name
            look |= {"gained": self.gained[index], "size": np.abs(self.quantity(name)[index])}
            if not self.autonomous and name == "excess":  # whose change the identity is of
                look |= {"symbol": r"\tilde{E}", "ylabel": "energy over the uniform measure's"}
            curve = self.energy if self.autonomous else self.quantity(name)
            total = (self.dissipated + self.driven)[index]
            return drawn(curves.energy, self.t, curve[index], total, axes, **{**look, **options})
        name = "free_energy" if "free_energy" in self.names else "energy"
        look |= {"symbol": "F", "ylabel": "free energy"} if name == "free_energy" else {}
        return drawn(curves.energy, self.t, self.quantity(name)[index], None, axes, **{**look, **options})

    # --- other forms --------------------------------------------------------------------------------------

    def to_xarray(self) -> Any:
        """An xarray.Dataset of the record: here of its law's quantities; every face adds what it shows."""
        return dataset.made(self, dataset.quantities(self, ("t",)), {"t": self.t}, {})

    def save(self, path: Any, *, overwrite: bool = False) -> None:
        """Write everything to netCDF (`load` reads it back, `sol(t)` and resuming included).

        Settings go into one JSON text, with versions and a checksum; the file appears whole or not at all; an
        existing file is refused unless overwrite=True.
        """
        archive.save(self, path, overwrite=overwrite)
