import copy
import math

import numpy as np
import pytest

import gradatim as g
from gradatim import nn, optim


def leaf(*values):
    return g.tensor([float(v) for v in values], requires_grad=True)


def go(optimizer, p, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        ((p - 3) ** 2).sum().backward()
        optimizer.step()


def make(kind, p, **settings):
    return getattr(optim, kind)([p], lr=0.1, **settings)


KINDS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adagrad", {"lr_decay": 0.01}),
    ("Adadelta", {}),
]
FAST = [kind for kind in KINDS if kind[0] not in ("Adagrad", "Adadelta")]
kinds = pytest.mark.parametrize(("kind", "settings"), KINDS, ids=str)


@pytest.mark.parametrize(("kind", "settings"), FAST, ids=str)
def test_it_finds_the_minimum(kind, settings):
    p = leaf(0, 10)
    go(make(kind, p, **settings), p, 400)
    assert p.tolist() == pytest.approx([3.0, 3.0], abs=0.05)


@kinds
def test_going_on_from_a_state_dict_is_never_having_stopped(kind, settings):
    p = leaf(0, 10)
    optimizer = make(kind, p, **settings)
    go(optimizer, p, 5)
    q = p.detach().clone().requires_grad_()
    other = make(kind, q, **{**settings, **({"betas": (0.5, 0.5)} if "Adam" in kind else {})})
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    go(optimizer, p, 5)
    go(other, q, 5)
    assert q.tolist() == p.tolist()


@kinds
def test_the_state_of_a_parameter_is_read_by_its_names(kind, settings):
    p, q = leaf(0, 10), leaf(0, 10)
    optimizer, other = make(kind, p, **settings), make(kind, q, **settings)
    go(optimizer, p, 5)
    go(other, q, 5)
    other.state[q] = {**dict(reversed(other.state[q].items())), "a note": 1}
    go(optimizer, p, 5)
    go(other, q, 5)
    assert q.tolist() == p.tolist()


@kinds
def test_an_empty_state_begins_anew(kind, settings):
    p, q = leaf(0, 10), leaf(0, 10)
    used, fresh = make(kind, p, **settings), make(kind, q, **settings)
    empty = {**copy.deepcopy(fresh.state_dict()), "state": {}}
    go(used, p, 5)
    with g.no_grad():
        p.copy_(q)
    used.load_state_dict(empty)
    go(used, p, 3)
    go(fresh, q, 3)
    assert p.tolist() == q.tolist()


@kinds
def test_state_is_there_from_the_beginning_and_written_in_place(kind, settings):
    p = leaf(0, 10)
    optimizer = make(kind, p, **settings)
    memory = p.detach().numpy()
    before = optimizer.state_dict()["state"]
    go(optimizer, p, 2)
    after = optimizer.state_dict()["state"]
    assert before.keys() == after.keys()
    for name, value in before.get(0, {}).items():
        assert after[0][name] is value
    assert memory.tolist() == p.tolist()  # NumPy's view of the parameter stays valid


def test_the_state_dict_has_pytorchs_form():
    p = leaf(1)
    optimizer = optim.AdamW([p], lr=0.1)
    go(optimizer, p, 2)
    state = optimizer.state_dict()
    assert list(state) == ["state", "param_groups"]
    assert list(state["state"][0]) == ["step", "exp_avg", "exp_avg_sq"]
    assert state["state"][0]["step"].item() == 2
    assert state["state"][0]["step"].dtype == g.float64
    (group,) = state["param_groups"]
    assert group["params"] == [0]
    assert group["betas"] == (0.9, 0.999)
    assert group["lr"] == 0.1


def test_rates_are_read_and_written_as_floats():
    p = leaf(0)
    optimizer = make("SGD", p)
    group = optimizer.param_groups[0]
    tensor = group.tensor("lr")
    group["lr"] *= 10
    assert group["lr"] == 1.0
    assert group.tensor("lr") is tensor  # so that a compiled step sees the new rate
    assert tensor.dtype == g.float64
    group["lr"] = g.tensor(0.5, dtype=g.float64)
    assert group["lr"] == 0.5
    go(optimizer, p, 1)
    assert p.tolist() == [3.0]
    group["note"] = "mine"
    assert dict(group)["note"] == "mine"
    assert "lr" in group
    del group["note"]
    assert "note" not in group
    assert group.get("note", 7) == 7


