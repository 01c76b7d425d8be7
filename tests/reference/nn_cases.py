"""Programs that PyTorch and this library must answer alike; `torch` is the library.

`make_nn.py` stores PyTorch's answers, the tests compare. Inputs are made by a formula, so that they
are the same numbers on both sides: `x(...)` is a leaf whose first and second gradient is compared
too, `k(...)` a constant, `c(...)` classes.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

# -- functions: value, gradient, second gradient -------------------------------------------

FUNCTIONS = """
F.relu(x(3, 4))
F.tanh(x(3, 4))
F.sigmoid(x(3, 4))
F.logsigmoid(x(3, 4))
F.logsigmoid(x(6, low=-120, high=120))
F.softmax(x(3, 4), dim=1)
F.softmax(x(3, 4), dim=0)
F.softmax(x(3, 4), -1)
F.softmax(x(2, 3, 4), dim=1)
F.softmax(x(2, 3, 4), dim=-1)
F.softmax(x(5), dim=0)
F.softmax(x(), dim=0)
F.softmax(x(1, 1), dim=1)
F.softmax(x(0, 3), dim=1)
F.softmax(x(3, 4, low=-300, high=300), dim=1)
F.softmax(x(3, 4), dim=1, dtype=torch.float64)
F.softmax(x(2, 200), dim=1)
F.log_softmax(x(3, 4), dim=1)
F.log_softmax(x(3, 4), dim=0)
F.log_softmax(x(2, 3, 4), dim=1)
F.log_softmax(x(5), dim=0)
F.log_softmax(x(), dim=0)
F.log_softmax(x(3, 4, low=-300, high=300), dim=1)
F.log_softmax(x(2, 200), dim=1)
F.cross_entropy(x(5, 4), c(5, 4))
F.cross_entropy(x(5, 4), c(5, 4), reduction="none")
F.cross_entropy(x(5, 4), c(5, 4), reduction="sum")
F.cross_entropy(x(4), c((), 4))
F.cross_entropy(x(4), c((), 4), reduction="none")
F.cross_entropy(x(2, 4, 3), c((2, 3), 4))
F.cross_entropy(x(2, 4, 3), c((2, 3), 4), reduction="none")
F.cross_entropy(x(2, 4, 3, 2), c((2, 3, 2), 4), reduction="sum")
F.cross_entropy(x(2, 4, 3, 2), c((2, 3, 2), 4), reduction="none")
F.cross_entropy(x(5, 4, low=-300, high=300), c(5, 4), reduction="none")
F.cross_entropy(x(5, 4, low=15, high=18), c(5, 4), reduction="none")
F.cross_entropy(x(3, 300), c(3, 300))
F.cross_entropy(x(0, 4), c(0, 4), reduction="sum")
F.cross_entropy(x(5, 1), c(5, 1))
F.cross_entropy(x(5, 4), c(5, 4), ignore_index=1)
F.cross_entropy(x(5, 4), c(5, 4), ignore_index=1, reduction="none")
F.cross_entropy(x(5, 4), torch.tensor([0, -100, 2, -100, 3]))
F.cross_entropy(x(5, 4), torch.tensor([0, -100, 2, -100, 3]), reduction="sum")
F.cross_entropy(x(2, 4, 2), torch.tensor([[0, -1], [2, 3]]), ignore_index=-1)
F.cross_entropy(x(5, 4), c(5, 4), k(4, low=0.1))
F.cross_entropy(x(5, 4), c(5, 4), weight=k(4, low=0.1), reduction="sum")
F.cross_entropy(x(5, 4), c(5, 4), weight=k(4, low=0.1), reduction="none")
F.cross_entropy(x(4), c((), 4), weight=k(4, low=0.1))
F.cross_entropy(x(5, 4), c(5, 4), weight=k(4, low=0.1), ignore_index=2)
F.cross_entropy(x(2, 4, 3), c((2, 3), 4), weight=k(4, low=0.1))
F.cross_entropy(x(5, 4), c(5, 4), label_smoothing=0.1)
F.cross_entropy(x(5, 4), c(5, 4), label_smoothing=1.0)
F.cross_entropy(x(5, 4), c(5, 4), label_smoothing=0.1, reduction="none")
F.cross_entropy(x(5, 4), c(5, 4), label_smoothing=0.1, reduction="sum")
F.cross_entropy(x(5, 4), c(5, 4), label_smoothing=0.1, ignore_index=1)
F.cross_entropy(x(5, 4), c(5, 4), label_smoothing=0.2, weight=k(4, low=0.1))
F.cross_entropy(x(5, 4), c(5, 4), label_smoothing=0.2, weight=k(4, low=0.1), reduction="none")
F.cross_entropy(x(5, 4), c(5, 4), label_smoothing=0.2, weight=k(4, low=0.1), ignore_index=1)
F.cross_entropy(x(2, 4, 3), c((2, 3), 4), label_smoothing=0.2)
F.cross_entropy(x(5, 4), p(5, 4))
F.cross_entropy(x(5, 4), p(5, 4), reduction="none")
F.cross_entropy(x(5, 4), p(5, 4), reduction="sum")
F.cross_entropy(x(4), p(4))
F.cross_entropy(x(5, 4), p(5, 4), weight=k(4, low=0.1))
F.cross_entropy(x(5, 4), p(5, 4), label_smoothing=0.1)
F.cross_entropy(x(2, 4, 3), k(2, 4, 3, low=0), reduction="none")
F.cross_entropy(x(2, 4, 3), k(2, 4, 3, low=0))
F.nll_loss(x(5, 4), c(5, 4))
F.nll_loss(x(5, 4), c(5, 4), reduction="none")
F.nll_loss(x(5, 4), c(5, 4), reduction="sum")
F.nll_loss(x(4), c((), 4))
F.nll_loss(x(2, 4, 3), c((2, 3), 4))
F.nll_loss(x(2, 4, 3), c((2, 3), 4), reduction="none")
F.nll_loss(x(5, 4), c(5, 4), k(4, low=0.1))
F.nll_loss(x(5, 4), c(5, 4), k(4, low=0.1), ignore_index=2)
F.nll_loss(x(5, 4), c(5, 4), k(4, low=0.1), reduction="none")
F.mse_loss(x(3, 4), x(3, 4))
F.mse_loss(x(3, 4), k(3, 4), reduction="sum")
F.mse_loss(x(3, 4), x(3, 4), reduction="none")
F.mse_loss(x(), x())
F.l1_loss(x(3, 4), x(3, 4))
F.l1_loss(x(3, 4), x(3, 4), reduction="sum")
F.l1_loss(x(3, 4), x(3, 4), reduction="none")
F.l1_loss(x(3, 4), k(3, 4), weight=k(3, 4, low=0.1))
F.l1_loss(x(3, 4), k(3, 4), weight=x(3, 4, low=0.1), reduction="none")
F.mse_loss(x(3, 4), k(3, 4), weight=x(3, 4, low=0.1))
F.smooth_l1_loss(x(3, 4), x(3, 4))
F.smooth_l1_loss(x(3, 4), x(3, 4), beta=0.3, reduction="none")
F.smooth_l1_loss(x(3, 4), x(3, 4), beta=0.0)
F.huber_loss(x(3, 4), x(3, 4), delta=0.7)
F.huber_loss(x(3, 4), k(3, 4), "sum", 0.7, x(3, 4, low=0.1))
F.binary_cross_entropy(x(3, 4, low=0.1, high=0.9), k(3, 4, low=0, high=1))
F.binary_cross_entropy(x(3, 4, low=0.1, high=0.9), k(3, 4, low=0, high=1), reduction="none")
F.binary_cross_entropy(x(3, 4, low=0.1, high=0.9), k(3, 4, low=0, high=1), k(3, 4, low=0))
F.binary_cross_entropy(x(4, low=0.1, high=0.9), x(4, low=0, high=1), reduction="sum")
F.binary_cross_entropy_with_logits(x(3, 4), k(3, 4, low=0, high=1))
F.binary_cross_entropy_with_logits(x(3, 4), k(3, 4, low=0, high=1), reduction="sum")
F.binary_cross_entropy_with_logits(x(3, 4), k(3, 4, low=0, high=1), k(4, low=0))
F.binary_cross_entropy_with_logits(x(3, 4), k(3, 4, low=0, high=1), pos_weight=k(4, low=0))
F.binary_cross_entropy_with_logits(x(6, low=-200, high=200), k(6, low=0, high=1), reduction="none")
F.gaussian_nll_loss(x(3, 4), k(3, 4), x(3, 4, low=0.1))
F.gaussian_nll_loss(x(3, 4), k(3, 4), x(3, 4, low=0.1), full=True, reduction="sum")
F.gaussian_nll_loss(x(3, 4), k(3, 4), x(3, low=0.1), reduction="none")
F.gaussian_nll_loss(x(3, 4), k(3, 4), x(3, 1, low=0.1))
F.gaussian_nll_loss(x(3, 4), k(3, 4), x(3, 4, low=0.1), eps=1.0)
F.kl_div(x(3, 4), p(3, 4), reduction="batchmean")
F.kl_div(x(3, 4), p(3, 4), reduction="sum")
F.kl_div(x(3, 4), p(3, 4), reduction="none")
F.kl_div(x(4), torch.tensor([-0.5, 0.0, 0.5, -1.0]), reduction="none")
F.kl_div(x(3, 4), k(3, 4), reduction="batchmean", log_target=True)
F.kl_div(x(2, 3), torch.tensor([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]), reduction="none")
F.linear(x(3, 4), x(2, 4), x(2))
F.linear(x(3, 4), x(2, 4))
F.linear(x(4), x(2, 4), x(2))
F.linear(x(2, 3, 4), x(4))
F.linear(x(4), x(4))
F.linear(x(2, 3, 4), x(5, 4), x(5))
F.linear(x(0, 4), x(2, 4), x(2))
F.embedding(c((2, 3), 5), x(5, 2))
F.embedding(c((2, 3), 5), x(5, 2), padding_idx=1)
F.embedding(c((2, 3), 5), x(5, 2), padding_idx=-1)
F.embedding(c((), 5), x(5, 2))
F.embedding(c((2, 3), 5), x(5, 2), scale_grad_by_freq=True)
F.embedding(c((2, 3), 5), x(5, 2), padding_idx=1, scale_grad_by_freq=True)
F.embedding(c((2, 3), 5), x(5, 2), max_norm=0.5)
F.embedding(c((2, 3), 5), x(5, 4), None, 0.5, 1.0)
F.embedding(c((), 5), x(5, 2), max_norm=0.25, norm_type=float("inf"))
F.embedding(c((4,), 5), x(5, 3), 1, 1.0, 3.0, True)
F.normalize(x(3, 4))
F.normalize(x(3, 4), dim=0)
F.normalize(x(3, 4), p=1.0, dim=1)
F.normalize(x(3, 4), p=3.0, dim=1)
F.cosine_similarity(x(3, 4), x(3, 4))
F.cosine_similarity(x(3, 4), x(3, 4), dim=0)
F.cosine_similarity(x(5), x(5), dim=-1)
F.cosine_similarity(x(2, 1, 4), x(3, 4), 2)
F.cosine_similarity(x(3, 4), x(3, 1), eps=0.01)
F.cosine_similarity(x(3, 4), k(4).double())
F.cosine_similarity(x(3, 4), torch.zeros(3, 4))
F.cosine_similarity(x(2, 0), x(2, 0))
F.pdist(x(4, 3))
F.pdist(x(3, 2), p=1)
F.pdist(x(1, 2))
F.pairwise_distance(x(3, 4), x(3, 4))
F.pairwise_distance(x(3, 4), x(4), p=1, keepdim=True)
F.pairwise_distance(x(4), x(4), 3.0, 0.0)
F.margin_ranking_loss(x(5), x(5), k(5).sign())
F.margin_ranking_loss(x(2, 3), x(2, 3), k(2, 3).sign(), 0.5, reduction="none")
F.hinge_embedding_loss(x(6), k(6).sign())
F.hinge_embedding_loss(x(2, 3), k(2, 3).sign(), margin=2.0, reduction="sum")
F.cosine_embedding_loss(x(4, 3), x(4, 3), k(4).sign())
F.cosine_embedding_loss(x(4, 3), x(4, 3), k(4).sign(), 0.2, reduction="none")
F.cosine_embedding_loss(x(3), x(3), torch.tensor(-1))
F.triplet_margin_loss(x(4, 3), x(4, 3), x(4, 3))
F.triplet_margin_loss(x(4, 3), x(4, 3), x(4, 3), margin=3.0, p=1, reduction="none")
F.triplet_margin_loss(x(4, 3), x(4, 3), x(4, 3), swap=True, reduction="sum")
F.triplet_margin_with_distance_loss(x(4, 3), x(4, 3), x(4, 3), margin=0.7)
nn.TripletMarginWithDistanceLoss(distance_function=nn.L1Loss())(x(2, 3), x(2, 3), x(2, 3))
F.multi_margin_loss(x(5, 4), c(5, 4))
F.multi_margin_loss(x(5, 4), c(5, 4), 2, 0.5, k(4, low=0.1), reduction="none")
F.multi_margin_loss(x(4), c((), 4), reduction="sum")
F.multilabel_margin_loss(x(2, 4), torch.tensor([[3, 0, -1, 1], [1, -1, 2, 0]]))
F.multilabel_margin_loss(x(2, 3), torch.tensor([[-1, 0, 1], [2, 0, 1]]), reduction="none")
F.multilabel_margin_loss(x(4), torch.tensor([3, 0, -1, 1]))
F.soft_margin_loss(x(2, 3), k(2, 3).sign())
F.multilabel_soft_margin_loss(x(2, 3), k(2, 3, low=0, high=1))
F.multilabel_soft_margin_loss(x(2, 3), k(2, 3, low=0, high=1), k(3, low=0), reduction="none")
F.poisson_nll_loss(x(5), k(5, low=0, high=5))
F.poisson_nll_loss(x(5), k(5, low=0, high=5), full=True, reduction="sum")
F.poisson_nll_loss(x(5, low=0.1), k(5, low=0, high=5), log_input=False, reduction="none")
F.gumbel_softmax(x(2, 4, low=-90, high=90), hard=True)
F.one_hot(c((2, 3), 5), num_classes=5)
F.one_hot(c((4,), 5))
F.one_hot(c((), 5), 6)
nn.CrossEntropyLoss(weight=k(4, low=0.1), label_smoothing=0.1)(x(5, 4), c(5, 4))
nn.CrossEntropyLoss(ignore_index=2, reduction="sum")(x(5, 4), c(5, 4))
nn.NLLLoss(ignore_index=1)(x(5, 4), c(5, 4))
nn.MSELoss(reduction="sum")(x(3), x(3))
nn.L1Loss()(x(3), k(3))
nn.SmoothL1Loss(beta=0.5)(x(3), k(3))
nn.HuberLoss(delta=0.5)(x(3), k(3))
nn.BCELoss()(x(3, low=0.1, high=0.9), k(3, low=0, high=1))
nn.BCEWithLogitsLoss(pos_weight=k(3, low=0))(x(2, 3), k(2, 3, low=0, high=1))
nn.GaussianNLLLoss(full=True)(x(3), k(3), x(3, low=0.1))
nn.KLDivLoss(reduction="batchmean")(x(2, 3), p(2, 3))
nn.Softmax(dim=0)(x(2, 3))
nn.LogSoftmax(dim=1)(x(2, 3))
nn.Flatten()(x(2, 3, 2))
nn.Flatten(0, 1)(x(2, 3, 2))
nn.Unflatten(1, (2, 2))(x(3, 4))
nn.Identity(54, unused=0)(x(2))
nn.ReLU()(x(5))
nn.PoissonNLLLoss(full=True, reduction="none")(x(3), k(3, low=0, high=4))
nn.MarginRankingLoss(0.5)(x(3), x(3), k(3).sign())
nn.HingeEmbeddingLoss(reduction="sum")(x(3), k(3).sign())
nn.CosineEmbeddingLoss(0.3)(x(3, 2), k(3, 2), k(3).sign())
nn.TripletMarginLoss(2.0, swap=True)(x(3, 2), k(3, 2), x(3, 2))
nn.MultiMarginLoss(p=2, weight=k(4, low=0.1))(x(5, 4), c(5, 4))
nn.MultiLabelMarginLoss(reduction="none")(x(1, 4), torch.tensor([[3, 0, -1, 1]]))
nn.SoftMarginLoss(reduction="sum")(x(4), k(4).sign())
nn.MultiLabelSoftMarginLoss(k(3, low=0.1))(x(2, 3), k(2, 3, low=0, high=1))
nn.PairwiseDistance(keepdim=True)(x(2, 3), k(2, 3))
nn.CosineSimilarity()(x(2, 3), k(2, 3))
nn.CosineSimilarity(dim=0, eps=1e-6)(x(2, 3), x(3))
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def spread(count: int, seed: int, low: float, high: float) -> list[float]:
    """Numbers between low and high in a fixed disorder, exact in float32."""
    units = [(i * 7919 + seed * 5417 + 137) % 1009 / 1024 for i in range(count)]
    return [math.floor((low + (high - low) * u) * 4096) / 4096 for u in units]


