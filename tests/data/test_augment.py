"""Distorted images: the sampler at given positions, the field of displacements, and what follows from the seed."""

from __future__ import annotations

import numpy as np
import pytest

from nncli.data.augment import (
    GROUP,
    Augmenter,
    affine,
    basis,
    group_size,
    memory,
    smooth_modes,
)
from nncli.data.batches import gather
from nncli.data.bilinear import HALF, STEPS, Sampler
from nncli.spec.augment import AugmentSpec

SHAPE = (28, 28)
ALL = AugmentSpec.model_validate(
    {"shift": 1.5, "rotate": 12, "scale": 0.12, "shear": 8, "elastic": {"alpha": 36, "sigma": 5}}
)
TINY = AugmentSpec(shift=1e-6, rotate=1e-6, scale=1e-8, shear=1e-6)


def to_steps(pixels):
    """Positions in pixels (0 is the middle of the first) -> steps from the zero border, ready to be cut off."""
    return STEPS * (pixels + 1.0) + HALF


def random_images(n, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, shape[0] * shape[1]), dtype=np.uint8)


def blobs(n, shape=SHAPE):
    """Smooth spots in the middle, as digits are."""
    y, x = np.indices(shape) - (np.array(shape) - 1)[:, None, None] / 2
    spot = 255 * np.exp(-(x**2 + 2 * y**2 + x * y) / 40)
    return np.tile(spot.astype(np.uint8).reshape(1, -1), (n, 1))


def grid(shape):
    return np.indices(shape).reshape(2, 1, -1).astype(np.float64)


def sample(images, shape, positions, dtype="float64", scale=1.0):
    """The images at positions (2, n or 1, h*w) in pixels."""
    sampler = Sampler(shape, len(images))
    everywhere = np.broadcast_to(positions, (2, *images.shape))
    sampler.aim(to_steps(everywhere).astype(np.float32))
    out = np.empty(images.shape, dtype)
    sampler.sample(images, 0, scale, out)
    return out


def distort(x, settings=ALL, *, seed=0, epoch=1, block=0, shape=SHAPE, dtype="float32", first=0):
    augmenter = Augmenter(settings, shape, seed)
    out = np.empty(x.shape, dtype)
    rows = np.arange(len(x))
    return augmenter.gather(x, rows, 255.0, out, (epoch, block, first))


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_bilinear_by_hand(kind):
    # One image of 2 x 3. At row 0.25, column 1.5, between 20 30 above and 50 90 below:
    # 0.75 (20 + 30)/2 + 0.25 (50 + 90)/2 = 18.75 + 17.5 = 36.25.
    # At row -0.5, column 0: half of 10. At row 1.25, column 2.5: 0.75 * 0.5 * 90 = 33.75.
    # At row 1, column 1: 50 itself. Far away, and exactly one pixel outside: 0.
    image = np.array([[10, 20, 30, 40, 50, 90]], kind)
    rows = np.array([0.25, -0.5, 1.25, 1.0, -9.0, 2.0])
    columns = np.array([1.5, 0.0, 2.5, 1.0, 1e6, 0.0])
    values = sample(image, (2, 3), np.stack([rows, columns])[:, None])
    np.testing.assert_array_equal(values, [[36.25, 5, 33.75, 50, 0, 0]])


@pytest.mark.parametrize("shape", [(7, 7), (5, 9), (9, 5)])
@pytest.mark.parametrize("shift", [(0, 0), (2, 0), (0, -3), (-1, 2), (1, 4), (-4, -4), (20, 20)])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_shift_by_whole_pixels_fills_with_zeros(shape, shift, kind):
    images = np.random.default_rng(1).integers(1, 256, (4, shape[0] * shape[1])).astype(kind)
    expected = np.zeros((4, *shape))
    down, right = shift
    for i in range(shape[0]):
        for j in range(shape[1]):
            if 0 <= i - down < shape[0] and 0 <= j - right < shape[1]:
                expected[:, i, j] = images.reshape(4, *shape)[:, i - down, j - right]
    moved = sample(images, shape, grid(shape) - np.array(shift)[:, None, None])
    np.testing.assert_array_equal(moved, expected.reshape(4, -1))


