import pytest

import gradatim as g
from gradatim import optim
from gradatim.core.errors import ArgumentError
from gradatim.optim import lr_scheduler as S


def optimizer(lr=1.0):
    return optim.SGD([g.zeros(1, requires_grad=True)], lr=lr, momentum=0.5)


def rates(o, schedule, steps):
    seen = []
    for _ in range(steps):
        seen.append(o.param_groups[0]["lr"])
        o.step()
        schedule.step()
    return seen


MAKERS = [
    lambda o: S.LambdaLR(o, lambda step: 0.9**step),
    lambda o: S.StepLR(o, 2),
    lambda o: S.MultiStepLR(o, [1, 4]),
    lambda o: S.ConstantLR(o),
    lambda o: S.LinearLR(o),
    lambda o: S.ExponentialLR(o, 0.8),
    lambda o: S.CosineAnnealingLR(o, 6),
    lambda o: S.WarmupCosineLR(o, 3, 9),
    lambda o: S.MultiplicativeLR(o, lambda step: 0.9),
    lambda o: S.PolynomialLR(o, 8, 2.0),
    lambda o: S.CosineAnnealingWarmRestarts(o, 2, 2),
    lambda o: S.CyclicLR(o, 0.1, 1.0, 3, mode="triangular2"),
    lambda o: S.ChainedScheduler([S.ConstantLR(o, 0.5, 7), S.ExponentialLR(o, 0.5)]),
    lambda o: S.OneCycleLR(o, 1.0, total_steps=12),
    lambda o: S.SequentialLR(o, [S.LinearLR(o), S.ExponentialLR(o, 0.5)], [4]),
]


@pytest.mark.parametrize("make", MAKERS)
def test_going_on_from_a_state_dict_is_never_having_stopped(make):
    whole = optimizer()
    expected = rates(whole, make(whole), 10)
    first = optimizer()
    schedule = make(first)
    seen = rates(first, schedule, 5)
    second = optimizer()
    other = make(second)
    other.load_state_dict(schedule.state_dict())
    second.load_state_dict(first.state_dict())
    second.step()
    assert seen + rates(second, other, 5) == pytest.approx(expected, abs=1e-15)
    assert other.get_last_lr() == [second.param_groups[0]["lr"]]


def test_warm_up_rises_to_the_rate_and_the_cosine_falls_to_its_part():
    o = optimizer(lr=2.0)
    seen = rates(o, S.WarmupCosineLR(o, warmup=4, total_steps=12, final_fraction=0.25), 15)
    assert seen[:5] == [0.5, 1.0, 1.5, 2.0, 2.0]
    assert seen[8] == pytest.approx(2 * (0.25 + 0.75 / 2))
    assert seen[12:] == [0.5] * 3
    assert seen[4:] == sorted(seen[4:], reverse=True)


def test_restarts_may_be_asked_for_by_a_part_of_an_epoch():
    o = optimizer()
    schedule = S.CosineAnnealingWarmRestarts(o, 2, 2)
    o.step()
    seen = []
    for epoch in (0, 0.5, 1, 1.5, 2, 4, 5.9, 6):
        schedule.step(epoch)
        seen.append(o.param_groups[0]["lr"])
    assert seen == pytest.approx([1, 0.8535534, 0.5, 0.1464466, 1, 0.5, 0.0015413, 1], abs=1e-6)
    assert schedule.last_epoch == 6
    with pytest.raises(ArgumentError, match="Expected non-negative epoch, but got -1"):
        schedule.step(-1)


