"""This machine: its processor, LLVM, object files in memory, and compiled programs on disk.

Reading order:

    llvm        LLVM, loaded only when there is something to compile
    target      the processor that code is generated for
    engine      LLVM IR to callable machine code
    linking     object files linked in memory without LLVM; `object_file` parses them
    cache       compiled programs on disk; `cache_key` names them, `cached_code` loads them
"""
