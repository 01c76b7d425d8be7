"""Matrix products, specialized for their constant shapes.

Reading order:

    product     the records: a product, and the plan of how it is computed
    tiles       choosing the plan, by a cost model
    pack        operands copied into strips, to be read sequentially
    stream      prefetching the next block of k of a long sum
    sums        the micro-kernel: the sums of one tile
    matmul      the loops over all tiles
    afterwards  prefetching what the nest after a product will touch
    finish      handing finished tiles to the epilogue
    epilogue    a product with the nodes applied to its elements
    bands       a product with row nests that consume its rows
"""
