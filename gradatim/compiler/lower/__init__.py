"""From loop nests to LLVM's text.

Its rooms, each of which knows those above it:

    text        LLVM's language
    arithmetic  what is done to numbers: vectors of them, without branches or libraries
    nest        what the functions of all nests have in common: values, addresses, refusals
    rows        nests that go over rows, or along lines
    products    matrix products, in tiles
    random      draws
    functions   one function for each nest, and the calls that make a program
    threads     the functions that run these calls, on all workers
"""
