"""What the pages of the documentation print, as numbers to compare."""

import re

NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e[+-]\d+)?")


def numbers(text: str) -> list[float]:
    """The numbers in a text, in their order."""
    return [float(found.replace(",", "")) for found in NUMBER.findall(text)]
