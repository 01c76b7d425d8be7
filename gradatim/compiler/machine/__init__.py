"""This machine: what it is, LLVM, object files in memory, and programs kept on disk.

To be read in this order:

    llvm        LLVM, loaded when there is something to translate
    target      the processor that code is written for
    engine      LLVM's text to machine code that can be called
    linking     object files put into memory without LLVM; `object_file` what is in one
    cache       compiled programs on disk; `cache_key` the name of each, `kept_code` its way back
"""
