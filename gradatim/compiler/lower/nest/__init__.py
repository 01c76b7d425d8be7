"""What the functions of all nests have in common.

To be read in this order:

    numbers     what a number is in memory and in a register
    scopes      values: of a nest, of a row, of a few neighbours in a row
    bounds      between which numbers an integer lies
    fused       products and sums that are rounded once
    hoist       what need not be computed in a loop
    refusals    numbers that a nest cannot use, and how that is said
    writing     a function while it is written, with its memory and its name
"""
