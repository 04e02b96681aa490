"""Does the spec fit its data and this machine? Everything that does not, with the key to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nncli.data.dataset import Dataset
from nncli.data.encoding import TextColumn
from nncli.data.files import shown
from nncli.errors import KeyPath, Problem, SpecError
from nncli.machine import usable_cores
from nncli.network.activations import ACTIVATIONS
from nncli.network.params import Array, count
from nncli.spec.model import AUTO, Spec
from nncli.spec.schedules import EarlyStoppingSpec, Plateau
from nncli.training.class_weight import class_weight_problems
from nncli.training.evaluation import figure_names
from nncli.training.length import Length
from nncli.training.monitor import best_figure, keeps_best
from nncli.words import is_text, plural, words

LARGEST_TARGET = 1e150
"""The square of an error, and the sum of many, have to be float64 numbers."""
MOST_NAMED = 6
"""Classes that a message names."""
MANY = 5_000
"""Parameters from which numerical gradients are slow enough to be warned of."""


def with_dims(spec: Spec, dataset: Dataset) -> Spec:
    """The spec with the numbers that `auto` stands for: the inputs of a row, and the answers that are wanted.

    Two classes take one output, but under softmax two.
    """
    layers = list(spec.architecture)
    if layers[0].input_dim == AUTO:
        layers[0] = layers[0].model_copy(update={"input_dim": dataset.input_dim})
    if layers[-1].output_dim == AUTO:
        outputs = _outputs(dataset, layers[-1].activation)
        layers[-1] = layers[-1].model_copy(update={"output_dim": outputs})
    return spec.model_copy(update={"architecture": tuple(layers)})


def with_sampling(spec: Spec, dataset: Dataset) -> Spec:
    """The spec with what `sampling` means where nothing was said.

    Raises SpecError for one that would read each row by itself, where rows stay on disk.
    """
    if spec.sampling is None:
        own = "blocks" if dataset.on_disk else "shuffled"
        return spec.model_copy(update={"sampling": own})
    if dataset.on_disk and spec.sampling not in ("blocks", "sequential"):
        message = f"is {spec.sampling}, but these rows stay on disk (data.in_memory). Use blocks or sequential."
        raise SpecError([Problem(("sampling",), message)])
    return spec


def with_validation(spec: Spec, dataset: Dataset, compared: bool = False) -> Spec:
    """The spec with `validation` in its `track` where something is chosen by these rows and they are not named there:
    which parameters are kept, when training ends, when eta falls, or, where runs are `compared`, the best of them."""
    if spec.track is None or "validation" in {*spec.track} or "validation" not in dataset.splits:
        return spec
    watched = {settings.monitor for settings in _watchers(spec).values()}
    by_validation = any("validation_" in monitor for monitor in watched)
    if compared or by_validation or (spec.keep == "best" and not spec.early_stopping):
        return spec.model_copy(update={"track": ("validation", *spec.track)})
    return spec


def chosen_on_test(spec: Spec, names: Sequence[str]) -> tuple[str, ...]:
    """A line for each key of the spec by which test figures choose something; `names` are the figures of a record."""
    choosers = {key: settings.monitor for key, settings in _watchers(spec).items()}
    if keeps_best(spec) and not spec.early_stopping:
        choosers["keep"] = best_figure(spec, [*names])
    return tuple(
        f"{key}: goes by {words(figure)}, so test figures are optimistic. Choose on validation rows (data.validation)."
        for key, figure in choosers.items()
        if "test_" in figure
    )


def _watchers(spec: Spec) -> dict[str, EarlyStoppingSpec | Plateau]:
    """What watches a figure, by its key in the spec."""
    stopping, schedule = spec.early_stopping, spec.schedule
    watchers: dict[str, EarlyStoppingSpec | Plateau] = {}
    if stopping:
        watchers["early_stopping"] = stopping
    if isinstance(schedule, Plateau):
        watchers["schedule"] = schedule
    return watchers


def _outputs(dataset: Dataset, activation: str) -> int:
    if dataset.classes is None:
        return int(dataset.splits["train"].y.shape[1])
    classes = len(dataset.classes)
    return 1 if classes == 2 and activation != "softmax" else classes


def check(spec: Spec, dataset: Dataset, threads: int | None) -> None:
    """Raise SpecError with every disagreement between the spec, its data and this machine; `threads` are the BLAS
    threads that were asked for."""
    _refuse(
        *_name_problems(dataset),
        *_input_problems(spec, dataset),
        *_augment_problems(spec, dataset),
        *_output_problems(spec, dataset),
        *_size_problems(spec, dataset),
        *class_weight_problems(spec, dataset),
        *_monitor_problems(spec, dataset),
        *_thread_problems(threads),
    )


def check_data(spec: Spec, dataset: Dataset) -> None:
    """Raise SpecError with every disagreement between the network's ends and the data."""
    _refuse(
        *_input_problems(spec, dataset),
        *_output_problems(spec, dataset),
        *_size_problems(spec, dataset),
    )


