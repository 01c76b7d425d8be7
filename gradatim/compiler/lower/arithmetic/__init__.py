"""Arithmetic on scalars and vectors, independent of the loop it stands in.

Reading order:

    elementwise     a table: how each primitive is written
    folding         reductions: identities and combining steps
    floats          building blocks: bits of a float, error-free sums and products
    transcendental  exp, log, tanh and the like; then `power`, `angles`, `division`
    pieces          piecewise tanh, with table lookups in registers
    polynomials     the coefficients of all of these
"""
