"""Functions of `scalar.Value`s as native programs.

In the order in which a function passes through:

    program     what is called; the whole room in an example
    arguments   what it is given
    reach       the Values that it can get at without
    trace       running it once, with numbers that write down what is done to them
    tape        these numbers, and what they write
    passes      without the lines that nothing needs
    code        LLVM text
    native      machine code, and the memory on which it works
    explain     what became of it, to be read
"""
