"""The estimator that predicts numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from nncli.estimators.base import FLOATS, Dense, rows_of
from nncli.network.params import Array


class DenseRegressor(RegressorMixin, Dense):  # type: ignore[misc]
    """Dense layers that put out numbers, trained by the mean squared error.

    Targets, one or several a row, are standardized inside, so that `eta` does not depend on their units; predictions
    are in the units of the targets. Parameters and what is fitted are those of `DenseClassifier`, less `class_weight`.
    """

    def fit(self, X: Any, y: Any) -> DenseRegressor:
        """Train on rows (rows, features) and their targets (rows,) or (rows, targets), from fresh weights."""
        X, y = validate_data(self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True)
        self._forget()
        self._scale(y)
        targets = self._targets(y)
        self._train_anew(rows_of(X, targets, None), targets.shape[1], "identity")
        return self

    def partial_fit(self, X: Any, y: Any) -> DenseRegressor:
        """Train one more epoch, on these rows. Targets are standardized as those of the first call were."""
        first = not hasattr(self, "_state")
        X, y = validate_data(
            self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True, reset=first
        )
        if first:
            self._scale(y)
        targets = self._targets(y)
        self._train_on(rows_of(X, targets, None), targets.shape[1], "identity")
        return self

    def predict(self, X: Any) -> Array:
        """(rows,) or (rows, targets), as the targets of training were."""
        numbers = np.ldexp(self._outputs(X) * self._spread + self._center, self._power)
        return numbers[:, 0] if self._single else numbers

    def _scale(self, y: Array) -> None:
        """Mean and standard deviation of y / 2^power, which lies between -1 and 1: no sum, difference or square of it
        is too large or too small for a float. Where y never varies, its deviation is rounding, and 1 stands for it."""
        columns = np.asarray(y, np.float64).reshape(len(y), -1)
        self._single = y.ndim == 1
        _, self._power = np.frexp(np.abs(columns).max(axis=0))
        shares = np.ldexp(columns, -self._power)
        varies = (shares != shares[0]).any(axis=0)
        self._center = np.where(varies, shares.mean(axis=0), shares[0])
        self._spread = np.where(varies, shares.std(axis=0), 1.0)

    def _targets(self, y: Array) -> Array:
        columns = np.asarray(y, np.float64).reshape(len(y), -1)
        if columns.shape[1] != len(self._center):
            raise ValueError(
                f"y has {columns.shape[1]} targets a row, but the first call had {len(self._center)}"
            )
        return (np.ldexp(columns, -self._power) - self._center) / self._spread

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
