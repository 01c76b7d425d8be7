"""In-place forms: values and gradients as PyTorch's, and what they refuse."""

import inspect

import numpy as np
import pytest

import gradatim
from gradatim.autograd import gradcheck, gradgradcheck
from tests._tensor.pytorch_programs import check, every_program_of


@every_program_of("inplace")
def test_writes_as_pytorch_does(program: str) -> None:
    check(program)


def leaf(*numbers: float) -> gradatim.Tensor:
    return gradatim.tensor(list(numbers), dtype=gradatim.float64, requires_grad=True)


# -- every form ----------------------------------------------------------------------------------

FORMS = {
    name: getattr(gradatim.Tensor, name)
    for name in dir(gradatim.Tensor)
    if name.endswith("_") and not name.endswith("__") and hasattr(gradatim.Tensor, name[:-1])
}
THREE = gradatim.full((2, 2), 0.3, dtype=gradatim.float64)
CALLS = {
    "add_": (0.5,),
    "addcdiv_": (THREE, THREE),
    "addcmul_": (THREE, THREE),
    "arctan2_": (THREE,),
    "atan2_": (THREE,),
    "clamp_": (-0.2, 0.4),
    "clamp_max_": (0.4,),
    "clamp_min_": (-0.2,),
    "clip_": (-0.2, 0.4),
    "cumprod_": (1,),
    "cumsum_": (0,),
    "div_": (2.0,),
    "divide_": (2.0,),
    "eq_": (0.5,),
    "floor_divide_": (0.3,),
    "fmod_": (0.3,),
    "ge_": (0.5,),
    "greater_": (0.5,),
    "greater_equal_": (0.7,),
    "gt_": (0.5,),
    "heaviside_": (THREE,),
    "hypot_": (THREE,),
    "index_add_": (1, gradatim.tensor([0, 0]), gradatim.ones(2, 2, dtype=gradatim.float64)),
    "index_copy_": (1, gradatim.tensor([1]), gradatim.ones(2, 1, dtype=gradatim.float64)),
    "index_fill_": (1, gradatim.tensor([1]), 3.0),
    "index_put_": (([0, 1], [1, 0]), gradatim.ones(2, dtype=gradatim.float64)),
    "le_": (0.5,),
    "lerp_": (gradatim.ones(2, 2, dtype=gradatim.float64), 0.3),
    "less_": (0.5,),
    "less_equal_": (0.45,),
    "logical_and_": (gradatim.tensor([True, False]),),
    "logical_or_": (gradatim.tensor([True, False]),),
    "logical_xor_": (gradatim.tensor([True, False]),),
    "lt_": (0.5,),
    "masked_fill_": (gradatim.tensor([True, False]), 2.0),
    "masked_scatter_": (
        gradatim.tensor([True, False]),
        gradatim.ones(2, dtype=gradatim.float64),
    ),
    "mul_": (3.0,),
    "multiply_": (3.0,),
    "ne_": (0.5,),
    "not_equal_": (0.3,),
    "pow_": (2,),
    "put_": (gradatim.tensor([3]), gradatim.ones(1, dtype=gradatim.float64)),
    "remainder_": (0.3,),
    "scatter_": (1, gradatim.tensor([[1]]), 4.0),
    "scatter_add_": (1, gradatim.tensor([[1]]), gradatim.ones(1, 1, dtype=gradatim.float64)),
    "scatter_reduce_": (
        1,
        gradatim.tensor([[1, 1]]),
        gradatim.ones(1, 2, dtype=gradatim.float64),
        "mean",
    ),
    "sub_": (0.5,),
    "subtract_": (0.5,),
    "xlogy_": (THREE,),
    "swapaxes_": (0, 1),
    "swapdims_": (0, 1),
    "transpose_": (0, 1),
    "true_divide_": (2.0,),
    "unsqueeze_": (0,),
}
ELSEWHERE = {"bernoulli_", "detach_", "requires_grad_"}  # these do more, and have their own tests


