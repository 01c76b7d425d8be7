"""One LLVM function per nest, and the calls that make up a program.

Reading order:

    calls           all nests, in program order
    products        products, with the row nests that consume their bands
    alike           nests that share one function; `shared`: those that differ in a few constants
    blocks          consecutive nests that run together on a few rows at a time
    block_prefetch  prefetching what the next block needs
    brief           a short step, which omits what the next step overwrites
"""
