"""Layers that PyTorch and this library must answer alike, each on inputs of odd sizes.

`make_layers.py` stores PyTorch's answers, the tests compare. Inputs and weights are made by a
formula, so that they are the same numbers on both sides. One run of a layer answers with all that
it computes and leaves behind: results, gradients by input and weights, buffers, and the first
random number that is drawn afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

SEED = 7
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Layer:
    """An expression for a module or a function, and the shape of what it is applied to."""

    expression: str
    shape: tuple[int, ...]
    low: float = -3
    high: float = 3
    training: bool = True


@dataclass(frozen=True)
class Run:
    """One layer in one dtype and one layout of its input's memory."""

    layer: Layer
    dtype: str
    strided: bool

    def __str__(self) -> str:
        layer, mode = self.layer, "" if self.layer.training else " in evaluation"
        memory = " with gaps" if self.strided else ""
        return f"{layer.expression} of {list(layer.shape)}{memory} in {self.dtype}{mode}"


def _both(*layers: tuple[Any, ...]) -> list[Layer]:
    """Layers in training and in evaluation."""
    return [Layer(*layer, training=mode) for layer in layers for mode in (True, False)]


ACTIVATIONS = [
    Layer(expression, (3, 7), low, high)
    for expression, low, high in (
        ("nn.ReLU()", -3, 3),
        ("nn.ReLU6()", -3, 9),
        ("nn.LeakyReLU()", -3, 3),
        ("nn.LeakyReLU(0.2)", -3, 3),
        ("nn.PReLU()", -3, 3),
        ("nn.PReLU(7)", -3, 3),
        ("nn.ELU()", -6, 3),
        ("nn.ELU(alpha=0.5)", -6, 3),
        ("nn.SELU()", -6, 3),
        ("nn.CELU(alpha=2.0)", -6, 3),
        ("nn.GELU()", -6, 6),
        ("nn.GELU(approximate='tanh')", -6, 6),
        ("nn.SiLU()", -9, 9),
        ("nn.Mish()", -9, 9),
        ("nn.Softplus()", -9, 25),
        ("nn.Softplus(beta=2.0, threshold=3.0)", -3, 3),
        ("nn.Softsign()", -3, 3),
        ("nn.Tanhshrink()", -3, 3),
        ("nn.Softshrink()", -2, 2),
        ("nn.Hardshrink(0.7)", -2, 2),
        ("nn.Hardtanh()", -2, 2),
        ("nn.Hardtanh(-2.0, 0.5)", -3, 3),
        ("nn.Hardsigmoid()", -5, 5),
        ("nn.Hardswish()", -5, 5),
        ("nn.LogSigmoid()", -30, 30),
        ("nn.Sigmoid()", -9, 9),
        ("nn.Tanh()", -3, 3),
        ("nn.Threshold(0.1, 20.0)", -3, 3),
        ("nn.Softmax(dim=0)", -3, 3),
        ("nn.LogSoftmax(dim=-1)", -3, 3),
        ("nn.Softmin(dim=1)", -3, 3),
    )
] + [
    Layer("nn.GLU()", (3, 10)),
    Layer("nn.GLU(dim=1)", (3, 6, 5)),
    Layer("nn.PReLU(3)", (2, 3, 5)),
    Layer("nn.GELU()", ()),
    Layer("nn.SiLU()", (1,)),
    Layer("nn.GELU()", (5, 0)),
]

