"""LLVM's language, written.

To be read in this order:

    types       its types and constants
    addresses   the lines of a function, and the addresses in them, none written twice
    emit        modules and functions, whose methods each write one line
    part        some functions of a module as a module of their own
"""
