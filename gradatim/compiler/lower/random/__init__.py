"""Draws: the numbers that NumPy's run would get, from the same stream.

To be read in this order:

    draws       which there are, and how each is written
    site        where a draw is written: its function, its memory, its generator
    twister     words of the Mersenne twister
    integers    integers and shuffles; `normal` and `weighted` draws
    functions   logarithm, sine and cosine of what was drawn
"""
