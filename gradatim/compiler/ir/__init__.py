"""Programs as data, and what is known of each primitive: nothing here changes a program.

To be read in this order:

    graph       variables with types, equations between them, a graph of equations; its print
    verify      what a legal graph is
    kinds       how the numbers of each primitive depend on places
    segments    the primitives without machine code, and why
    strided     how a view reads memory: an offset and strides
    nests       loop nests, which the schedule makes of a graph and the lowering reads
"""
