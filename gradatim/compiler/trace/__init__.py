"""A function becomes a graph: it runs once, on variables instead of arrays.

Reading order:

    arguments      arguments split into tensors and settings; `naming` their names
    watched        the whole trace, with guards on what is read
    trace          runs the function; `traced` is the record of what it did
    tracer         the backend that records equations; `given` stands in for the arguments
    known          numbers that follow from constants
    foreign_draws  draws from Python's and NumPy's generators, which are told
    layout         the memory layout of variables; `shown` the values of views
    assigned       what is assigned again after every call
    states         what is read and replaced; `integers` how large those among them can become
    grads          what happened to `.grad`
    results        where the returned tensors come from; `structure` the containers they are in
    joint          the backward pass through the function, traced together with the forward pass
"""
