"""Probability distributions whose parameters are tensors, usually the output of a network.

`sample` draws without gradient, `rsample` as a function of the parameters (Kingma and Welling
2014), `log_prob` is the logarithm of the probability or density. The numbers drawn are PyTorch's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ._tensor.absent import missing_in as _missing_in
from ._tensor.combining import broadcast_tensors
from ._tensor.creation import tensor
from ._tensor.dims import Size
from ._tensor.randomness import bernoulli, multinomial, normal
from ._tensor.tensor import Tensor
from .autograd import no_grad
from .core.errors import ArgumentError
from .core.numbers import glance
from .nn.functional import binary_cross_entropy_with_logits

Shape = Sequence[int]


class Distribution:
    """The base: `batch_shape` counts independent distributions, `event_shape` is that of a draw."""

    has_rsample = False

    def __init__(self, batch_shape: Shape, event_shape: Shape = ()) -> None:
        self.batch_shape = Size(batch_shape)
        self.event_shape = Size(event_shape)

    def sample(self, sample_shape: Shape = ()) -> Any:
        """Draws of shape `sample_shape + batch_shape + event_shape`, without gradient."""
        with no_grad():
            return self.rsample(sample_shape).detach()

    def rsample(self, sample_shape: Shape = ()) -> Any:
        """Draws with gradients for the parameters."""
        raise NotImplementedError(f"{type(self).__name__} has no rsample: its draws are discrete")

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability or density at `value`."""
        raise NotImplementedError

    def entropy(self) -> Any:
        """The mean of -log_prob."""
        raise NotImplementedError

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    @property
    def variance(self) -> Any:
        """The variance."""
        raise NotImplementedError

    def _shape(self, sample_shape: Shape) -> tuple[int, ...]:
        return (*sample_shape, *self.batch_shape, *self.event_shape)


def _tensors(*given: Any) -> list[Any]:
    """Parameters as tensors of one shape."""
    kept = next((x for x in given if isinstance(x, Tensor)), tensor(0.0))
    made = [x if isinstance(x, Tensor) else tensor(float(x), dtype=kept.dtype) for x in given]
    return list(broadcast_tensors(*made))


def _check(name: str, x: Any, rule: str, holds: Any) -> None:
    array = glance(x)
    if array is not None and not holds(array).all():
        raise ArgumentError(f"{name}: expected {rule}, got {x.detach()}")


class Normal(Distribution):
    """The normal distribution of mean `loc` and standard deviation `scale`.

    >>> import gradatim
    >>> Normal(0.0, 2.0).log_prob(gradatim.tensor(1.0))
    tensor(-1.7371)
    """

    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = _tensors(loc, scale)
        if validate_args is not False:
            _check("Normal", self.scale, "a scale above 0", lambda a: a > 0)
        super().__init__(self.loc.shape)

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.loc

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.scale**2

    def sample(self, sample_shape: Shape = ()) -> Any:
        """Draws without gradient."""
        shape = self._shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Shape = ()) -> Any:
        """loc + scale * noise."""
        shape = self._shape(sample_shape)
        noise = normal(self.loc.new_zeros(shape), self.loc.new_ones(shape))
        return self.loc + noise * self.scale

    def log_prob(self, value: Any) -> Any:
        """-(x - loc)^2 / (2 scale^2) - log scale - log(2 pi) / 2."""
        distance = (value - self.loc) ** 2 / (2 * self.variance)
        return -distance - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Any) -> Any:
        """The probability of a draw up to `value`."""
        return 0.5 * (1 + ((value - self.loc) / self.scale / math.sqrt(2)).erf())

    def entropy(self) -> Any:
        """(1 + log(2 pi)) / 2 + log scale."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()


class Categorical(Distribution):
    """One of K categories, with probabilities in proportion to `probs`, or to exp of `logits`.

    >>> import gradatim
    >>> Categorical(probs=gradatim.tensor([1.0, 3.0])).log_prob(gradatim.tensor(1)).exp()
    tensor(0.7500)
    """

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ArgumentError("Categorical: give either probs or logits")
        given: Any = logits if probs is None else probs
        if given.ndim < 1:
            raise ArgumentError("Categorical: probs and logits need a dimension of categories")
        if probs is not None:
            if validate_args is not False:
                _check("Categorical", probs, "probabilities of 0 or more", lambda a: a >= 0)
            self.probs = probs / probs.sum(-1, keepdim=True)
            eps = 1.1920928955078125e-07 if probs.itemsize == 4 else 2.220446049250313e-16
            self.logits = self.probs.clamp(min=eps, max=1 - eps).log()
        else:
            self.logits = given - given.logsumexp(-1, keepdim=True)
            self.probs = self.logits.softmax(-1)
        super().__init__(given.shape[:-1])

    def sample(self, sample_shape: Shape = ()) -> Any:
        """Category numbers."""
        count = math.prod(sample_shape)
        weights = self.probs.detach().reshape(-1, self.probs.shape[-1])
        return multinomial(weights, count, True).T.reshape(self._shape(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability of a category."""
        value, logits = broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, value[..., :1]).squeeze(-1)

    def entropy(self) -> Any:
        """-sum p log p."""
        least = -3.4028234663852886e38 if self.logits.itemsize == 4 else -1.7976931348623157e308
        return -(self.logits.clamp(min=least) * self.probs).sum(-1)

    @property
    def mode(self) -> Any:
        """The likeliest category."""
        return self.probs.argmax(-1)


