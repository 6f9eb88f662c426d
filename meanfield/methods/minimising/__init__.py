"""Minimising movements (JKO): implicit variational steps in quantile coordinates on the circle, in either metric.

After R. Jordan, D. Kinderlehrer, F. Otto, SIAM J. Math. Anal. 29 (1998) 1-17; the weighted metric is that of A, 3.4.2.
"""

from meanfield.methods.minimising.scheme import MinimisingMovements

__all__ = [
    "MinimisingMovements",
]
