"""One function for each nest, and the calls that make a program.

To be read in this order:

    calls       all nests, in order
    alike       nests that are one function; `shared` those that differ in a few numbers only
    blocks      nests that take turns with a few rows at a time
    onward      what their next turn needs is asked for meanwhile
    brief       a step that spares what the next one replaces
"""