class Bernoulli(Distribution):
    """1 with probability `probs`, or sigmoid of `logits`, else 0.

    >>> import gradatim
    >>> Bernoulli(0.25).entropy()
    tensor(0.5623)
    """

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ArgumentError("Bernoulli: give either probs or logits")
        (given,) = _tensors(logits if probs is None else probs)
        if probs is None:
            self.logits, self.probs = given, given.sigmoid()
        else:
            if validate_args is not False:
                inside = lambda a: (a >= 0) & (a <= 1)  # noqa: E731
                _check("Bernoulli", given, "probabilities in [0, 1]", inside)
            eps = 1.1920928955078125e-07 if given.itemsize == 4 else 2.220446049250313e-16
            kept = given.clamp(min=eps, max=1 - eps)
            self.logits, self.probs = kept.log() - (-kept).log1p(), given
        super().__init__(given.shape)

    @property
    def mean(self) -> Any:
        """The probability of 1."""
        return self.probs

    @property
    def variance(self) -> Any:
        """p (1 - p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = ()) -> Any:
        """Zeros and ones."""
        with no_grad():
            return bernoulli(self.probs.expand(self._shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        """log p for 1, log(1 - p) for 0."""
        logits, value = broadcast_tensors(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Any:
        """-p log p - (1 - p) log(1 - p)."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")


class Independent(Distribution):
    """A distribution whose last batch dimensions are dimensions of one draw.

    >>> import gradatim
    >>> Independent(Normal(gradatim.zeros(5, 3), 1.0), 1).log_prob(gradatim.zeros(3)).shape
    gradatim.Size([5])
    """

    def __init__(
        self, base_distribution: Any, reinterpreted_batch_ndims: int, validate_args: Any = None
    ) -> None:
        count = len(base_distribution.batch_shape)
        if not 0 <= reinterpreted_batch_ndims <= count:
            raise ArgumentError(
                f"Independent: {reinterpreted_batch_ndims} of {count} batch dimensions"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.has_rsample = base_distribution.has_rsample
        cut = count - reinterpreted_batch_ndims
        shape = base_distribution.batch_shape
        super().__init__(shape[:cut], (*shape[cut:], *base_distribution.event_shape))

    def _summed(self, x: Any) -> Any:
        n = self.reinterpreted_batch_ndims
        return x.sum([*range(-n, 0)]) if n else x

    @property
    def mean(self) -> Any:
        """The mean."""
        return self.base_dist.mean

    @property
    def variance(self) -> Any:
        """The variance."""
        return self.base_dist.variance

    def sample(self, sample_shape: Shape = ()) -> Any:
        """Draws of the distribution within."""
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Shape = ()) -> Any:
        """Draws of the distribution within, with gradients."""
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Any) -> Any:
        """Summed over the dimensions of a draw."""
        return self._summed(self.base_dist.log_prob(value))

    def entropy(self) -> Any:
        """Summed over the dimensions of a draw."""
        return self._summed(self.base_dist.entropy())


def kl_divergence(p: Any, q: Any) -> Any:
    """The mean under p of log p - log q, for two distributions of the same kind.

    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    if isinstance(p, Normal) and isinstance(q, Normal):
        ratio = (p.scale / q.scale) ** 2
        return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())
    if isinstance(p, Categorical) and isinstance(q, Categorical):
        terms = p.probs * (p.logits - q.logits)
        terms = terms.masked_fill((q.probs == 0).expand_as(terms), math.inf)
        return terms.masked_fill((p.probs == 0).expand_as(terms), 0.0).sum(-1)
    if isinstance(p, Bernoulli) and isinstance(q, Bernoulli):
        cross = binary_cross_entropy_with_logits(q.logits, p.probs, reduction="none")
        return cross - p.entropy()
    if isinstance(p, Independent) and isinstance(q, Independent) and p.event_shape == q.event_shape:
        return p._summed(kl_divergence(p.base_dist, q.base_dist))
    raise NotImplementedError(
        f"kl_divergence of {type(p).__name__} from {type(q).__name__} is not supported"
    )


__all__ = ["Bernoulli", "Categorical", "Distribution", "Independent", "Normal", "kl_divergence"]

__getattr__ = _missing_in(__name__, __all__)