def evaluate(expression: str, torch: Any, **more: Any) -> dict[str, Any]:
    """The value of an expression, and the gradients of a weighted sum of it, once and twice.

    `more` are further names that it uses.
    """
    leaves: list[Any] = []

    def k(*shape: int, low: float = -2, high: float = 2) -> Any:
        seed = len(leaves) + 11
        flat = torch.tensor(spread(math.prod(shape), seed, low, high))
        return flat.reshape(shape)

    def x(*shape: int, low: float = -2, high: float = 2) -> Any:
        leaves.append(k(*shape, low=low, high=high).requires_grad_())
        return leaves[-1]

    def p(*shape: int) -> Any:
        raw = k(*shape, low=0.1)
        return raw / raw.sum(-1, keepdim=True)

    def c(shape: Any, classes: int) -> Any:
        shape = (shape,) if isinstance(shape, int) else shape
        flat = torch.tensor([(i * 7 + 3) % classes for i in range(math.prod(shape))])
        return flat.long().reshape(shape)

    names = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional}
    out = eval(expression, {**names, **more, "x": x, "k": k, "p": p, "c": c})  # noqa: S307  # our own text
    answer: dict[str, Any] = {"value": out.tolist(), "dtype": str(out.dtype).split(".")[1]}
    if not out.requires_grad:
        return answer
    weights = torch.tensor(spread(out.numel(), 5, 0.5, 1.5)).reshape(out.shape)
    firsts = torch.autograd.grad((out * weights).sum(), leaves, create_graph=True)
    answer["first"] = [g.tolist() for g in firsts]
    squares = sum((g * g).sum() for g in firsts)
    if squares.requires_grad:
        try:
            seconds = torch.autograd.grad(squares, leaves, allow_unused=True)
        except RuntimeError as why:  # PyTorch has no second gradient of a few functions
            if "not implemented" not in str(why):
                raise
            return {**answer, "second": "not implemented"}
        answer["second"] = [None if g is None else (g + 0).tolist() for g in seconds]
    return answer


