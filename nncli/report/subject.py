"""A run as pictures need it: its records at once, its weights, data and answers when first asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nncli.blas import blas_threads
from nncli.data.dataset import Dataset, Split
from nncli.judge import Opened, open_judged
from nncli.network.activations import activate
from nncli.network.metrics import predicted_classes
from nncli.network.params import Array
from nncli.report.panels import targets_of
from nncli.runs import rundir
from nncli.runs.documents import Json
from nncli.training.evaluation import logits
from nncli.words import plural


class NotDrawnError(Exception):
    """This picture does not apply to this run; the message says why."""


class Subject:
    """One run to be drawn; `unfinished`: before the weights are there, with those of its checkpoint."""

    def __init__(
        self,
        path: Path,
        split: str | None = None,
        dataset: Dataset | None = None,
        unfinished: bool = False,
    ):
        self.path, self._split, self._dataset = path, split, dataset
        self._unfinished = unfinished
        self.info = rundir.open_run(path)
        self.records: Sequence[Json] = rundir.read_records(path)

    @property
    def name(self) -> str:
        """What the spec calls it: the same for every run of the spec, so that pictures repeat."""
        return str(self.info.get("name", self.path.name))

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved spec in plain values."""
        return dict(self.info.get("spec", {}))

    @cached_property
    def summary(self) -> Json:
        """The figures of what was kept, of the last epoch, and the best; of those so far, where it is not complete."""
        return rundir.summary_of(self.path, self.info, self.records)

    @property
    def kept_epoch(self) -> int | None:
        """The epoch of the parameters that were kept, where it is not the last."""
        epoch = self.summary["kept"].get("epoch")
        return None if epoch == self.summary["final"].get("epoch") else epoch

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns of a table that are numbers to predict."""
        return targets_of(self.spec, [*self.records[-1]] if self.records else [])

    @cached_property
    def opened(self) -> Opened:
        """Weights and data. Raises NotDrawnError while there are no weights."""
        saved = [rundir.WEIGHTS, *([rundir.CHECKPOINT] if self._unfinished else [])]
        if not any((self.path / name).is_file() for name in saved):
            raise NotDrawnError(f"there is no {rundir.WEIGHTS} yet")
        return open_judged(self.path, split=self._split, dataset=self._dataset)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes. Raises NotDrawnError for labels and for a regression."""
        if self.opened.dataset.labels is not None:
            raise NotDrawnError("a row may have several labels; there are no classes")
        if self.opened.dataset.classes is None:
            raise NotDrawnError("this is a regression; it has no classes")
        return self.opened.dataset.classes

    def in_units(self, values: Array) -> Array:
        """(rows, outputs) numbers as the network is trained on them -> in the units of a table's targets."""
        table = self.opened.dataset.table
        if table is None or table.centers is None or table.spreads is None:
            return values
        return np.asarray(values * np.array(table.spreads) + np.array(table.centers))

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of a sample. Raises NotDrawnError where samples are no images."""
        if self.opened.dataset.image_shape is None:
            raise NotDrawnError("the samples are no images")
        return self.opened.dataset.image_shape

    @property
    def last_activation(self) -> str:
        """The activation of the last layer."""
        return self.opened.weights.meta.architecture[-1].activation

    @cached_property
    def z(self) -> Array:
        """(rows, outputs) logits of the split that is judged."""
        return self.logits(self.opened.rows)

    @property
    def answers(self) -> Array:
        """(rows,) the class that each row of the split is taken for."""
        return predicted_classes(self.z, self.last_activation)

    def logits(self, rows: Split) -> Array:
        """(rows, outputs) logits of any rows."""
        params, architecture = self.opened.weights.params, self.opened.weights.meta.architecture
        parts = logits(params, architecture, rows, self.opened.dataset.scale)
        with blas_threads(self.opened.threads):
            return np.concatenate([z.copy() for _, z in parts])

    def outputs(self, z: Array) -> Array:
        """What the last layer makes of logits."""
        return activate(self.last_activation, z.astype(np.float64))

    def scores(self, z: Array) -> Array:
        """(rows, outputs) logits -> (rows, classes) numbers whose largest is the answer, zero where it is open."""
        if z.shape[1] > 1:
            return z.astype(np.float64)
        above = z if self.last_activation == "sigmoid" else self.outputs(z) - 0.5
        return np.concatenate([-above, above], axis=1).astype(np.float64)

    def certainty(self, z: Array) -> Array:
        """(rows, outputs) logits -> (rows,) how sure each answer is: its score, for softmax the logarithm of its odds.

        Both still tell apart what is rounded to 100%.
        """
        scores = self.scores(z)
        if self.last_activation != "softmax":
            return scores.max(axis=1)
        scores.sort(axis=1)
        return scores[:, -1] - np.logaddexp.reduce(scores[:, :-1], axis=1)

    def title(self, *facts: str) -> str:
        """Name, split, and further facts."""
        where = f"{self.opened.split}, {plural(len(self.opened.rows), 'row')}"
        return " · ".join([self.name, where, *facts])
