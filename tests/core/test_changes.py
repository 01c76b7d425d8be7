"""A dictionary that tells of its changes is like any other besides."""

import copy
import pickle

import pytest

from gradatim.core.changes import ObservedDict, changes


def made():
    return ObservedDict(a=1, b=[2])


def _refused(table, items):
    with pytest.raises(ValueError, match="dictionary update"):
        table.update(items)


CHANGES = {
    "set": lambda d: d.__setitem__("a", 2),
    "added": lambda d: d.__setitem__("c", 2),
    "deleted": lambda d: d.__delitem__("a"),
    "updated": lambda d: d.update({"a": 5}),
    "updated by name": lambda d: d.update(a=5),
    "merged": lambda d: d.__ior__({"c": 1}),
    "popped": lambda d: d.pop("a"),
    "popped last": lambda d: d.popitem(),
    "a default": lambda d: d.setdefault("c", 1),
    "emptied": lambda d: d.clear(),
    "filled again": lambda d: d.__init__(c=3),
    "in part": lambda d: _refused(d, [("a", 7), "no pair"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_changes_like_a_dictionary_and_tells(change):
    table, plain, before = made(), dict(made()), changes.latest
    CHANGES[change](table)
    CHANGES[change](plain)
    assert table == plain != made()
    assert list(table) == list(plain)
    assert changes.latest > before


def test_what_changes_nothing_is_no_news():
    table = made()
    before = changes.latest
    table["a"] = table["a"]
    assert table["b"] == table.get("b") == [2]
    assert dict(table) | {"c": 1} == {"a": 1, "b": [2], "c": 1}
    assert [*table.items()] == [("a", 1), ("b", [2])]
    with pytest.raises(TypeError):
        table[[]] = 1
    assert changes.latest == before


def test_it_looks_like_a_dictionary_and_is_copied_like_one():
    table = made()
    assert isinstance(table, dict)
    assert repr(table) == "{'a': 1, 'b': [2]}"
    for twin in (copy.copy(table), copy.deepcopy(table), pickle.loads(pickle.dumps(table))):
        assert twin == table
        assert type(twin) is ObservedDict
    assert copy.copy(table)["b"] is table["b"]
    assert copy.deepcopy(table)["b"] is not table["b"]
