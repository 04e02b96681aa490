"""The experiment spec: what `nncli train` reads, as frozen models. What one value may be is said here; rules that look
at several keys are in rules.py, and `nncli.spec.load` applies both."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from nncli.spec.augment import AugmentSpec
from nncli.spec.base import (
    LARGEST,
    Count,
    Fraction,
    Model,
    PositiveNumber,
    Seed,
    Shorthand,
    SpecPath,
    is_whole,
    must_be,
    wanted,
)
from nncli.spec.checkpoints import CheckpointSpec
from nncli.spec.optimizers import OptimizerSpec, Sgd
from nncli.spec.schedules import (
    AverageSpec,
    Constant,
    EarlyStoppingSpec,
    RegularizerSpec,
    ScheduleSpec,
    Warmup,
)
from nncli.spec.sources import DataSpec
from nncli.spec.sweeps import SweepSpec

ActivationName = Literal[
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softmax",
    "identity",
]
LossName = Literal["quadratic", "mse", "binary_cross_entropy", "cross_entropy"]
WeightsName = Literal[
    "auto",
    "normal",
    "lecun_normal",
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "zeros",
]
SplitName = Literal["train", "validation", "test"]

LOSS_OF: dict[str, LossName] = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
"""The loss that follows from the last activation; any other means `mse`."""
ONLY_ACTIVATION: dict[str, str] = {loss: activation for activation, loss in LOSS_OF.items()}
"""The cross-entropies are each defined for one activation only."""


AUTO = 0
"""What `auto` is read as, until the data say the number."""


def _width(value: Any) -> Any:
    if value == "auto":
        return AUTO
    if not is_whole(value, 1):
        raise wanted(f"a whole number between 1 and {LARGEST}, or `auto` where the data say it")
    return value


Width = Annotated[
    int,
    BeforeValidator(_width),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LARGEST}, {"const": "auto"}]}
    ),
]


class LayerSpec(Model):
    """One dense layer: a = activation(x W^T + b)."""

    input_dim: Width = Field(examples=[784])
    """Numbers that come in: the layer below's output_dim, or the data's columns (`auto` in the first layer)."""
    output_dim: Width = Field(examples=[30])
    """Units in this layer; must equal the next layer's input_dim (`auto` in the last layer)."""
    activation: ActivationName = Field(examples=["sigmoid"])
    """The function each unit's sum goes through."""
    dropout: Fraction = 0.0
    """The share of this layer's outputs that training sets to zero, at random; the rest are scaled up."""


def _std(value: Any) -> Any:
    is_number = type(value) in (int, float) and 0 < value < float("inf")
    if value != "fan_in" and not is_number:
        raise wanted("a finite number above 0, or `fan_in` for 1/sqrt(input_dim)")
    return value


Std = Annotated[float | Literal["fan_in"], BeforeValidator(_std)]


class InitializerSpec(Model):
    """How the first weights and biases are drawn."""

    weights: WeightsName = "auto"
    """`auto` takes he_normal for the relu family and glorot_uniform for the others."""
    std: Std = 1.0
    """Standard deviation of whatever is `normal`; `fan_in` means 1/sqrt(input_dim) for weights and 1 for biases."""
    biases: Literal["zeros", "normal"] = "zeros"
    """Zero, or normal with `std`."""


def _batch_size(value: Any) -> Any:
    if value != "full" and not is_whole(value, 1):
        raise wanted(
            f"a whole number between 1 and {LARGEST}, or `full` for the whole training set"
        )
    return value


BatchSize = Annotated[int | Literal["full"], BeforeValidator(_batch_size)]

MOST_NAME_BYTES = 200
"""A run's folder is called by the name and 21 characters more, and file systems stop at 255 bytes."""


def _short(name: str) -> str:
    if len(name.encode()) > MOST_NAME_BYTES:
        raise ValueError
    return name


Name = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=r"^[^/\\\x00-\x1f\x7f-\x9f\u2028\u2029]+$"),
    AfterValidator(_short),
    must_be("text of 1 to 100 characters, without slashes, control characters and line breaks"),
]


def _class_weight(value: Any) -> Any:
    is_positive = isinstance(value, dict) and all(
        isinstance(name, str) and type(weight) in (int, float) and 0 < weight < float("inf")
        for name, weight in value.items()
    )
    if value != "balanced" and not (value and is_positive):
        raise wanted("`balanced`, or a number above 0 for each class")
    return value


ClassWeight = Annotated[
    Literal["balanced"] | dict[str, float],
    BeforeValidator(_class_weight),
]


MINIMIZED = "validation_weighted_loss"
"""What is watched by default where classes are weighted; elsewhere it is the validation loss."""