def _refuse(*problems: Problem) -> None:
    if problems:
        raise SpecError(problems)


def _name_problems(dataset: Dataset) -> Iterator[Problem]:
    """What classes, labels and columns are called is written beside the weights, when the training has ended."""
    names = [*_names(dataset)]
    if is_text("".join(names)):
        return
    name = next(name for name in names if not is_text(name))
    half = "which no file can hold: half a character. Write it in UTF-8."
    yield Problem(("data",), f"holds the name `{shown(name, 60)}`, {half}")


def _names(dataset: Dataset) -> Iterator[str]:
    """Every name that the data give."""
    yield from (*(dataset.classes or ()), *(dataset.labels or ()))
    if dataset.table:
        yield from (*dataset.table.target, *dataset.table.missing)
        for column in dataset.table.columns:
            yield column.name
            if isinstance(column, TextColumn):
                yield from column.categories


def _input_problems(spec: Spec, dataset: Dataset) -> Iterator[Problem]:
    wanted, have = spec.architecture[0].input_dim, dataset.input_dim
    if wanted != have:
        message = f"is {wanted}, but each row of the data has {have} numbers. Set it to {have}."
        yield Problem(("architecture", 0, "input_dim"), message)


def _augment_problems(spec: Spec, dataset: Dataset) -> Iterator[Problem]:
    shape = dataset.image_shape
    if spec.augment is None:
        return
    if shape is None:
        yield Problem(
            ("augment",), "distorts images, but the rows of this data are none. Remove it."
        )
    elif dataset.channels > 1:
        yield Problem(
            ("augment",), "distorts gray images, but these have colors. Set data.grayscale: true."
        )
    elif spec.augment.shift >= min(shape):
        message = f"is {spec.augment.shift:g} pixels, but an image has {shape[0]} x {shape[1]}"
        yield Problem(("augment", "shift"), f"{message}. Set it below {min(shape)}.")


def _output_problems(spec: Spec, dataset: Dataset) -> Iterator[Problem]:
    key = ("architecture", len(spec.architecture) - 1, "output_dim")
    outputs = spec.architecture[-1].output_dim
    if dataset.classes is not None:
        yield from _class_problems(key, outputs, dataset.classes)
        return
    if dataset.labels is not None:
        yield from _label_problems(spec, len(dataset.labels))
        return
    targets = dataset.splits["train"].y.shape[1]
    if outputs != targets:
        yield Problem(
            key, f"is {outputs}, but the data has {targets} targets a row. Set it to {targets}."
        )
    advice = "Use mse with identity, or make them classes: data.task: classification."
    if dataset.table is None:
        advice = "Store class numbers as integers, or use mse with identity."
    for split in dataset.splits.values():
        yield from _target_problems(spec.loss, split.y, advice)


def _label_problems(spec: Spec, labels: int) -> Iterator[Problem]:
    """Labels do not exclude each other: each has an output of its own, from 0 to 1."""
    at = len(spec.architecture) - 1
    last = spec.architecture[-1]
    if last.output_dim != labels:
        message = f"is {last.output_dim}, but a row of the data may have {labels} labels. Set it to {labels}."
        yield Problem(("architecture", at, "output_dim"), message)
    if last.activation != "sigmoid":
        message = f"is {last.activation}, but a row of the data may have several labels. "
        message += "Use sigmoid with binary_cross_entropy."
        yield Problem(("architecture", at, "activation"), message)


def _class_problems(key: KeyPath, outputs: int, names: Sequence[str]) -> Iterator[Problem]:
    classes = len(names)
    if classes < 2:
        yield Problem(("data",), "has a single class: there is nothing to tell apart.")
    elif outputs == 1 and classes > 2:
        yield Problem(
            key,
            f"is 1, which tells two classes apart, but the data has {classes}{_named(names)}. Set it to {classes}.",
        )
    elif outputs > 1 and outputs != classes:
        yield Problem(
            key,
            f"is {outputs}, but the data has {classes} classes{_named(names)}. Set it to {classes}.",
        )


def _named(names: Sequence[str]) -> str:
    """The names of classes that are no mere places, in brackets."""
    if list(names) == [str(place) for place in range(len(names))]:
        return ""
    few = ", ".join(shown(name, 20) for name in names[:MOST_NAMED])
    return f" ({few}{', ...' * (len(names) > MOST_NAMED)})"


def _target_problems(loss: str, y: Array, advice: str) -> Iterator[Problem]:
    """Real targets under a loss that is about classes: probabilities, and for softmax such as sum to 1."""
    if "cross_entropy" in loss and not ((y >= 0) & (y <= 1)).all():
        yield Problem(("loss",), f"is {loss}, but the targets are real numbers. {advice}")
    elif loss == "cross_entropy" and not np.allclose(y.sum(axis=1), 1):
        advice = "For several labels a row use sigmoid with binary_cross_entropy."
        yield Problem(
            ("loss",), f"is cross_entropy, but the targets of a row do not sum to 1. {advice}"
        )


