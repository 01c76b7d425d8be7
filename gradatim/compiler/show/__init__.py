"""Reports on a compiled function.

Reading order:

    explain     all stages as text
    loops       those of a loop nest; `elements` what they access: `a[row, col]`
    profile     the time of each nest; `effort` its operations and bytes
    peak        the limits of the machine
"""
