"""Layers and losses as functions: `import gradatim.nn.functional as F`."""

from .activation import log_softmax, logsigmoid, relu, sigmoid, softmax, tanh
from .classes import cross_entropy, nll_loss, one_hot
from .distance import huber_loss, l1_loss, mse_loss, normalize, smooth_l1_loss
from .layers import embedding, linear
from .likelihood import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    entropy,
    gaussian_nll_loss,
    kl_div,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "embedding",
    "entropy",
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "relu",
    "sigmoid",
    "smooth_l1_loss",
    "softmax",
    "tanh",
]
