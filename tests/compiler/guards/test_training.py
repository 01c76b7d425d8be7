"""A training step is guarded: its modules, tensors and settings; and guards have manners."""

import copy
import cProfile
import gc
import sys
import weakref

import pytest

import gradatim as g
from gradatim import nn, optim
from gradatim.compiler.guards.watch import Watch
from gradatim.core.changes import changes
from gradatim.nn import functional as F


def guards_of(function):
    """The guards of one call, which changes nothing that is read."""
    with Watch(function) as watch:
        function()
    guards = watch.guards()
    assert guards.changed() is None
    assert not watch.changed_by_trace
    return guards


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
        self.head = nn.Linear(3, 3)
        self.scale = 2.0
        self.act = F.relu

    def forward(self, x):
        x = self.body(x * self.scale)
        return self.head(self.act(x) if self.training else x)


def trained(make):
    model = Net()
    optimizer = make(model.parameters())
    x, y = g.ones(5, 4), g.zeros(5).long()

    def step():
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    step()
    return model, optimizer, step


MAKERS = {
    "sgd": lambda ps: optim.SGD(ps, lr=0.1, weight_decay=0.1),
    "momentum": lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9),
    "adam": lambda ps: optim.Adam(ps, lr=0.1),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_training_step_stays_itself(name):
    model, optimizer, step = trained(MAKERS[name])
    guards = guards_of(step)
    for rate in (0.2, 0.3):
        step()
        model.zero_grad()
        for group in optimizer.param_groups:
            group["lr"] = rate  # lives in a tensor: no reason for a new trace
        assert guards.changed() is None


def test_what_makes_another_program_of_a_training_step():
    model, optimizer, step = trained(MAKERS["sgd"])
    guards = guards_of(step)

    def change(owner, name, value):
        before = getattr(owner, name)
        setattr(owner, name, value)
        told = guards.changed()
        setattr(owner, name, before)
        assert guards.changed() is None
        return told

    assert change(model, "scale", 3.0) == "model.scale changed from 2.0 to 3.0"
    assert change(model, "training", False) == "model.training changed from True to False"
    assert change(model.body, "training", False) == "model.body.training changed from True to False"
    assert change(model, "act", F.tanh) == "model.act is another function than before"
    assert change(model, "head", nn.Linear(3, 3)) == "model.head is another Linear than before"
    assert change(model, "head", nn.Tanh()) == "model.head changed from a Linear to a Tanh"
    weight = nn.Parameter(g.ones(3, 3))
    assert change(model.head, "weight", weight) == "model.head.weight is another tensor than before"
    memory = g.ones(3, 3)
    assert (
        change(model.head.weight, "data", memory)
        == "model.head.weight has other memory than before"
    )
    assert change(model.head.bias, "requires_grad", False) == (
        "model.head.bias.requires_grad changed from True to False"
    )
    model.head.bias.requires_grad_(True)
    model.forward = lambda x: x
    assert guards.changed() == "model.forward is no longer that of the class"
    del model.forward

    optimizer.param_groups[0]["weight_decay"] = 0.0
    assert guards.changed() == ('optimizer.param_groups[0]["weight_decay"] changed from 0.1 to 0.0')
    optimizer.param_groups[0]["weight_decay"] = 0.1
    model.body.append(nn.Tanh())
    assert guards.changed() == "model.body got '3'"


def test_numbers_of_tensors_that_python_read():
    _, optimizer, step = trained(MAKERS["sgd"])
    dampening, rest = optimizer.param_groups[0].tensor("dampening"), g.arange(3)
    with Watch(step) as watch:
        step()
    looked = [(dampening, dampening.numpy().copy()), (rest, rest.numpy().copy())]
    guards = watch.guards(looked)
    assert guards.changed() is None
    rest[0] = 5
    assert guards.changed() == "the numbers of a tensor changed"
    rest[0] = 0
    optimizer.param_groups[0]["dampening"] = 0.9
    assert guards.changed() == (
        'the numbers of optimizer.param_groups[0]["dampening"] changed from 0.0 to 0.9'
    )


# -- manners --------------------------------------------------------------------------------------


def test_guards_keep_no_model_alive():
    model = Net()
    places = {"model": model}
    refer = weakref.ref(model)

    def step():
        return places["model"](g.ones(1, 4))

    guards = guards_of(step)
    gc.collect()
    gc.disable()
    try:
        del model
        places["model"] = None
        assert refer() is None
    finally:
        gc.enable()
    assert guards.changed() == 'places["model"] changed from a Net to None'


def test_a_profiler_that_was_there_goes_on():
    seen = []

    def profiler(frame, event, argument):
        seen.append(frame.f_code.co_name)

    def named_for_the_profiler():
        return 1

    sys.setprofile(profiler)
    try:
        with Watch(named_for_the_profiler):
            named_for_the_profiler()
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    assert "named_for_the_profiler" in seen


