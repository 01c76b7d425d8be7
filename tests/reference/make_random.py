"""Write random.json: what PyTorch's CPU generator gives, and where it stands after each draw.

Run with PyTorch installed (`python tests/reference/make_random.py`); the tests only read the
file. For each seed one generator makes the same row of calls, so that every call begins in the
state the last one left: between two twists, with or without a spare sine. A call is kept as
the name and arguments of the method of `gradatim.core.random.Generator` that answers it.
Long results are kept as a digest.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

SEEDS = [0, 42, 2147483647, 12345678901234, -7]
LONG = 100
OUT = Path(__file__).with_name("random.json")

Call = tuple[str, dict[str, Any]]


def weights(*shape: int, dtype: str = "float32", zeros: bool = False, transposed: bool = False):
    """Uneven multiples of 1/64, exact in every precision; the tests build the same."""
    return {
        "weights": list(shape),
        "dtype": dtype,
        "zeros": zeros,
        "transposed": transposed,
    }


def calls() -> list[Call]:
    """One generator's day."""
    return [
        *[("uniform", {"shape": n}) for n in (1, 7, 15, 16, 17, 31, 0, 100, 700, 5000)],
        *[("uniform", {"shape": n, "dtype": "float64"}) for n in (1, 15, 16, 17, 33, 700, 5000)],
        ("uniform", {"shape": [3, 5]}),
        ("uniform", {"shape": 33, "low": -0.1, "high": 0.3}),
        ("uniform", {"shape": 33, "low": -1 / 3, "high": 1 / 3, "dtype": "float64"}),
        ("uniform", {"shape": 33, "low": 1000.0, "high": 1000.001}),
        ("uniform", {"shape": 5000, "low": 2.7, "high": 9.1}),
        *[("normal", {"shape": n}) for n in (1, 1, 2, 3, 7, 15, 16, 17, 23, 31, 32, 33, 47, 100)],
        *[("normal", {"shape": n}) for n in (1000, 9603, 300_000)],
        *[("normal", {"shape": n, "dtype": "float64"}) for n in (1, 2, 15, 16, 17, 31, 32, 40)],
        ("normal", {"shape": [4, 5]}),
        ("normal", {"shape": 5, "mean": 0.5, "std": 2.0}),
        ("normal", {"shape": 21, "mean": -1.3, "std": 0.02}),
        ("normal", {"shape": 21, "mean": -1.3, "std": 0.7, "dtype": "float64"}),
        ("normal", {"shape": 21, "mean": 3.0, "std": 0.0}),
        ("normal", {"shape": [5, 5], "contiguous": False}),
        ("normal", {"shape": [4, 5], "contiguous": False, "mean": 1.5, "std": 0.3}),
        ("normal", {"shape": [3, 7], "contiguous": False, "dtype": "float64"}),
        *[("exponential", {"shape": n}) for n in (1, 15, 33)],
        ("exponential", {"shape": 17, "lambd": 2.5, "dtype": "float64"}),
        *integer_calls(),
        *[("permutation", {"n": n}) for n in (0, 1, 2, 5, 15, 16, 17, 100, 255, 256, 300, 5000)],
        ("permutation", {"n": 33, "dtype": "int32"}),
        *[
            ("bernoulli", {"p": p, "shape": n})
            for p, n in ((0.5, 15), (0.3, 33), (0.0, 3), (1.0, 5))
        ],
        ("bernoulli", {"p": 0.7, "shape": 5000}),
        *[("bernoulli", {"p": weights(n)}) for n in (5, 17, 40)],
        ("bernoulli", {"p": weights(4, 6, transposed=True)}),
        ("bernoulli", {"p": weights(33, dtype="float64")}),
        *[("dropout_mask", {"shape": 33, "p": p}) for p in (0.0, 0.1, 0.5, 1.0)],
        *multinomial_calls(),
    ]


