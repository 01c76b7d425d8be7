"""The functions that run a program on all its workers.

To be read in this order:

    phases      which calls run side by side
    main        a step: its phases in order
    dealing     how the items of a phase come to workers
    waiting     how workers wait for each other and for work
    repeating   many steps
    copying     many arrays, copied by all workers
"""