# -- first weights: the same seed, the same numbers ----------------------------------------

WEIGHTS = """
nn.Linear(3, 4)
nn.Linear(30, 20)
nn.Linear(5, 1, bias=False)
nn.Linear(1, 17)
nn.Embedding(5, 3)
nn.Embedding(27, 2)
nn.Embedding(5, 3, padding_idx=2)
nn.Embedding(5, 3, 2, 1.0, 1.0, True)
nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 2))
filled("uniform_", 0.5, 2.0)
filled("normal_", 1.0, 0.1)
filled("trunc_normal_")
filled("trunc_normal_", std=0.02, shape=(30, 40))
filled("trunc_normal_", 0.5, 1.0, 0.0, 0.7)
filled("trunc_normal_", mean=1.0, std=2.0, a=-1.0, b=6.0, shape=(20,))
filled("trunc_normal_", 0.0, 1.0, 1.5, 4.0, shape=(30,))
filled("constant_", 0.3)
filled("ones_")
filled("zeros_")
filled("eye_")
filled("xavier_uniform_")
filled("xavier_uniform_", gain=2.0)
filled("xavier_normal_")
filled("kaiming_uniform_")
filled("kaiming_uniform_", a=0.1, mode="fan_out")
filled("kaiming_normal_", nonlinearity="relu")
filled("kaiming_normal_", mode="fan_out", nonlinearity="tanh")
filled("kaiming_uniform_", shape=(2, 3, 4, 5))
filled("orthogonal_")
filled("orthogonal_", shape=(3, 5))
filled("orthogonal_", gain=2.0, shape=(4, 2, 2))
"""


