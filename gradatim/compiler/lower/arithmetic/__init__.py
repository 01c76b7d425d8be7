"""What is done to numbers, whatever loop they are in.

To be read in this order:

    elementwise     a table: how each primitive is written
    folding         reductions: how two numbers become one
    floats          what vector functions are made of: parts of floats, exact sums and products
    transcendental  exp, log, tanh and the like; `power`, `angles`, `division`
    pieces          tanh by pieces of its range
    polynomials     the coefficients of them all
"""
