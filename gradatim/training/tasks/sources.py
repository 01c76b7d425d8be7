"""Names that `--data` accepts instead of a file."""

from pathlib import Path

from ..errors import BadUse, did_you_mean

ENGLISH = "english"  # text that comes with every Python
EMBEDDED = ("", "names")  # the names built into the library


def refuse_misspelt(file: str | Path) -> None:
    """Refuse a missing file whose name is close to one of these. Errors: BadUse."""
    hint = did_you_mean(str(file), (ENGLISH, *filter(None, EMBEDDED)))
    if hint and not Path(file).exists():
        raise BadUse(f"there is no file {file}{hint}")
