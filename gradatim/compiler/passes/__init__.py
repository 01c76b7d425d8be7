"""Passes: pure functions from graph to graph, each of which leaves a graph that `verify` accepts.

They run in this order:

    expand          composites become primitives; `classes` and `places` have some expansions
    empty           arrays without elements
    fold            constants
    arrange         reductions over the last dimensions, or the first
    simplify        smaller equations for the same bits; `lookups`: how table rows are looked up
    cse             common subexpressions
    commute         row-wise work on a table, moved before the lookup
    pick            one element of a row that is looked up
    tally           rows added back where they were looked up; `terms` splits them into terms
    pieces          sums of arrays that are zero except for one part each
    dce             dead code
    transpose       products that are only read transposed
    batch_in_lanes  batches whose rows do not fill whole vectors
    split_k         products that sum over a batch, in two halves of the sum
    isolate         sums whose result is needed together with what they add up
    order           the list of all passes
"""