NORMS = [
    Layer("nn.LayerNorm(7)", (3, 7)),
    Layer("nn.LayerNorm(7, eps=0.1)", (5, 3, 7)),
    Layer("nn.LayerNorm((3, 5))", (2, 3, 5)),
    Layer("nn.LayerNorm(33, bias=False)", (3, 33)),
    Layer("nn.LayerNorm(5, elementwise_affine=False)", (3, 5)),
    Layer("nn.LayerNorm(5)", (5,)),
    Layer("nn.LayerNorm(1, eps=0.1)", (3, 1)),
    Layer("nn.LayerNorm(3)", (0, 3)),
    Layer("nn.RMSNorm(7)", (3, 7)),
    Layer("nn.RMSNorm((3, 5), eps=0.1)", (2, 3, 5)),
    Layer("nn.RMSNorm(5, elementwise_affine=False)", (3, 5)),
    Layer("nn.GroupNorm(3, 9)", (5, 9)),
    Layer("nn.GroupNorm(2, 6)", (3, 6, 5)),
    Layer("nn.GroupNorm(1, 3, affine=False)", (2, 3, 5, 3)),
    Layer("nn.GroupNorm(3, 3, eps=0.1)", (2, 3, 5)),
    Layer("functools.partial(F.normalize, dim=1)", (3, 7)),
    Layer("functools.partial(F.normalize, p=1.0, dim=0)", (3, 7)),
    *_both(
        ("nn.BatchNorm1d(7)", (5, 7)),
        ("nn.BatchNorm1d(3)", (5, 3, 7)),
        ("nn.BatchNorm1d(3)", (1, 3, 7)),
        ("nn.BatchNorm1d(3, momentum=None)", (5, 3)),
        ("nn.BatchNorm1d(3, momentum=0.5, eps=0.1)", (5, 3)),
        ("nn.BatchNorm1d(3, affine=False)", (5, 3)),
        ("nn.BatchNorm1d(3, bias=False)", (5, 3)),
        ("nn.BatchNorm1d(3, track_running_stats=False)", (5, 3)),
        ("nn.BatchNorm2d(3)", (2, 3, 5, 3)),
        ("nn.BatchNorm3d(2)", (3, 2, 1, 3, 2)),
        ("nn.InstanceNorm1d(3)", (2, 3, 5)),
        ("nn.InstanceNorm2d(3, affine=True)", (2, 3, 5, 3)),
        ("nn.InstanceNorm2d(3)", (3, 5, 3)),
        ("nn.InstanceNorm1d(3, affine=True, track_running_stats=True)", (2, 3, 5)),
        ("nn.InstanceNorm3d(2)", (2, 2, 1, 3, 2)),
    ),
]

DROPOUTS = _both(
    ("nn.Dropout()", (5, 7)),
    ("nn.Dropout(0.1)", (3, 5, 7)),
    ("nn.Dropout(0.9)", (37,)),
    ("nn.Dropout(0.0)", (5, 7)),
    ("nn.Dropout(1.0)", (5, 7)),
    ("nn.Dropout(0.3, inplace=True)", (5, 7)),
    ("nn.Dropout1d(0.4)", (3, 5, 7)),
    ("nn.Dropout1d(0.4)", (5, 7)),
    ("nn.Dropout2d(0.4)", (3, 5, 3, 2)),
    ("nn.Dropout3d(0.4)", (3, 5, 3, 2, 1)),
    ("nn.AlphaDropout(0.2)", (5, 7)),
    ("nn.AlphaDropout(1.0)", (5, 7)),
)

# What they are built into; the names are those of `block_cases`.
BLOCKS = [
    Layer("nn.Linear(7, 5)", (3, 7)),
    Layer("nn.Linear(7, 5, bias=False)", (2, 3, 7)),
    Layer("nn.Linear(1, 3)", (5, 1)),
    Layer("nn.Linear(7, 5)", (7,)),
    Layer("Lookup(11, 5)", (3, 7, 5)),
    Layer("Lookup(11, 5, padding_idx=3)", (3, 7, 5)),
    Layer("Heads(6, 3)", (2, 5, 6), -1, 1),
    Layer("Heads(5, 1)", (3, 1, 5), -1, 1),
    *_both(
        ("SelfAttention(6, 3)", (2, 5, 6), -1, 1),
        ("SelfAttention(6, 2, causal=True)", (3, 7, 6), -1, 1),
        ("SelfAttention(5, 1, bias=False, causal=True)", (1, 3, 5), -1, 1),
        ("Residual(nn.Linear(7, 7), nn.BatchNorm1d(7), nn.ReLU())", (5, 7)),
        ("Residual(nn.LayerNorm(7), nn.Linear(7, 13), nn.GELU(), nn.Linear(13, 7))", (3, 5, 7)),
        ("Residual(Residual(nn.GroupNorm(3, 9), nn.SiLU()), nn.Linear(9, 9))", (5, 9)),
        ("Residual(nn.LayerNorm(6), Heads(6, 2), nn.Dropout(0.3))", (2, 5, 6), -1, 1),
    ),
]

FAMILIES = {
    "activations": ACTIVATIONS,
    "norms": NORMS,
    "dropouts": DROPOUTS,
    "blocks": BLOCKS,
}


def runs(family: str) -> Iterator[Run]:
    """Every layer of a family, in both dtypes, on memory in order and with gaps."""
    for layer in FAMILIES[family]:
        for dtype in DTYPES:
            for strided in (False, True):
                yield Run(layer, dtype, strided)


# -- one run ---------------------------------------------------------------------------------------


def spread(count: int, seed: int, low: float, high: float) -> list[float]:
    """Numbers between low and high in a fixed disorder, exact in float32."""
    units = [(i * 7919 + seed * 5417 + 137) % 1009 / 1024 for i in range(count)]
    return [math.floor((low + (high - low) * u) * 4096) / 4096 for u in units]


