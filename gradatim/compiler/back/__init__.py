"""Gradients back through a compiled function, by a second program.

Reading order:

    parting     splits a function and its backward pass into two graphs
    arriving    the backward graph when only some results receive a gradient
    backward    the backward graph as a program
    through     the forward program, whose calls leave a tape entry that leads to the backward one
"""
