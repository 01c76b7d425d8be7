"""What can go wrong, as types: each is also the built-in exception PyTorch raises there."""


class GradatimError(Exception):
    """Base of every error the library raises on purpose: what happened, where, and what to do."""


class ShapeError(GradatimError, RuntimeError):
    """Shapes that do not fit: names the operation, the shapes and the dimension."""


class UnknownShape(ShapeError):
    """A shape that depends on numbers, asked for while a program is traced."""


class DTypeError(GradatimError, RuntimeError):
    """A dtype the operation does not take, or a cast that would lose the values' meaning."""


class AutogradError(GradatimError, RuntimeError):
    """A gradient that cannot be computed as asked: freed graph, overwritten value, leaf written."""


class WriteError(GradatimError, RuntimeError):
    """Memory that cannot be written in place: read-only, or several elements in one place."""


class ArgumentError(GradatimError, ValueError, RuntimeError):
    """An argument outside what the operation takes; PyTorch raises the one or the other."""


class FileError(GradatimError, RuntimeError):
    """A file that cannot be read or written as asked: damaged, of another kind, or nowhere."""


class IndexOutOfRange(GradatimError, IndexError, RuntimeError):
    """An index or a dimension outside the tensor; PyTorch raises the one or the other."""
