"""The estimator that tells classes apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from nncli.data.dataset import Dataset
from nncli.estimators.base import FLOATS, Dense, rows_of
from nncli.network.params import Array


class DenseClassifier(ClassifierMixin, Dense):  # type: ignore[misc]
    """Dense layers with a softmax over the classes, trained by cross-entropy.

    `hidden_layers` are units of each hidden layer, or of the only one; `activation` is their function; `optimizer` is a
    name or a mapping, as in a spec, `eta` the learning rate; `l2` penalizes weights. With `early_stopping` a
    `validation_fraction` of the rows (of each class) is kept back, training ends when their loss, weighted as classes
    are, has not fallen for `patience` epochs, and the best weights are kept. `class_weight` is None, "balanced" or
    {class: number above 0}. `dtype` is what weights are trained in; predictions are worked out in float64.
    `random_state` is the spec's seed, where it is a number.

    Fitted: `classes_`, `weights_`, `records_` (figures of every epoch), `loss_` (of the last epoch), `n_iter_`
    (epochs), `n_features_in_`, `feature_names_in_`.

    ValueError for a parameter or rows that cannot be used, DivergedError where training stops being finite.
    """

    def __init__(
        self,
        hidden_layers: Sequence[int] | int = (100,),
        *,
        activation: str = "relu",
        optimizer: Any = "adam",
        eta: float = 0.01,
        epochs: int = 100,
        batch_size: int | str = 32,
        l2: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        class_weight: Any = None,
        dtype: str = "float64",
        random_state: Any = None,
    ) -> None:
        super().__init__(
            hidden_layers,
            activation=activation,
            optimizer=optimizer,
            eta=eta,
            epochs=epochs,
            batch_size=batch_size,
            l2=l2,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            dtype=dtype,
            random_state=random_state,
        )
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any) -> DenseClassifier:
        """Train on rows (rows, features) and their classes (rows,), from fresh weights."""
        X, y = validate_data(self, X, y, dtype=FLOATS, multi_output=True)
        y = self._checked(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs 2 classes or more, but y holds one class: {self.classes_[0]}"
            )
        self._forget()
        dataset = self._dataset(X, y)
        self._train_anew(dataset, len(self.classes_), "softmax", **self._weighing(y))
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> DenseClassifier:
        """Train one more epoch, on these rows. The first call needs all `classes` there will be.

        A `class_weight` of "balanced" balances the rows of each call.
        """
        first = not hasattr(self, "_state")
        X, y = validate_data(self, X, y, dtype=FLOATS, multi_output=True, reset=first)
        y = self._checked(y)
        if first:
            if classes is None:
                raise ValueError("classes must be given with the first call of partial_fit")
            self.classes_ = np.unique(classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes are not those of the first call: {self.classes_}")
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y holds {unknown[0]}, which is none of the classes")
        dataset = self._dataset(X, y)
        self._train_on(dataset, len(self.classes_), "softmax", **self._weighing(y))
        return self

    def predict_proba(self, X: Any) -> Array:
        """(rows, classes): the probability of each class, in the order of `classes_`."""
        return self._outputs(X)

    def predict(self, X: Any) -> Array:
        """(rows,): the most probable class of each row."""
        chosen = np.argmax(self._outputs(X), axis=1)
        return self.classes_[chosen]

    def _checked(self, y: Array) -> Array:
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        return y

    def _dataset(self, X: Array, y: Array) -> Dataset:
        names = tuple(str(number) for number in range(len(self.classes_)))
        numbers = np.searchsorted(self.classes_, y)
        return rows_of(X, numbers, names)

    def _weighing(self, y: Array) -> dict[str, Any]:
        """The weight of each class, by the name that it has in the engine."""
        if self.class_weight is None or isinstance(self.class_weight, str):
            return {"class_weight": self.class_weight}
        try:
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        except (TypeError, ValueError) as err:
            raise ValueError(f"class_weight: {err}") from err
        if (weights == 1).all():
            return {}
        return {"class_weight": {str(number): each for number, each in enumerate(weights)}}