def test_pythons_own_profiler_is_put_back():
    def step():
        return 1

    profiler = cProfile.Profile()
    with profiler:
        before = sys.getprofile()
        with Watch(step):
            step()
        assert sys.getprofile() is before
    assert sys.getprofile() is None


def test_an_error_in_the_trace_ends_the_watch():
    with pytest.raises(KeyError), Watch(print):
        raise KeyError
    assert sys.getprofile() is None


def test_momentum_that_begins_later_and_then_changes_is_compiled_once_more():
    def losses(compiled):
        g.manual_seed(0)
        layer, x = nn.Linear(3, 2), g.ones(5, 3)
        optimizer = optim.SGD(layer.parameters(), lr=0.1)

        def step():
            optimizer.zero_grad()
            loss = layer(x).square().mean()
            loss.backward()
            optimizer.step()
            return loss

        run = g.compile(step) if compiled else step
        found = []
        for momentum in (0.0, 0.9, 0.5, 0.7):
            if momentum:
                optimizer.param_groups[0]["momentum"] = momentum
            found += [run().item() for _ in range(2)]
        return found, getattr(run, "history", [])

    want, _ = losses(compiled=False)
    with pytest.warns(UserWarning, match="got 'momentum_buffer', so step is traced again"):
        got, history = losses(compiled=True)
    assert got == pytest.approx(want, rel=1e-5)
    assert len(history) == 2


STATES = {
    "its step": lambda o, p: o.state[p].update(step=g.tensor(7.0, dtype=g.float64)),
    "a moment": lambda o, p: o.state[p].__setitem__("exp_avg", g.ones(3)),
    "numbers in a moment": lambda o, p: o.state[p]["exp_avg"].fill_(2.0),
    "all of one": lambda o, p: o.state.update({p: {k: x + 1 for k, x in o.state[p].items()}}),
    "all of it": lambda o, p: setattr(
        o, "state", {q: {k: x * 2 for k, x in s.items()} for q, s in o.state.items()}
    ),
    "saved and loaded": lambda o, p: o.load_state_dict(copy.deepcopy(o.state_dict())),
    "another's": lambda o, p: o.load_state_dict(_other_state(o)),
    "a group more": lambda o, p: o.add_param_group({"params": [p.other], "lr": 0.5}),
    "a setting": lambda o, p: o.param_groups[0].update(weight_decay=0.25),
    "a list of parameters": lambda o, p: o.param_groups[0]["params"].pop(),
    "a moment's memory": lambda o, p: setattr(o.state[p]["exp_avg"], "data", g.ones(3)),
}


def _other_state(optimizer):
    saved = copy.deepcopy(optimizer.state_dict())
    saved["state"][0]["exp_avg"] += 1
    return saved


@pytest.mark.filterwarnings("ignore:gradatim.compile")
@pytest.mark.parametrize("change", STATES)
def test_whatever_is_done_to_an_optimizers_state_counts_in_the_next_step(change):
    def weights(*, compiled):
        ps = [g.tensor([1.0, -2.0, i], requires_grad=True) for i in (3.0, 4.0)]
        ps[0].other = g.tensor([5.0, 6.0, 7.0], requires_grad=True)
        optimizer = optim.AdamW(ps, lr=0.1)

        def step():
            optimizer.zero_grad()
            sum((p * p).sum() for p in (*ps, ps[0].other)).backward()
            optimizer.step()

        run = g.compile(step) if compiled else step
        found = []
        for i in range(6):
            if i in (2, 4) and not (i == 4 and change == "a group more"):
                STATES[change](optimizer, ps[0])
            run()
            found += [p.tolist() for p in (*ps, ps[0].other)]
        return found

    want = weights(compiled=False)
    got = weights(compiled=True)
    for one, other in zip(got, want, strict=True):
        assert one == pytest.approx(other, rel=1e-5)


def test_a_schedule_is_no_news_to_programs():
    optimizer = optim.AdamW([g.ones(2, requires_grad=True)], lr=0.1)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=9)
    before = changes.latest
    for _ in range(3):
        optimizer.step()
        schedule.step()
        optimizer.param_groups[0]["betas"] = (0.8, 0.9)
    assert changes.latest == before


def test_a_state_that_becomes_a_plain_dictionary_is_asked_about_again():
    ps = [g.ones(3, requires_grad=True) for _ in range(4)]
    optimizer = optim.Adagrad(ps, lr=0.1)

    def step():
        optimizer.zero_grad()
        sum((p * p).sum() for p in ps).backward()
        optimizer.step()

    run = g.compile(step)
    run()
    optimizer.state[ps[0]] = dict(optimizer.state[ps[0]])
    with pytest.warns(UserWarning, match="is traced again"):
        run()
    optimizer.state[ps[0]]["sum"] = optimizer.state[ps[0]]["sum"].clone()
    run()
    assert optimizer.state[ps[0]]["sum"].tolist() == optimizer.state[ps[1]]["sum"].tolist()