def test_a_quarter_turn():
    images = random_images(3)
    rows, columns = grid(SHAPE)
    turned = sample(images, SHAPE, np.stack([columns, 27 - rows]))
    np.testing.assert_array_equal(
        turned.reshape(3, 28, 28), np.rot90(images.reshape(3, 28, 28), axes=(1, 2))
    )


def test_a_quarter_turn_by_the_affine_map():
    settings = AugmentSpec(rotate=90)
    even = np.zeros((6, 2))
    even[2] = 1, -1
    coefficients = np.empty((2, 2, 3), np.float32)
    affine(settings, SHAPE, even, out=coefficients)
    positions = (coefficients.reshape(4, 3) @ basis(settings, SHAPE)).reshape(2, 2, -1)
    images = random_images(1).repeat(2, axis=0)
    sampler = Sampler(SHAPE, 2)
    sampler.aim(positions)
    out = np.empty(images.shape, np.float64)
    sampler.sample(images, 0, 1.0, out)
    turns = {np.rot90(images[0].reshape(28, 28), turn).tobytes(): turn for turn in (1, 3)}
    assert sorted(turns[image.astype(np.uint8).tobytes()] for image in out) == [1, 3]


def test_the_affine_map_by_its_definition():
    """p = R K S q + t, with every setting at work: the coefficients are those of its inverse."""
    settings = AugmentSpec(shift=2, rotate=30, scale=0.2, shear=20)
    even = np.array([[0.5], [-1.0], [0.7], [0.3], [-0.6], [0.9]])
    out = np.empty((2, 1, 3))
    affine(settings, (11, 15), even, out=out)
    a, k = np.radians(30) * 0.7, np.tan(np.radians(20) * 0.9)
    # on (column, row)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    whole = turn @ np.array([[1, k], [0, 1]]) @ np.diag([1 + 0.2 * -0.6, 1 + 0.2 * 0.3])
    q = np.array([3.0, -2.0])
    p = whole @ q + [-2.0, 1.0]
    source = out[:, 0] @ [1, p[1], p[0]]
    np.testing.assert_allclose(source, to_steps(np.array([5 + q[1], 7 + q[0]])), rtol=1e-12)


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_distortions_of_almost_nothing_are_what_gather_gives(kind, dtype):
    x = random_images(300).astype(kind)
    plain = gather(x, slice(None), 255.0, np.empty(x.shape, dtype))
    distorted = distort(x, TINY, dtype=dtype)
    assert distorted.dtype == dtype
    assert distorted.tobytes() == plain.tobytes()


