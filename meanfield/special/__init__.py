"""Special functions: ratios of Bessel functions, ultraspherical polynomials and their Gauss rules."""
