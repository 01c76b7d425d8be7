"""What each setting means, from the one place where it is written: the comment beside its field."""

import inspect
import re
from dataclasses import is_dataclass

_FIELD = re.compile(r"^    (\w+): .*?  # (.+)$", re.MULTILINE)


def meanings(settings: type) -> dict[str, str]:
    """The comments beside the fields of a dataclass and of those it comes from, by field.

    Whoever reads the file and whoever asks `gradatim models` see the same words. Where Python has
    no source, as in some bundles, there is nothing to be told.

    >>> from gradatim.models.mlp import Config
    >>> meanings(Config)["h"]
    'hidden units'
    """
    found: dict[str, str] = {}
    for each in reversed(settings.__mro__):
        if is_dataclass(each):
            found |= _beside(each)
    return found


def _beside(settings: type) -> dict[str, str]:
    try:
        return dict(_FIELD.findall(inspect.getsource(settings)))
    except (OSError, TypeError):
        return {}
