"""Guards of many tensors, which are compared in one go, and of what is inside of tensors."""

from typing import Any

import pytest

import gradatim
from gradatim.autograd import Function
from gradatim.compiler.guards.watch import Watch
from gradatim.core.changes import ObservedDict

TABLES = {
    "silent": (dict, dict),
    "telling": (ObservedDict, ObservedDict),
    "telling of silent ones": (ObservedDict, dict),
    "silent of telling ones": (dict, ObservedDict),
}


def _many(tables: str = "silent") -> tuple[list[Any], dict[Any, dict[str, Any]]]:
    outer, inner = TABLES[tables]
    weights = [gradatim.full((2,), float(i)) for i in range(6)]
    state = outer((w, inner(m=gradatim.zeros(2), v=gradatim.ones(2))) for w in weights)
    return weights, state


_ALIVE: list[Any] = []


def _watched(weights: list[Any], state: dict[Any, dict[str, Any]]) -> Any:
    def step() -> Any:
        return sum((w * x).sum() for w in weights for x in state[w].values())

    _ALIVE[:] = [step]  # as a compiled function keeps its own alive
    with Watch(step) as watch:
        step()
    return watch.guards()


def _swap(items: list[Any]) -> None:
    items[0], items[1] = items[1], items[0]


def _exchange_keys(table: dict[Any, Any], a: Any, b: Any) -> None:
    items = [({a: b, b: a}.get(k, k), x) for k, x in table.items()]
    table.clear()
    table.update(items)


IN_MANY: dict[str, Any] = {
    "an equal one": lambda w, s: w.__setitem__(2, w[2].clone()),
    "another order": lambda w, s: _swap(w),
    "one more": lambda w, s: w.append(w[0]),
    "one less": lambda w, s: w.pop(),
    "no tensor": lambda w, s: w.__setitem__(0, None),
    "an array": lambda w, s: w.__setitem__(0, w[0].numpy()),
    "an equal one below": lambda w, s: s[w[3]].update(m=s[w[3]]["m"].clone()),
    "one more below": lambda w, s: s[w[3]].update(more=gradatim.ones(2)),
    "exchanged below": lambda w, s: s[w[3]].update(m=s[w[3]]["v"], v=s[w[3]]["m"]),
    "another order of a table": lambda w, s: s.__setitem__(w[0], s.pop(w[0])),
    "another key below": lambda w, s: s[w[3]].update(n=s[w[3]].pop("m")),
    "exchanged keys": lambda w, s: _exchange_keys(s, w[0], w[1]),
    "no table below": lambda w, s: s.__setitem__(w[3], None),
}


@pytest.mark.parametrize("tables", TABLES)
@pytest.mark.parametrize("change", IN_MANY)
def test_among_many_tensors_one_is_another(change: str, tables: str) -> None:
    weights, state = _many(tables)
    guards = _watched(weights, state)
    assert guards.changed() is None
    IN_MANY[change](weights, state)
    assert guards.changed() is not None


def _telling() -> dict[str, Any]:
    made: dict[str, Any] = ObservedDict(
        rate=0.5, pair=(gradatim.ones(1), [1.0]), names=["a"], below=ObservedDict(kinds={1}, n=1)
    )
    return made


IN_TELLING: dict[str, Any] = {
    "another number": lambda t: t.update(rate=0.25),
    "an equal number of another type": lambda t: t["below"].update(n=True),
    "an item of a list": lambda t: t["names"].__setitem__(0, "b"),
    "an item more in a list": lambda t: t["names"].append("b"),
    "in a list in a tuple": lambda t: t["pair"][1].__setitem__(0, 2.0),
    "another tuple": lambda t: t.update(pair=(gradatim.ones(1), [1.0])),
    "inside of a tensor in a tuple": lambda t: setattr(t["pair"][0], "data", gradatim.ones(1)),
    "in a set": lambda t: t["below"]["kinds"].add(2),
    "one more below": lambda t: t["below"].update(more=None),
    "a silent one instead": lambda t: t.update(below=dict(t["below"])),
}