def weights(expression: str, torch: Any) -> dict[str, Any]:
    """The parameters that an expression draws with seed 7, and the first number drawn after."""
    torch.manual_seed(7)

    def filled(name: str, *args: Any, shape: tuple[int, ...] = (5, 4), **kwargs: Any) -> Any:
        tensor = torch.empty(shape)
        getattr(torch.nn.init, name)(tensor, *args, **kwargs)
        holder = torch.nn.Module()
        holder.weight = torch.nn.Parameter(tensor)
        return holder

    module = eval(expression, {"nn": torch.nn, "filled": filled})  # noqa: S307  # our own text
    return {
        "state": {name: value.tolist() for name, value in module.state_dict().items()},
        "next": torch.rand(1).item(),
    }


# -- optimisers ------------------------------------------------------------------------------

OPTIMISERS = """
optim.SGD(ps, lr=0.1)
optim.SGD(ps, lr=0.1, weight_decay=0.1)
optim.SGD(ps, lr=0.01, maximize=True)
optim.SGD(ps, lr=0.05, momentum=0.9)
optim.SGD(ps, lr=0.05, momentum=0.9, weight_decay=0.1)
optim.SGD(ps, lr=0.05, momentum=0.9, dampening=0.5)
optim.SGD(ps, lr=0.05, momentum=0.9, nesterov=True)
optim.SGD(ps, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.1, maximize=True)
optim.SGD([{"params": ps[:1]}, {"params": ps[1:], "lr": 0.01, "momentum": 0.5}], lr=0.1)
optim.Adam(ps)
optim.Adam(ps, lr=0.1, betas=(0.8, 0.9), eps=1e-3)
optim.Adam(ps, lr=0.1, weight_decay=0.1)
optim.Adam(ps, lr=0.1, amsgrad=True)
optim.Adam(ps, lr=0.1, maximize=True)
optim.Adam(ps, lr=0.1, weight_decay=0.1, decoupled_weight_decay=True)
optim.AdamW(ps)
optim.AdamW(ps, lr=0.1, weight_decay=0.3, betas=(0.5, 0.9))
optim.AdamW(ps, lr=0.1, amsgrad=True, maximize=True)
optim.AdamW([{"params": ps[:1], "weight_decay": 0.0}, {"params": ps[1:], "lr": 0.01}], lr=0.1)
optim.Adagrad(ps)
optim.Adagrad(ps, lr=0.3, lr_decay=0.2, weight_decay=0.1, initial_accumulator_value=0.5)
optim.Adagrad(ps, lr=0.1, eps=0.01, maximize=True)
optim.RMSprop(ps)
optim.RMSprop(ps, lr=0.05, alpha=0.5, eps=1e-3, weight_decay=0.1)
optim.RMSprop(ps, lr=0.02, momentum=0.9, maximize=True)
optim.RMSprop(ps, lr=0.02, momentum=0.5, centered=True)
optim.RMSprop(ps, centered=True)
optim.Adadelta(ps)
optim.Adadelta(ps, lr=0.5, rho=0.5, eps=1e-3, weight_decay=0.1)
optim.Adadelta(ps, lr=2.0, maximize=True)
optim.NAdam(ps)
optim.NAdam(ps, lr=0.1, betas=(0.8, 0.9), weight_decay=0.1, momentum_decay=0.1)
optim.NAdam(ps, lr=0.1, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)
optim.RAdam(ps)
optim.RAdam(ps, lr=0.1, betas=(0.8, 0.9), weight_decay=0.1)
optim.RAdam(ps, lr=0.1, betas=(0.5, 0.99), weight_decay=0.1, decoupled_weight_decay=True)
optim.Adamax(ps)
optim.Adamax(ps, lr=0.1, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1)
optim.Adamax(ps, lr=0.1, maximize=True)
optim.ASGD(ps)
optim.ASGD(ps, lr=0.05, lambd=0.1, alpha=0.5, t0=3, weight_decay=0.1)
optim.Rprop(ps)
optim.Rprop(ps, lr=0.1, etas=(0.4, 1.5), step_sizes=(0.01, 0.2))
optim.Rprop(ps, lr=0.05, maximize=True)
optim.RMSprop([{"params": ps[:1], "momentum": 0.3}, {"params": ps[1:], "lr": 0.03}], lr=0.01)
"""


