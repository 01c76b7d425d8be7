"""The table's cases of losses, embeddings and updates."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import SHAPES, Case, binary, numbers, unary

LOGITS = numbers((5, 4), -3, 3)
TARGET = np.array([3, 0, 2, 1, 3])
SOME_IGNORED = np.array([3, -100, 2, 1, -100])
WEIGHT = numbers((4,), 0.5, 2)
NO_ROWS = np.zeros((0,), np.int64)
F64 = np.float64


def _log_p(logits: Any) -> Any:
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def _reduced(losses: Any, count: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    return losses.sum() / count if reduction == "mean" else losses.sum()


def _cross_entropy(logits: Any, target: Any, *, ignore_index: int, reduction: str) -> Any:
    kept = target != ignore_index
    losses = np.array(
        [-row[t] if k else 0.0 for row, t, k in zip(_log_p(logits), target, kept, strict=True)],
        F64,
    )
    return _reduced(losses, kept.sum(), reduction)


def _cross_entropy_back(
    g: Any, logits: Any, target: Any, *, ignore_index: int, reduction: str
) -> Any:
    kept = (target != ignore_index) * 1.0
    scale = kept * (g / kept.sum() if reduction == "mean" else g)
    return scale[:, None] * (
        np.exp(_log_p(logits)) - (np.arange(logits.shape[1]) == target[:, None])
    )


def _nll(
    log_p: Any, target: Any, weight: Any, *, ignore_index: int, reduction: str, smoothing: float
) -> Any:
    kept = target != ignore_index
    each = np.where(kept, weight[np.where(kept, target, 0)], 0)
    even = (log_p * weight).mean(1)
    own = np.array([row[t] if k else 0.0 for row, t, k in zip(log_p, target, kept, strict=True)])
    losses = -(1 - smoothing) * own * each - smoothing * kept * even
    return _reduced(losses, each.sum(), reduction)


def _nll_back(g: Any, target: Any, weight: Any, *, reduction: str, **static: Any) -> Any:
    shape = (len(target), len(weight))
    losses = [
        _nll(np.eye(1, shape[1], c).repeat(shape[0], 0), target, weight, reduction="none", **static)
        for c in range(shape[1])
    ]
    kept = target != static["ignore_index"]
    each = np.where(kept, weight[np.where(kept, target, 0)], 0)
    return (np.stack(losses, 1).T * (g / each.sum() if reduction == "mean" else g)).T


def _squared_error(x: Any, y: Any, *, reduction: str) -> Any:
    return _reduced((x - y) ** 2, x.size, reduction)


def _squared_error_back(g: Any, x: Any, y: Any, *, reduction: str) -> Any:
    return 2 * (x - y) * (g / x.size if reduction == "mean" else g)


def _place(x: Any, index: Any, *, classes: int) -> Any:
    return x[:, None] * (np.arange(classes) == index[:, None])


REDUCTIONS = [{"reduction": r} for r in ("none", "mean", "sum")]
CLASSES = [
    *[
        Case("cross_entropy", (LOGITS, target), _cross_entropy, {"ignore_index": i, **r})
        for target, i in ((TARGET, -100), (TARGET, 3), (SOME_IGNORED, -100))
        for r in REDUCTIONS
    ],
    *[
        Case(
            "cross_entropy",
            (numbers((0, 4)), NO_ROWS),
            _cross_entropy,
            {"ignore_index": -100, "reduction": r},
        )
        for r in ("none", "sum")
    ],
    # Far apart, so that e^x would overflow and underflow without a shift.
    Case(
        "cross_entropy",
        (np.array([[300.0, 0.0, -300.0], [-300.0, 0.0, 300.0]]), np.array([2, 2])),
        lambda *_, **__: np.array([600.0, 0.0]),
        {"ignore_index": -100, "reduction": "none"},
    ),
    *[
        Case(
            "cross_entropy_back",
            (numbers((5,) if r["reduction"] == "none" else (), 1, 2), LOGITS, target),
            _cross_entropy_back,
            {"ignore_index": -100, **r},
        )
        for target in (TARGET, SOME_IGNORED)
        for r in REDUCTIONS
    ],
    Case(
        "cross_entropy_back",
        (numbers((0,)), numbers((0, 4)), NO_ROWS),
        _cross_entropy_back,
        {"ignore_index": -100, "reduction": "none"},
    ),
    *[
        Case(
            name,
            (first, target, WEIGHT),
            expected,
            {"ignore_index": i, "smoothing": smoothing, **r},
        )
        for target, i in ((TARGET, -100), (TARGET, 3), (SOME_IGNORED, -100))
        for smoothing in (0.0, 0.1)
        for r in REDUCTIONS
        for name, first, expected in (
            ("nll", numbers((5, 4), -9, -0.1), _nll),
            ("nll_back", numbers((5,) if r["reduction"] == "none" else (), 1, 2), _nll_back),
        )
    ],
    *[
        Case(
            name,
            (first, NO_ROWS, WEIGHT),
            expected,
            {"ignore_index": -100, "smoothing": 0.1, "reduction": "none"},
        )
        for name, first, expected in (
            ("nll", numbers((0, 4)), lambda *_, **__: np.zeros(0)),
            ("nll_back", numbers((0,)), lambda *_, **__: np.zeros((0, 4))),
        )
    ],
    Case("pick", (LOGITS, TARGET), lambda x, index: x[np.arange(len(x)), index]),
    Case("pick", (numbers((0, 4)), NO_ROWS), lambda x, index: np.zeros(0)),
    Case("place", (numbers((5,)), TARGET), _place, {"classes": 4}),
    Case("place", (numbers((0,)), NO_ROWS), _place, {"classes": 4}),
    *[
        Case(
            "embedding",
            (numbers((4, 3)), index),
            lambda w, index, **_: w[index],
            {"padding_idx": None, "scale_grad_by_freq": False},
        )
        for index in (TARGET, np.array([[1, 1], [0, 3]]), np.array(2), NO_ROWS)
    ],
]

LOSSES = [
    *[
        Case("squared_error", (numbers(s), numbers(s, seed=3)), _squared_error, r)
        for s in SHAPES
        for r in REDUCTIONS
        if not (0 in s and r["reduction"] == "mean")
    ],
    *[
        Case(
            "squared_error_back",
            (numbers(s if r["reduction"] == "none" else (), 1, 2), numbers(s), numbers(s, seed=3)),
            _squared_error_back,
            r,
        )
        for s in ((3, 2), (), (1,), (0, 2))
        for r in REDUCTIONS
        if not (0 in s and r["reduction"] == "mean")
    ],
    *[
        case
        for beta in (1.0, 0.7)
        for case in unary(
            "round_corner",
            lambda d, *, beta: np.where(np.abs(d) < beta, d**2 / (2 * beta), np.abs(d) - beta / 2),
            params={"beta": beta},
        )
    ],
    *unary("log_sigmoid", lambda x: -np.log(1 + np.exp(-x))),
    *binary(
        "binary_cross_entropy",
        lambda x, y: -(y * np.log(x) + (1 - y) * np.log(1 - x)),
        0.1,
        0.9,
    ),
    *unary("floored", lambda var, *, eps: np.maximum(var, eps), 0.1, 2, params={"eps": 1e-6}),
]


# -- updates: the formulas, and a step from a state in mid-training -------------------------


def _sgd(p: Any, g: Any, lr: Any, *, weight_decay: float, maximize: bool) -> Any:
    return p - lr * ((-g if maximize else g) + weight_decay * p)


def _sgd_momentum(
    p: Any, g: Any, b: Any, lr: Any, momentum: Any, dampening: Any, **static: Any
) -> Any:
    g = (-g if static["maximize"] else g) + static["weight_decay"] * p
    b = momentum * b + (1 - dampening) * g
    return p - lr * (g + momentum * b if static["nesterov"] else b), b


def _adam(
    p: Any,
    g: Any,
    m: Any,
    v: Any,
    step: Any,
    lr: Any,
    b1: Any,
    b2: Any,
    largest: Any = None,
    **static: Any,
) -> Any:
    g, decay = (-g if static["maximize"] else g), static["weight_decay"]
    g, p = (g, p - lr * decay * p) if static["decoupled"] else (g + decay * p, p)
    m, v, step = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2, step + 1
    top = v if largest is None else np.maximum(largest, v)
    p = p - lr * (m / (1 - b1**step)) / (np.sqrt(top / (1 - b2**step)) + static["eps"])
    return (p, m, v, step) if largest is None else (p, m, v, step, top)


def _averaged(p: Any, g: Any, m: Any, v: Any, step: Any, b1: Any, b2: Any, **static: Any) -> Any:
    g = -g if static["maximize"] else g
    g = g if static["decoupled"] else g + static["weight_decay"] * p
    return g, b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2, step + 1


def _shrunk(p: Any, lr: Any, **static: Any) -> Any:
    return p - lr * static["weight_decay"] * p if static["decoupled"] else p


def _nadam(
    p: Any, g: Any, m: Any, v: Any, t: Any, product: Any, lr: Any, b1: Any, b2: Any, **static: Any
) -> Any:
    g, m, v, t = _averaged(p, g, m, v, t, b1, b2, **static)
    mu, ahead = (b1 * (1 - 0.96 ** (k * static["momentum_decay"]) / 2) for k in (t, t + 1))
    product = product * mu
    step = (1 - mu) * g / (1 - product) + ahead * m / (1 - product * ahead)
    size = np.sqrt(v / (1 - b2**t)) + static["eps"]
    return _shrunk(p, lr, **static) - lr * step / size, m, v, t, product


def _radam(p: Any, g: Any, m: Any, v: Any, t: Any, lr: Any, b1: Any, b2: Any, **static: Any) -> Any:
    g, m, v, t = _averaged(p, g, m, v, t, b1, b2, **static)
    r = 2 / (1 - b2) - 1
    now = r - 2 * t * b2**t / (1 - b2**t)
    step = m / (1 - b1**t)
    if now > 5:
        part = (now - 4) * (now - 2) * r / ((r - 4) * (r - 2) * now)
        step = step * np.sqrt(part * (1 - b2**t)) / (np.sqrt(v) + static["eps"])
    return _shrunk(p, lr, **static) - lr * step, m, v, t


def _adamax(
    p: Any, g: Any, m: Any, u: Any, t: Any, lr: Any, b1: Any, b2: Any, **static: Any
) -> Any:
    g, m, _, t = _averaged(p, g, m, u, t, b1, b2, decoupled=False, **static)
    u = np.maximum(b2 * u, np.abs(g) + static["eps"])
    return p - lr / (1 - b1**t) * m / u, m, u, t


def _decayed(p: Any, g: Any, *, weight_decay: float, maximize: bool, **_: Any) -> Any:
    return (-g if maximize else g) + weight_decay * p


def _adagrad(p: Any, g: Any, v: Any, t: Any, lr: Any, **static: Any) -> Any:
    g = _decayed(p, g, **static)
    v, rate = v + g**2, lr / (1 + t * static["lr_decay"])
    return p - rate * g / (np.sqrt(v) + static["eps"]), v, t + 1


def _rmsprop(centered: bool, momentum: bool) -> Any:
    def step(p: Any, g: Any, v: Any, *rest: Any, **static: Any) -> Any:
        *kept, t, lr, part = rest
        g, alpha = _decayed(p, g, **static), static["alpha"]
        size = v = alpha * v + (1 - alpha) * g**2
        if centered:
            kept[0] = alpha * kept[0] + (1 - alpha) * g
            size = v - kept[0] ** 2
        step = g / (np.sqrt(size) + static["eps"])
        if momentum:
            step = kept[-1] = part * kept[-1] + step
        return p - lr * step, v, *kept, t + 1

    return step


def _adadelta(p: Any, g: Any, v: Any, u: Any, t: Any, lr: Any, **static: Any) -> Any:
    g, rho, eps = _decayed(p, g, **static), static["rho"], static["eps"]
    v = rho * v + (1 - rho) * g**2
    step = np.sqrt(u + eps) / np.sqrt(v + eps) * g
    return p - lr * step, v, rho * u + (1 - rho) * step**2, t + 1


def _rprop(
    p: Any,
    g: Any,
    last: Any,
    size: Any,
    t: Any,
    *,
    less: Any,
    more: Any,
    low: Any,
    high: Any,
    maximize: Any,
) -> Any:
    g = -g if maximize else g
    turn = np.sign(g * last)
    size = np.clip(size * np.where(turn > 0, more, np.where(turn < 0, less, 1)), low, high)
    g = np.where(turn < 0, 0, g)
    return p - np.sign(g) * size, g, size, t + 1


def _asgd(p: Any, g: Any, a: Any, t: Any, eta: Any, mu: Any, lr: Any, **static: Any) -> Any:
    p = p * (1 - static["lambd"] * eta) - eta * _decayed(p, g, **static)
    a, t = a + mu * (p - a), t + 1
    eta = lr / (1 + static["lambd"] * lr * t) ** static["alpha"]
    return p, a, t, eta, np.asarray(1 / max(1, t - static["t0"]))


def _state(shape: tuple[int, ...]) -> tuple[Any, ...]:
    """p, g, m, v of a shape."""
    return (numbers(shape), numbers(shape, seed=1), numbers(shape, seed=2), numbers(shape, 0.1, 2))


LR, STEP = np.array(0.1), np.array(3.0)
B1, B2 = np.array(0.9), np.array(0.999)
ROOTS, AVERAGED = {"alpha": 0.99, "eps": 1e-8}, {"lambd": 1e-2, "alpha": 0.75}
UPDATES = [
    *[Case("scale_in", (numbers(s), np.array(0.7)), lambda x, factor: x * factor) for s in SHAPES],
    *unary(
        "clamp_in",
        lambda x, *, low, high: np.clip(x, low, high),
        params={"low": -0.6, "high": 0.8},
    ),
    *[
        Case("sgd", (*_state(s)[:2], LR), _sgd, {"weight_decay": decay, "maximize": up})
        for s in SHAPES
        for decay, up in ((0.0, False), (0.1, True))
    ],
    *[
        Case(
            "sgd_momentum",
            (*_state(s)[:3], LR, B1, np.array(dampening)),
            _sgd_momentum,
            {"weight_decay": decay, "nesterov": nesterov, "maximize": up},
        )
        for s in SHAPES
        for dampening, decay, nesterov, up in ((0.0, 0.1, True, False), (0.4, 0.0, False, True))
    ],
    *[
        Case(
            name,
            (*_state(s), STEP, LR, B1, B2, *largest),
            _adam,
            {"eps": 1e-8, "weight_decay": decay, "decoupled": apart, "maximize": up},
        )
        for s in SHAPES
        for name, largest in (("adam", ()), ("amsgrad", (numbers(s, 0.5, 1),)))
        for decay, apart, up in ((0.0, False, False), (0.1, True, False), (0.1, False, True))
    ],
    *[
        Case(
            name,
            (*_state(s), *numbers_of, LR, B1, B2),
            expected,
            {"eps": 1e-8, "weight_decay": decay, "decoupled": apart, "maximize": up, **more},
        )
        for s in SHAPES
        for name, numbers_of, expected, more in (
            ("nadam", (STEP, np.array(0.2)), _nadam, {"momentum_decay": 4e-3}),
            ("radam", (STEP,), _radam, {}),
            ("radam", (np.array(9.0),), _radam, {}),
        )
        for decay, apart, up in ((0.0, False, False), (0.1, True, False), (0.1, False, True))
    ],
    *[
        Case(
            "adamax",
            (*_state(s), STEP, LR, B1, B2),
            _adamax,
            {"eps": 1e-8, "weight_decay": decay, "maximize": up},
        )
        for s in SHAPES
        for decay, up in ((0.0, False), (0.1, True))
    ],
    *[
        Case(name, (*inputs, *more), expected, {**settings, "weight_decay": decay, "maximize": up})
        for s in SHAPES
        for p, g, m, v in (_state(s),)
        for name, inputs, more, expected, settings in (
            ("adagrad", (p, g, v), (STEP, LR), _adagrad, {"lr_decay": 0.2, "eps": 1e-8}),
            ("rmsprop", (p, g, v), (STEP, LR, B1), _rmsprop(False, False), ROOTS),
            ("rmsprop_momentum", (p, g, v, m), (STEP, LR, B1), _rmsprop(False, True), ROOTS),
            ("rmsprop_centered", (p, g, v + m**2, m), (STEP, LR, B1), _rmsprop(True, False), ROOTS),
            (
                "rmsprop_centered_momentum",
                (p, g, v + m**2, m, g),
                (STEP, LR, B1),
                _rmsprop(True, True),
                ROOTS,
            ),
            ("adadelta", (p, g, v, v), (STEP, LR), _adadelta, {"rho": 0.9, "eps": 1e-6}),
            ("asgd", (p, g, m), (STEP, LR, B1, LR), _asgd, {**AVERAGED, "t0": 1e6}),
            ("asgd", (p, g, m), (STEP, LR, B1, LR), _asgd, {**AVERAGED, "t0": 1.0}),
        )
        for decay, up in ((0.0, False), (0.1, True))
    ],
    *[
        Case(
            "rprop",
            (*_state(s), STEP),
            _rprop,
            {"less": 0.5, "more": 1.2, "low": 0.2, "high": 1.0, "maximize": up},
        )
        for s in SHAPES
        for up in (False, True)
    ],
]

LEARNING: list[Case] = [*CLASSES, *LOSSES, *UPDATES]
