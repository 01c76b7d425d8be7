"""One call of a function under watch, and the guards that it leaves."""

from gradatim.compiler.guards.watch import Watch

_ALIVE = []


def watched(function, *arguments, **named):
    """The guards of one call, and what the call changed itself."""
    _ALIVE[:] = [function]  # as a compiled function keeps its own alive
    with Watch(function, named) as watch:
        function(*arguments, *named.values())
    return watch.guards(), watch.changed_by_trace


def guards_of(function, *arguments, **named):
    guards, changed = watched(function, *arguments, **named)
    assert guards.changed() is None
    assert not changed
    return guards


class Bag:
    """An object of the user's."""

    def __init__(self, **names):
        self.__dict__.update(names)
