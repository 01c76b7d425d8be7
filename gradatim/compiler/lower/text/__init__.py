"""Emitting LLVM IR.

Reading order:

    types       types and constants
    addresses   the lines of a function; integer and address arithmetic, without duplicates
    operations  arithmetic and vectors, one line per method
    emit        modules, and their functions, with memory and loops
    part        some functions of a module as a module of their own
"""