@pytest.mark.parametrize("change", IN_TELLING)
def test_below_what_tells_of_its_changes_all_is_noticed(change: str) -> None:
    table = _telling()

    def step() -> Any:
        return [table["rate"], *table["pair"], *table["names"], *table["below"].values()]

    with Watch(step) as watch:
        step()
    guards = watch.guards()
    assert guards.changed() is None
    ObservedDict(news=1).clear()
    assert guards.changed() is None
    assert guards.changed() is None
    IN_TELLING[change](table)
    assert guards.changed() is not None


def test_an_equal_table_in_its_place_may_be_silent_and_counts_as_another() -> None:
    tables = [_telling()]

    def step() -> Any:
        return tables[0]["rate"]

    with Watch(step) as watch:
        step()
    guards = watch.guards()
    tables[0] = ObservedDict(tables[0])
    assert guards.changed() == "tables[0] is another ObservedDict than before"
    tables[0] = dict(tables[0])
    assert guards.changed() == "tables[0] changed from a ObservedDict to a dict"


class _Same(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(1)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return grad


INSIDE: dict[str, Any] = {
    "wants a gradient": lambda x: x.requires_grad_(),
    "other memory": lambda x: setattr(x, "data", gradatim.ones(2, 3)),
    "turned": lambda x: x.t_(),
    "longer": lambda x: x.unsqueeze_(0),
    "written with history": lambda x: x.copy_(gradatim.ones(2, 3, requires_grad=True) * 2),
    "in a view": lambda x: x[0].copy_(gradatim.ones(3, requires_grad=True) * 2),
    "by an operation of somebody's": lambda x: _Same.apply(x.mul_(_wanting())),
    "no longer wants one": lambda x: (x.requires_grad_(), x.requires_grad_(False), x.t_()),
}


def _wanting() -> Any:
    return gradatim.ones((), requires_grad=True)


@pytest.mark.parametrize("change", INSIDE)
def test_a_tensor_that_becomes_another_inside_is_noticed(change: str) -> None:
    x = gradatim.zeros(2, 3)

    def step() -> Any:
        return x.sum()

    with Watch(step) as watch:
        step()
    guards = watch.guards()
    assert guards.changed() is None
    INSIDE[change](x)
    assert guards.changed() is not None


def test_a_leaf_that_is_cut_off_or_no_longer_wants_a_gradient_is_noticed() -> None:
    for change in (lambda x: x.requires_grad_(False), lambda x: x.detach_()):
        x = gradatim.zeros(2, requires_grad=True)

        def step(x: Any = x) -> Any:
            return x.sum()

        with Watch(step) as watch:
            step()
        guards = watch.guards()
        assert guards.changed() is None
        gradatim.ones(1).requires_grad_()  # somebody else's business
        assert guards.changed() is None
        change(x)
        assert "requires_grad changed from True to False" in str(guards.changed())


@pytest.mark.parametrize("name", ["register_hook", "register_post_accumulate_grad_hook"])
def test_hooks_that_come_and_go_are_noticed(name: str) -> None:
    x = gradatim.zeros(2, requires_grad=True)

    def step() -> Any:
        return x.sum()

    with Watch(step) as watch:
        step()
    guards = watch.guards()
    hook = getattr(x, name)(lambda x: None)
    assert guards.changed() == "x has other hooks than before"
    hook.remove()
    assert guards.changed() is None


def test_what_a_hook_reads_is_guarded() -> None:
    x, scales = gradatim.ones(2, requires_grad=True), [2.0]
    x.register_hook(lambda grad: grad * scales[0])

    def step() -> Any:
        x.grad = None
        x.sum().backward()

    compiled = gradatim.compile(step)
    compiled()
    assert x.grad.tolist() == [2, 2]
    scales[0] = 3.0
    with pytest.warns(UserWarning, match="changed from 2.0 to 3.0"):
        compiled()
    assert x.grad.tolist() == [3, 3]
