"""The process of one side of `writing`: the protocol is that of `side`.

{"do": "load", "sizes": {...}, "weights": "file.npz"}   {}
{"do": "likeliest"}                                     {"tokens": [...]}
{"do": "calibrate", "seconds": 0.2}                     {"texts": 12}
{"do": "run", "texts": 12}                              {"seconds": ..., "tokens": ...}
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from .side import Process, main


class Gradatim:
    """The library's own generation."""

    def __init__(self, sizes: dict[str, int], weights: dict[str, Any], threads: int) -> None:
        import gradatim
        from gradatim.models import Writer, generate, gpt

        gradatim.set_num_threads(threads)
        self.model = gpt.Model(gpt.Config(**sizes)).eval()
        with gradatim.no_grad():
            for name, p in self.model.named_parameters():
                p.copy_(gradatim.from_numpy(weights[name]))
        self.length, self.generate = sizes["block_size"], generate
        self.writer = Writer(self.model, warn=_refuse)

    def write(self, greedy: bool = False) -> list[int]:
        return list(self.generate(self.model, [0], self.length, greedy=greedy, writer=self.writer))


def _refuse(why: str) -> None:
    raise RuntimeError(why)


class Torch:
    """The same model in PyTorch, with a hand-written cache."""

    def __init__(self, sizes: dict[str, int], weights: dict[str, Any], threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.torch, self.length = torch, sizes["block_size"]
        self.layers, self.heads = sizes["n_layer"], sizes["n_head"]
        self.p = {name: torch.from_numpy(array) for name, array in weights.items()}
        shape = (1, self.heads, self.length, sizes["n_embd"] // self.heads)
        self.cache = [(torch.zeros(shape), torch.zeros(shape)) for _ in range(self.layers)]

    def write(self, greedy: bool = False) -> list[int]:
        torch, tokens = self.torch, []
        with torch.inference_mode():
            x = torch.zeros(1, 1, dtype=torch.int64)
            for at in range(self.length):
                logits = self.logits(x, at)
                if greedy:
                    x = logits.argmax(-1, keepdim=True)
                else:
                    x = torch.multinomial(logits.softmax(-1), 1)
                tokens.append(x.item())
        return tokens

    def logits(self, x: Any, at: int) -> Any:
        f, p = self.torch.nn.functional, self.p
        h = p["wte.weight"][x] + p["wpe.weight"][at]
        for layer in range(self.layers):
            h = self.block(h, f"blocks.{layer}.", self.cache[layer], at)
        h = f.layer_norm(h, h.shape[-1:], p["ln_f.weight"], p["ln_f.bias"])
        return f.linear(h, p["wte.weight"])[:, -1]

    def block(self, h: Any, name: str, cache: Any, at: int) -> Any:
        f, p = self.torch.nn.functional, self.p

        def linear(x: Any, part: str) -> Any:
            return f.linear(x, p[f"{name}{part}.weight"], p[f"{name}{part}.bias"])

        def norm(x: Any, part: str) -> Any:
            return f.layer_norm(x, x.shape[-1:], p[f"{name}{part}.weight"], p[f"{name}{part}.bias"])

        width = h.shape[-1]
        parts = linear(norm(h, "ln_1"), "attn.qkv").split(width, -1)
        q, k, v = (t.view(1, 1, self.heads, -1).transpose(1, 2) for t in parts)
        for kept, new in zip(cache, (k, v), strict=True):
            kept[:, :, at : at + 1] = new
        keys, values = (kept[:, :, : at + 1] for kept in cache)
        y = f.scaled_dot_product_attention(q, keys, values)
        h = h + linear(y.transpose(1, 2).reshape(1, 1, width), "attn.proj")
        inside = f.gelu(linear(norm(h, "ln_2"), "fc"), approximate="tanh")
        return h + linear(inside, "proj")


KINDS = {"gradatim": Gradatim, "torch": Torch}


class Writing(Process):
    """One side, and its loaded model."""

    def __init__(self, name: str, threads: int) -> None:
        self.kind, self.threads = KINDS[name], threads

    def load(self, sizes: dict[str, int], weights: str) -> dict[str, Any]:  # type: ignore[override]
        with np.load(weights) as file:
            self.running: Any = self.kind(sizes, dict(file), self.threads)
        self.running.write()
        return {}

    def likeliest(self) -> dict[str, Any]:
        return {"tokens": self.running.write(greedy=True)}

    def calibrate(self, seconds: float) -> dict[str, Any]:
        taken = min(self.run(1)["seconds"] for _ in range(3))  # type: ignore[call-arg]
        return {"texts": max(1, round(seconds / taken))}

    def run(self, texts: int) -> dict[str, Any]:  # type: ignore[override]
        start, tokens = time.perf_counter(), 0
        for _ in range(texts):
            tokens += len(self.running.write())
        return {"seconds": time.perf_counter() - start, "tokens": tokens}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Writing)