def integer_calls() -> list[Call]:
    return [
        *[("randint", {"low": 0, "high": 27, "shape": n}) for n in (1, 15, 16, 33, 5000)],
        ("randint", {"low": -5, "high": 5, "shape": [3, 6]}),
        ("randint", {"low": 0, "high": 2**28 - 1, "shape": 9}),
        ("randint", {"low": 0, "high": 2**28, "shape": 9}),
        ("randint", {"low": -(2**63), "high": 2**63 - 1, "shape": 9}),
        ("randint", {"low": -(2**31), "high": 2**31, "shape": 9, "dtype": "int32"}),
        ("randint", {"low": 0, "high": 256, "shape": 9, "dtype": "uint8"}),
        ("randint", {"low": 0, "high": 2, "shape": 9, "dtype": "bool"}),
        ("randint", {"low": -3, "high": 3, "shape": 9, "dtype": "float32"}),
        ("randint", {"low": -(2**24), "high": 2**24, "shape": 9, "dtype": "float32"}),
        ("randint", {"low": 2**26 + 1, "high": 2**26 + 99, "shape": 9, "dtype": "float32"}),
        ("randint", {"low": -(2**55) - 99, "high": 1 - 2**55, "shape": 9, "dtype": "float64"}),
        *[
            ("random_", {"shape": 9, "dtype": dtype})
            for dtype in ("bool", "uint8", "int32", "int64", "float32", "float64")
        ],
        ("random_", {"shape": 9, "low": -(2**63)}),
        ("random_", {"shape": 9, "low": -5, "dtype": "float32"}),
        ("random_", {"shape": 9, "low": 250, "dtype": "uint8"}),
        ("random_", {"shape": 9, "high": 1000, "dtype": "int32"}),
    ]


def multinomial_calls() -> list[Call]:
    tables = [
        weights(27),
        weights(27, dtype="float64"),
        weights(27, zeros=True),
        weights(4, 27),
        weights(6, 5, dtype="float64", zeros=True),
        weights(5, 8, transposed=True),
    ]
    made = [{"p": p, "num_samples": n} for p in tables for n in (1, 3)]
    made += [{"p": p, "num_samples": n, "replacement": True} for p in tables for n in (1, 2, 40)]
    made += [{"p": weights(1000), "num_samples": n, "replacement": True} for n in (2, 300)]
    made += [{"p": weights(1000), "num_samples": n} for n in (1, 50)]
    return [("multinomial", kwargs) for kwargs in made]


# ---------------------------------------------------------------------------- PyTorch's answers


def build_weights(spec: dict[str, Any]) -> torch.Tensor:
    count = int(np.prod(spec["weights"]))
    values = (np.arange(count) * 37 % 61 + 1) / 64
    if spec["zeros"]:
        values[::3] = 0
    table = torch.from_numpy(values.astype(spec["dtype"]).reshape(spec["weights"]))
    return table.T if spec["transposed"] else table


def empty(shape: Any, dtype: str = "float32") -> torch.Tensor:
    return torch.empty(shape, dtype=getattr(torch, dtype))