@pytest.mark.parametrize("name", sorted(FORMS.keys() - ELSEWHERE))
def test_a_form_is_its_operation_written_in_place(name: str) -> None:
    numbers = [[0.3, 0.7], [0.45, 0.9]]
    start = gradatim.tensor(numbers, dtype=gradatim.float64, requires_grad=True)
    there = gradatim.tensor(numbers, dtype=gradatim.float64, requires_grad=True)
    arguments = CALLS.get(name, ())
    x = start * 1
    memory = x.data_ptr()
    assert getattr(x, name)(*arguments) is x
    expected = getattr(there * 1, name[:-1])(*arguments).double()
    assert x.data_ptr() == memory
    np.testing.assert_array_equal(x.detach().numpy(), expected.detach().numpy())
    if expected.requires_grad:
        x.sum().backward()
        expected.sum().backward()
        np.testing.assert_array_equal(start.grad.numpy(), there.grad.numpy())


@pytest.mark.parametrize("name", ["add_", "clamp_", "scatter_"])
def test_a_form_has_the_signature_of_its_operation(name: str) -> None:
    plain = inspect.signature(getattr(gradatim.Tensor, name[:-1]))
    assert inspect.signature(FORMS[name]) == plain
    assert FORMS[name].__name__ == name
    assert FORMS[name].__doc__.startswith(f"`{name[:-1]}`")


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="alhpa"):
        gradatim.ones(2).add_(1, alhpa=2)


def test_an_operand_of_another_kind_gets_its_turn() -> None:
    class Other:
        def __radd__(self, other: object) -> str:
            return "mine"

    x = gradatim.ones(2)
    x += Other()
    assert x == "mine"


# -- gradients -----------------------------------------------------------------------------------


def test_second_derivatives() -> None:
    def f(x: gradatim.Tensor) -> gradatim.Tensor:
        y = x.exp().clone()
        y.mul_(y).sin_()
        y[0] *= x[1]
        y.view(-1)[1:].add_(x[:-1]).pow_(2)
        return y.tanh_()

    x = leaf(0.3, -0.4, 0.5)
    assert gradcheck(f, (x,))
    assert gradgradcheck(f, (x,))


def test_what_the_same_operation_saved_is_kept() -> None:
    x = leaf(2.0, 3.0)
    y = x * 1
    y.mul_(y)  # its gradient needs what it overwrites
    y.log2_()  # made of two operations; the first saves what the second overwrites
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 / (np.log(2) * np.array([2.0, 3.0])))


@pytest.mark.parametrize(
    "write",
    [
        lambda y: y.add_(1),
        lambda y: y[:1].zero_(),
        lambda y: y.detach().mul_(2),
        lambda y: y.view(1, 2)[0].copy_(gradatim.zeros(2)),
        lambda y: y.__setitem__(0, 5),
        lambda y: y.__setitem__([0], 5.0),
        lambda y: y.__setitem__(y.detach() > 0, 5),
    ],
)
def test_a_saved_value_that_was_overwritten_raises_at_backward(write) -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y * y
    write(y)
    with pytest.raises(RuntimeError, match="MulBackward0 needs an input of shape .*overwritten"):
        z.sum().backward()


def test_a_result_its_own_gradient_needs_raises_too() -> None:
    x = leaf(1.0, 2.0)
    y = x.exp()
    y += 1
    with pytest.raises(RuntimeError, match="ExpBackward0 needs its result.*overwritten"):
        y.sum().backward()


def test_what_no_gradient_needs_may_be_overwritten() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    z = y + 1
    y.zero_()
    z.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_indices_are_saved_too() -> None:
    x = leaf(1.0, 2.0)
    places = gradatim.tensor([0, 1])
    y = x[places]
    places += 1
    with pytest.raises(RuntimeError, match="overwritten"):
        y.sum().backward()


def test_an_overwritten_tensor_forgets_where_it_came_from() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = x * 2
    y.copy_(w * 5)
    y.sum().backward()
    assert w.grad.tolist() == [5, 5]
    assert x.grad.tolist() == [0, 0]