def numbers(torch: Any, shape: Any, dtype: str, seed: int, low: float, high: float) -> Any:
    """A tensor of such numbers."""
    flat = torch.tensor(spread(math.prod(shape), seed, low, high), dtype=getattr(torch, dtype))
    return flat.reshape(tuple(shape))


def with_gaps(torch: Any, x: Any) -> Any:
    """The same numbers, the first dimension running fastest, in every second place of memory."""
    if not x.ndim:
        return x
    order = tuple(reversed(range(x.ndim)))
    turned = x.permute(order)
    wide = torch.zeros((*turned.shape[:-1], 2 * turned.shape[-1]), dtype=x.dtype)
    wide[..., ::2] = turned
    return wide[..., ::2].permute(order)


def given(run: Run, torch: Any, seed: int = 1) -> Any:
    """The input of a run."""
    layer = run.layer
    x = numbers(torch, layer.shape, run.dtype, seed, layer.low, layer.high)
    return with_gaps(torch, x) if run.strided else x


def made(run: Run, torch: Any, names: dict[str, Any]) -> Any:
    """The module or function of a run, with weights that are not all alike.

    What has running numbers has seen a batch in training before.
    """
    layer = eval(run.layer.expression, names)  # noqa: S307  # our own text
    if not isinstance(layer, torch.nn.Module):
        return layer
    layer.to(getattr(torch, run.dtype))
    with torch.no_grad():
        for i, p in enumerate(layer.parameters()):
            p.copy_(numbers(torch, p.shape, run.dtype, 3 + i, 0.1, 1.5))
        if list(layer.buffers()):
            layer(given(run, torch, seed=2))
    return layer.train(run.layer.training)


def weighted(out: Any, run: Run, torch: Any) -> Any:
    """A sum of the result in which every number counts differently."""
    return (out * numbers(torch, out.shape, run.dtype, 5, 0.5, 1.5)).sum()


def answer(run: Run, torch: Any, names: dict[str, Any]) -> dict[str, Any]:
    """All that a run computes and leaves behind."""
    layer = made(run, torch, names)
    torch.manual_seed(SEED)
    x = given(run, torch).requires_grad_()
    out = layer(x * 1 if "inplace" in run.layer.expression else x)
    parameters = dict(layer.named_parameters()) if isinstance(layer, torch.nn.Module) else {}
    buffers = dict(layer.named_buffers()) if isinstance(layer, torch.nn.Module) else {}
    weighted(out, run, torch).backward()
    found = {"value": out.detach(), "by input": x.grad}
    found |= {f"by {name}": p.grad for name, p in parameters.items()}
    found |= dict(buffers)
    return found | {"drawn next": torch.rand(1)}


# -- second gradients, and what modules say of themselves ------------------------------------------

FUNCTIONS = """
F.relu6(x(3, 4, low=-9, high=9))
F.leaky_relu(x(3, 4), 0.2)
F.prelu(x(3, 4), x(4))
F.prelu(x(3, 4), x(1))
F.elu(x(3, 4), alpha=0.7)
F.selu(x(3, 4))
F.celu(x(3, 4), alpha=0.7)
F.gelu(x(3, 4))
F.gelu(x(6, low=-9, high=9))
F.gelu(x(3, 4), approximate="tanh")
F.gelu(x(6, low=-4, high=4), approximate="tanh")
F.silu(x(3, 4))
F.silu(x(6, low=-90, high=90))
F.mish(x(3, 4))
F.softplus(x(3, 4))
F.softplus(x(6, low=-60, high=60), beta=2, threshold=5)
F.softsign(x(3, 4))
F.tanhshrink(x(3, 4))
F.softshrink(x(3, 4), 0.3)
F.hardshrink(x(3, 4), 0.3)
F.hardtanh(x(3, 4), -1.5, 0.3)
F.hardswish(x(3, 4, low=-5, high=5))
F.threshold(x(3, 4), 0.5, -2.0)
F.glu(x(3, 4))
F.softmin(x(3, 4), dim=1)
F.relu6(torch.tensor([1, 9, -3]))
F.hardtanh(torch.tensor([1, 9, -3]), -2, 2)
F.threshold(torch.tensor([1, 9, -3]), 2, 7)
F.softsign(torch.tensor([1, 9, -3]))
F.tanhshrink(torch.tensor([1, 9, -3]))
torch.erf(x(3, 4))
torch.erf(torch.tensor([0, 1, -2]))
F.layer_norm(x(3, 4), (4,), x(4), x(4))
F.layer_norm(x(2, 3, 2), (3, 2), x(3, 2))
F.rms_norm(x(3, 4), (4,), x(4))
F.batch_norm(x(3, 4), None, None, x(4), x(4), training=True)
F.batch_norm(x(3, 2, 2), None, None, training=True)
F.batch_norm(x(3, 4), k(4), k(4, low=0.2), x(4), x(4))
F.group_norm(x(3, 6), 2, x(6), x(6))
F.group_norm(x(2, 4, 3), 2)
F.instance_norm(x(2, 2, 3))
F.instance_norm(x(2, 2, 3), k(2), k(2, low=0.2), use_input_stats=False)
"""

