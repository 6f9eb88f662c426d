"""Sums over points: int e^{s(x, y)} dmu(y) and its kin, for a measure of finitely many masses.

`direct` is dense and answers every kernel in every dimension; the others are faster where they apply, and `direct` is
their oracle.  `choose` says which one answers.
"""
