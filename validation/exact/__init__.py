"""Closed forms and oracles: what the rest of the house is measured against.

Nothing here imports `meanfield`, `particles` or the rest of `validation`; only numpy and scipy.  So this package can
contradict us.  One file a family:

=================  ===========================================================================================
`multipliers`      Funk-Hecke multipliers of e^{beta<x,y>} from Bessel functions; the factor of a scale
`growth`           growth rates about the uniform measure, fastest modes, thresholds of noise
`poisson`          beta = 0: Poisson kernels on every sphere, and any zonal density
`diracs`           two Diracs, their merging times, stars of equal clusters
`orthogonal`       orthogonal tokens (A, Theorem 6.8)
`energy`           extremes of the energy; the energy of an i.i.d. sample
`fluctuations`     the noise of finite n about the uniform measure
`floors`           transport distances of i.i.d. samples
`double_loop`      the papers' equations as printed, in loops
`reference_pde`    the circle's PDE by characteristics
`reference_zonal`  the PDE for zonal densities on S^{d-1}, by characteristics
`gaussian`         Gaussian data in R^d: equations of their mean and covariance
`heads`            two tokens under random heads: their mean, their noise
`inertia`          the same of positions and velocities; tokens with inertia on spheres, in loops
`line`             tokens of the line, the one that stays bounded, two tokens in the plane (B, section 7)
`autonomous`       a tool: scalar autonomous equations solved by quadrature
`ode`              a tool: systems of equations, landed on asked times
`refuse`           a tool: the refusals
=================  ===========================================================================================

Densities are with respect to sigma, the uniform probability measure on S^{d-1} (uniform is 1; on the circle
d sigma = d theta / 2 pi); angles are in radians.
"""
