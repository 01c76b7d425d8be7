"""A program at work: its memory, its workers, what it reads and what it leaves.

To be read in this order:

    binding     a program with its table of addresses: one step, or many
    inputs      the arrays it reads and writes; `sharing` whether they overlap
    outputs     memory for what it makes; `gradients` for what it leaves in `.grad`
    returned    its result, with the memory that tensors of it share
    keeping     copies of what its steps change
    by_numpy    its equations without machine code
    team        the threads that run it
    lock        who may look at the fields of tensors, or change them
"""
