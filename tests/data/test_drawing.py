"""Drawings on paper, made like the digits of MNIST."""

from __future__ import annotations

import numpy as np
import pytest

from nncli.data.drawing import MIDDLE, as_mnist, averages, is_drawing
from nncli.data.mnist import from_folder
from nncli.errors import DataError


def sheet(height=200, width=300, paper=240) -> np.ndarray:
    return np.full((height, width), paper, np.uint8)


def mean_position(picture) -> tuple[float, float]:
    mass = picture.astype(float)
    middles = np.arange(28) + 0.5
    return (mass.sum(1) @ middles) / mass.sum(), (mass.sum(0) @ middles) / mass.sum()


def test_area_averages_by_hand():
    assert averages(4, 2).tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]
    assert averages(3, 2) == pytest.approx(np.array([[2, 1, 0], [0, 1, 2]]) / 3)
    assert averages(2, 4).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    for have, want in ((7, 20), (20, 7), (20, 20), (311, 20)):
        assert averages(have, want).sum(axis=1) == pytest.approx(np.ones(want))


def test_a_bar_becomes_twenty_pixels_high_and_lies_in_the_middle():
    paper = sheet()
    paper[20:120, 250:260] = 30
    picture = as_mnist(paper)
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    assert (len(rows), len(columns)) == (20, 2)
    assert (picture[picture > 0] == 255).all()
    assert mean_position(picture) == pytest.approx((MIDDLE, MIDDLE), abs=0.5)


@pytest.mark.parametrize("scale", [1, 3, 8])
def test_size_place_and_shade_do_not_matter(scale):
    shape = np.zeros((20, 14), bool)
    shape[:, 6:8], shape[:3] = True, True
    pictures = []
    for paper_shade, ink, place in ((255, 0, (0, 0)), (180, 60, (31, 77))):
        paper = sheet(400, 400, paper_shade)
        large = np.kron(shape, np.ones((scale, scale), bool))
        part = paper[place[0] :, place[1] :][: large.shape[0], : large.shape[1]]
        part[large] = ink
        pictures.append(as_mnist(paper))
    assert (pictures[0] == pictures[1]).all()
    assert pictures[0].max() == 255


def test_what_is_near_the_edge_stays_inside():
    paper = sheet()
    paper[0:10, 0:10] = 0  # heavy at the left
    paper[4:6, 10:200] = 120
    picture = as_mnist(paper)
    assert np.flatnonzero(picture.any(axis=0))[-1] - np.flatnonzero(picture.any(axis=0))[0] == 19


def test_grain_of_the_paper_is_no_ink():
    rng = np.random.default_rng(0)
    clean = sheet(300, 300)
    clean[100:200, 140:150] = 40
    noisy = (clean + rng.normal(0, 8, clean.shape)).clip(0, 255).astype(np.uint8)
    assert np.abs(as_mnist(noisy).astype(int) - as_mnist(clean)).max() < 40


@pytest.mark.parametrize("paper", [np.full((50, 50), 255, np.uint8), np.zeros((9, 9), np.uint8)])
def test_blank_paper_is_refused(paper):
    with pytest.raises(DataError, match="nothing is drawn on it"):
        as_mnist(paper)


def test_what_a_drawing_is():
    paper = sheet()
    paper[50:60, 50:200] = 20
    assert is_drawing(paper)
    assert not is_drawing(255 - paper)
    assert not is_drawing(np.zeros((5, 5), np.uint8))


@pytest.mark.mnist
def test_digits_drawn_on_paper_come_back(mnist_folder):
    """Enlarged, off the middle, on gray paper: what comes back is the digit that was drawn, give or take its edges."""
    digits = from_folder(mnist_folder).splits["test"].x[:100].reshape(-1, 28, 28)
    rng = np.random.default_rng(0)
    alike = []
    for digit in digits:
        large = np.kron(digit, np.ones((7, 7))) / 255
        paper = np.full((400, 500), 200.0)
        y, x = rng.integers(0, 200, 2)
        paper[y : y + 196, x : x + 196] *= 1 - 0.8 * large
        again = as_mnist(paper.astype(np.uint8))
        alike.append(np.corrcoef(again.ravel(), digit.ravel())[0, 1])
    assert np.median(alike) > 0.9
    assert np.min(alike) > 0.6
