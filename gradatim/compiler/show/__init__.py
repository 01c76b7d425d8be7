"""What became of a function, to be read.

To be read in this order:

    explain     all stages in words
    loops       those of a loop nest; `elements` what they read and write: `a[row, col]`
    profile     how long each nest takes; `effort` what it has to do at least
    peak        what the machine could do at most
"""
