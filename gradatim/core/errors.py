"""The library's exceptions: each is also the built-in exception that PyTorch raises there."""


class GradatimError(Exception):
    """Base of the library's own errors; messages say what happened, where, and what to do."""


class ShapeError(GradatimError, RuntimeError):
    """Incompatible shapes: names the operation, the shapes and the dimension."""


class UnknownShape(ShapeError):
    """A shape that depends on values, needed while a program is traced."""


class DTypeError(GradatimError, RuntimeError):
    """A dtype the operation does not take, or a cast that would lose the values' meaning."""


class LinAlgError(GradatimError, RuntimeError):
    """A matrix without the factorisation or solution asked for, such as a singular one."""


class AutogradError(GradatimError, RuntimeError):
    """A gradient that cannot be computed: graph freed, saved value overwritten, leaf written."""


class WriteError(GradatimError, RuntimeError):
    """Memory that cannot be written in place: read-only, or with overlapping elements."""


class ArgumentError(GradatimError, ValueError, RuntimeError):
    """An invalid argument value; PyTorch raises either of the two built-in exceptions."""


class FileError(GradatimError, RuntimeError):
    """A file that cannot be read or written: damaged, of the wrong kind, or missing."""


class IndexOutOfRange(GradatimError, IndexError, RuntimeError):
    """An index or dimension out of range; PyTorch raises either of the two built-in exceptions."""