def test_schedules_before_their_optimizer_are_warned_of():
    o = optimizer()
    schedule = S.StepLR(o, 2)
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`"):
        schedule.step()


def test_resuming_needs_the_first_rate():
    o = optimizer()
    with pytest.raises(KeyError, match="'initial_lr' is not specified in param_groups"):
        S.StepLR(o, 2, last_epoch=3)
    S.StepLR(o, 2)
    assert S.StepLR(o, 2, last_epoch=3).last_epoch == 4


def test_a_plateau_goes_on_from_its_state_dict():
    def seen(schedule, losses):
        for loss in losses:
            schedule.step(g.tensor(loss))
            yield schedule.get_last_lr()[0]

    losses = [1.0, 0.9, 0.9, 0.9, 0.95, 0.3, 0.3, 0.3, 0.3]
    whole = list(seen(S.ReduceLROnPlateau(optimizer(), patience=1, factor=0.5), losses))
    o = optimizer()
    schedule = S.ReduceLROnPlateau(o, patience=1, factor=0.5)
    first = list(seen(schedule, losses[:4]))
    other = S.ReduceLROnPlateau(o, mode="max", patience=7)
    other.load_state_dict(schedule.state_dict())
    assert first + list(seen(other, losses[4:])) == whole
    assert whole[0] == 1.0
    assert whole[-1] == 0.25


def test_a_plateau_knows_the_groups_that_came_later():
    o = optimizer()
    one, each = S.ReduceLROnPlateau(o, patience=0), S.ReduceLROnPlateau(o, patience=0, min_lr=[0])
    o.add_param_group({"params": [g.zeros(1, requires_grad=True)], "lr": 0.5})
    for loss in (1.0, 2.0):
        one.step(loss)
    assert one.get_last_lr() == pytest.approx([0.1, 0.05])
    each.step(1.0)
    with pytest.raises(ArgumentError, match="has 2 groups now, and min_lrs is for 1"):
        each.step(2.0)


REFUSED = {
    "factor should be < 1.0, got 1": lambda: S.ReduceLROnPlateau(optimizer(), factor=1),
    "mode 'least' is unknown; use 'min' or 'max'": lambda: S.ReduceLROnPlateau(
        optimizer(), "least"
    ),
    "threshold_mode 'x' is unknown": lambda: S.ReduceLROnPlateau(optimizer(), threshold_mode="x"),
    "expected 1 min_lrs, one for each group, got 2": lambda: S.ReduceLROnPlateau(
        optimizer(), min_lr=[0.1, 0.2]
    ),
    "str is not an Optimizer": lambda: S.ReduceLROnPlateau("SGD"),
    "int is not an Optimizer": lambda: S.StepLR(3, 2),
    "Expected 1 lr_lambdas, but got 2": lambda: S.LambdaLR(optimizer(), [abs, abs]),
    "expected to be between 0 and 1, got 2": lambda: S.ConstantLR(optimizer(), factor=2),
    "Starting multiplicative factor": lambda: S.LinearLR(optimizer(), start_factor=0),
    "Ending multiplicative factor": lambda: S.LinearLR(optimizer(), end_factor=2),
    "warmup must lie between 0 and total_steps": lambda: S.WarmupCosineLR(optimizer(), 5, 4),
    "expects at least one scheduler": lambda: S.SequentialLR(optimizer(), [], []),
    "one scheduler more than milestones": lambda: S.SequentialLR(
        o := optimizer(), [S.StepLR(o, 1)], [2]
    ),
    "belong to the same optimizer": lambda: S.SequentialLR(
        optimizer(), [S.StepLR(optimizer(), 1)], []
    ),
    "either total_steps OR": lambda: S.OneCycleLR(optimizer(), 0.1),
    "expected positive integers": lambda: S.OneCycleLR(optimizer(), 0.1, total_steps=0),
    "Expected float between 0 and 1 pct_start": lambda: S.OneCycleLR(
        optimizer(), 0.1, 5, pct_start=2
    ),
    "one of 'cos' or 'linear'": lambda: S.OneCycleLR(optimizer(), 0.1, 5, anneal_strategy="sin"),
    "expected 1 values for max_lr, got 2": lambda: S.OneCycleLR(optimizer(), [0.1, 0.2], 5),
    "StepLR: step_size must be at least 1, got 0": lambda: S.StepLR(optimizer(), 0),
    "CosineAnnealingLR: T_max must be at least 1, got 0": lambda: S.CosineAnnealingLR(
        optimizer(), 0
    ),
    "ChainedScheduler expects at least one": lambda: S.ChainedScheduler([]),
    "the one at index 1 does not": lambda: S.ChainedScheduler(
        [S.StepLR(optimizer(), 1), S.StepLR(optimizer(), 1)]
    ),
    "T_mult must be a whole number from 1 up, got 0": lambda: S.CosineAnnealingWarmRestarts(
        optimizer(), 3, 0
    ),
    'mode is "triangular", "triangular2" or "exp_range"': lambda: S.CyclicLR(
        optimizer(), 0.1, 1.0, mode="square"
    ),
    "CyclicLR: step_size_up must be at least 1, got 0": lambda: S.CyclicLR(optimizer(), 0.1, 1, 0),
    "Cyclic: int is not": lambda: S.MultiplicativeLR(3, abs),
    "OneCycle: int": lambda: S.OneCycleLR(3, 0.1, 5),
}


@pytest.mark.parametrize("message", REFUSED)
def test_the_message(message):
    with pytest.raises((ValueError, TypeError)) as error:
        REFUSED[message]()
    assert message.removeprefix("Cyclic: ").rpartition("OneCycle: ")[2] in str(error.value)


def test_one_cycle_ends_where_it_said():
    o = optimizer()
    schedule = S.OneCycleLR(o, 1.0, total_steps=3)
    rates(o, schedule, 3)
    with pytest.raises(ValueError, match="Tried to step 4 times"):
        schedule.step()


def test_a_rise_of_one_step_or_of_all_is_one_too():
    o = optimizer()
    short = rates(o, S.OneCycleLR(o, 1.0, total_steps=10, pct_start=0.1), 9)
    assert short[0] == 1.0
    assert short == sorted(short, reverse=True)
    o = optimizer()
    long = rates(o, S.OneCycleLR(o, 1.0, total_steps=10, pct_start=1.0), 10)
    assert long == sorted(long)
    assert long[-1] == pytest.approx(1.0)


def test_a_rate_of_zero_in_the_beginning_comes_back():
    o = optimizer()
    first = o.param_groups[0]["lr"]
    assert rates(o, S.ConstantLR(o, 0.0, total_iters=2), 4) == [0.0, 0.0, first, first]


def test_one_cycle_needs_momentum_or_betas_to_cycle():
    class Plain(optim.Optimizer):
        def init_state(self, p, group):
            return {}

    plain = Plain([g.zeros(1, requires_grad=True)], {"lr": 0.1})
    with pytest.raises(ValueError, match="must support momentum or beta1"):
        S.OneCycleLR(plain, 0.1, total_steps=3)


def test_schedules_that_follow_another_one_leave_it_its_initial_rate():
    """PyTorch's rates: CyclicLR has its own base rate, MultiplicativeLR goes on from the last."""
    o = optimizer(lr=0.5)
    schedule = S.SequentialLR(o, [S.ConstantLR(o, 0.5, 3), S.CyclicLR(o, 0.1, 1.0, 3)], [4])
    assert rates(o, schedule, 6) == pytest.approx([0.25, 0.25, 0.25, 0.5, 0.1, 0.4])
    o = optimizer(lr=0.5)
    shrinking = S.MultiplicativeLR(o, lambda step: 0.9)
    schedule = S.SequentialLR(o, [S.ConstantLR(o, 0.5, 2), shrinking], [3])
    assert rates(o, schedule, 5) == pytest.approx([0.25, 0.25, 0.5, 0.45, 0.405])
