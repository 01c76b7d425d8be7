"""`save` and `load`: nested values containing tensors, in one file that holds data and no code.

    model.gt   a safetensors file: tensors named as in a state dict, and as metadata the structure
               that they belong to (`tree`) and a checksum of everything (`sha256`)

So other programs that read safetensors can read the tensors, and `load` reads their files.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..core.array_file import Arrays, from_bytes, to_bytes
from ..core.errors import ArgumentError, DTypeError, FileError
from ..core.files import write_atomically
from .creation import tensor
from .device import check_device
from .tree import Joiner, Separator

FORMAT, VERSION = "gradatim", "1"
PICKLES = (b"PK\x03\x04", *(b"\x80" + bytes([protocol]) for protocol in range(6)))

PICKLED = (
    "is a pickle or a zip of pickles, as torch.save writes. Unpickling can run arbitrary code, so "
    "it is never done. Where PyTorch is installed, convert it by "
    "safetensors.torch.save_file(state_dict, 'model.safetensors'), and load that file"
)


def save(obj: Any, f: Any) -> None:
    """Write tensors, numbers, strings and containers of them to a path or a binary file.

    State dicts of modules and optimisers are such containers. A file at a path is replaced
    atomically: it is the old or the new one, never a mixture. Tensors are written in C order; tied
    ones are stored once, and other views as independent tensors.

    Errors: TypeError for functions, modules and other objects, saying what to save instead;
    FileError if the folder is missing; OSError if writing fails.

    >>> import gradatim, io
    >>> file = io.BytesIO()
    >>> save({"step": 3, "weight": gradatim.ones(2)}, file)
    >>> _ = file.seek(0)
    >>> load(file)
    {'step': 3, 'weight': tensor([1., 1.])}
    """
    separator = Separator()
    try:
        tree = json.dumps(separator.json(obj, ""))
    except (TypeError, ArgumentError) as error:
        raise type(error)(f"save: {error}") from None
    except RecursionError:
        raise FileError("save: it is nested too deeply; make it flatter") from None
    texts = {"format": FORMAT, "version": VERSION, "tree": tree}
    texts["sha256"] = _checksum(VERSION, tree, separator.arrays)
    content = to_bytes(separator.arrays, texts)
    if hasattr(f, "write"):
        _write(f, content)
        return
    path = _path("save", f, "writing")
    if not path.parent.is_dir():
        raise FileError(f"save: there is no folder {str(path.parent)!r}; make it first")
    write_atomically(path, content)


def load(f: Any, map_location: Any = None, *, weights_only: bool | None = None) -> Any:
    """Read what `save` wrote from a path or a binary file; another safetensors file gives a dict.

    `map_location` may be anything PyTorch takes; all tensors are on the CPU. `weights_only` makes
    no difference: nothing but data is ever read.

    Errors: FileError for a pickle, which is never unpickled, and for a file that was altered,
    truncated or is of another format; OSError if it cannot be opened.
    """
    if not (map_location is None or callable(map_location) or isinstance(map_location, Mapping)):
        check_device(map_location)
    data, name = _read(f)
    try:
        return _value(*from_bytes(data))
    except (FileError, DTypeError, TypeError, ValueError, RecursionError) as error:
        why = PICKLED if data.startswith(PICKLES) else f"cannot be read: {error}"
        raise FileError(f"load: {name} {why}") from None


def _value(arrays: Arrays, texts: dict[str, str]) -> Any:
    if not {"tree", "sha256"} & set(texts):  # written by another program
        return {name: tensor(array) for name, array in arrays.items()}
    tree = texts.get("tree", "")
    whole = texts.get("format") == FORMAT
    if not whole or texts.get("sha256") != _checksum(texts.get("version", ""), tree, arrays):
        raise FileError("it was altered since it was saved: its checksum differs")
    if texts.get("version") != VERSION:
        raise FileError(
            f"it has version {texts.get('version')}, and this Gradatim reads {VERSION}; update "
            "Gradatim"
        )
    return Joiner(arrays).tree(json.loads(tree))


def _checksum(version: str, tree: str, arrays: Arrays) -> str:
    """The SHA-256 of the tree and of all arrays."""
    digest = hashlib.sha256(f"{version}\n{tree}".encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"\n{name}\n{array.dtype}\n{array.shape}\n".encode())
        digest.update(np.asarray(array, order="C").data)
    return digest.hexdigest()


def _write(f: Any, content: bytes) -> None:
    if isinstance(f, io.TextIOBase):
        raise TypeError("save: the file is open for text; open it with mode 'wb'")
    f.write(content)


def _read(f: Any) -> tuple[bytes, str]:
    if not hasattr(f, "read"):
        path = _path("load", f, "reading")
        return path.read_bytes(), str(path)
    data = f.read()
    if not isinstance(data, bytes):
        raise TypeError("load: the file is open for text; open it with mode 'rb'")
    return data, str(getattr(f, "name", "the file"))


def _path(name: str, f: Any, purpose: str) -> Path:
    if not isinstance(f, str | os.PathLike):
        raise TypeError(
            f"{name}: expects a path, or a file open for {purpose} bytes, got {type(f).__name__}"
        )
    return Path(f)
