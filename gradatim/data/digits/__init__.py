"""Images for training: 1,797 handwritten digits of 8 x 8 pixels built into the library.

>>> from gradatim.data import digits
>>> train, dev, test = digits.load().split()
>>> X, Y = train.pixels(), train.labels
>>> X.shape, X.dtype, float(X.min()), float(X.max()), Y[:5].tolist()
((1438, 64), dtype('float32'), 0.0, 1.0, [1, 2, 3, 4, 6])
"""

from .images import Digits, Split, load

__all__ = ["Digits", "Split", "load"]


def __dir__() -> list[str]:
    return sorted(__all__)
