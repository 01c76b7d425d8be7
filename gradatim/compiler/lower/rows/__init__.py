"""Nests that go over rows, or along lines.

Reading order:

    rows        elementwise chains, reductions, softmax and the like
    passes      where a new pass over a row begins
    columns     the loops over the columns of a row
    reductions  reductions over all rows: their accumulators
    prefetch    prefetching table rows, and outputs
    scatter     values written to computed indices
    lines       running sums, recurrences and sorting along one dimension
"""
