"""Matrix products, for their constant shapes.

To be read in this order:

    product     what is asked for, and how it is cut
    tiles       the choice of that, by a model of costs
    pack        operands copied, so that they are read from front to back
    stream      what long sums read from afar, each block once
    sums        the sums of one tile
    matmul      all tiles of a product
    afterwards  what comes after it is asked for meanwhile
    finish      tiles handed to the epilogue
    epilogue    a product with what becomes of its elements
    bands       and with nests that take its rows in turn
"""
