"""What both estimators have: parameters, training, a forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from nncli.blas import blas_threads
from nncli.data.batches import chunks, gather
from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.splits import keep_back
from nncli.errors import DivergedError, SpecError, in_python
from nncli.estimators import parameters
from nncli.network.params import Array, Arrays, views
from nncli.network.propagation import logits, make_memory
from nncli.preparation import initial_vector, threads_of
from nncli.spec.load import parse_spec
from nncli.spec.model import Spec
from nncli.spec.values import plain_value
from nncli.streams import Purpose, stream
from nncli.training import loop
from nncli.training.evaluation import CHUNK
from nncli.training.monitor import keeps_best
from nncli.training.state import State
from nncli.training.trainer import Trainer

FLOATS = (np.float64, np.float32)


class Dense(BaseEstimator):  # type: ignore[misc]
    """Neither of the two yet."""

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
        dtype: str = "float64",
        random_state: Any = None,
    ) -> None:
        self.hidden_layers = hidden_layers
        self.activation = activation
        self.optimizer = optimizer
        self.eta = eta
        self.epochs = epochs
        self.batch_size = batch_size
        self.l2 = l2
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.dtype = dtype
        self.random_state = random_state

    @property
    def weights_(self) -> Arrays:
        """{"W1": (units, inputs), "b1": (units,), ...}, as a run's."""
        check_is_fitted(self)
        return views(self._vector, self._spec.architecture)

    def _forget(self) -> None:
        """Nothing of an earlier fit is gone on with."""
        self.__dict__.pop("_state", None)

    def _train_anew(self, dataset: Dataset, outputs: int, last: str, **keys: Any) -> None:
        """From fresh weights to the end of `epochs`, or of early stopping."""
        spec = self._spec_of(dataset, outputs, last, **keys)
        if self.early_stopping:
            dataset = self._held_back(dataset, spec.seed)
        else:
            spec = spec.model_copy(update={"early_stopping": None})
        state = loop.start(spec, dataset, _initial(spec))
        self.records_ = _run(spec, dataset, state)
        best = state.best if keeps_best(spec) else None
        self._keep(spec, state, best.vector if best else state.vector)

    def _train_on(self, dataset: Dataset, outputs: int, last: str, **keys: Any) -> None:
        """One more epoch, over these rows; the optimizer goes on where it was."""
        done = self._state.epoch if hasattr(self, "_state") else 0
        seed = {"seed": self._spec.seed} if done else {}
        spec = self._spec_of(dataset, outputs, last, **keys, **seed)
        spec = spec.model_copy(update={"epochs": done + 1, "early_stopping": None})
        state = loop.start(spec, dataset, self._vector if done else _initial(spec))
        if done:
            self._check_same(spec)
            state.epoch, state.optimizer = done, self._state.optimizer
        records = _run(spec, dataset, state)
        self.records_ = [*getattr(self, "records_", ()), *records]
        self._keep(spec, state, state.vector)

    def _check_same(self, spec: Spec) -> None:
        """ValueError where a parameter has changed that decides which arrays there are."""
        for key in ("architecture", "optimizer", "dtype"):
            if getattr(spec, key) != getattr(self._spec, key):
                raise ValueError(f"{key} has changed since the last call. Begin anew with fit")

    def _keep(self, spec: Spec, state: State, vector: Array) -> None:
        state.best, state.stopped, state.vector = None, False, vector
        self._spec, self._state, self._vector = spec, state, vector
        self.n_iter_ = state.epoch
        self.loss_ = self.records_[-1]["train_loss"]

    def _held_back(self, dataset: Dataset, seed: int) -> Dataset:
        """With rows for validation: of each class its share, where every class has enough."""
        train = dataset.splits["train"]
        if len(train) < 2:
            raise ValueError(
                "early_stopping keeps rows back, but n_samples = 1: it needs 2 or more"
            )
        choice = "random"
        if dataset.classes:
            kept = self.validation_fraction * len(train)
            enough = min(kept, len(train) - kept) >= len(dataset.classes)
            choice = "stratified" if enough and np.bincount(train.y).min() > 1 else "random"
        rng = stream(seed, Purpose.SPLIT)
        try:
            parts = keep_back(train, "validation", self.validation_fraction, choice, rng=rng)  # type: ignore[arg-type]
        except SpecError as err:
            raise ValueError(f"validation_fraction: {err.problems[0].message}") from err
        splits = dict(zip(("train", "validation"), parts, strict=True))
        return Dataset(splits, dataset.classes, dataset.fingerprint)

    def _spec_of(self, dataset: Dataset, outputs: int, last: str, **keys: Any) -> Spec:
        """The parameters as a spec, with early stopping. ValueError for those that may not be what they are."""
        parameters.check(self.get_params(deep=False))
        hidden = parameters.layer_sizes(self.hidden_layers)
        sizes = [dataset.input_dim, *hidden, outputs]
        functions = [*[self.activation] * len(hidden), last]
        names = ("input_dim", "output_dim", "activation")
        layers = zip(sizes[:-1], sizes[1:], functions, strict=True)
        value = {
            "data": "moons",  # never read: the rows are here
            "architecture": [dict(zip(names, layer, strict=True)) for layer in layers],
            "optimizer": self.optimizer,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "eta": self.eta,
            "regularizer": {"l2": self.l2},
            "early_stopping": {"patience": self.patience},
            "dtype": self.dtype,
        }
        value |= {"seed": parameters.seed(self.random_state)} | keys
        try:
            spec = parse_spec(plain_value(value), Path())
        except SpecError as err:
            raise parameters.refusal(err) from err
        check_sizes(dataset.splits["train"].x, spec.dtype)
        return spec

    def _outputs(self, X: Any) -> Array:
        """(rows, outputs): the activations of the last layer, in float64, so that a row's answer does not depend on the
        rows beside it beyond the last digits. ValueError where one is not finite."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=FLOATS)
        check_sizes(X, self._spec.dtype)
        layers = self._spec.architecture
        params = {name: array.astype(np.float64) for name, array in self.weights_.items()}
        out = np.empty((len(X), layers[-1].output_dim))
        for chunk in chunks(len(X), CHUNK):
            rows = np.empty((len(out[chunk]), X.shape[1]))
            memory = make_memory(layers, len(rows), "float64")
            with np.errstate(over="ignore", invalid="ignore"):
                logits(params, layers, gather(X, chunk, 1.0, rows), memory)
            out[chunk] = memory[f"A{len(layers)}"]
        finite = np.isfinite(out).all(axis=1)
        if not finite.all():
            raise ValueError(f"X: row {np.argmin(finite)} holds numbers too large for the network")
        return out


def rows_of(X: Array, y: Array, classes: tuple[str, ...] | None) -> Dataset:
    """Rows in memory, all of them for training."""
    return Dataset({"train": Split(X, y)}, classes, Fingerprint(""))


def check_sizes(X: Array, dtype: str) -> None:
    """ValueError where `dtype` would make an input infinite."""
    largest = max(float(X.max()), -float(X.min()))
    if largest > float(np.finfo(dtype).max):
        raise ValueError(
            f"X: holds numbers up to {largest:.3g}, too large for {dtype}. Scale them, with StandardScaler"
        )


def _initial(spec: Spec) -> Array:
    try:
        return initial_vector(spec)
    except SpecError as err:
        raise parameters.refusal(err) from err


def _run(spec: Spec, dataset: Dataset, state: State) -> list[dict[str, Any]]:
    """Train to the end of the spec; the records. DivergedError where numbers stop being finite."""
    try:
        with blas_threads(threads_of(spec, dataset)):
            return list(loop.train(Trainer.of(spec, dataset, state)))
    except DivergedError as err:
        advice = "or scale X, with StandardScaler"
        raise DivergedError(f"{in_python(str(err))}, {advice}") from err
