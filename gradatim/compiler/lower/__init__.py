"""From loop nests to LLVM IR text.

Subpackages; each may use only those above it:

    text        emitting LLVM IR
    arithmetic  vectorized math, without library calls
    nest        what all nests' functions share: values in scope, addresses, refusals
    rows        elementwise, reduction and gather nests, row by row
    products    matrix products, tiled
    random      random draws
    functions   one LLVM function per nest, and the calls that make up a program
    threads     the functions that run these calls on all workers
"""
