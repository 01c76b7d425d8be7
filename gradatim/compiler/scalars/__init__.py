"""Functions of `scalar.Value`s as native programs.

In the order in which a function passes through:

    program     the compiled function; the whole room in an example
    arguments   what it is given
    reach       the Values that it can reach otherwise
    trace       running it once, with numbers that record what is done to them
    tape        these numbers, and what they record
    passes      removes lines that nothing needs
    code        IR text
    native      machine code, and the memory on which it works
    explain     a printed report
"""
