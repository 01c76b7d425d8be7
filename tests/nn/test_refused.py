"""What does not fit is refused in a line that names the operation, the shapes and the place."""

import re

import pytest

import gradatim as g
from gradatim import nn
from gradatim.nn import functional as F

REFUSED = {
    "linear: input [2, 3] and weight [4, 5] do not fit: the last dimension of input is 3, "
    "dimension 1 of weight is 5; they must be equal": lambda: F.linear(g.ones(2, 3), g.ones(4, 5)),
    "linear: expects input (..., n) and weight (m, n), got [] and [4, 5]": lambda: F.linear(
        g.tensor(1.0), g.ones(4, 5)
    ),
    "linear: bias has shape [3], weight [4, 5]: dimension 0 of both": lambda: F.linear(
        g.ones(2, 5), g.ones(4, 5), g.ones(3)
    ),
    "linear: input has dtype gradatim.int64 and weight gradatim.float32": lambda: nn.Linear(3, 2)(
        g.tensor([1, 2, 3])
    ),
    "embedding: index 27 is out of range: the table has 27 rows, 0 to 26": lambda: nn.Embedding(
        27, 2
    )(g.tensor([[3, 27]])),
    "embedding: index -1 is out of range": lambda: nn.Embedding(27, 2)(g.tensor(-1)),
    "embedding: indices must be integers, got gradatim.float32": lambda: nn.Embedding(27, 2)(
        g.ones(1)
    ),
    "embedding: weight must be (V, D), got [3]": lambda: F.embedding(g.tensor(0), g.ones(3)),
    "embedding: sparse=True is not supported: gradients are dense": lambda: F.embedding(
        g.tensor(0), g.ones(3, 1), sparse=True
    ),
    "Embedding: sparse=True is not supported": lambda: nn.Embedding(3, 1, sparse=True),
    "Embedding: the weight must have shape [3, 1], got [3, 2]": lambda: nn.Embedding(
        3, 1, _weight=g.ones(3, 2)
    ),
    "padding_idx 5 must be within the 3 rows": lambda: nn.Embedding(3, 1, padding_idx=5),
    "target 4 is out of range: there are 4 classes, 0 to 3": lambda: F.cross_entropy(
        g.ones(3, 4), g.tensor([0, 4, -100])
    ),
    "target -1 is out of range": lambda: F.cross_entropy(g.ones(2, 4), g.tensor([-1, 0])),
    "target 9 is out of range: there are 2 classes": lambda: F.nll_loss(
        g.ones(1, 2), g.tensor([9])
    ),
    "target 3 is out of range: there are 3 classes": lambda: F.one_hot(g.tensor([3]), 3),
    "cross_entropy: input [3, 4] has its classes in dimension 1 and needs a target of shape [3], "
    "got [2]: dimension 0 of target is 2, input needs 3": lambda: F.cross_entropy(
        g.ones(3, 4), g.tensor([0, 1])
    ),
    "nll_loss: input [2, 4, 3] has its classes in dimension 1 and needs a target of shape [2, 3], "
    "got [2]: target should have 2 dimensions, it has 1": lambda: F.nll_loss(
        g.ones(2, 4, 3), g.tensor([0, 1])
    ),
    "cross_entropy with probabilities: input has shape [3, 4] and target [3, 2]": lambda: (
        F.cross_entropy(g.ones(3, 4), g.ones(3, 2))
    ),
    "cross_entropy: target must hold classes as integers, got gradatim.bool": lambda: (
        F.cross_entropy(g.ones(1, 2), g.tensor([True]))
    ),
    "cross_entropy: input must be floating, got gradatim.int64": lambda: F.cross_entropy(
        g.tensor([[1, 2]]), g.tensor([0])
    ),
    "cross_entropy: input [2, 0] has no classes, its dimension 1 is empty": lambda: F.cross_entropy(
        g.ones(2, 0), g.tensor([0, 0])
    ),
    "nll_loss: input [2, 0, 3] has no classes": lambda: g.compile(F.nll_loss)(
        g.ones(2, 0, 3), g.zeros(2, 3, dtype=g.int64)
    ),
    "cross_entropy: input needs a dimension of classes": lambda: F.cross_entropy(
        g.tensor(1.0), g.tensor(0)
    ),
    "weight should have one element for each of the 4 classes, got shape [3]": lambda: (
        F.cross_entropy(g.ones(2, 4), g.tensor([0, 1]), g.ones(3))
    ),
    "label_smoothing must be between 0.0 and 1.0, got 2": lambda: F.cross_entropy(
        g.ones(1, 2), g.tensor([0]), label_smoothing=2
    ),
    'avg is not a valid value for reduction; use "none", "mean", "sum"': lambda: nn.MSELoss(
        reduction="avg"
    )(g.ones(1), g.ones(1)),
    "one_hot: classes must be integers": lambda: F.one_hot(g.ones(1)),
    "one_hot: an empty tensor has no largest class": lambda: F.one_hot(g.tensor([]).long()),
    "one_hot: num_classes must be positive, got 0": lambda: F.one_hot(g.tensor([0]), 0),
    "binary_cross_entropy: input has shape [2] and target [2, 1]; they must be equal: 1 dimensions "
    "against 2": lambda: F.binary_cross_entropy(g.ones(2), g.ones(2, 1)),
    "binary_cross_entropy_with_logits: input has shape [2, 3] and target [2, 1]; they must be "
    "equal: dimension 1 is 3 against 1": lambda: F.binary_cross_entropy_with_logits(
        g.ones(2, 3), g.ones(2, 1)
    ),
    "all elements of input should be between 0 and 1": lambda: F.binary_cross_entropy(
        g.tensor([1.5]), g.ones(1)
    ),
    "gaussian_nll_loss: var has shape [2] and input [3, 4]": lambda: F.gaussian_nll_loss(
        g.ones(3, 4), g.ones(3, 4), g.ones(2)
    ),
    "var has negative entry/entries": lambda: F.gaussian_nll_loss(
        g.ones(1), g.ones(1), g.tensor([-1.0])
    ),
    "mse_loss: shapes [2, 3] and [2] do not broadcast": lambda: F.mse_loss(g.ones(2, 3), g.ones(2)),
    "smooth_l1_loss: beta must not be negative": lambda: F.smooth_l1_loss(
        g.ones(1), g.ones(1), beta=-1
    ),
    "huber_loss: delta must be positive": lambda: F.huber_loss(g.ones(1), g.ones(1), delta=0),
    "entropy: probabilities must be floating": lambda: F.entropy(g.tensor([1, 2])),
    "Fan in and fan out can not be computed": lambda: nn.init.xavier_uniform_(g.zeros(3)),
    "divides by fan_in + fan_out, which is 0 for shape [0, 0]": lambda: nn.init.xavier_normal_(
        g.zeros(0, 0)
    ),
    "Unsupported nonlinearity swoosh; use one of leaky_relu, linear": lambda: (
        nn.init.calculate_gain("swoosh")
    ),
    "negative_slope x not a valid number": lambda: nn.init.calculate_gain("leaky_relu", "x"),
    'Mode fan not supported, please use one of "fan_in", "fan_out"': lambda: (
        nn.init.kaiming_normal_(g.zeros(2, 2), mode="fan")
    ),
    "orthogonal_: needs at least 2 dimensions": lambda: nn.init.orthogonal_(g.zeros(3)),
    "eye_: expects a matrix": lambda: nn.init.eye_(g.zeros(3)),
    "the vector has 3 elements, the parameters 2": lambda: nn.utils.vector_to_parameters(
        g.zeros(3), [g.zeros(2)]
    ),
    "from_pretrained: embeddings must be (V, D)": lambda: nn.Embedding.from_pretrained(g.zeros(2)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_the_message(message):
    with pytest.raises((RuntimeError, ValueError, IndexError), match=re.escape(message)):
        REFUSED[message]()


def test_pytorchs_warnings_are_given():
    with pytest.warns(UserWarning, match="Using a target size .* that is different to the input"):
        F.mse_loss(g.ones(2, 3), g.ones(3))
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax"):
        assert F.softmax(g.zeros(2, 4)).tolist() == [[0.25] * 4] * 2
    with pytest.warns(UserWarning, match="'mean' divides the total loss by both"):
        F.kl_div(g.zeros(2), g.ones(2))
    with pytest.warns(UserWarning, match="zero-element tensors is a no-op"):
        nn.init.kaiming_uniform_(g.zeros(0, 2))
