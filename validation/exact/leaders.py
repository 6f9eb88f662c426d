"""Rescaled tokens in arbitrary precision: (1.1) by extrapolation while it is soft, then the linear flow of leaders.

``python -m validation.exact.leaders`` prints the digits that tests of long runs hold; it takes a minute or two.
"""

from __future__ import annotations

from typing import Any

import mpmath as mp

VALUES = {
    "diagonal": [[2, 0], [0, -2]],
    "not normal": [[2, 3], [0, -2]],
    "Jordan block": [[2, 1, 0], [0, 2, 0], [0, 0, -2]],
}
"""Matrices V, all with eigenvalues 2 and -2."""
DIGITS, SOFT, STEPS, LEVELS = 50, 3, 150, 10
"""Decimal digits; until when P is summed; Gragg's steps until then; and midpoint rules that are extrapolated, to an
order of 20."""


def given(d: int) -> tuple[Any, Any, Any]:
    """x(0) (4, d), Q and K (d, d): doubles, sin(1.3 i + 2.1 j + 0.4); 1 on the diagonal, 0.2 and -0.3 beside it."""
    tokens = [[float(mp.sin(1.3 * i + 2.1 * j + 0.4)) for j in range(d)] for i in range(4)]
    Q = [[1.0 if i == j else 0.2 for j in range(d)] for i in range(d)]
    K = [[1.0 if i == j else -0.3 for j in range(d)] for i in range(d)]
    return mp.matrix(tokens), mp.matrix(Q), mp.matrix(K)


def attention(x: Any, Q: Any, K: Any) -> Any:
    """P of tokens (n, d)."""
    s = (x * Q.T) * (x * K.T).T
    P = mp.matrix(s.rows, s.cols)
    for i in range(s.rows):
        top = max(s[i, j] for j in range(s.cols))
        e = [mp.exp(s[i, j] - top) for j in range(s.cols)]
        total = mp.fsum(e)
        for j, one in enumerate(e):
            P[i, j] = one / total
    return P


def soft(x: Any, V: Any, Q: Any, K: Any, end: Any, steps: int = STEPS, levels: int = LEVELS) -> Any:
    """x(end) of x' = P(x) x V^T: Gragg's midpoint rule with 2, 4, ..., 2 levels substeps, extrapolated."""

    def slope(y: Any) -> Any:
        return attention(y, Q, K) * y * V.T

    H = mp.mpf(end) / steps
    for _ in range(steps):
        first = slope(x)
        table: list[Any] = []
        for k in range(1, levels + 1):
            h = H / (2 * k)
            before, now = x, x + h * first
            for _ in range(2 * k - 1):
                before, now = now, before + 2 * h * slope(now)
            new = [(now + before + h * slope(now)) / 2]
            for j in range(1, k):
                ratio = (mp.mpf(k) / (k - j)) ** 2
                new.append(new[j - 1] + (new[j - 1] - table[j - 1]) / (ratio - 1))
            table = new
        x = table[-1]
    return x


def rescaled(V: Any, times: list[int]) -> tuple[list[Any], Any]:
    """z = e^{-tV} x at late times, and by how much P at `SOFT` is less than 1 at most, in the leaders' columns.

    From there z_i = z_l + e^{-(t - SOFT) V} (z_i - z_l), leaders l at rest: what P lacks to them falls doubly
    exponentially, and changes z_i - z_l by about that share.
    """
    with mp.workdps(DIGITS):
        V = mp.matrix(V)
        x, Q, K = given(V.rows)
        x = soft(x, V, Q, K, SOFT)
        P = attention(x, Q, K)
        led = [max(range(4), key=lambda j, i=i: P[i, j]) for i in range(4)]  # type: ignore[misc]
        if any(led[one] != one for one in led):
            raise ValueError("leaders are led themselves: give other tokens")
        lacks = max(mp.fsum(P[i, j] for j in range(4) if j != led[i]) for i in range(4))
        out = []
        z = x * mp.expm(-SOFT * V, method="taylor").T
        for t in times:
            E = mp.expm((SOFT - t) * V, method="taylor")
            rows = [z[led[i], :] + (z[i, :] - z[led[i], :]) * E.T for i in range(4)]
            out.append(mp.matrix([[row[0, j] for j in range(V.rows)] for row in rows]))
        return out, lacks


def _print() -> None:
    for name, V in VALUES.items():
        found, lacks = rescaled(V, [10, 50])
        print(f"{name}: P lacks {mp.nstr(lacks, 3)} at t = {SOFT}")
        for t, z in zip((10, 50), found, strict=True):
            print(f"  t = {t}:")
            for i in range(4):
                print("    [" + ", ".join(mp.nstr(z[i, j], 15) for j in range(z.cols)) + "],")


if __name__ == "__main__":
    _print()
