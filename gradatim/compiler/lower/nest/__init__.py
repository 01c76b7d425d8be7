"""What the functions of all nests share.

Reading order:

    numbers     representation of numbers in memory and in registers
    scopes      values: of a nest, of a row, of a chunk of neighbouring elements
    bounds      known bounds of an integer
    fused       fused multiply-add
    hoist       loop-invariant values, stores and prefetches
    refusals    invalid indices and divisors, and how they are reported
    writing     a function while it is written, with its memory and its name
"""
