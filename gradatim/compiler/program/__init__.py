"""What `compile` returns: a compiled function and its methods.

Reading order:

    program     called like the function
    variants    one program per kind of arguments, compiled on demand
    retracing   why a function is traced again, and when compiling it is given up
    repeat      many steps in one call; `first_nan` finds the operation that made a number nan
    export      a forward pass as an object file for C
    module      compiled modules
"""