@pytest.mark.parametrize("shape", [SHAPE, (8, 8), (20, 31), (120, 90)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bytes_and_floats_agree(shape, dtype):
    x = random_images(40, shape)
    settings = ALL if shape[0] < 100 else AugmentSpec(shift=3, rotate=40, scale=0.3)
    of_bytes = distort(x, settings, shape=shape, dtype=dtype)
    of_floats = distort(x.astype(np.float64), settings, shape=shape, dtype=dtype)
    np.testing.assert_allclose(of_bytes, of_floats, atol=1e-6 if dtype == "float32" else 1e-14)
    assert 0 <= of_bytes.min() < of_bytes.max() <= 1


def test_the_elastic_field_is_smoothed_noise():
    """alpha 36, sigma 5: 36 / (10 sqrt(3 pi)) = 1.173 pixels root mean square, and neighbors d apart correlated by
    exp(-d^2 / (4 * 25)); drawn here the long way too, as Simard et al. do."""
    down, across = smooth_modes(SHAPE, 5.0)
    modes = 36 * (down[:, :, None] * across[:, None, :]).reshape(len(down), -1)
    fields = (np.random.default_rng(0).standard_normal((20_000, len(modes))) @ modes).reshape(
        -1, 28, 28
    )
    assert np.sqrt((fields**2).mean()) == pytest.approx(1.1727, rel=0.01)
    for d in (1, 5, 10):
        correlation = (fields[:, d:] * fields[:, :-d]).mean() / (fields**2).mean()
        assert correlation == pytest.approx(np.exp(-(d**2) / 100), abs=0.02)

    t = np.arange(-25, 26)
    bell = np.exp(-(t**2) / 50)
    bell /= bell.sum()
    noise = np.random.default_rng(1).uniform(-1, 1, (4000, 51, 51))
    middle = 36 * np.einsum("nij,i,j->n", noise, bell, bell)
    assert np.sqrt((middle**2).mean()) == pytest.approx(1.1727, rel=0.04)
    assert len(modes) < 40, "a smooth field needs few modes"


def test_modes_hold_the_variance_of_every_pixel():
    down, across = smooth_modes((12, 9), 1.0)
    variance = np.einsum("kh,kw->hw", down**2, across**2)
    np.testing.assert_allclose(variance, 1 / (12 * np.pi), rtol=0.02)


def test_same_place_same_bytes_other_place_other_bytes():
    x = blobs(20)
    first = distort(x, seed=3, epoch=2, block=1)
    assert first.tobytes() == distort(x, seed=3, epoch=2, block=1).tobytes()
    for other in ({"seed": 4}, {"epoch": 3}, {"block": 2}):
        second = distort(x, **{"seed": 3, "epoch": 2, "block": 1, **other})
        assert (first != second).any(axis=1).all(), "an image came twice"
    assert len({row.tobytes() for row in first}) == 20


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [np.uint8, np.float64])
@pytest.mark.parametrize("size", [1, 10, 64, 100, 128, 129, 400])
def test_pieces_have_the_bits_of_the_whole(size, kind, dtype):
    """However a block is gathered, from wherever: one by one, in batches, or after a resume in its middle."""
    x = random_images(400).astype(kind)
    whole = distort(x, dtype=dtype)
    augmenter = Augmenter(ALL, SHAPE, 0)
    pieces = np.empty_like(whole)
    for start in range(0, 400, size):
        rows = np.arange(start, min(start + size, 400))
        augmenter.gather(x, rows, 255.0, pieces[start : start + size], (1, 0, start))
    assert pieces.tobytes() == whole.tobytes()
    for first in (399, 130, 128, 1):  # backward, and with another instance
        again = distort(x[first:], dtype=dtype, first=first)
        assert again.tobytes() == whole[first:].tobytes()
        back = np.empty_like(again)
        augmenter.gather(x, np.arange(first, 400), 255.0, back, (1, 0, first))
        assert back.tobytes() == again.tobytes()


def test_the_setting_of_one_distortion_leaves_the_draws_of_the_others():
    x = blobs(10)
    shifted = distort(x, AugmentSpec(shift=2))
    also = distort(x, AugmentSpec(shift=2, rotate=1e-7, shear=1e-7))
    np.testing.assert_allclose(shifted, also, atol=0.01)


def test_mass_is_kept_and_stays_in_the_middle():
    x = blobs(2000)
    out = distort(x).reshape(-1, 28, 28)
    mass = out.sum(axis=(1, 2)) / (x[0].sum() / 255)
    assert 0.97 < mass.mean() < 1.05
    assert 0.6 < np.quantile(mass, 0.01) < np.quantile(mass, 0.99) < 1.5
    y = np.einsum("nij,i->n", out, np.arange(28)) / out.sum(axis=(1, 2)) - 13.5
    assert abs(y.mean()) < 0.1
    assert 0.8 < y.std() < 1.6  # sqrt(1.5^2 / 3 + about 1 of the field)


def test_groups_of_large_images_are_small():
    assert group_size(28 * 28) == group_size(8 * 8) == GROUP
    assert group_size(100 * 100) == 10
    assert group_size(10**6) == 1
    assert memory(ALL, SHAPE) < 5 * 2**20


def test_steps_are_fine():
    assert STEPS == 256
    assert to_steps(0.0) == 256.5
