"""What the JSON files of a run must hold: whatever else a later version adds is kept as it is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypedDict

from nncli.data.files import shown
from nncli.errors import DamagedError
from nncli.runs.format import FORMAT, check_format
from nncli.runs.strict_json import bounded

RUN, SUMMARY, SWEEP, SWEEP_SPEC = "run.json", "summary.json", "sweep.json", "sweep.yaml"
METRICS, SHARED, SPECS = "metrics.jsonl", "dataset.json", "specs.json"
_MEGABYTE = 1 << 20
MOST_BYTES = {
    RUN: _MEGABYTE,  # its spec is of at most 256 KiB of YAML
    SUMMARY: _MEGABYTE,
    SWEEP: 256 * _MEGABYTE,  # a trial takes up to 1 KiB
    SPECS: 1024 * _MEGABYTE,  # a trial takes up to 4 KiB
    SHARED: 64 * _MEGABYTE,  # of a table it names every column and category
    METRICS: 4096 * _MEGABYTE,  # a record takes up to 1 KiB
}
"""What is read of each document; one that is larger is refused, and not written either."""
LONGEST_RECORD = 64 << 10
"""Bytes of a line of metrics.jsonl."""
Json = dict[str, Any]
Tree = Annotated[Json, AfterValidator(bounded)]
"""What is looked at by others: a spec, say."""
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Number = Whole | Annotated[float, Field(allow_inf_nan=False)] | None
"""null stands for a number that was not finite."""
Count = Annotated[int, Field(ge=0, le=2**53)]
Positive = Annotated[int, Field(ge=1, le=2**53)]
LONGEST = 1e12
"""Seconds that anything has taken so far."""
Seconds = Annotated[float, Field(ge=0, le=LONGEST)]


def _has_epoch(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures may be none at all; those of a record say which."""
    epoch = figures.get("epoch", 0)
    if type(epoch) is not int or epoch < 0:
        raise ValueError("epoch is no number of epochs")
    return figures


def _is_moment(text: str) -> str:
    datetime.fromisoformat(text).timestamp()
    return text


