"""`draw.images`: the pixels that are shown, names below them, what is refused."""

import base64
import math
import zlib

import numpy as np
import pytest

import gradatim
from gradatim import draw
from gradatim.data import digits
from tests.draw.reading import SVG, parsed, texts


def pixels(drawing):
    """The bytes of each image in a picture, (height, width, channels)."""
    found = []
    for element in parsed(drawing).iter(f"{SVG}image"):
        png = base64.b64decode(element.get("href").removeprefix("data:image/png;base64,"))
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        assert png.endswith(b"IEND" + zlib.crc32(b"IEND").to_bytes(4, "big"))
        width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
        assert (element.get("width"), element.get("height")) == (str(width), str(height))
        size = int.from_bytes(png[33:37], "big")
        rows = np.frombuffer(zlib.decompress(png[41 : 41 + size]), np.uint8).reshape(height, -1)
        assert not rows[:, 0].any()
        found.append(rows[:, 1:].reshape(height, width, -1))
    return found


@pytest.mark.parametrize("wrap", [gradatim.tensor, np.array, np.ndarray.tolist])
def test_a_grey_image_has_its_numbers_as_brightness_each_pixel_a_square(wrap):
    (shown,) = pixels(draw.images(wrap(np.array([[0.0, 0.25], [0.5, 1.0]]))))
    side = shown.shape[0] // 2
    assert shown[::side, ::side, 0].tolist() == [[0, 64], [128, 255]]
    assert (shown[:side, :side] == 0).all()


def test_the_range_is_that_of_the_numbers_unless_they_are_between_0_and_1():
    def brightest(low, high):
        (shown,) = pixels(draw.images([[low, high]]))
        return int(shown.min()), int(shown.max())

    assert brightest(-3.0, 5.0) == brightest(0, 16) == (0, 255)
    assert brightest(0.2, 0.6) == (51, 153)
    assert brightest(4.0, 4.0) == (0, 0)
    assert brightest(math.nan, 1.0) == (0, 255)


def test_three_channels_are_colours():
    red = gradatim.zeros(1, 3, 4, 4, requires_grad=True).detach()
    red[:, 0] = 1.0
    (shown,) = pixels(draw.images(red))
    assert shown[0, 0].tolist() == [255, 0, 0]


def test_digits_stand_in_rows_above_their_labels():
    some = digits.load()[:12]
    drawing = draw.images(some.images, some.labels, columns=5, title="Digits")
    assert texts(drawing) == ["Digits", *map(str, some.labels)]
    places = [(e.get("x"), e.get("y")) for e in parsed(drawing).iter(f"{SVG}image")]
    assert len(places) == 12
    assert len({x for x, _ in places}) == 5
    assert len({y for _, y in places}) == 3
    assert drawing.description.startswith("12 images of 8 x 8 pixels: ")


def test_what_is_no_image_is_refused():
    for wrong in (np.ones(3), np.ones((2, 2, 4, 4)), np.ones((0, 3, 3)), np.ones((1, 1, 1, 2, 2))):
        with pytest.raises(ValueError, match="one channel or three"):
            draw.images(wrong)
    with pytest.raises(ValueError, match="up to 1,000 images"):
        draw.images(np.ones((1001, 2, 2)))
    with pytest.raises(ValueError, match="1 labels for 2 images"):
        draw.images(np.ones((2, 2, 2)), "a")
