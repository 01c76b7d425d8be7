"""Gradients back through a compiled function, by a second program.

Reading order:

    partition            splits a function and its backward pass into two graphs
    partial_gradients    the backward graph when only some results receive a gradient
    program              the backward graph as a program
    differentiable       the forward program, whose calls leave a tape entry that leads to it
"""
