"""Nests that go over rows, or along lines.

To be read in this order:

    rows        elementwise chains, reductions, softmax and its like
    passes      where a new pass over a row begins
    columns     the loops over the columns of a row
    ends        sums over all rows, while they are made
    ahead       what lies far away is asked for before it is needed
    scatter     numbers written to places that other numbers tell
    lines       running sums, recurrences and sorting, one element after the other
"""
