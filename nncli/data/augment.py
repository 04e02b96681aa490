"""Random distortions of images, a function of (seed, epoch, block) and the row within the block.

An output pixel at p, measured from the middle of the image, shows the input at q = M (p - t) + d(p): an affine map
(rotation after shear after scaling, then the shift t; M is its inverse) and a smooth field d of displacements. Both
axes of q are one matrix product: coefficients (2 x images, 3 + modes) times a basis (3 + modes, pixels) of 1, the
row, the column and the field's modes.

Simard, Steinkraus, Platt: Best practices for convolutional neural networks applied to visual document analysis, 2003.
"""

from __future__ import annotations

import numpy as np

from nncli.data.bilinear import HALF, STEPS, Sampler
from nncli.network.params import Array
from nncli.spec.augment import AugmentSpec
from nncli.streams import Purpose, stream

GROUP, GROUP_PIXELS = 128, 128 * 784
"""Most images, and most pixels, that are distorted together: enough to make light of the calls, little enough
for a cache. Part of every result: a group's numbers are drawn and multiplied together, always whole, because
the last bits of a matrix product may depend on its number of rows."""
DRAWS = 6
"""Even draws per image: shift (2), rotation, scale (2), shear; as many whatever is set, so that one setting
does not change the others' draws."""
Place = tuple[int, int, int]
"""Epoch (from 1), block in the epoch, row in the block (from 0)."""
KEPT = 0.999
"""The part of the field's variance that its modes hold."""


class Augmenter:
    """The distortions of one training, for images of one shape."""

    def __init__(self, settings: AugmentSpec, shape: tuple[int, int], seed: int) -> None:
        self._settings, self._shape, self._seed = settings, shape, seed
        self._basis = basis(settings, shape)
        known, pixels = self._basis.shape
        self._group = group_size(pixels)
        self._normals = np.empty((2, self._group, known - 3), np.float32)
        self._coefficients = np.empty((2, self._group, known), np.float32)
        self._positions = np.empty((2, self._group, pixels), np.float32)
        self._sampler = Sampler(shape, self._group)
        self._rng: np.random.Generator
        self._block: tuple[int, int] | None = None
        self._groups = 0

    @classmethod
    def of(
        cls, settings: AugmentSpec | None, shape: tuple[int, int] | None, seed: int
    ) -> Augmenter | None:
        """None where nothing is to be distorted; that settings come with images is checked in nncli.fit."""
        return cls(settings, shape, seed) if settings and shape else None

    def gather(self, x: Array, rows: Array, scale: float, out: Array, place: Place) -> Array:
        """out = distorted x[rows] / scale, (len(rows), h*w), where `place` is that of rows[0].

        The bits of an image do not depend on what else is gathered with it.
        """
        epoch, block, first = place
        done = 0
        while done < len(rows):
            group, member = divmod(first + done, self._group)
            some = slice(done, done + self._group - member)
            self._turn_to(epoch, block, group)
            images = np.take(x, rows[some], axis=0)
            self._sampler.sample(images, member, scale, out[some])
            done += len(images)
        return out

    def _turn_to(self, epoch: int, block: int, group: int) -> None:
        """Aim the sampler with a group of a block; the draws of the groups before it come first.

        Gathering goes forward, so a group is drawn twice only after a resume or in the replay of a block.
        """
        if self._block != (epoch, block) or group + 1 < self._groups:
            self._rng = stream(self._seed, Purpose.AUGMENT, epoch, block)
            self._block, self._groups = (epoch, block), 0
        if self._groups == group + 1:
            return
        while self._groups <= group:
            even = self._rng.random((DRAWS, self._group)) * 2 - 1
            self._rng.standard_normal(dtype=np.float32, out=self._normals)
            self._groups += 1
        affine(self._settings, self._shape, even, out=self._coefficients[..., :3])
        self._coefficients[..., 3:] = self._normals
        np.matmul(
            self._coefficients.reshape(2 * self._group, -1),
            self._basis,
            out=self._positions.reshape(2 * self._group, -1),
        )
        self._sampler.aim(self._positions)


