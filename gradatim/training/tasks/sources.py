"""Names that `--data` accepts instead of a file."""

ENGLISH = "english"  # text that comes with every Python
EMBEDDED = ("", "names")  # the names built into the library
