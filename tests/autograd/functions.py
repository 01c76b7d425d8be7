"""What the tests of `autograd.Function` make their functions of."""

import gradatim
from gradatim import tensor
from gradatim.autograd import Function


def leaf(values):
    return tensor(values, dtype=gradatim.float64, requires_grad=True)


class Square(Function):
    """Saves its input."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g


def scaled(backward, *, forward=lambda x: x * 2):
    """A Function of one argument with this backward."""
    return type(
        "Scaled",
        (Function,),
        {
            "forward": staticmethod(lambda ctx, x: forward(x)),
            "backward": staticmethod(lambda ctx, g: backward(g)),
        },
    )
