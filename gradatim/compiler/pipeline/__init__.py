"""From a graph to machine code: all stages in order.

Reading order:

    draft         passes, schedule, lowering and memory plan, up to LLVM IR text
    compiled      machine code for a graph, compiled or from the cache
    translation   LLVM compiles some functions while others are still being written
    uncollected   switches the garbage collector off meanwhile
    kernel        one operation for any number of rows, for eager mode; `kernel_text` its code
"""