def test_training_by_hand() -> None:
    x = leaf(5.0, -3.0)
    for _ in range(3):
        x.grad = None
        (x * x).sum().backward()
        x.data -= 0.25 * x.grad
    for _ in range(3):
        x.grad = None
        (x * x).sum().backward()
        with gradatim.no_grad():
            x -= 0.25 * x.grad
    np.testing.assert_allclose(x.detach().numpy(), np.array([5.0, -3.0]) / 64)
    assert x.is_leaf
    assert x.requires_grad


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.add_(1),
        lambda x: x[0].zero_(),
        lambda x: x.__setitem__(0, 1),
        lambda x: x.__setitem__([0], 1),
        lambda x: x.view(1, 2).mul_(2),
        lambda x: x.unsqueeze_(0),
        lambda x: x.copy_(gradatim.zeros(2)),
    ],
)
def test_a_leaf_that_requires_grad_is_not_written(write) -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"leaf tensor that requires grad.*no_grad\(\)"):
        write(x)
    assert x.tolist() == [1, 2]
    with gradatim.no_grad():
        write(x)


def test_the_shape_stays() -> None:
    x = gradatim.zeros(3)
    with pytest.raises(RuntimeError, match=r"add_: .* broadcast shape \[2, 3\].* shape \[3\]"):
        x += gradatim.zeros(2, 3)
    with pytest.raises(RuntimeError, match=r"\[3\] and \[4\] do not broadcast"):
        x += gradatim.zeros(4)


def test_the_dtype_stays() -> None:
    x = gradatim.tensor([1, 2])
    for write in (lambda: x.add_(0.5), lambda: x.div_(2), x.exp_, lambda: x.clamp_(0.5)):
        with pytest.raises(RuntimeError, match="is float32 and can't be cast to .* int64"):
            write()
    assert x.tolist() == [1, 2]
    y = gradatim.ones(2)
    y += gradatim.ones(2, dtype=gradatim.float64)
    assert y.dtype == gradatim.float32


def test_expanded_memory_is_not_written() -> None:
    x = gradatim.zeros(1).expand(3)
    for write in (lambda: x.add_(1), lambda: x.fill_(1), lambda: x.__setitem__([0], 1)):
        with pytest.raises(RuntimeError, match=r"elements .* share one memory location.*clone\(\)"):
            write()


def test_fill_takes_one_number() -> None:
    x = gradatim.zeros(2)
    with pytest.raises(RuntimeError, match=r"fill_: needs a number or a 0-d tensor, got .*\[2\]"):
        x.fill_(gradatim.ones(2))
    with pytest.raises(RuntimeError, match="boolean masks, but got mask with dtype float32"):
        x.masked_fill_(x, 0)
    with pytest.raises(TypeError, match="can't assign a str"):
        x.fill_("a")


# -- the shape changed in place ------------------------------------------------------------------


def test_views_and_history_survive_a_change_of_shape_in_place() -> None:
    x = gradatim.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    y = x * 1
    row = y[1]
    y.t_()
    assert y.shape == (3, 2)
    row.mul_(10)  # a view from before
    y[0] = 0
    y.unsqueeze_(0).squeeze_()
    (y * row[1]).sum().backward()
    assert y.tolist() == [[0, 0], [2, 50], [3, 60]]
    assert row.tolist() == [0, 50, 60]
    assert x.grad.tolist() == [[0, 50, 50], [0, 500 + 115 * 10, 500]]


def test_a_parameter_stays_one_when_its_shape_changes() -> None:
    x = gradatim.ones(2, 3, requires_grad=True)
    with gradatim.no_grad():
        x.t_()
    (x * gradatim.arange(2)).sum().backward()
    assert x.grad.tolist() == [[0, 1], [0, 1], [0, 1]]


def test_a_copy_onto_itself_changes_nothing_and_is_refused_where_another_would_be():
    y = leaf(1.0, 2.0) * 2
    assert y.copy_(y) is y
    y.sum().backward()
    x = leaf(1.0, 2.0)
    for part in (x, x[:1]):
        with pytest.raises(RuntimeError, match="a leaf tensor that requires grad"):
            part.copy_(part)
    with gradatim.no_grad():
        assert x.copy_(x).tolist() == [1.0, 2.0]
