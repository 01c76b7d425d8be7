"""Layers and losses as functions: `import gradatim.nn.functional as F`."""

from .activation import gelu, log_softmax, logsigmoid, mish, relu, sigmoid, silu, softmax, tanh
from .attention import scaled_dot_product_attention
from .classes import cross_entropy, nll_loss, one_hot
from .distance import huber_loss, l1_loss, mse_loss, normalize, smooth_l1_loss
from .dropout import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d
from .layers import embedding, linear
from .likelihood import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    entropy,
    gaussian_nll_loss,
    kl_div,
)
from .normalization import batch_norm, group_norm, instance_norm, layer_norm, rms_norm

__all__ = [
    "alpha_dropout",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "embedding",
    "entropy",
    "gaussian_nll_loss",
    "gelu",
    "group_norm",
    "huber_loss",
    "instance_norm",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mish",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "relu",
    "rms_norm",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "tanh",
]
