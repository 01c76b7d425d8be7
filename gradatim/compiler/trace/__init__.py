"""A function becomes a graph: it runs once, on variables.

To be read in this order:

    arguments   what it is given, as tensors and settings; `naming` what it calls them
    watched     the whole trace, while guards watch what is read
    trace       the function runs; `traced` is what it did
    tracer      the backend that writes equations; `given` stands in for the arguments
    layout      how the memory of variables lies; `shown` what views show of it
    rebound     buffers that are given other tensors; `grads` what became of `.grad`
    results     where what it returns belongs; `structure` the containers it comes in
    joint       the way back through it, traced together with the way there
"""
