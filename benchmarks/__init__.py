"""Gradatim beside PyTorch, JAX and micrograd: the same work, the same data, the same threads.

    make bench                                  everything, in an environment of its own
    make bench ARGS="--quick"                   a few windows of each
    make bench ARGS="mlp scalar --threads 1"    two workloads, on one thread
    make bench ARGS="--sides gradatim,torch"    only these sides

    workloads/    what is computed: each file states activation, loss and rate once, for all sides
    peers/        how each library is asked to compute it, as its own manual recommends
    side.py       the process of one side: each has its own: threads disturb one another
    rounds.py     the sides take turns, many times, and the fastest window of each counts
    agreement.py  after timing: did they all compute the same numbers?
    startup.py    what it costs before the first step: import, compilation, memory
    report.py     ratios, fractions of the machine's measured peak, a table
    chart.py      the picture in the README

`eager.py` and `overhead.py` are the two that need no peers' environment.
"""
