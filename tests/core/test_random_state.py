"""Seeds and states: what starts a stream, saves it, restores it and copies it."""

import copy
import ctypes
import pickle
import struct
import threading

import numpy as np
import pytest

from gradatim.core.errors import GradatimError
from gradatim.core.random import Generator, RandomError


def generator(seed=42):
    return Generator().manual_seed(seed)


def test_words_are_those_of_the_mersenne_twister():
    # The first and the 10,000th word of seed 5489 are in the C++ standard's definition of mt19937.
    words = generator(5489).words32(10_000)
    assert (words[0], words[-1]) == (3499211612, 4123659995)
    assert words.dtype == np.uint32


@pytest.mark.parametrize("n", [1, 3, 1000, 3000, 10_000])
def test_a_64_bit_word_is_two_words_the_first_one_high(n):
    words = generator().words32(2 * n).astype(np.uint64).reshape(-1, 2)
    expected = words[:, 0] << np.uint64(32) | words[:, 1]
    np.testing.assert_array_equal(generator().words64(n), expected)


def test_many_words_at_once_are_the_words_one_after_the_other():
    one, many = generator(), generator()
    pieces = [one.words32(n) for n in (1, 623, 624, 4095, 4096, 7)]
    np.testing.assert_array_equal(np.concatenate(pieces), many.words32(9446))


def test_a_fresh_generator_has_pytorchs_default_seed():
    assert Generator().initial_seed() == 67280421310721
    assert Generator("cuda").device == "cpu"


@pytest.mark.parametrize(
    ("seed", "initial"),
    [(0, 0), (-1, 2**64 - 1), (-(2**63), 2**63), (2**64 - 1, 2**64 - 1), (np.int64(5), 5)],
)
def test_seeds_are_counted_modulo_2_to_the_64(seed, initial):
    assert generator(seed).initial_seed() == initial
    assert generator(seed).words32(1) == generator(initial).words32(1)


def test_only_the_low_32_bits_of_a_seed_reach_the_twister():
    assert generator(7).words32(1) == generator(7 + 2**40).words32(1)


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_a_seed_of_more_than_64_bits_is_refused(seed):
    with pytest.raises(RandomError, match=r"manual_seed: the seed must be from -2\^63 to 2\^64"):
        generator(seed)


@pytest.mark.parametrize("seed", [1.5, "3", None, True])
def test_a_seed_that_is_no_integer_is_refused(seed):
    with pytest.raises(TypeError, match="manual_seed: the seed must be an integer, got"):
        generator(seed)


def test_seed_gives_another_stream_each_time():
    one = generator()
    seeds = {one.seed() for _ in range(5)}
    assert len(seeds) == 5
    assert one.initial_seed() in seeds


def test_seeding_forgets_the_spare_normal():
    one = generator()
    one.normal(1)
    one.manual_seed(42)
    assert one.get_state().tobytes() == generator().get_state().tobytes()


# ----------------------------------------------------------------------------------- the bytes


def fields(state):
    seed, left, seeded, given = struct.unpack_from("<QiiQ", state)
    return {"seed": seed, "left": left, "seeded": seeded, "next": given}


def test_the_state_has_pytorchs_layout():
    one = generator(3)
    state = one.get_state()
    assert (state.dtype, state.shape) == (np.uint8, (5056,))
    assert fields(state) == {"seed": 3, "left": 1, "seeded": 1, "next": 0}
    one.words32(5)
    assert fields(one.get_state()) == {"seed": 3, "left": 620, "seeded": 1, "next": 5}
    one.words32(619)
    assert fields(one.get_state()) == {"seed": 3, "left": 1, "seeded": 1, "next": 624}
    one.words32(1)
    assert fields(one.get_state()) == {"seed": 3, "left": 624, "seeded": 1, "next": 1}


@pytest.mark.parametrize("words", [0, 1, 623, 624, 625, 5000])
@pytest.mark.parametrize("normals", [0, 1])
def test_a_state_restores_the_stream(words, normals):
    one = generator(9)
    one.words32(words)
    one.normal(normals)
    state = one.get_state()
    two = Generator().set_state(state)
    assert two.get_state().tobytes() == state.tobytes()
    assert two.normal(3).tobytes() == one.normal(3).tobytes()
    assert two.words32(700).tobytes() == one.words32(700).tobytes()
    assert two.initial_seed() == 9


