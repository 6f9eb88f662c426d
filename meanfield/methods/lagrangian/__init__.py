"""The Lagrangian method: mu_t is the push-forward of mu_0 by a smooth flow, so carry the labels.

Nodes of label panels move with the law's velocity, ds/dt = X[mu](s), and their log-Jacobian with its divergence,
d log J / dt = div X[mu](s); then rho_t(x(a)) = rho_0(a) / J(a) and no mass is ever lost.  Panels are halved where a
polynomial no longer resolves the map, and become atoms once their image is too narrow to matter.
"""

from meanfield.methods.lagrangian.scheme import Lagrangian

__all__ = [
    "Lagrangian",
]
