"""Random draws: the same numbers as eager, from the same generator stream.

Reading order:

    draws       the table of draws, and how each is written
    site        where a draw is written: its function, its memory, its generator
    twister     words of the Mersenne twister
    integers    integers and shuffles; then `normal` and `weighted` draws
    functions   logarithm, sine and cosine of what was drawn
"""