def _size_problems(spec: Spec, dataset: Dataset) -> Iterator[Problem]:
    """Numbers that would become infinite: as the network's type holds them, or squared."""
    most = float(np.finfo(spec.dtype).max)
    for name, split in dataset.splits.items():
        for what, values, bound in (
            ("inputs", split.x, most),
            ("targets", split.y, min(most, LARGEST_TARGET)),
        ):
            if isinstance(values, np.ndarray) and values.dtype == np.float64:
                largest = max(float(values.max()), -float(values.min()))
                if largest > bound:
                    size = f"up to {largest:.3g} in the {name} rows, too large for {spec.dtype}"
                    yield Problem(("data",), f"has {what} {size}. Divide them by a number.")


def _thread_problems(threads: int | None) -> Iterator[Problem]:
    """More BLAS threads than cores are a cliff: they wait for each other, a hundred times as long as they work."""
    cores = usable_cores()
    if threads and threads > cores:
        what = plural(cores, "core")
        yield Problem(
            ("threads",),
            f"is {threads}, but this process may use {what}. Set it to {cores} at most.",
        )


def _monitor_problems(spec: Spec, dataset: Dataset) -> Iterator[Problem]:
    """What is watched must stand in the records."""
    names = figure_names(spec, dataset)
    for key, settings in _watchers(spec).items():
        if settings.monitor not in names:
            said = f"is {shown(settings.monitor, 60)}, but records hold {', '.join(names)}."
            message = f"{said} Name one of these, or add its split to `track`."
            yield Problem((key, "monitor"), message)


def warnings(spec: Spec, dataset: Dataset) -> tuple[str, ...]:
    """What is odd but can be trained."""
    length = Length.of(spec, len(dataset.splits["train"]))
    return (
        *_batch_warnings(spec, length),
        *_length_warnings(spec, length),
        *_reach_warnings(spec, dataset),
        *_rounding_warnings(spec, dataset),
        *chosen_on_test(spec, figure_names(spec, dataset)),
    )


def _reach_warnings(spec: Spec, dataset: Dataset) -> Iterator[str]:
    """Targets that the last layer cannot put out."""
    if dataset.task != "regression":
        return
    last = spec.architecture[-1].activation
    low, high = ACTIVATIONS[last].low, ACTIVATIONS[last].high
    y = dataset.splits["train"].y
    if y.min() < low or y.max() > high:
        place = f"architecture[{len(spec.architecture) - 1}].activation"
        standardized = " once standardized" if dataset.table else ""
        yield (
            f"{place}: is {last}, which reaches from {low:g} to {high:g}, but the targets{standardized} go from "
            f"{y.min():.3g} to {y.max():.3g}. Use identity."
        )


def _rounding_warnings(spec: Spec, dataset: Dataset) -> Iterator[str]:
    """Targets that the network's type rounds: figures compare with them as they are, training cannot."""
    y = dataset.splits["train"].y
    if dataset.task != "regression" or spec.dtype == "float64":
        return
    largest, spread = np.abs(y).max(axis=0), (y - y[0]).std(axis=0)
    steps = np.spacing(largest.astype(spec.dtype))
    for each, step, most in zip(spread, steps, largest, strict=True):
        if each and step > each / 100:
            yield (
                f"dtype: is {spec.dtype}, which rounds targets of {most:.3g} to multiples of {step:.3g}, beside a "
                f"standard deviation of {each:.3g}. Subtract their mean, or set dtype: float64."
            )


def _length_warnings(spec: Spec, length: Length) -> Iterator[str]:
    """Settings that this training is too short for, or far too slow."""
    if spec.average and spec.average.every > length.steps:
        few = f"is {spec.average.every}, but there are only {length.steps} steps"
        yield f"average.every: {few}: the average is the last parameters."
    if spec.warmup >= length.epochs > 0:
        yield f"warmup: is {spec.warmup} epochs, the whole training: eta only rises."
    if spec.record_every > length.epochs:
        yield f"record_every: is {spec.record_every}, but there are {length.epochs} epochs: one record, at the end."
    parameters = count(spec.architecture)
    if spec.gradient == "numerical" and parameters > MANY:
        yield f"gradient: numerical takes two passes for each of {parameters:,} parameters at every step."


def _batch_warnings(spec: Spec, length: Length) -> Iterator[str]:
    rows = length.rows
    if isinstance(spec.batch_size, int) and spec.batch_size > rows:
        yield f"batch_size: is {spec.batch_size}, more than the {rows} training rows; all {rows} are one batch."