def _watch_what_is_minimized(value: Any) -> Any:
    if not isinstance(value, dict) or value.get("class_weight") is None:
        return value
    stopping, schedule = value.get("early_stopping"), value.get("schedule")
    if isinstance(stopping, dict):
        value = value | {"early_stopping": {"monitor": MINIMIZED, **stopping}}
    named = {"name": schedule} if isinstance(schedule, str) else schedule
    if isinstance(named, dict) and named.get("name") == "plateau":
        value = value | {"schedule": {"monitor": MINIMIZED, **named}}
    return value


def _default_loss(data: dict[str, Any]) -> LossName:
    """`data` holds the fields above `loss`, each of them valid: pydantic does not ask otherwise."""
    return LOSS_OF.get(data["architecture"][-1].activation, "mse")


class Spec(Model):
    """One experiment."""

    _watched = model_validator(mode="before")(_watch_what_is_minimized)

    name: Name = "run"
    """What its runs are called; the file's name by default."""
    seed: Seed = 0
    """Every random draw follows from it, but for the rows that are kept back: `data.seed` draws those."""
    data: DataSpec = Field(examples=["mnist"])
    """Where the samples come from."""
    architecture: Annotated[tuple[LayerSpec, ...], Field(min_length=1, strict=False)] = Field(
        examples=[[{"input_dim": 784, "output_dim": 10, "activation": "softmax"}]]
    )
    """The layers, from the input to the output."""
    initializer: Annotated[InitializerSpec, Shorthand("weights")] = InitializerSpec()
    """How the first parameters are drawn."""
    init_from: SpecPath | None = None
    """Start from saved parameters instead: a run, a weights file, any .npz that holds exactly W1, b1, ..., or a
    .safetensors file of these or of a PyTorch Sequential's 0.weight, 0.bias, ..."""
    loss: LossName = Field(default_factory=_default_loss)
    """What is minimized; follows from the last activation."""
    optimizer: OptimizerSpec = Sgd(name="sgd")
    """How a gradient becomes a step."""
    epochs: Count | None = Field(default=None, examples=[30])
    """Passes over the training set; or give `iterations`."""
    iterations: Count | None = Field(default=None, examples=[10000])
    """Steps of the optimizer, instead of epochs."""
    record_every: Count = 1
    """Epochs between two records."""
    batch_size: BatchSize = Field(examples=[10])
    """Rows per step, or `full`."""
    sampling: Literal["shuffled", "blocks", "sequential", "with_replacement"] | None = None
    """How an epoch draws its rows; null means shuffled, but blocks for rows that stay on disk (`data.in_memory`).
    `blocks` shuffles the rows of 32 random blocks of 256 at a time. Where one batch holds all rows, shuffling would
    change nothing but the rounding, and they come in order."""
    eta: PositiveNumber = Field(examples=[0.1])
    """The learning rate."""
    schedule: ScheduleSpec = Constant(name="constant")
    """How eta changes as training goes on."""
    warmup: Warmup = 0
    """Epochs, or a fraction of the training, over which eta rises to its height."""
    regularizer: RegularizerSpec = RegularizerSpec()
    """What keeps weights small."""
    early_stopping: EarlyStoppingSpec | None = None
    """When to stop before the last epoch."""
    augment: AugmentSpec | None = Field(
        default=None, examples=[{"shift": 1.5, "rotate": 12, "elastic": {"alpha": 36, "sigma": 5}}]
    )
    """Random distortions of training images, fresh for every image and epoch."""
    average: AverageSpec | None = None
    """A moving average of the parameters, evaluated and saved beside them."""
    keep: Literal["last", "best"] = "last"
    """Which parameters `weights.npz` holds at the end; early stopping keeps the best unless it is told not to."""
    class_weight: ClassWeight | None = None
    """How much a row counts, by its class: `balanced` for rows / (classes x rows of the class), or a number each."""
    gradient: Literal["backprop", "numerical"] = "backprop"
    """Where the gradient comes from; `numerical` takes central differences, to see why backprop matters."""
    track: Annotated[tuple[SplitName, ...], Field(strict=False)] | None = Field(
        default=None, examples=[["train", "test"]]
    )
    """Splits evaluated for every record; validation by default, where there is one. Without `train` here, its figures
    are means over the batches as they were trained on."""
    dtype: Literal["float32", "float64"] = "float32"
    """The type of every parameter and activation."""
    engine: Literal["numpy", "numba"] = "numpy"
    """What works the steps out: the same numbers within rounding, and from each the same bytes every time. `numba`
    compiles what lies between the matrix products, the update, and a first layer that skips zeros (small networks on
    pictures: 1.6 times as fast); it needs `pip install 'nncli[fast]'`. What it has no code for is left to NumPy."""
    threads: Count | None = None
    """BLAS threads; null lets the layer and batch sizes decide, capped by the usable cores."""
    checkpoint: CheckpointSpec = CheckpointSpec(every="10s")
    """How often all that resuming needs is saved."""
    sweep: SweepSpec | None = Field(default=None, examples=[{"eta": [0.1, 1, 3]}])
    """What `nncli sweep` goes over: for each key a list of values or a range. `nncli train` ignores it."""