@pytest.mark.parametrize("kind", ["SGD", "RMSprop"])
def test_momentum_can_be_turned_on_later(kind):
    p, q = leaf(0), leaf(0)
    optimizer, from_the_first = make(kind, p), make(kind, q, momentum=0.9)
    optimizer.param_groups[0]["momentum"] = 0.9
    go(optimizer, p, 3)
    go(from_the_first, q, 3)
    assert p.tolist() == q.tolist()
    late = make(kind, p)
    go(late, p, 1)
    late.param_groups[0]["momentum"] = 0.9
    go(late, p, 1)
    assert "momentum_buffer" in late.state_dict()["state"][0]


def test_a_cycle_may_begin_the_momentum():
    p = leaf(0)
    optimizer = make("RMSprop", p)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=4)
    for _ in range(3):
        go(optimizer, p, 1)
        schedule.step()
    assert p.isfinite().all()
    assert optimizer.param_groups[0]["momentum"] == pytest.approx(0.95, abs=0.02)


class Heavy(optim.Optimizer):
    """As one writes it for PyTorch: a step of its own, state when it is first needed."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @g.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["step"], state["mean"] = 0, g.zeros_like(p)
                state["step"] += 1
                state["mean"].mul_(0.5).add_(p.grad, alpha=0.5)
                p.add_(state["mean"], alpha=-group["lr"])


def test_an_optimizer_written_for_pytorch_works(recwarn):
    p, q = leaf(0, 10), leaf(0, 10)
    optimizer = Heavy([p], lr=0.2)
    schedule = optim.lr_scheduler.StepLR(optimizer, 100)
    for _ in range(100):
        go(optimizer, p, 1)
        schedule.step()
    assert p.tolist() == pytest.approx([3.0, 3.0], abs=0.05)
    other = Heavy([q], lr=0.1)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert other.state[q]["step"] == 100
    assert other.param_groups[0]["lr"] == pytest.approx(0.02)
    assert not recwarn


def test_an_optimizer_without_an_update_says_so():
    class Nothing(optim.Optimizer):
        pass

    with pytest.raises(NotImplementedError, match="Nothing has neither an update nor a step"):
        go(Nothing([p := leaf(1)], {}), p, 1)


def test_parameters_without_a_gradient_are_left_alone():
    p, q = leaf(1), leaf(1)
    optimizer = optim.AdamW([p, q], lr=0.1)
    p.sum().backward()
    optimizer.step()
    assert q.tolist() == [1.0]
    assert optimizer.state_dict()["state"][1]["step"].item() == 0


def test_a_closure_computes_the_loss_with_gradients_on():
    p = leaf(0)
    optimizer = make("SGD", p)

    def closure():
        optimizer.zero_grad()
        loss = ((p - 3) ** 2).sum()
        loss.backward()
        return loss

    with g.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert p.item() == pytest.approx(0.6)


def test_gradients_are_forgotten_or_filled_with_zeros():
    p = leaf(1)
    optimizer = make("SGD", p)
    p.sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0.0]
    optimizer.zero_grad()
    assert p.grad is None


def test_a_gradient_that_is_filled_with_zeros_is_the_same_tensor():
    for make in (lambda p: optim.SGD([p], lr=0.1), lambda p: nn.ParameterList([p])):
        p = nn.Parameter(g.ones(2))
        (p**3).sum().backward(create_graph=True)
        grad = p.grad
        make(p).zero_grad(set_to_none=False)
        assert p.grad is grad
        assert (grad.tolist(), grad.requires_grad) == ([0, 0], False)


def test_steps_are_not_recorded():
    p = leaf(1)
    optimizer = optim.SGD([p], lr=0.1, momentum=0.9, weight_decay=0.1)
    (p * p).sum().backward(create_graph=True)
    optimizer.step()
    assert p.is_leaf
    assert not optimizer.state_dict()["state"][0]["momentum_buffer"].requires_grad


def test_an_old_graph_of_a_stepped_parameter_is_refused():
    p = leaf(1)
    loss = (p * p).sum()
    p.grad = g.ones(1)
    make("SGD", p).step()
    with pytest.raises(RuntimeError, match="overwritten in place"):
        loss.backward()


@pytest.mark.parametrize("dtype", [g.float32, g.float64])
@pytest.mark.parametrize("shape", [(), (3,), (70_000,), (2, 0)])
def test_every_shape_and_dtype_steps_alike(shape, dtype):
    start = (g.arange(math.prod(shape)) % 7).to(dtype).reshape(shape)
    for kind, settings in KINDS:
        p = start.clone().requires_grad_()
        optimizer = getattr(optim, kind)([p], lr=0.1, **settings)
        p.grad = g.ones(shape, dtype=dtype)
        optimizer.step()
        assert p.dtype == dtype
        flat = p.detach().reshape(-1)
        one = g.arange(7).to(dtype).requires_grad_()
        few = getattr(optim, kind)([one], lr=0.1, **settings)
        one.grad = g.ones(7, dtype=dtype)
        few.step()
        expected = one.detach().numpy()[np.arange(flat.numel()) % 7]
        np.testing.assert_allclose(flat.numpy(), expected, rtol=1e-6)


def test_a_transposed_parameter_is_stepped():
    p = g.zeros(2, 3).T.requires_grad_()
    for kind, settings in KINDS:
        p.grad = g.ones(3, 2)
        getattr(optim, kind)([p], lr=0.1, **settings).step()
    assert (p < 0).all()


def test_it_reads_as_in_pytorch():
    assert repr(optim.SGD([leaf(1)], lr=0.1)).splitlines()[:3] == [
        "SGD (",
        "Parameter Group 0",
        "    dampening: 0",
    ]


REFUSED = {
    "should be an iterable of Tensors or dicts, but got": lambda: optim.SGD(leaf(1), lr=0.1),
    "optimizer got an empty parameter list": lambda: optim.SGD([], lr=0.1),
    "Invalid learning rate: -1": lambda: optim.SGD([leaf(1)], lr=-1),
    "Invalid momentum value: -1": lambda: optim.SGD([leaf(1)], momentum=-1),
    "Invalid weight_decay value: -1": lambda: optim.Adam([leaf(1)], weight_decay=-1),
    "Invalid epsilon value: -1": lambda: optim.Adam([leaf(1)], eps=-1),
    "Invalid beta parameter at index 1: 1.0": lambda: optim.AdamW([leaf(1)], betas=(0.9, 1.0)),
    "Invalid learning rate: nan": lambda: optim.Adam([leaf(1)], lr=math.nan),
    "Invalid alpha value: -1": lambda: optim.RMSprop([leaf(1)], alpha=-1),
    "Invalid lr_decay value: -1": lambda: optim.Adagrad([leaf(1)], lr_decay=-1),
    "Invalid rho value: 1.5": lambda: optim.Adadelta([leaf(1)], rho=1.5),
    "Invalid eta values: 1.5, 1.2": lambda: optim.Rprop([leaf(1)], etas=(1.5, 1.2)),
    "Nesterov momentum requires a momentum": lambda: optim.SGD([leaf(1)], nesterov=True),
    "`fused` and `foreach` cannot be": lambda: optim.Adam([leaf(1)], fused=True, foreach=True),
    "`fused` does not support": lambda: optim.SGD([leaf(1)], fused=True, differentiable=True),
    "can't optimize a non-leaf Tensor": lambda: optim.SGD([leaf(1) * 2]),
    "one of the params is int": lambda: optim.SGD([3]),
    "ordered collections": lambda: optim.SGD([{"params": {leaf(1)}}]),
    "appear in more than one parameter group": lambda: optim.SGD(
        [{"params": [p := leaf(1)]}, {"params": [p]}]
    ),
    "param_group must be a dict": lambda: optim.SGD([leaf(1)]).add_param_group([leaf(1)]),
    "different number of parameter groups: 0": lambda: optim.SGD([leaf(1)]).load_state_dict(
        {"param_groups": []}
    ),
    "but got Linear; write model.parameters()": lambda: optim.SGD(nn.Linear(1, 1), lr=0.1),
    "Invalid learning rate: expects a number, got str": lambda: optim.SGD([leaf(1)], lr="0.1"),
    "betas: expects two numbers, got 0.9": lambda: optim.Adam([leaf(1)], betas=0.9),
    "param_group has no 'params', only ['lr']": lambda: optim.SGD([{"lr": 1}], lr=0.1),
    "expects 'state' and 'param_groups'": lambda: optim.SGD([leaf(1)]).load_state_dict({}),
    "doesn't match the size of optimizer's group: 2 against 1": lambda: optim.SGD(
        [leaf(1)]
    ).load_state_dict(optim.SGD([leaf(1), leaf(2)]).state_dict()),
    "'exp_avg' has shape [2], this optimizer's [1]": lambda: optim.Adam([leaf(1)]).load_state_dict(
        optim.Adam([leaf(1, 2)]).state_dict()
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_the_message(message):
    with pytest.raises((ValueError, TypeError)) as error:
        REFUSED[message]()
    assert message in str(error.value)


@pytest.mark.parametrize("amsgrad", [False, True])
def test_small_parameters_are_updated_together_with_the_bits_of_each_alone(amsgrad):
    g.manual_seed(0)
    shapes = [(3,), (), (2, 3), (0,), (100, 100), (4, 5)]
    start = [g.randn(shape) for shape in shapes]
    together, alone = ([x.clone().requires_grad_() for x in start] for _ in range(2))
    # One that lies in memory otherwise, and one that waits a step, whose count is another then.
    together[2] = start[2].t().contiguous().t().detach().requires_grad_()
    optimizers = [optim.AdamW([*together], amsgrad=amsgrad)]
    optimizers += [optim.AdamW([x], amsgrad=amsgrad) for x in alone]
    for step in range(3):
        for a, b in zip(together, alone, strict=True):
            is_late = a is together[5] and not step
            gradient = None if is_late else g.randn(a.shape)
            a.grad = b.grad = gradient
        for optimizer in optimizers:
            optimizer.step()
    for a, b in zip(together, alone, strict=True):
        assert a.tolist() == b.tolist()
    states = [s for optimizer in optimizers[1:] for s in optimizer.state.values()]
    for ours, theirs in zip(optimizers[0].state.values(), states, strict=True):
        assert [x.tolist() for x in ours.values()] == [x.tolist() for x in theirs.values()]


@pytest.mark.parametrize(("kind", "name"), [("Adam", "exp_avg"), ("Adam", "step"), ("SGD", None)])
def test_two_parameters_may_share_a_state_and_are_updated_one_after_the_other(kind, name):
    """As a loop over them does it, which PyTorch's own updates are."""

    def weights(groups):
        ps = [leaf(1, 2), leaf(-3, 0.5)]
        settings = {"momentum": 0.9} if kind == "SGD" else {}
        optimizer = getattr(optim, kind)(groups(ps), lr=0.1, **settings)
        of = name or "momentum_buffer"
        optimizer.state[ps[1]][of] = optimizer.state[ps[0]][of]
        for _ in range(3):
            optimizer.zero_grad()
            sum((p * p).sum() for p in ps).backward()
            optimizer.step()
        return [p.tolist() for p in ps]

    assert weights(list) == weights(lambda ps: [{"params": [p]} for p in ps])


def test_a_parameter_given_twice_is_updated_once():
    p = leaf(1)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = optim.SGD([p, p], lr=0.1)
    p.sum().backward()
    optimizer.step()
    assert p.tolist() == pytest.approx([0.9])


def test_a_pytorch_state_goes_on(tmp_path):
    p = leaf(1)
    optimizer = optim.SGD([p], lr=0.1, momentum=0.5, dampening=0.5)
    state = optimizer.state_dict()
    theirs = {**state, "state": {0: {"momentum_buffer": g.tensor([2.0])}}}  # no word of a beginning
    optimizer.load_state_dict(theirs)
    p.grad = g.tensor([1.0])
    optimizer.step()
    assert p.item() == pytest.approx(1 - 0.1 * (0.5 * 2 + 0.5 * 1))


def test_models_are_trained_by_generators_of_parameters():
    net = nn.Linear(1, 1)
    optimizer = optim.Adam(net.parameters())
    assert len(optimizer.param_groups[0]["params"]) == 2
