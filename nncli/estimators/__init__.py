"""Estimators of scikit-learn over the same engine: no spec file, no run directory, everything in memory.

Inputs are taken as they are: put a `StandardScaler` before them. Needs scikit-learn (extra `sklearn`).
"""

from __future__ import annotations

try:
    from sklearn.utils.validation import validate_data  # noqa: F401 - new in 1.6
except ModuleNotFoundError as err:
    raise ImportError(
        "the estimators need scikit-learn 1.6 or later: pip install 'nncli[sklearn]'"
    ) from err

from nncli.estimators.classifier import DenseClassifier
from nncli.estimators.regressor import DenseRegressor

__all__ = ["DenseClassifier", "DenseRegressor"]
