"""What deep networks and transformers are built of, as modules that both libraries make."""

from __future__ import annotations

from typing import Any


def blocks(torch: Any) -> dict[str, Any]:
    """The modules that cases name, written once for both."""
    nn, F = torch.nn, torch.nn.functional

    class Residual(nn.Module):
        """x and what becomes of it."""

        def __init__(self, *layers: Any) -> None:
            super().__init__()
            self.inner = nn.Sequential(*layers)

        def forward(self, x: Any) -> Any:
            return x + self.inner(x)

    class Lookup(nn.Module):
        """Rows of a table for tokens (B, T) that are x (B, T, C) rounded, times x."""

        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__()
            self.table = nn.Embedding(*arguments, **settings)

        def forward(self, x: Any) -> Any:
            tokens = (x[..., 0].detach().abs() * 100).long() % self.table.num_embeddings
            return self.table(tokens) * x

    class SelfAttention(nn.Module):
        """x (B, T, C) looks at itself, through nn.MultiheadAttention."""

        def __init__(self, *arguments: Any, causal: bool = False, **settings: Any) -> None:
            super().__init__()
            self.causal = causal
            self.attend = nn.MultiheadAttention(*arguments, batch_first=True, **settings)

        def forward(self, x: Any) -> Any:
            T = x.shape[1]
            later = torch.ones(T, T).triu(1) == 1 if self.causal else None
            return self.attend(x, x, x, attn_mask=later, need_weights=False)[0]

    class Heads(nn.Module):
        """x (B, T, C) in heads that look at what is not later, written out as GPT-2 does."""

        def __init__(self, width: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

        def forward(self, x: Any) -> Any:
            B, T, C = x.shape
            parts = self.qkv(x).split(C, -1)
            q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in parts)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.proj(y.transpose(1, 2).flatten(2))

    return {"Residual": Residual, "Lookup": Lookup, "SelfAttention": SelfAttention, "Heads": Heads}
