"""What `--data` may name instead of a file."""

ENGLISH = "english"  # the text that every Python has
EMBEDDED = ("", "names")  # the names that come with the library