def affine(settings: AugmentSpec, shape: tuple[int, int], even: Array, out: Array) -> None:
    """From draws (6, n) in +-1 to the coefficients (2, n, 3) of 1, row and column in the source's row and column.

    A point q goes to p = R K S q + t, with R a rotation, K = [[1, tan shear], [0, 1]] on (column, row), S the two
    factors. So q = S^-1 K^-1 R^-1 (p - t), in steps from the sampler's border.
    """
    shift = settings.shift * even[:2]
    angle = np.radians(settings.rotate) * even[2]
    factors = 1 + settings.scale * even[3:5]
    slope = np.tan(np.radians(settings.shear) * even[5])
    sine, cosine = np.sin(angle), np.cos(angle)
    of_row = np.stack([cosine, sine - slope * cosine])
    of_column = np.stack([-sine, cosine + slope * sine])
    of_row *= STEPS / factors
    of_column *= STEPS / factors
    middle = np.array([[shape[0] + 1], [shape[1] + 1]]) * (STEPS / 2) + HALF
    out[..., 0] = middle - of_row * shift[0] - of_column * shift[1]
    out[..., 1] = of_row
    out[..., 2] = of_column


def basis(settings: AugmentSpec, shape: tuple[int, int]) -> Array:
    """(3 + modes, h*w): 1, the row and the column from the middle in pixels; the field's modes in steps."""
    height, width = shape
    rows, columns = (np.arange(size) - (size - 1) / 2 for size in shape)
    down, across = _field(settings, shape)
    out = np.empty((3 + len(down), height, width), np.float32)
    out[0], out[1], out[2] = 1, rows[:, None], columns
    # written where it stays: for large images and a small sigma this is much memory
    kinds = down.astype(np.float32), across.astype(np.float32)
    np.multiply(kinds[0][:, :, None], kinds[1][:, None, :], out=out[3:])
    return out.reshape(len(out), -1)


def memory(settings: AugmentSpec, shape: tuple[int, int]) -> int:
    """Bytes that an Augmenter takes."""
    pixels = shape[0] * shape[1]
    known = 3 + len(_field(settings, shape)[0])
    return 4 * known * pixels + group_size(pixels) * pixels * Sampler.PIXEL_BYTES


def group_size(pixels: int) -> int:
    """Images in a group."""
    return max(1, min(GROUP, GROUP_PIXELS // pixels))


def _field(settings: AugmentSpec, shape: tuple[int, int]) -> tuple[Array, Array]:
    """The modes of the displacements in steps: none where the spec has no elastic distortion."""
    if settings.elastic is None:
        return np.empty((0, shape[0])), np.empty((0, shape[1]))
    down, across = smooth_modes(shape, settings.elastic.sigma)
    return STEPS * settings.elastic.alpha * down, across


def smooth_modes(shape: tuple[int, int], sigma: float) -> tuple[Array, Array]:
    """(modes, h) and (modes, w): normal numbers times their outer products, (modes, h, w), are uniform +-1 noise
    smoothed by a Gaussian of `sigma` pixels.

    The smoothed noise is a sum over hundreds of pixels, normal to a good approximation, so its covariance says
    everything: 1/3 C(rows) C(columns) with C(d) = exp(-d^2 / 4 sigma^2) / (2 sigma sqrt(pi)) along each axis. Modes are
    its eigenvectors times the root of their eigenvalues, the largest first, as many as hold `KEPT` of the variance.
    """
    (h_values, h_vectors), (w_values, w_vectors) = (_eigen(size, sigma) for size in shape)
    values = np.outer(h_values, w_values).ravel() / 3
    order = np.argsort(-values, kind="stable")
    held = np.cumsum(values[order]) / values.sum()
    i, j = np.divmod(order[: np.searchsorted(held, KEPT) + 1], shape[1])
    return (h_vectors[:, i] * np.sqrt(h_values[i] / 3)).T, (
        w_vectors[:, j] * np.sqrt(w_values[j])
    ).T


def _eigen(size: int, sigma: float) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of C along one axis; signs as they are the same on every machine."""
    distance = np.subtract.outer(np.arange(size), np.arange(size))
    c = np.exp(-((distance / (2 * sigma)) ** 2)) / (2 * sigma * np.sqrt(np.pi))
    values, vectors = np.linalg.eigh(c)
    return np.maximum(values, 0), vectors * np.where(vectors[0] < 0, -1, 1)
