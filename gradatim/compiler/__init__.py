"""Whole steps as machine code: trace, ir, passes, schedule, lower, engine, program."""