@pytest.mark.parametrize(("words", "normals"), [(0, 0), (1, 1), (623, 0), (624, 1), (700, 3)])
def test_a_mark_is_returned_to_as_a_state_is(words, normals):
    one, other = generator(7), generator(8)
    one.words32(words)
    one.normal(normals)
    mark, state = one.mark(), one.get_state()
    expected = one.normal(3), one.normal(3, dtype=np.float64), one.words32(1000)
    for g in (one, other):
        assert g.return_to(mark).initial_seed() == 7
        np.testing.assert_array_equal(g.get_state(), state)
        found = g.normal(3), g.normal(3, dtype=np.float64), g.words32(1000)
        for x, y in zip(found, expected, strict=True):
            np.testing.assert_array_equal(x, y)


def test_a_state_can_be_bytes_or_of_any_shape():
    state = generator(9).get_state()
    for same in (state.tobytes(), bytearray(state), state.reshape(2, -1), np.repeat(state, 2)[::2]):
        assert Generator().set_state(same).get_state().tobytes() == state.tobytes()


def altered(offset, form, value):
    state = generator().get_state()
    state[offset : offset + struct.calcsize(form)] = list(struct.pack(form, value))
    return state


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (generator().get_state()[:5048], "has 5056 bytes, got 5048"),
        (b"", "has 5056 bytes, got 0"),
        (altered(8, "<i", 0), "it has given out 0 of 624 words and has -1 left"),
        (altered(8, "<i", 625), "has given out 0 of 624 words and has 624 left"),
        (altered(16, "<Q", 700), "has given out 700 of 624 words and has 0 left"),
        (altered(16, "<Q", 10), "has given out 10 of 624 words and has 0 left"),
        (altered(12, "<i", 0), "its flag for being seeded is 0"),
        (altered(28, "<I", 1), "a word of more than 32 bits"),
        (np.concatenate([altered(0, "<Q", 1)[:24], np.zeros(5032, np.uint8)]), "words are zero"),
    ],
)
def test_a_state_of_the_wrong_size_or_an_altered_one_is_refused(state, message):
    one = generator()
    before = one.get_state().tobytes()
    with pytest.raises(RandomError, match=message) as caught:
        one.set_state(state)
    assert isinstance(caught.value, GradatimError | ValueError | RuntimeError)
    assert one.get_state().tobytes() == before


@pytest.mark.parametrize("state", [[1, 2], np.zeros(5056), "x" * 5056])
def test_a_state_that_is_not_bytes_is_refused(state):
    with pytest.raises(TypeError, match="a generator's state is an array of bytes"):
        generator().set_state(state)


# -------------------------------------------------------------------------------------- copies


@pytest.mark.parametrize(
    "duplicate",
    [Generator.clone_state, copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))],
    ids=["clone_state", "copy", "deepcopy", "pickle"],
)
def test_a_copy_gives_the_same_numbers_and_goes_its_own_way(duplicate):
    one = generator()
    one.normal(5)
    two = duplicate(one)
    numbers = two.normal(8)
    assert numbers.tobytes() == one.normal(8).tobytes()
    two.words32(1)
    assert two.get_state().tobytes() != one.get_state().tobytes()


def test_other_code_can_draw_from_the_generators_own_memory():
    one, two = generator(), generator()
    one.words32(10)
    two.words32(10)
    memory = (ctypes.c_uint32 * 625).from_address(one.twister.address)
    assert memory[624] == 10
    memory[624] += 1
    two.words32(1)
    assert one.get_state().tobytes() == two.get_state().tobytes()
    assert one.words32(1) == two.words32(1)


def test_the_memory_is_what_numpy_says_it_is():
    one = generator()
    one.words32(1000)
    state = one.twister.bits.state["state"]
    np.testing.assert_array_equal(one.twister.key, state["key"])
    assert one.twister.position == state["pos"]


def test_threads_share_a_generator_without_losing_a_number():
    one, taken = generator(), []

    def take():
        taken.extend(one.normal(1).item() for _ in range(200))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = generator()
    assert sorted(taken) == sorted(alone.normal(1).item() for _ in range(800))
