"""What the JSON files of a run must hold: whatever else a later version adds is kept as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NotRequired, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from nncli.errors import DamagedError
from nncli.runs.format import FORMAT, check_format

RUN, SUMMARY, SWEEP = "run.json", "summary.json", "sweep.json"
Json = dict[str, Any]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Number = Whole | Annotated[float, Field(allow_inf_nan=False)] | None
"""null stands for a number that was not finite."""


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
    started: str
    ended: str | None
    command: list[str]
    nncli: str
    host: str
    pid: Annotated[int, Field(ge=0, lt=2**31)]
    platform: str
    cpu: str
    cores: int
    python: str
    numpy: str
    blas: str
    threads: Annotated[int, Field(ge=1)]
    engine: str = "numpy"
    """And its version, where it is another."""
    data: DataMark
    parameters: int
    spec: Json
    reason: str = ""
    exit_code: int = 0
    weights_epoch: int | None = None
    """The epoch of the record that weights.npz belongs to; None until the run has ended."""
    resumed: str | None = None
    """When the last process that worked on it began, where it was not the first."""
    sessions: list[Json] = []
    """Earlier processes that worked on it, until it was resumed: when, where, and with what."""
    stacking: Annotated[int, Field(ge=0)] = 0
    """How trials in lockstep were trained when it began (format.py)."""
    differences: list[str] = []
    """What was not as before when it was resumed, so that its bytes may differ from those of a run never stopped."""


class BestFigure(BaseModel):
    """The best of a figure."""

    value: Number
    epoch: int


class Summary(_Document):
    """summary.json."""

    status: str
    epochs: int
    seconds: float
    weights_epoch: int | None = None
    monitor: str | None = None
    """The figure by which the best parameters are told."""
    kept: dict[str, Number] | None = None
    """The figures of the parameters in weights.npz; None where an earlier version has written it."""
    final: dict[str, Number]
    """Those of the last record."""
    best: dict[str, BestFigure]
    """Of each accuracy and R^2 the best value."""
    baseline: dict[str, Number | str] = {}
    """What an answer without a look at the inputs comes to, by the keys of `final`; and in words what it `answer`s."""


class ListedTrial(BaseModel):
    """A trial as sweep.json lists it."""

    model_config = ConfigDict(strict=True)

    id: str
    point: Json
    status: str
    run: Annotated[str, Field(pattern=r"^[^/\x00]+(/[^/\x00]+)*$")]
    """Its directory, seen from the sweep's."""
    reason: str = ""
    exit_code: int = 0
    figures: dict[str, Number] | None = None


class SweepFile(_Document):
    """sweep.json, the best trial first."""

    trials: Annotated[list[ListedTrial], Field(min_length=1)]
    """What the last command asked for; before nncli wrote `earlier`, all trials of the directory."""
    earlier: list[ListedTrial] = []
    """The others, of earlier commands."""
    command: list[str] = []
    """The last command."""
    halving: Json | None = None
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
    parameters: int
    spec: Json
    engine: NotRequired[str]
    reason: NotRequired[str]


class _Best(TypedDict):
    value: Number
    epoch: int


class ListedSummary(TypedDict):
    """summary.json, as a list of many has it."""

    __pydantic_config__ = ConfigDict(extra="allow", strict=True)  # type: ignore[misc]

    format: _ThisFormat
    status: str
    epochs: int
    seconds: Annotated[float, Field(allow_inf_nan=False)]
    weights_epoch: NotRequired[int | None]
    monitor: NotRequired[str | None]
    kept: NotRequired[dict[str, Number] | None]
    final: dict[str, Number]
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
        first = err.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the whole"
        raise DamagedError(f"{path}: is damaged: {key}: {first['msg']}") from err


def read_record(line: bytes) -> Json | None:
    """A line of metrics.jsonl; None where it is none."""
    try:
        record: Json = RECORD.validator.validate_json(line, strict=True)
    except ValidationError:
        return None
    whole = record.keys() >= RECORD_KEYS and type(record["epoch"]) is int
    return record if whole and record["seconds"] is not None else None
