"""Kernel: the interaction of two points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from meanfield.protocols.array import Array
from meanfield.protocols.member import fallback, member, wanted


@runtime_checkable
class Kernel(Protocol):
    """An interaction e^{s(x, y)}; hashable, so that plans can be kept by kernel."""

    @member
    def isotropic(self) -> bool:
        """True if s depends on <x, y> alone, so that the kernel is a multiplier on every sphere."""
        ...

    @member
    def range(self) -> float:
        """Upper bound of the largest minus the smallest s over pairs of unit vectors."""
        ...

    @fallback
    def share(self) -> Callable[[Array], Array] | None:
        """share(s), entry by entry: what a score, s below the largest of its row that has mass, counts for; None: e^s.

        What lies below the largest by no more than the scores' rounding is 0 below it.

        Where it is another function, Z and M are sums of shares (log is 0), over points alone, by two passes: the
        largest first.  Such a kernel depends on the measure, is no multiplier and so not isotropic, and has no
        divergence.
        """
        return None

    @wanted
    def log(self, x: Array, y: Array) -> Array:
        """s(x, y) for rows: (..., n, d), (..., p, d) -> (..., n, p).

        Pairwise: every entry depends on its own x and y alone, because sums ask in tiles.  A kernel that looks along
        a row (for its maximum, or its sum) is refused when it is first asked.
        """
        ...

    def multipliers(self, d: int, degree: int) -> Array:
        """q_k = lambda_k / lambda_0 for k = 0..degree (isotropic kernels only)."""
        raise _unknown(self, "multipliers")

    def potential(self, d: int, degree: int) -> Array:
        """p_k with P_x int e^s y dmu(y) = lambda_0 * grad sum_k p_k (mu's part of degree k)."""
        raise _unknown(self, "potential")

    def log_lambda0(self, d: int) -> float:
        """Log of the mean of e^s over the sphere."""
        raise _unknown(self, "log_lambda0")

    def bandwidth(self, d: int) -> int:
        """Degree beyond which neither multipliers nor potential count; ValueError for a kernel that has none.

        Of a kernel that is not isotropic, the degree beyond which e^s has nothing as a function of y: sums over the
        quadrature points of a density take as many as it asks for.  Of one that does not say, as this one here, points
        are summed one by one, and a density's quadrature is made finer until it is seen to hold.
        """
        raise ValueError(
            f"bandwidth: {type(self).__name__} does not say how many harmonics it has: write bandwidth(self, d), the "
            "degree beyond which e^s has none (ValueError for a kernel that is not smooth)"
        )


class Bilinear(Kernel):
    """A kernel whose scores are linear in x and in y: of it sums know divergences, compiled loops and differences."""

    def factors(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Rows a, b with s = a b^T, linear in x and in y."""
        raise TypeError(f"{type(self).__name__} does not say its factors")

    def upper(self) -> float:
        """Upper bound of s over pairs of unit vectors."""
        raise TypeError(f"{type(self).__name__} does not say its upper()")

    def level(self, d: int) -> Any:
        """g, a function of rows x (..., n, d), with a `width` and a `degree`: e^{s(x, y) - g(x)} has no harmonics of y
        beyond the one, none of x beyond the other, and is of order 1 where it is largest, at every x, so that sums over
        many points go by few (`sums.twofold`).  None: they do not."""
        return None


def _unknown(kernel: Kernel, what: str) -> TypeError:
    """The refusal of a question about harmonics to a kernel that does not say them."""
    return TypeError(
        f"{what}: {type(kernel).__name__} does not say its harmonics: write multipliers, potential, log_lambda0 and "
        "bandwidth, or take mf.Zonal(phi, name), which computes them of e^s = phi(<x, y>), or write isotropic = False, "
        "for sums over points"
    )
