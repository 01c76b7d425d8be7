"""From a graph to loop nests, and where everything lies in memory.

To be read in this order:

    build       the whole way
    sources     where each value is read from, once movement has become strides
    cluster     which equations run in one nest; `regroup` has second thoughts
    homes       values that are written where they are wanted
    order       in which order nests run
    alone       equations that have nests of their own: copies, draws, lines, scattered numbers
    blocks      nests that take turns with a few rows at a time; `hiding` what masks leave out
    bands       products with nests that take their rows in turn
    replace     nests in the place of others; `once` what one computes twice
    over        what is written where something lies that nobody reads any more
    grain       how a nest is cut into items
    memory      one arena, whose places are used again
"""
