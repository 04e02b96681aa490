"""Pictures as a network sees them that was trained on pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest

from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.encoding import ImageLook, Preprocessing
from nncli.data.seeing import as_pixels, as_row, see
from nncli.errors import DataError
from nncli.predict import look_of

Image = pytest.importorskip("PIL.Image")
MNIST = ImageLook(height=28, width=28, dark=True)


def png(pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def stroke(height=28, width=28, *, paper=0, ink=255):
    """A bar that leans to the right."""
    pixels = np.full((height, width), paper, np.uint8)
    for row in range(height // 5, height - height // 5):
        left = width // 2 - round(width * (row - height / 2) / height / 3)
        pixels[row, left : left + max(2, width // 10)] = ink
    return pixels


def test_a_picture_of_the_right_size_and_background_is_taken_as_it_is():
    pixels = stroke()
    pixels[5:9, 12] = range(1, 5)
    assert (see(png(pixels), MNIST)[:, :, 0] == pixels).all()
    pixels[2:26, 2:26] = 255  # more light than dark, and still no paper
    assert (see(png(pixels), MNIST)[:, :, 0] == pixels).all()


def test_a_drawing_on_white_paper_becomes_light_on_dark_in_the_middle():
    seen = see(png(stroke(300, 220, paper=235, ink=30)), MNIST)
    assert seen.shape == (28, 28, 1)
    assert seen.dtype == np.uint8
    rows = np.flatnonzero(seen.any(axis=(1, 2)))
    assert rows[-1] - rows[0] + 1 == 20
    assert seen.max() == 255
    assert not seen[0].any()
    assert not seen[:, 0].any()


def test_other_dark_networks_see_it_inverted_and_scaled():
    look = ImageLook(height=8, width=8, dark=True)
    seen = see(png(stroke(64, 64, paper=255, ink=0)), look)
    same = see(png(stroke(64, 64)), look)
    assert seen.shape == (8, 8, 1)
    assert np.abs(seen.astype(int) - same).max() <= 1  # one is rounded up, the other down
    assert not seen[0].any()


@pytest.mark.parametrize("dark", [False, True])
def test_colors_and_light_backgrounds_are_left_alone(dark):
    pixels = np.full((9, 12, 3), (250, 240, 30), np.uint8)
    look = ImageLook(height=9, width=12, channels=3, dark=dark)
    assert (see(png(pixels), look) == pixels).all()
    light = ImageLook(height=28, width=28)
    drawn = stroke(paper=255, ink=0)
    assert (see(png(drawn), light)[:, :, 0] == drawn).all()


def test_an_empty_sheet_is_refused_by_name(tmp_path):
    path = tmp_path / "blank.png"
    path.write_bytes(png(np.full((50, 50), 255)))
    with pytest.raises(DataError, match=r"^\S+blank\.png: "):
        see(path, MNIST)
    with pytest.raises(DataError, match=r"^standard input: "):
        see(path.read_bytes(), MNIST)


@pytest.mark.parametrize("white", [1, 16, 255])
def test_white_is_what_it_was_in_training(white):
    look = ImageLook(height=1, width=3, white=white)
    row = as_row(np.array([[[0], [51], [255]]], np.uint8), look)
    assert row.tolist() == [[0, pytest.approx(white / 5), white]]
    assert as_pixels(row, look).ravel().tolist() == [0, 51, 255]


@pytest.mark.parametrize(
    ("brightest", "white"), [(0.98, 1), (1, 1), (15, 16), (250, 255), (40_000, 65535)]
)
def test_the_data_say_what_white_is(brightest, white):
    x = np.zeros((3, 4))
    x[1, 2] = brightest
    dataset = Dataset(
        {"train": Split(x, np.array([0, 1, 0]))}, ("a", "b"), Fingerprint("0"), image_shape=(2, 2)
    )
    look = dataset.preprocessing.image
    assert look is not None
    assert look.white == white


def test_weights_that_do_not_say_are_taken_for_mnist_where_they_can_be():
    assert look_of(Preprocessing(scale=255), 784) == MNIST
    assert look_of(Preprocessing(scale=256), 784) == MNIST
    assert look_of(Preprocessing(scale=1), 784) is None
    assert look_of(Preprocessing(scale=255), 100) is None
    own = ImageLook(height=2, width=50)
    assert look_of(Preprocessing(scale=255, image=own), 100) == own
