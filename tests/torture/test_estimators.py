"""scikit-learn's own checks of an estimator, for every parameter at another value than its default."""

from __future__ import annotations

import warnings
from typing import Any, get_args

import pytest
from scikit import known_to_fail
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator
from trials import dealt

from nncli.estimators import DenseClassifier, DenseRegressor
from nncli.spec.model import ActivationName
from nncli.training.optimizers import OPTIMIZERS

STOPPED = {"early_stopping": True}
PLAIN = ("sgd", "momentum", "nesterov")
"""Optimizers whose steps are as long as the gradient: the checks have inputs that are not scaled."""

OTHERS: dict[str, list[dict[str, Any]]] = {
    "hidden_layers": [{"hidden_layers": sizes} for sizes in (7, (), (5,), (6, 4))],
    "activation": [{"activation": name} for name in get_args(ActivationName) if name != "softmax"],
    "optimizer": [
        {"optimizer": name, "eta": 0.001 if name in PLAIN else 0.01} for name in OPTIMIZERS
    ],
    "eta": [{"eta": 0.1}, {"eta": 0.003}],
    "epochs": [{"epochs": 60}],
    "batch_size": [{"batch_size": "full"}, {"batch_size": 7}, {"batch_size": 1, "epochs": 8}],
    "l2": [{"l2": 0.01}],
    "early_stopping": [STOPPED],
    "validation_fraction": [STOPPED | {"validation_fraction": share} for share in (0.02, 0.4)],
    "patience": [STOPPED | {"patience": epochs} for epochs in (1, 30)],
    "class_weight": [{"class_weight": "balanced"}, STOPPED | {"class_weight": "balanced"}],
    "dtype": [{"dtype": "float32"}, STOPPED | {"dtype": "float32"}],
    "random_state": [{"random_state": 3}],
}
"""Parameter -> settings in which it is not what it is by default."""

CASES = [
    kind(**settings)
    for kind in (DenseClassifier, DenseRegressor)
    for name in kind().get_params()
    for settings in OTHERS[name]
]


def test_every_parameter_has_another_value():
    for kind in (DenseClassifier, DenseRegressor):
        for name, default in kind().get_params().items():
            others = [settings for settings in OTHERS[name] if settings[name] != default]
            assert others
            assert len(OTHERS[name]) - len(others) <= 1, "tables hold the default too, once"


@pytest.mark.campaign(short=1, long=120, torture=120)
def test_scikit_learns_own_checks(campaign):
    assert len(CASES) <= 120, "more settings than the long campaign takes"
    for estimator in dealt(campaign, CASES):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SkipTestWarning)
            check_estimator(estimator, expected_failed_checks=known_to_fail(estimator))
