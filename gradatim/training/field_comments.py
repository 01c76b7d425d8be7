"""The meaning of each setting, read from the comment beside its dataclass field."""

import inspect
import re
from dataclasses import is_dataclass

_FIELD = re.compile(r"^    (\w+): .*?  # (.+)$", re.MULTILINE)


def field_comments(settings: type) -> dict[str, str]:
    """The comment beside each field of a dataclass and its bases, by field name.

    This lets the source and `gradatim models` explain a setting in the same words. Empty if the
    source is not available, as in some bundled applications.

    >>> from gradatim.models.mlp import Config
    >>> field_comments(Config)["h"]
    'hidden units'
    """
    comments: dict[str, str] = {}
    for each in reversed(settings.__mro__):
        if is_dataclass(each):
            comments |= _beside(each)
    return comments


def _beside(settings: type) -> dict[str, str]:
    try:
        return dict(_FIELD.findall(inspect.getsource(settings)))
    except (OSError, TypeError):
        return {}