def problem(torch: Any, dtype: str = "float32") -> tuple[list[Any], Callable[[], Any]]:
    """Two parameters and a loss that bends: its gradients change size and sign on the way."""
    kind = getattr(torch, dtype)
    ps = [
        torch.tensor(spread(6, 1, -2, 2), dtype=kind).reshape(2, 3).requires_grad_(),
        torch.tensor(spread(3, 2, -2, 2), dtype=kind).requires_grad_(),
    ]

    def loss() -> Any:
        y = (ps[0] * 3 + ps[1]).tanh()
        return (y * y).sum() + 0.1 * (ps[0] ** 4).sum() + (ps[1] - 1).sin().sum()

    return ps, loss


def trajectory(expression: str, torch: Any) -> list[Any]:
    """The parameters after each of 12 steps, the last three with the rate halved."""
    ps, loss = problem(torch)
    optimiser = eval(expression, {"optim": torch.optim, "ps": ps})  # noqa: S307  # our own text
    seen = []
    for step in range(12):
        if step == 9:
            for group in optimiser.param_groups:
                group["lr"] *= 0.5
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
        seen.append([p.tolist() for p in ps])
    return seen


CLOSURES = """
optim.LBFGS(ps, lr=0.1)
optim.LBFGS(ps, lr=0.3, max_iter=5, history_size=2)
optim.LBFGS(ps, lr=0.5, max_iter=7, max_eval=3, tolerance_change=1e-3)
optim.LBFGS(ps, line_search_fn="strong_wolfe")
optim.LBFGS(ps, lr=0.2, max_iter=4, history_size=3, line_search_fn="strong_wolfe")
optim.LBFGS(ps, lr=30.0, max_iter=6, line_search_fn="strong_wolfe")
optim.SGD(ps, lr=0.1, momentum=0.9)
"""


