"""What a traced function read from Python, and whether it is still the same.

To be read in this order:

    watch       the code that runs is noted while a function is traced
    mentions    the names in it: only what code mentions can it have read
    search      the ways that lead from there to what it can have read
    place       a place where something was found, and how to read it again
    held        what was there, and how to tell that it is the same; `containers` the same of these
    many        many tensors compared in one go
    untold      what nobody tells of, to be asked before every call
    check       all of that as one generated function
"""
