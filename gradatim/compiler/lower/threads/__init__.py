"""The functions that run a program on all workers.

Reading order:

    phases         which calls run concurrently
    main           one step: its phases in order
    work_stealing  assigning a phase's items to workers
    waiting        barriers, and waiting for work
    repeating      many steps
    copying        many arrays, copied by all workers
"""