def by_closure(expression: str, torch: Any) -> list[Any]:
    """The losses of 5 steps with a closure, the parameters after each, and its calls so far."""
    ps, loss = problem(torch, "float64")  # L-BFGS would make much of a rounding
    optimiser = eval(expression, {"optim": torch.optim, "ps": ps})  # noqa: S307  # our own text
    calls = 0

    def closure() -> Any:
        nonlocal calls
        calls += 1
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    return [[optimiser.step(closure).item(), [p.tolist() for p in ps], calls] for _ in range(5)]


# -- schedules -------------------------------------------------------------------------------

SCHEDULES = """
S.LambdaLR(o, lambda step: 0.95**step)
S.LambdaLR(o, [lambda step: 1 / (1 + step), lambda step: 1.0 - step / 100])
S.StepLR(o, 4)
S.StepLR(o, step_size=3, gamma=0.5)
S.MultiStepLR(o, [2, 5, 5, 11], gamma=0.5)
S.ConstantLR(o)
S.ConstantLR(o, factor=0.5, total_iters=4)
S.LinearLR(o)
S.LinearLR(o, start_factor=0.1, end_factor=0.7, total_iters=8)
S.LinearLR(o, start_factor=1.0, end_factor=0.0, total_iters=10)
S.ExponentialLR(o, 0.9)
S.CosineAnnealingLR(o, 10)
S.CosineAnnealingLR(o, T_max=7, eta_min=0.01)
S.CosineAnnealingLR(o, T_max=40)
S.MultiplicativeLR(o, lambda step: 0.9 + 0.01 * step)
S.MultiplicativeLR(o, [lambda step: 0.95, lambda step: 1 / step])
S.PolynomialLR(o)
S.PolynomialLR(o, total_iters=12, power=2.0)
S.CosineAnnealingWarmRestarts(o, 5)
S.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=0.01)
S.CyclicLR(o, 0.01, 0.1, step_size_up=4)
S.CyclicLR(o, [0.01, 0.02], [0.1, 0.5], step_size_up=3, step_size_down=2, mode="triangular2")
S.CyclicLR(o, 0.01, 0.1, 3, mode="exp_range", gamma=0.9, base_momentum=0.7, max_momentum=0.95)
S.CyclicLR(o, 0.01, 0.1, 3, scale_fn=lambda x: 1 / (x + 1), cycle_momentum=False)
S.CyclicLR(o, 0.01, 0.1, 3, scale_fn=lambda x: 1 / (x + 1), scale_mode="iterations")
S.ChainedScheduler([S.ConstantLR(o, 0.1, 3), S.ExponentialLR(o, 0.9)])
S.SequentialLR(o, [S.PolynomialLR(o, 9), S.CosineAnnealingWarmRestarts(o, 4)], [5])
S.OneCycleLR(o, max_lr=0.5, total_steps=20)
S.OneCycleLR(o, max_lr=[0.5, 0.1], epochs=5, steps_per_epoch=4, pct_start=0.25)
S.OneCycleLR(o, max_lr=0.5, total_steps=20, anneal_strategy="linear", div_factor=10)
S.OneCycleLR(o, max_lr=0.5, total_steps=20, three_phase=True, final_div_factor=100.0)
S.OneCycleLR(o, max_lr=0.5, total_steps=20, cycle_momentum=False)
S.SequentialLR(o, [S.LinearLR(o, 0.1, total_iters=5), S.CosineAnnealingLR(o, 14)], [5])
S.SequentialLR(o, [S.ConstantLR(o, 0.1, 3), S.ExponentialLR(o, 0.9), S.StepLR(o, 2)], [4, 9])
S.SequentialLR(o, [S.LinearLR(o), S.MultiStepLR(o, [2, 4])], milestones=[6])
looking(S.ReduceLROnPlateau(o, patience=1))
looking(S.ReduceLROnPlateau(o, "max", factor=0.5, patience=0, cooldown=2))
looking(S.ReduceLROnPlateau(o, "min", 0.5, 2, 0.3, "abs", min_lr=[0.03, 0.0]))
looking(S.ReduceLROnPlateau(o, "max", 0.3, 3, 0.1, threshold_mode="abs", min_lr=0.001))
looking(S.ReduceLROnPlateau(o, factor=0.1, patience=0, threshold=0.05, eps=1e-3))
both(S.ExponentialLR(o, 0.9), S.StepLR(o, 5))
both(S.CosineAnnealingLR(o, 10), S.LinearLR(o, 0.5))
"""
STEPS = 19
BETAS = "\n".join(line for line in lines(SCHEDULES) if "OneCycle" in line or "Cyclic" in line)


