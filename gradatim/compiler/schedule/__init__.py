"""From a graph to loop nests, and the placement of arrays in memory.

Reading order:

    build       the whole way
    sources     where each value is read from, once movement has become strides
    cluster     which equations run in one nest; `regroup` revises that
    homes       values written directly to where they are copied
    order       the order in which nests run
    alone       equations with nests of their own: copies, draws, lines, scatters
    blocks      nests that run on a few rows at a time; `hiding`: columns that a mask hides
    bands       products with nests that consume their rows band by band
    replace     groups of nests in place of their members; `once`: no node twice in a nest
    over        results written over arrays that are no longer read
    grain       how a nest is split into work items
    memory      one arena, whose places are reused
"""
