"""From a graph to machine code: all stages in order.

To be read in this order:

    draft         passes, schedule, lowering and memory, up to LLVM's text
    compiled      machine code for that, or what the cache has
    translation   LLVM at work on some functions while the others are still being written
    uncollected   meanwhile Python's collector of garbage rests
    kernel        one operation for any number of rows, for eager; `kernel_text` what is in it
"""
