"""Gradients back through a compiled function, by a second program.

To be read in this order:

    parting     the function and its way back as two graphs
    arriving    the way back where gradients arrive at some results only
    backward    the second as a program
    through     the first, whose calls leave an entry on the tape that leads to the second
"""
