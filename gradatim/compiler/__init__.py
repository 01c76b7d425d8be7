"""Whole steps as machine code.

The rooms, in the order in which a function passes through them:

    compile     `gradatim.compile`; `attempt` for what may as well run as it is written
    program     what that returns: called like the function
    trace       the function runs once and becomes a graph, while guards watch what it reads
    guards      the check, before every call, that all of that is as it was
    ir          graphs and loop nests as data, known to all rooms
    passes      graph to graph
    schedule    graph to loop nests, and where everything lies in memory
    lower       loop nests to LLVM's text
    machine     LLVM, this processor, machine code in memory and on disk
    pipeline    all these stages, one after the other
    runtime     a program at work: memory, workers, arguments in and results out
    back        gradients through it
    show        what became of it, to be read: `explain`, `profile`
    scalars     the same for functions of `scalar.Value`s, which are simpler
    errors      what can go wrong, as types; `user_line` and `whose` code it is; `whole` numbers
"""
