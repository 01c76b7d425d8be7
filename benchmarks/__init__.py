"""Gradatim against PyTorch, JAX and micrograd: the same work, data and threads.

    make bench                                  everything, in its own environment
    make bench ARGS="--quick"                   fewer windows
    make bench ARGS="mlp scalar --threads 1"    two workloads, on one thread
    make bench ARGS="--sides gradatim,torch"    only these sides

    workloads/    what is computed: each file defines activation, loss and rate once, for all sides
    peers/        how each library computes it, as its own manual recommends
    side.py       the process of one side; separate processes, since thread pools interfere
    rounds.py     the sides take turns many times, and the fastest window of each counts
    agreement.py  after timing: did all sides compute the same numbers?
    startup.py    the cost before the first step: import, compilation, memory
    report.py     ratios, fractions of the machine's measured peak, a table
    chart.py      the picture in the README

`eager.py` and `overhead.py` do not need the peers' environment.
"""