Figures = Annotated[dict[str, Number], AfterValidator(_has_epoch)]
Moment = Annotated[str, AfterValidator(_is_moment)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    format: Annotated[int, Field(ge=1)]


class DataMark(BaseModel):
    """What the data of a run was."""

    sha256: str
    sampled: bool


class RunFile(_Document):
    """run.json."""

    name: str
    status: str
    started: Moment
    ended: Moment | None
    command: list[str]
    nncli: str
    host: str
    pid: Annotated[int, Field(ge=0, lt=2**31)]
    platform: str
    cpu: str
    cores: Positive
    python: str
    numpy: str
    blas: str
    threads: Annotated[int, Field(ge=1)]
    engine: str = "numpy"
    """And its version, where it is another."""
    data: DataMark
    parameters: Count
    spec: Tree
    reason: str = ""
    exit_code: Whole = 0
    weights_epoch: Count | None = None
    """The epoch of the record that weights.npz belongs to; None until the run has ended."""
    resumed: Moment | None = None
    """When the last process that worked on it began, where it was not the first."""
    sessions: list[Tree] = []
    """Earlier processes that worked on it, until it was resumed: when, where, and with what."""
    stacking: Annotated[int, Field(ge=0)] = 0
    """How trials in lockstep were trained when it began (format.py)."""
    differences: list[str] = []
    """What was not as before when it was resumed, so that its bytes may differ from those of a run never stopped."""


class BestFigure(BaseModel):
    """The best of a figure."""

    value: Number
    epoch: Count


def _is_baseline(told: dict[str, Any]) -> dict[str, Any]:
    if told and [key for key, value in told.items() if isinstance(value, str)] != ["answer"]:
        raise ValueError("has no answer beside its figures, or words among them")
    return told


class Summary(_Document):
    """summary.json."""

    status: str
    epochs: Count
    seconds: Seconds
    weights_epoch: Count | None = None
    monitor: str | None = None
    """The figure by which the best parameters are told."""
    kept: Figures | None = None
    """The figures of the parameters in weights.npz; None where an earlier version has written it."""
    final: Figures
    """Those of the last record."""
    best: dict[str, BestFigure]
    """Of each accuracy and R^2 the best value."""
    baseline: Annotated[dict[str, Number | str], AfterValidator(_is_baseline)] = {}
    """What an answer without a look at the inputs comes to, by the keys of `final`; and in words what it `answer`s."""


class ListedTrial(BaseModel):
    """A trial as sweep.json lists it."""

    model_config = ConfigDict(strict=True)

    id: str
    point: Tree
    status: str
    run: Annotated[str, Field(pattern=r"^[^/\x00]+(/[^/\x00]+)*$")]
    """Its directory, seen from the sweep's."""
    reason: str = ""
    exit_code: Whole = 0
    figures: Figures | None = None


class SweepFile(_Document):
    """sweep.json, the best trial first."""

    trials: Annotated[list[ListedTrial], Field(min_length=1)]
    """What the last command asked for; before nncli wrote `earlier`, all trials of the directory."""
    earlier: list[ListedTrial] = []
    """The others, of earlier commands."""
    command: list[str] = []
    """The last command."""
    halving: Tree | None = None
    """By what some of the trials were stopped."""


_ThisFormat = Annotated[int, Field(ge=1, le=FORMAT)]


class ListedRun(TypedDict):
    """Of run.json what can be asked of many runs at once; the rest is passed over, which is what makes it quick."""

    __pydantic_config__ = ConfigDict(strict=True)  # type: ignore[misc]

    format: _ThisFormat
    name: str
    status: str
    started: str
    ended: str | None
    nncli: str
    host: str
    pid: Annotated[int, Field(ge=0, lt=2**31)]
    platform: str
    cpu: str
    python: str
    numpy: str
    blas: str
    threads: Annotated[int, Field(ge=1)]
    parameters: Count
    spec: Json
    engine: NotRequired[str]
    reason: NotRequired[str]


class _Best(TypedDict):
    value: Number
    epoch: Count


class ListedSummary(TypedDict):
    """summary.json, as a list of many has it."""

    __pydantic_config__ = ConfigDict(extra="allow", strict=True)  # type: ignore[misc]

    format: _ThisFormat
    status: str
    epochs: Count
    seconds: Seconds
    weights_epoch: NotRequired[Count | None]
    monitor: NotRequired[str | None]
    kept: NotRequired[Figures | None]
    final: Figures
    best: dict[str, _Best]


LISTED_RUN = TypeAdapter(ListedRun)
LISTED_SUMMARY = TypeAdapter(ListedSummary)

D = TypeVar("D", bound=_Document)
RECORD: TypeAdapter[dict[str, Number]] = TypeAdapter(dict[str, Number])
RECORD_KEYS = {"epoch", "train_loss", "eta", "seconds"}


def read(value: object, model: type[_Document], path: str | Path) -> Json:
    """A JSON value as a document of a run. Raises DamagedError naming the first thing that is wrong with it."""
    checked(value, model, path)
    assert isinstance(value, dict), "a model has taken it"
    fields = model.model_fields
    return value | {name: fields[name].get_default() for name in fields.keys() - value.keys()}


def checked(value: object, model: type[D], path: str | Path) -> D:
    """The same, as the model itself."""
    if isinstance(value, dict):
        check_format(value.get("format"), path)
    try:
        return model.model_validate(value)
    except ValidationError as err:
        raise DamagedError(f"{path}: is damaged: {first_fault(err)}") from err


def first_fault(err: ValidationError) -> str:
    """The first thing that is wrong with a document: its key, and what is wrong."""
    first = err.errors(include_url=False, include_input=False)[0]
    key = shown(".".join(map(str, first["loc"])), 80)
    said = first["msg"].removeprefix("Value error, ")
    return f"{key}: {said}" if key else said


def read_record(line: bytes) -> Json | None:
    """A line of metrics.jsonl; None where it is none."""
    if len(line) > LONGEST_RECORD:
        return None
    try:
        record: Json = RECORD.validator.validate_json(line, strict=True)
    except ValidationError:
        return None
    if not set(record) >= RECORD_KEYS or type(record["epoch"]) is not int or record["epoch"] < 0:
        return None
    seconds = record["seconds"]
    return record if seconds is not None and 0 <= seconds <= LONGEST else None
