"""scikit-learn's digits: 1,797 pictures of 8 x 8 pixels with 17 grey levels."""

from __future__ import annotations

import numpy as np

from nncli.data.dataset import Dataset, Split
from nncli.data.fingerprint import combine, digest
from nncli.errors import UsageError


def load_digits() -> Dataset:
    """They come with scikit-learn, so nothing is downloaded. UsageError where it is not installed."""
    try:
        from sklearn import datasets  # heavy, and an extra: only here
    except ModuleNotFoundError as error:
        raise UsageError(
            "`source: digits` needs scikit-learn: pip install 'nncli[datasets]'"
        ) from error
    pixels, numbers = datasets.load_digits(return_X_y=True)
    x, y = pixels.astype(np.uint8), numbers.astype(np.int64)
    return Dataset(
        splits={"train": Split(x, y)},
        classes=tuple(map(str, range(10))),
        fingerprint=combine([digest(x), digest(y)]),
        scale=16.0,
        image_shape=(8, 8),
        origin="scikit-learn",
    )
