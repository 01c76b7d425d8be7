"""Compiled modules: machine code when they are called, and the modules they are in all else."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import weakref
from typing import Any, ClassVar

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.core.errors import ArgumentError


def made() -> Any:
    g.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))


def both(make: Any = made) -> list[Any]:
    """The compiled form of a module, and a module that was compiled in place."""
    itself = make()
    itself.compile()
    return [g.compile(make()), itself]


def same(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-5, atol=1e-6)


def test_it_is_a_module_and_one_of_its_class() -> None:
    for model in both():
        assert isinstance(model, nn.Module)
        assert isinstance(model, nn.Sequential)
        assert len(model) == 3
        assert model[0].in_features == 3
        assert "Sequential(\n  (0): Linear(in_features=3" in repr(model)
        assert [*model.state_dict()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
        assert [name for name, _ in model.named_parameters()] == [*model.state_dict()]
        assert [*model.children()] == [model[0], model[1], model[2]]


def test_both_forms_are_one_module() -> None:
    plain = made()
    model = g.compile(plain)
    assert model.function is plain
    model.eval()
    assert not plain.training
    assert not plain[1].training
    model.note = "kept"
    assert plain.note == "kept"
    model[0].weight = nn.Parameter(g.zeros(4, 3))
    assert plain[0].weight is model[0].weight
    plain.register_buffer("scale", g.ones(1))
    assert "scale" in model.state_dict()
    del model.note
    assert not hasattr(plain, "note")
    model.load_state_dict({k: v * 0 for k, v in plain.state_dict().items()})
    assert plain.scale.item() == 0
    assert model.double() is model
    assert plain[0].weight.dtype == g.float64


def test_it_computes_what_the_module_computes() -> None:
    for model in both():
        model.eval()
        plain, x = made().eval(), g.randn(5, 3)
        for _ in range(2):
            model(x).square().sum().backward()
        for _ in range(2):
            plain(x).square().sum().backward()
        same(model(x), plain(x))
        for a, b in zip(model.parameters(), plain.parameters(), strict=True):
            same(a.grad, b.grad)
        model.zero_grad()
        assert all(p.grad is None for p in model.parameters())
        with g.no_grad():
            model[0].weight.zero_()
            plain[0].weight.zero_()
            same(model(x), plain(x))
        assert len(model.variants) == 2  # with gradients and without


def test_new_parameters_settings_and_hooks_count_at_the_next_call() -> None:
    x = g.ones(2, 3)
    for model in both():
        model.eval()
        before = model(x)
        model[0].weight = nn.Parameter(g.zeros(4, 3))
        with pytest.warns(UserWarning, match="so Sequential is traced again"):
            after = model(x)
        assert (before != after).any()
        removable = model.register_forward_hook(lambda module, args, result: result * 0)
        model[2].register_forward_hook(lambda module, args, result: result + 1)
        assert model(x).tolist() == [[0, 0], [0, 0]]
        assert model.history[-1].endswith(" has other hooks than before")
        removable.remove()
        same(model(x), after + 1)


def test_a_training_loop_as_everybody_writes_it() -> None:
    def run(compiled: bool) -> list[float]:
        model = made().eval()
        model = g.compile(model) if compiled else model
        optimizer, losses = optim.AdamW(model.parameters(), lr=0.1), []
        x, y = g.arange(24.0).reshape(8, 3) / 24, g.arange(8) % 2
        for _ in range(5):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    np.testing.assert_allclose(run(compiled=True), run(compiled=False), rtol=1e-5)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = made(), nn.Linear(2, 1)
        self.export = 3

    def forward(self, x: Any, *, twice: bool = False) -> Any:
        y = self.head(self.body(x))
        return (y, y * 2) if twice else y


def test_inside_a_larger_module_keys_are_the_plain_ones() -> None:
    net, plain = Net().eval(), Net().eval()
    keys, x = [*net.state_dict()], g.ones(2, 3)
    net.body = g.compile(net.body)
    assert [*net.state_dict()] == keys
    plain.load_state_dict(net.state_dict())
    net(x).sum().backward()
    plain(x).sum().backward()
    for a, b in zip(net.parameters(), plain.parameters(), strict=True):
        same(a.grad, b.grad)
    assert "(body): CompiledSequential(" in repr(net)
    net.train()
    assert net.body.function.training
    assert net.body.function[1].training
    assert [*net.body.variants] != []


def test_in_another_compiled_function_it_is_part_of_that() -> None:
    net = Net().eval()
    net.body = g.compile(net.body)
    optimizer = optim.SGD(net.parameters(), lr=0.1)

    @g.compile
    def step(x: Any) -> Any:
        loss = net(x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    losses = [step(g.ones(2, 3)).item() for _ in range(3)]
    assert losses[2] < losses[0]
    assert net.body.variants == {}
    assert "product" in step.explain(stage="schedule")
    net.body.train()
    with pytest.warns(UserWarning, match="training changed"):
        step(g.ones(2, 3))


def test_what_the_module_has_of_its_own_comes_first() -> None:
    for net in both(Net):
        assert net.export == 3
        net.history = ["mine"]
        assert net.history == ["mine"]
        first, second = net.eval()(g.ones(2, 3), twice=True)
        same(first * 2, second)
        assert "x" in net.explain(g.ones(2, 3), stage="trace")


def test_copies_are_on_their_own() -> None:
    for model in both():
        model.eval()
        want = model(g.ones(1, 3))
        for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert type(twin) is type(model)
            same(twin(g.ones(1, 3)), want)
            with g.no_grad():
                twin[0].weight.zero_()
            same(model(g.ones(1, 3)), want)


def test_copies_of_a_compiled_form_are_compiled_those_of_a_module_compiled_in_place_are_not() -> (
    None
):
    form, itself = both()
    assert copy.deepcopy(form).variants == {}
    for twin in (copy.deepcopy(itself), copy.copy(itself), pickle.loads(pickle.dumps(itself))):
        assert not hasattr(twin, "variants")
        twin.compile()
        assert twin.eval()(g.ones(1, 3)).shape == (1, 2)
        assert len(twin.variants) == 1
    assert itself.variants == {}


def test_slots_are_copied_too() -> None:
    for compiles in (False, True):
        model = Slotted()
        if compiles:
            model.compile()
        assert copy.copy(model)(g.ones(2)).tolist() == [2, 2]


def test_a_part_that_was_compiled_in_place_is_part_of_a_larger_program() -> None:
    net = Net().eval()
    net.body.compile()
    step = g.compile(lambda x: net(x).sum())
    x = g.ones(2, 3)
    for _ in range(3):
        same(step(x), net(x).sum())
        net.body(x)
    assert step.history == ["first call"]
    assert len(net.body.variants) == 1


def test_what_is_compiled_already_stays_so() -> None:
    model, itself = both()
    assert g.compile(model) is model
    assert g.compile(itself) is itself
    itself(g.ones(2, 3))
    itself.compile()
    assert len(itself.variants) == 1


def test_the_compiled_form_of_a_module_that_is_compiled_itself_later() -> None:
    model = made()
    form = g.compile(model)
    model.compile()
    with pytest.raises(ArgumentError, match="is the compiled form of a module, which still"):
        form.compile(disable=True)
    model.compile(disable=True)
    assert type(model) is nn.Sequential
    same(form.eval()(g.ones(1, 3)), model(g.ones(1, 3)))


def test_its_class_makes_modules_as_they_are_written() -> None:
    for model in both(lambda: nn.Linear(2, 3)):
        assert type(type(model)(4, out_features=5)) is nn.Linear


def test_classes_are_derived_from_the_class_of_a_module_not_from_that_of_its_compiled_form() -> (
    None
):
    form, itself = both(lambda: nn.Linear(2, 3))
    assert type(itself) is nn.Linear
    with pytest.raises(TypeError, match="derive it from Linear itself, and compile the modules"):
        type("Other", (type(form),), {})


def test_what_a_class_is_told_of_classes_derived_from_it_is_not_told_of_compiled_ones() -> None:
    class Scaled(nn.Module):
        known: ClassVar[list[str]] = []

        def __init_subclass__(cls, *, by: int) -> None:
            cls.known.append(cls.__name__)
            cls.by = by  # type: ignore[attr-defined]

        def forward(self, x: Any) -> Any:
            return self.by * x  # type: ignore[attr-defined]

    class Thrice(Scaled, by=3):
        pass

    for model in both(Thrice):
        same(model(g.ones(2)), 3 * g.ones(2))
        assert isinstance(model, Thrice)
    assert Scaled.known == ["Thrice"]


class Writes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.next = nn.Embedding(5, 5)

    def forward(self, x: Any) -> Any:
        return self.next(x).argmax(-1)

    def write(self, count: int) -> list[int]:
        text = [0]
        for _ in range(count):
            text.append(self(g.tensor(text))[-1].item())
        return text

    def train(self, mode: bool = True) -> Any:
        return super().train(mode)


def test_methods_of_its_own_run_as_written() -> None:
    model = g.compile(Writes())
    assert len(model.write(4)) == 5
    assert model.variants == {}
    assert model.eval() is model.train() is model
    assert model(g.tensor([0, 1])).tolist() == model.forward(g.tensor([0, 1])).tolist()
    assert len(model.variants) == 1


class Slotted(nn.Module):
    __slots__ = ("width",)

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "width", 2)

    def forward(self, x: Any) -> Any:
        return x * self.width


def test_a_module_with_slots_is_compiled_as_a_function() -> None:
    program = g.compile(Slotted())
    assert not isinstance(program, nn.Module)
    assert program(g.ones(2)).tolist() == [2, 2]


# -- who keeps whom --------------------------------------------------------------------------------


class Method(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = made()

    @g.compile
    def step(self, x: Any) -> Any:
        return self.body(x).sum()


def in_place() -> Any:
    model = made()
    model.compile()
    return model, model


def with_a_method() -> Any:
    model = Method()
    return model, model.step


@pytest.mark.parametrize("make", [lambda: [g.compile(made())] * 2, in_place, with_a_method])
def test_what_is_compiled_goes_at_once_with_its_last_user(make: Any) -> None:
    gc.collect()
    gc.disable()
    try:
        model, call = make()
        call(g.ones(2, 3)).sum().backward()
        call(g.ones(4, 3))
        with g.no_grad():
            call(g.ones(2, 3))
        there = [weakref.ref(p) for p in model.parameters()]
        del model, call
        assert [r() for r in there] == [None] * 4
    finally:
        gc.enable()


def test_a_compiled_method_keeps_its_object() -> None:
    model = Method().eval()
    assert model.step == model.step != Method().step
    assert len({model.step, model.step}) == 1
    assert [*inspect.signature(model.step).parameters] == ["x"]
    want, step, kept = model.step(g.ones(2, 3)).item(), model.step, weakref.ref(model)
    del model
    assert step(g.ones(2, 3)).item() == want
    assert len(step.variants) == 1
    assert step.function.__self__ is kept()
    twin = copy.copy(kept())
    assert twin.step.function.__self__ is twin
    itself = made()
    itself.compile()
    explain = itself.explain
    del itself
    assert "matmul" in explain(g.ones(2, 3), stage="trace")
