"""Running a program: its memory, its workers, its inputs and its results.

Reading order:

    binding     a program with its table of addresses: running one step, or many
    inputs      the arrays it reads and writes; `sharing`: whether they overlap
    outputs     memory for its results; `gradients` for what it leaves in `.grad`
    returned    its return value, with tensors that share memory
    snapshot    copies of what its steps change
    by_numpy    equations without machine code
    team        the worker threads
    teamwork    whether many short steps run on one worker or on all
    lock        the lock on the fields of tensors
"""
