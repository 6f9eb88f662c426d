"""Distances by harmonics: negative Sobolev norms, Fourier coefficients."""
