"""Graph to graph, one pure function each; what it leaves is a graph that `verify` accepts.

They run in this order:

    expand     composites become primitives; `classes` and `places` have some of their own forms
    empty      what has no elements
    fold       what follows from numbers alone
    arrange    reductions over the last dimension, or the first
    simplify   smaller equations for the same bits; `lookups` says what a table is read for
    cse        what is computed twice
    commute    work on rows of a table, done before they are looked up
    pick       one element of a row that is looked up
    tally      rows added back where they were looked up; `terms` counts them
    pieces     sums of arrays that are zero but for a part each
    dce        what nobody reads
    turn       products that are only read transposed
    upright    batches whose rows fill no vectors
    halve      sums over a batch, in two halves
    isolate    sums that others wait for
    order      all of them, one after the other
"""