TEXTS = """
repr(nn.ReLU6())
repr(nn.ReLU6(True))
repr(nn.LeakyReLU())
repr(nn.LeakyReLU(0.2, True))
repr(nn.PReLU())
repr(nn.PReLU(3))
repr(nn.ELU())
repr(nn.ELU(2.0, True))
repr(nn.SELU())
repr(nn.SELU(True))
repr(nn.CELU(2.0))
repr(nn.GELU())
repr(nn.GELU("tanh"))
repr(nn.SiLU())
repr(nn.SiLU(True))
repr(nn.Mish())
repr(nn.Softplus())
repr(nn.Softsign())
repr(nn.Tanhshrink())
repr(nn.Softshrink())
repr(nn.Hardshrink(0.1))
repr(nn.Hardtanh())
repr(nn.Hardtanh(-2, 2, True))
repr(nn.Hardsigmoid(True))
repr(nn.Hardswish())
repr(nn.LogSigmoid())
repr(nn.Threshold(0.1, 20))
repr(nn.Threshold(0.1, 20, True))
repr(nn.GLU())
repr(nn.Softmin(1))
repr(nn.LayerNorm(4))
repr(nn.LayerNorm((2, 3), bias=False))
repr(nn.LayerNorm([2, 3], eps=0.1, elementwise_affine=False))
repr(nn.RMSNorm(4))
repr(nn.GroupNorm(2, 4))
repr(nn.BatchNorm1d(3))
repr(nn.BatchNorm2d(3, momentum=None, affine=False))
repr(nn.BatchNorm3d(3, track_running_stats=False))
repr(nn.InstanceNorm1d(3))
repr(nn.InstanceNorm2d(3, affine=True))
repr(nn.Dropout())
repr(nn.Dropout(0.1, True))
repr(nn.Dropout1d())
repr(nn.Dropout2d(0.3))
repr(nn.AlphaDropout(0.3))
list(nn.BatchNorm1d(3).state_dict())
list(nn.BatchNorm1d(3, affine=False, track_running_stats=False).state_dict())
list(nn.LayerNorm(3, bias=False).state_dict())
list(nn.InstanceNorm1d(3, affine=True).state_dict())
str(nn.BatchNorm1d(3).num_batches_tracked)
error(lambda: nn.Hardtanh(1, -1))
error(lambda: nn.Dropout(-1))
error(lambda: nn.BatchNorm1d(3)(torch.ones(3)))
error(lambda: nn.BatchNorm1d(3)(torch.ones(2, 3, 4, 5)))
error(lambda: nn.BatchNorm2d(3)(torch.ones(2, 3)))
error(lambda: nn.BatchNorm1d(3)(torch.ones(1, 3)))
error(lambda: nn.InstanceNorm2d(3)(torch.ones(2, 3)))
error(lambda: nn.InstanceNorm1d(3, affine=True)(torch.ones(2, 4, 5)))
error(lambda: nn.GroupNorm(2, 3))
error(lambda: F.dropout(torch.ones(2), 1.5))
str(F.leaky_relu(torch.ones(1, requires_grad=True)))
str(F.elu(torch.ones(1, requires_grad=True)))
str(F.gelu(torch.ones(1, requires_grad=True)))
str(F.silu(torch.ones(1, requires_grad=True)))
str(F.hardtanh(torch.ones(1, requires_grad=True)))
str(F.prelu(torch.ones(1), torch.ones(1, requires_grad=True)))
str(F.dropout(torch.zeros(1, requires_grad=True)))
str(F.layer_norm(torch.zeros(1, 2, requires_grad=True), (2,)))
str(nn.LayerNorm(2)(torch.zeros(1, 2, requires_grad=True)))
str(nn.BatchNorm1d(2)(torch.zeros(3, 2, requires_grad=True)))
str(nn.GroupNorm(1, 2)(torch.zeros(1, 2, requires_grad=True)))
"""


def text(expression: str, torch: Any) -> Any:
    """A text, a list of them, or an error's message."""

    def error(action: Callable[[], Any]) -> str:
        try:
            action()
        except (RuntimeError, ValueError, AssertionError) as found:
            return str(found)
        return "no error"

    names = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "error": error}
    return eval(expression, names)  # noqa: S307  # our own text
