"""The built-in digits are what their note says, and their parts never change."""

import hashlib
from importlib.resources import files

import numpy as np

from gradatim.data import digits


def test_the_note_has_the_checksum_of_the_numbers():
    data = digits.load()
    found = hashlib.sha256(data.images.tobytes() + data.labels.astype(np.uint8).tobytes())
    note = files("gradatim.data.digits").joinpath("PROVENANCE.txt").read_text(encoding="utf-8")
    assert found.hexdigest() in note


def test_they_are_printed_in_a_line():
    assert repr(digits.load()[:20]) == "<Digits: 20 images of 8 x 8 pixels>"


def test_images_are_grey_levels_and_labels_are_digits():
    data = digits.load()
    assert data.images.shape == (1797, 8, 8)
    assert (data.images.min(), data.images.max()) == (0, 16)
    assert np.bincount(data.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_parts_are_disjoint_and_complete():
    data = digits.load()
    parts = data.split()
    rows = np.concatenate([part.images.reshape(len(part), -1) for part in parts])
    assert len(rows) == len(data)
    assert sorted(map(bytes, rows)) == sorted(map(bytes, data.images.reshape(len(data), -1)))
    assert [part.labels[:3].tolist() for part in data.split(seed=7)] != [
        part.labels[:3].tolist() for part in parts
    ]


def test_pixels_are_between_zero_and_one():
    pixels = digits.load().pixels(np.float64)
    assert pixels.dtype == np.float64
    assert (pixels.min(), pixels.max()) == (0.0, 1.0)
