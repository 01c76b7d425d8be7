"""Whole training steps as machine code.

The rooms, in the order in which a function passes through them:

    compile     `gradatim.compile` and its `settings`; `attempt`: compiled if possible, else eager
    program     what `compile` returns, called like the function
    trace       the function runs once and becomes a graph, while guards watch what it reads
    guards      the check before every call that what the function read is unchanged
    ir          graphs and loop nests as data, known to all rooms
    passes      graph to graph
    schedule    graph to loop nests, and the placement of arrays in memory
    lower       loop nests to LLVM IR text
    machine     LLVM, this processor, machine code in memory and on disk
    pipeline    all these stages, one after the other
    runtime     running a program: memory, workers, arguments and results
    backward    gradients through a compiled function
    show        reports on a program: `explain`, `profile`
    scalars     the same, simpler, for functions of `scalar.Value`s
    errors      exception types; `user_line`, `code_owner`: whose code ran
"""
