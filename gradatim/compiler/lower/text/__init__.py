"""LLVM's language, written.

To be read in this order:

    types       its types and constants
    addresses   the lines of a function, and the addresses in them, none written twice
    operations  arithmetic and vectors, a line for each method
    emit        modules, and their functions, with memory and loops
    part        some functions of a module as a module of their own
"""
