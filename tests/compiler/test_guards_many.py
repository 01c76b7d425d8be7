"""Guards of many tensors, which are compared in one go, and of what is inside of tensors."""

from typing import Any

import pytest

import gradatim
from gradatim.autograd import Function
from gradatim.compiler.guards import Watch


def _many() -> tuple[list[Any], dict[Any, dict[str, Any]]]:
    weights = [gradatim.full((2,), float(i)) for i in range(6)]
    state = {w: {"m": gradatim.zeros(2), "v": gradatim.ones(2)} for w in weights}
    return weights, state


def _watched(weights: list[Any], state: dict[Any, dict[str, Any]]) -> Any:
    def step() -> Any:
        return sum((w * x).sum() for w in weights for x in state[w].values())

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


@pytest.mark.parametrize("change", IN_MANY)
def test_among_many_tensors_one_is_another(change: str) -> None:
    weights, state = _many()
    guards = _watched(weights, state)
    assert guards.changed() is None
    IN_MANY[change](weights, state)
    assert guards.changed() is not None


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