class Both:
    """Two schedules that multiply."""

    def __init__(self, *schedules: Any) -> None:
        self.schedules = schedules

    def step(self) -> None:
        for schedule in self.schedules:
            schedule.step()


class Looking:
    """A schedule that is shown numbers: they fall, stay, rise, are nan once, and fall again."""

    def __init__(self, schedule: Any) -> None:
        self.schedule = schedule
        self.shown = iter([2, 1, 0.9, 0.9, 0.9, 0.9, 0.85, 1, 1.5, math.nan, 2, 1, *[0.5] * 7])

    def step(self) -> None:
        self.schedule.step(next(self.shown))


def rates(expression: str, torch: Any, optimiser: str = "SGD") -> list[Any]:
    """The rate and the momentum (or beta1) of two groups at each step."""
    p, q = (torch.zeros(1).requires_grad_() for _ in range(2))
    groups = [{"params": [p]}, {"params": [q], "lr": 0.02}]
    settings = {"momentum": 0.9} if optimiser == "SGD" else {}
    o = getattr(torch.optim, optimiser)(groups, lr=0.1, **settings)
    names = {"S": torch.optim.lr_scheduler, "o": o, "both": Both, "looking": Looking}
    schedule = eval(expression, names)  # noqa: S307  # our own text
    seen = []
    for _ in range(STEPS):
        seen.append([[g["lr"], g.get("momentum", g.get("betas", (0,)))] for g in o.param_groups])
        o.step()
        schedule.step()
    return [[[lr, m if isinstance(m, float) else m[0]] for lr, m in row] for row in seen]


# -- modules as text -------------------------------------------------------------------------