class Answer:
    """PyTorch's own call for each method."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def uniform(self, shape, dtype="float32", **bounds):
        if not bounds:
            return torch.rand(shape, dtype=getattr(torch, dtype), generator=self.generator)
        low, high = bounds["low"], bounds["high"]
        return empty(shape, dtype).uniform_(low, high, generator=self.generator)

    def normal(self, shape, dtype="float32", mean=0.0, std=1.0, contiguous=True):
        if not contiguous:
            with_gaps = empty([*shape, 2], dtype)[..., 0]
            return with_gaps.normal_(mean, std, generator=self.generator)
        if (mean, std) == (0.0, 1.0):
            return torch.randn(shape, dtype=getattr(torch, dtype), generator=self.generator)
        return empty(shape, dtype).normal_(mean, std, generator=self.generator)

    def exponential(self, shape, dtype="float32", lambd=1.0):
        return empty(shape, dtype).exponential_(lambd, generator=self.generator)

    def randint(self, low, high, shape, dtype="int64"):
        size = [shape] if isinstance(shape, int) else shape
        kind = getattr(torch, dtype)
        return torch.randint(low, high, size, dtype=kind, generator=self.generator)

    def random_(self, shape, dtype="int64", low=None, high=None):
        out = empty(shape, dtype)
        if low is None and high is None:
            return out.random_(generator=self.generator)
        return out.random_(low or 0, high, generator=self.generator)

    def permutation(self, n, dtype="int64"):
        return torch.randperm(n, dtype=getattr(torch, dtype), generator=self.generator)

    def bernoulli(self, p, shape=None):
        if shape is not None:
            return empty(shape, "bool").bernoulli_(p, generator=self.generator)
        return torch.bernoulli(build_weights(p), generator=self.generator).bool()

    def dropout_mask(self, shape, p):
        torch.set_rng_state(self.generator.get_state())
        kept = torch.nn.functional.dropout(torch.ones(shape), p) != 0
        self.generator.set_state(torch.get_rng_state())
        return kept

    def multinomial(self, p, num_samples, replacement=False):
        table = build_weights(p)
        return torch.multinomial(table, num_samples, replacement, generator=self.generator)


# ------------------------------------------------------------------------------------ the file


def text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def kept(result: torch.Tensor) -> str:
    """The bytes of the result, or their digest if there are many."""
    data = np.ascontiguousarray(result.numpy()).tobytes()
    if result.numel() > LONG:
        return "sha256:" + hashlib.sha256(data).hexdigest()
    return text(data)


def place(generator: torch.Generator) -> list[Any]:
    """The state: a digest of all but the spare sine, that sine, and the next 64 bits."""
    state = generator.get_state()
    raw = state.numpy().tobytes()
    (spare,), (has_spare,) = np.frombuffer(raw, "<f8", 1, 5024), np.frombuffer(raw, "<i4", 1, 5040)
    word = empty(1, "int64").random_(-(2**63), None, generator=generator)
    generator.set_state(state)
    stream = hashlib.sha256(raw[:5024] + raw[5032:]).hexdigest()[:16]
    return [stream, float(spare) if has_spare else None, int(word)]


def answers(seed: int) -> tuple[list[Any], list[Any]]:
    """The calls, with the dtype and shape of what they give, and what they give."""
    generator = torch.Generator().manual_seed(seed)
    answer = Answer(generator)
    asked, given = [], []
    for name, arguments in calls():
        result = getattr(answer, name)(**arguments)
        asked.append([name, arguments, str(result.dtype).split(".")[1], list(result.shape)])
        given.append([kept(result), *place(generator)])
    return asked, given


def saved_states() -> list[dict[str, Any]]:
    """Whole states of PyTorch's, and what it draws from them."""
    entries = []
    for seed, words, normals in ((3, 0, 0), (-3, 624, 0), (2**40 + 5, 1000, 3)):
        generator = torch.Generator().manual_seed(seed)
        torch.rand(words, generator=generator)
        torch.randn(normals, generator=generator)
        state = text(zlib.compress(generator.get_state().numpy().tobytes(), 9))
        then = torch.randn(5, generator=generator).tolist()
        entries.append({"seed": generator.initial_seed(), "state": state, "then": then})
    return entries


def lines(entries: list[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]"


def main() -> None:
    rows = {seed: answers(seed) for seed in SEEDS}
    asked = rows[SEEDS[0]][0]
    given = ",\n".join(f'"{seed}": {lines(row)}' for seed, (_, row) in rows.items())
    OUT.write_text(
        f'{{"torch": "{torch.__version__}",\n"states": {lines(saved_states())},\n'
        f'"calls": {lines(asked)},\n"answers": {{{given}}}}}\n',
        encoding="utf-8",
        newline="\n",
    )
    print(f"{OUT.name}: {len(SEEDS)} x {len(asked)} draws, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
