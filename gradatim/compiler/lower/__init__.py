"""From loop nests to LLVM text."""