TEXTS = """
repr(nn.Linear(3, 4))
repr(nn.Linear(3, 4, bias=False))
repr(nn.Embedding(27, 10))
repr(nn.Embedding(27, 10, padding_idx=-1))
repr(nn.Embedding(27, 10, 1, 2.5, 1, True))
repr(nn.Embedding.from_pretrained(torch.ones(2, 3), max_norm=1.0, norm_type=float("inf")))
repr(nn.Tanh())
repr(nn.ReLU())
repr(nn.ReLU(inplace=True))
repr(nn.Sigmoid())
repr(nn.Identity())
repr(nn.Flatten())
repr(nn.Unflatten(1, (2, 3)))
repr(nn.Softmax(dim=-1))
repr(nn.LogSoftmax(dim=1))
repr(nn.MSELoss())
repr(nn.CrossEntropyLoss(ignore_index=3))
repr(nn.Sequential())
repr(nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Tanh(), nn.Linear(3, 1))))
repr(nn.Sequential(OrderedDict(first=nn.Linear(2, 3), act=nn.ReLU())))
repr(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))[1:])
repr(nn.ModuleList())
repr(nn.ModuleList([nn.Linear(2, 3), nn.Tanh()]))
repr(nn.ModuleList([nn.Tanh() for _ in range(4)]))
repr(nn.ModuleList([nn.Tanh(), nn.Tanh(), nn.ReLU(), *[nn.Sequential(nn.Tanh())] * 2]))
repr(nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.ModuleList([nn.Tanh()])}))
repr(nn.ModuleDict())
repr(nn.Module())
repr(nn.ParameterList([torch.zeros(2, 3), torch.zeros(4)]))
repr(nn.Parameter(torch.tensor([1.0, 2.5])))
repr(nn.Parameter(torch.tensor([[1.0]]), requires_grad=False))
repr(nn.Sequential(nn.Linear(2, 3)).load_state_dict(nn.Sequential(nn.Linear(2, 3)).state_dict()))
repr(nn.Linear(2, 3).load_state_dict({"extra": torch.zeros(1)}, strict=False))
error(lambda: nn.Linear(2, 3).load_state_dict({}))
error(lambda: nn.Linear(2, 3).load_state_dict({"weight": torch.ones(1), "bias": torch.ones(3)}))
error(lambda: nn.Sequential(nn.Linear(2, 3)).load_state_dict(nn.Linear(2, 3).state_dict()))
error(lambda: nn.Linear(2, 3, bias=False).load_state_dict(nn.Linear(2, 3).state_dict()))
error(lambda: nn.Linear(2, 3).load_state_dict(7))
error(lambda: nn.Linear(2, 3).nothing)
error(lambda: setattr(nn.Linear(2, 3), "weight", torch.zeros(1)))
error(lambda: setattr(nn.Sequential(nn.Tanh()), "0", 1))
error(lambda: nn.Linear(2, 3).add_module("a.b", None))
error(lambda: nn.Linear(2, 3).register_buffer("", None))
error(lambda: nn.Linear(2, 3).register_buffer("weight", torch.zeros(1)))
error(lambda: nn.Linear(2, 3).add_module("a", 1))
error(lambda: nn.Module()(1))
error(lambda: nn.Sequential(nn.Tanh()).get_submodule("0.x"))
error(lambda: nn.Linear(2, 3).get_submodule("weight"))
error(lambda: nn.Sequential(nn.Linear(2, 3)).get_parameter("0.training"))
error(lambda: nn.Linear(2, 3).train(1))
[*nn.MultiheadAttention(4, 2, batch_first=True)(*[torch.ones(3, 2, 4)] * 3)[0].stride()]
[*nn.MultiheadAttention(4, 2)(*[torch.ones(3, 2, 4)] * 3)[0].stride()]
[*nn.MultiheadAttention(4, 2)(*[torch.ones(3, 4)] * 3)[0].stride()]
repr(optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.5))
repr(optim.AdamW([torch.zeros(1)]))
list(nn.Sequential(nn.Linear(2, 3), nn.Tanh()).state_dict())
[n for n, _ in nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Tanh())).named_modules()]
[n for n, _ in nn.ModuleDict({"a": nn.Linear(2, 3)}).named_parameters(prefix="m")]
sorted(optim.SGD([torch.zeros(1)], lr=0.1).state_dict()["param_groups"][0])
sorted(optim.Adam([torch.zeros(1)], lr=0.1).state_dict()["param_groups"][0])
[nn.init.calculate_gain(n) for n in ("linear", "sigmoid", "tanh", "relu", "selu", "leaky_relu")]
nn.init.calculate_gain("leaky_relu", 0.3)
"""


def text(expression: str, torch: Any) -> Any:
    """The value of an expression of text or plain numbers; of an error, its type and message."""

    def error(action: Callable[[], Any]) -> list[str]:
        try:
            action()
        except (RuntimeError, AttributeError, TypeError, KeyError, ValueError) as found:
            kinds = (AttributeError, TypeError, KeyError, ValueError, RuntimeError)
            kind = next(k for k in kinds if isinstance(found, k))
            return [kind.__name__, str(found)]
        return ["no error", ""]

    names = {"torch": torch, "nn": torch.nn, "optim": torch.optim, "error": error}
    names["OrderedDict"] = OrderedDict
    return eval(expression, names)  # noqa: S307  # our own text


# -- a whole training ------------------------------------------------------------------------

TRAININGS = """
optim.SGD(model.parameters(), lr=0.5)
optim.AdamW(model.parameters(), lr=0.01)
"""


def training(expression: str, torch: Any) -> list[float]:
    """The losses of ten steps of Bengio's network on random letters, gradients clipped."""
    nn, functional = torch.nn, torch.nn.functional
    torch.manual_seed(3)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.C = nn.Embedding(27, 4)
            self.layers = nn.Sequential(nn.Linear(12, 20), nn.Tanh(), nn.Linear(20, 27))

        def forward(self, x: Any) -> Any:
            return self.layers(self.C(x).view(len(x), -1))

    model = Model()
    optimiser = eval(expression, {"optim": torch.optim, "model": model})  # noqa: S307
    losses = []
    for _ in range(10):
        x, y = torch.randint(0, 27, (8, 3)), torch.randint(0, 27, (8,))
        loss = functional.cross_entropy(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        losses += [loss.item(), nn.utils.clip_grad_norm_(model.parameters(), 1.0).item()]
        optimiser.step()
    return losses


GROUPS: dict[str, tuple[str, Callable[[str, Any], Any]]] = {
    "functions": (FUNCTIONS, evaluate),
    "weights": (WEIGHTS, weights),
    "optimisers": (OPTIMISERS, trajectory),
    "closures": (CLOSURES, by_closure),
    "schedules": (SCHEDULES, rates),
    "schedules of Adam": (BETAS, lambda e, torch: rates(e, torch, "Adam")),
    "texts": (TEXTS, text),
    "trainings": (TRAININGS, training),
}
