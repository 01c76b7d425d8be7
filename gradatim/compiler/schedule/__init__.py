"""From a graph to loop nests, and the placement of arrays in memory.

Reading order:

    build         the whole way
    sources       where each value is read from, once movement has become strides
    cluster       which equations run in one nest; `regroup` revises that
    copy_elision  values written directly to where they are copied
    order         the order in which nests run
    standalone    equations with nests of their own: copies, draws, lines, scatters
    blocks        nests that run on a few rows at a time; `masked_columns`: what a mask hides
    bands         products with nests that consume their rows band by band
    replace       groups of nests for their members; `common_nodes`: no node twice in a nest
    in_place      results written over arrays that are no longer read
    grain         how a nest is split into work items
    memory        one arena, whose places are reused
"""
