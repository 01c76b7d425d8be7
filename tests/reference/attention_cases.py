"""Attention as PyTorch and this library must compute it; see `nn_cases`.

`make_attention.py` stores PyTorch's answers, the tests compare.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

try:
    from . import nn_cases
except ImportError:  # beside `make_attention.py`, which is run as a script
    import nn_cases  # type: ignore[no-redef]

FUNCTIONS = """
A(x(2, 3, 4), x(2, 3, 4), x(2, 3, 4))
A(x(3, 4), x(3, 4), x(3, 4))
A(x(2, 1, 3, 4), x(2, 1, 5, 4), x(2, 1, 5, 6))
A(x(2, 3, 4), x(2, 3, 4), x(2, 3, 4), is_causal=True)
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), is_causal=True)
A(x(2, 5, 4), x(2, 3, 4), x(2, 3, 4), is_causal=True)
A(x(2, 2, 7, 3), x(2, 2, 7, 3), x(2, 2, 7, 5), is_causal=True, scale=2.0)
A(x(1, 3, 4), x(1, 3, 4), x(1, 3, 4), scale=0.0)
A(x(2, 3, 4, low=-30, high=30), x(2, 3, 4, low=-30, high=30), x(2, 3, 4))
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), attn_mask=some(3, 5))
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), attn_mask=some(2, 3, 5))
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), attn_mask=some(2, 1, 5))
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), attn_mask=torch.zeros(3, 5).bool())
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), attn_mask=k(3, 5))
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), attn_mask=x(3, 5))
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), attn_mask=x(2, 1, 5))
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), attn_mask=k(3, 5).masked_fill(some(3, 5), -math.inf))
A(x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), attn_mask=torch.full((3, 5), -math.inf))
A(x(1, 4, 3, 2), x(1, 2, 3, 2), x(1, 2, 3, 2), enable_gqa=True)
A(x(4, 3, 2), x(1, 3, 2), x(1, 3, 2), enable_gqa=True, is_causal=True)
A(x(2, 3, 4), x(1, 3, 4), x(1, 3, 4))
A(x(2, 4, 3).transpose(1, 2), x(2, 4, 3).transpose(1, 2), x(2, 4, 3).transpose(1, 2))
A(x(2, 3, 4), x(2, 0, 4), x(2, 0, 4))
A(x(2, 0, 4), x(2, 3, 4), x(2, 3, 4))
A(x(0, 3, 4), x(0, 3, 4), x(0, 3, 4), is_causal=True)
A(x(1, 1, 2), x(1, 200, 2), x(1, 200, 1))
A(x(2, 3, 4).double(), x(2, 3, 4).double(), x(2, 3, 4).double(), is_causal=True)
seeded(lambda: A(k(2, 3, 4), k(2, 3, 4), x(2, 3, 4), dropout_p=0.5, is_causal=True))
multi(8, 2)(x(3, 2, 8), x(5, 2, 8), x(5, 2, 8))[0]
multi(8, 2)(x(3, 2, 8), x(5, 2, 8), k(5, 2, 8))[1]
multi(8, 2)(x(3, 2, 8), x(5, 2, 8), k(5, 2, 8), average_attn_weights=False)[1]
multi(8, 2)(x(3, 2, 8), x(5, 2, 8), x(5, 2, 8), need_weights=False)[0]
multi(8, 4, batch_first=True)(*[x(2, 3, 8)] * 3)[0]
multi(8, 4, bias=False)(*[x(3, 2, 8)] * 3)[0]
multi(6, 3, kdim=4, vdim=5)(x(3, 2, 6), x(5, 2, 4), x(5, 2, 5))[0]
multi(6, 1)(x(3, 6), x(4, 6), x(4, 6))[0]
multi(6, 1)(x(3, 6), x(4, 6), k(4, 6))[1]
multi(8, 2)(*[x(3, 2, 8)] * 3, attn_mask=later(3))[0]
multi(8, 2)(*[x(3, 2, 8)] * 3, attn_mask=k(3, 3))[0]
multi(8, 2)(*[x(3, 2, 8)] * 3, attn_mask=k(4, 3, 3))[0]
multi(8, 2)(*[x(3, 2, 8)] * 3, attn_mask=later(3), is_causal=True, need_weights=False)[0]
multi(8, 2)(*[x(3, 2, 8)] * 3, key_padding_mask=later(3)[:2])[0]
multi(8, 2, add_bias_kv=True)(x(3, 2, 8), x(5, 2, 8), x(5, 2, 8))[0]
multi(8, 2, add_zero_attn=True, batch_first=True)(*[x(2, 3, 8)] * 3)[0]
multi(6, 3, kdim=4, vdim=5, add_bias_kv=True)(x(3, 2, 6), x(5, 2, 4), x(5, 2, 5))[0]
multi(8, 2, add_bias_kv=True, add_zero_attn=True)(*[x(3, 2, 8)] * 3, attn_mask=later(3))[0]
multi(8, 2, add_bias_kv=True, add_zero_attn=True)(*[x(3, 2, 8)] * 3, attn_mask=later(3))[1]
multi(8, 2, add_bias_kv=True)(*[x(3, 2, 8)] * 3, key_padding_mask=later(3)[:2])[0]
multi(8, 2, add_zero_attn=True)(*[x(3, 2, 8)] * 3, attn_mask=k(4, 3, 3))[0]
multi(8, 2)(*[x(3, 2, 8)] * 3, key_padding_mask=later(3)[:2], attn_mask=later(3))[0]
multi(8, 2, dropout=0.9).eval()(*[x(3, 2, 8)] * 3)[0]
multi(8, 2, dropout=0.5)(*[x(3, 2, 8)] * 3)[0]
"""


def evaluate(expression: str, torch: Any) -> dict[str, Any]:
    """The value of an expression, and its first and second gradients."""

    def some(*shape: int) -> Any:
        flat = torch.tensor([i * 5 % 7 < 4 for i in range(math.prod(shape))])
        return flat.reshape(shape)

    def later(n: int) -> Any:
        return torch.ones(n, n).triu(1).bool()

    def seeded(made: Callable[[], Any]) -> Any:
        torch.manual_seed(7)
        return made()

    def multi(*args: Any, **more: Any) -> Any:
        return seeded(lambda: torch.nn.MultiheadAttention(*args, **more))

    names = {"math": math, "some": some, "later": later, "seeded": seeded, "multi": multi}
    attend = torch.nn.functional.scaled_dot_product_attention
    return nn_cases.evaluate(expression, torch, A=attend, **names)
