"""PyTorch's own numbers: one row of draws from each of five seeds, and the state after each."""

import base64
import hashlib
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from gradatim.core.random import Generator

REFERENCE = json.loads(
    Path(__file__).parents[1].joinpath("reference", "random.json").read_text(encoding="utf-8")
)
SPARE = slice(5024, 5032)


def build_weights(spec):
    values = (np.arange(np.prod(spec["weights"])) * 37 % 61 + 1) / 64
    if spec["zeros"]:
        values[::3] = 0
    table = values.astype(spec["dtype"]).reshape(spec["weights"])
    return table.T if spec["transposed"] else table


def draw(generator, name, arguments):
    made = {
        key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()
    }
    if isinstance(made.get("p"), dict):
        made["p"] = build_weights(made["p"])
    return getattr(generator, name)(**made)


def is_rounded_by_the_platform(name, arguments, result):
    """Logarithms and sines of the C library or of NumPy: not the float32 blocks of normals."""
    in_blocks = result.size >= 16 and arguments.get("contiguous", True)
    exact = result.dtype == np.float32 and in_blocks
    return name == "exponential" or (name == "normal" and not exact)


def assert_same(name, arguments, result, expected):
    if expected.startswith("sha256:"):
        assert "sha256:" + hashlib.sha256(result.tobytes()).hexdigest() == expected
    elif is_rounded_by_the_platform(name, arguments, result):
        theirs = np.frombuffer(base64.b64decode(expected), result.dtype).reshape(result.shape)
        tolerance = 3e-7 if result.dtype == np.float32 else 1e-14
        np.testing.assert_allclose(result, theirs, rtol=tolerance, atol=tolerance)
    else:
        assert result.tobytes() == base64.b64decode(expected)


def assert_state(generator, stream, spare, following):
    state = generator.get_state()
    ours = state[SPARE].view(np.float64)[0]
    state[SPARE] = 0
    raw = state.tobytes()
    assert hashlib.sha256(raw[: SPARE.start] + raw[SPARE.stop :]).hexdigest()[:16] == stream
    assert ours == pytest.approx(spare or 0.0, rel=1e-14)
    assert generator.clone_state().words64(1).view(np.int64)[0] == following


@pytest.mark.parametrize("seed", REFERENCE["answers"])
def test_every_draw_and_the_state_after_it_are_pytorchs(seed):
    generator = Generator().manual_seed(int(seed))
    answers = REFERENCE["answers"][seed]
    for (name, arguments, dtype, shape), answer in zip(REFERENCE["calls"], answers, strict=True):
        try:
            result = draw(generator, name, arguments)
            assert (str(result.dtype), list(result.shape)) == (dtype, shape)
            assert_same(name, arguments, result, answer[0])
            assert_state(generator, *answer[1:])
        except Exception as error:
            error.add_note(f"in {name}({arguments}) with seed {seed}")
            raise


@pytest.mark.parametrize("saved", REFERENCE["states"], ids=lambda saved: str(saved["seed"]))
def test_goes_on_from_a_state_that_pytorch_saved(saved):
    state = np.frombuffer(zlib.decompress(base64.b64decode(saved["state"])), np.uint8)
    generator = Generator().set_state(state)
    assert generator.initial_seed() == saved["seed"]
    assert generator.get_state().tobytes() == state.tobytes()
    np.testing.assert_allclose(generator.normal(5), saved["then"], rtol=3e-7)


def test_the_reference_covers_what_it_should():
    calls = REFERENCE["calls"]
    names = {name for name, *_ in calls}
    assert names >= {"uniform", "normal", "randint", "random_", "permutation", "multinomial"}
    assert names >= {"bernoulli", "exponential", "dropout_mask"}
    for name in ("uniform", "normal"):
        sizes = [np.prod(shape) for n, _, _, shape in calls if n == name]
        assert min(sizes) < 15
        assert {15, 16, 17} <= set(sizes)
        assert max(sizes) > 4096
    assert len(REFERENCE["answers"]) == 5
