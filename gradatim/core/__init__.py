"""The engine: storage, primitives, the tape and its walk; nothing here knows an operation."""
