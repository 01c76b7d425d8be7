"""What `compile` returns: a compiled function, and what can be asked of it.

To be read in this order:

    program     called like the function
    variants    a program for each kind of arguments, made when it is wanted
    repeat      many steps in one call; `guilty` which operation made a number nan
    export      a forward pass as an object file for C
    module      modules, compiled and still modules
"""
