"""The engine: storage, primitives, the tape and the backward walk; no specific operations."""
