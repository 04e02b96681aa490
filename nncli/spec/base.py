"""What every part of a spec is built from: closed, frozen, strict models and a few shared kinds of value."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from nncli.words import as_text, is_text

LARGEST = 2**31 - 1
"""The largest count a spec may hold."""
LARGEST_SEED = 2**63 - 1
"""The largest seed."""


class Model(BaseModel):
    """Closed (an unknown key is an error), frozen (a spec is a value) and strict (a quoted number is text)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


def wanted(phrase: str) -> PydanticCustomError:
    """A refusal in our words: the message will read "is 0, must be <phrase>"."""
    return PydanticCustomError("wanted", "must be {phrase}", {"phrase": phrase})


def must_be(phrase: str) -> WrapValidator:
    """Says in one phrase what a kind of value is, whichever of its constraints was broken."""

    def check(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        try:
            return validate(value)
        except ValidationError as err:
            raise wanted(phrase) from err

    return WrapValidator(check)


def is_whole(value: Any, low: int, high: int = LARGEST) -> bool:
    """A whole number in a range; True is 1 to Python, but not to a spec."""
    return type(value) is int and low <= value <= high


Count = Annotated[int, Field(ge=1, le=LARGEST), must_be(f"a whole number between 1 and {LARGEST}")]
Seed = Annotated[
    int, Field(ge=0, le=LARGEST_SEED), must_be(f"a whole number between 0 and {LARGEST_SEED}")
]
FiniteNumber = Annotated[float, Field(allow_inf_nan=False), must_be("a finite number")]
PositiveNumber = Annotated[
    float, Field(gt=0, allow_inf_nan=False), must_be("a finite number above 0")
]
NonNegativeNumber = Annotated[
    float, Field(ge=0, allow_inf_nan=False), must_be("a finite number, at least 0")
]

Fraction = Annotated[
    float,
    Field(ge=0, lt=1, allow_inf_nan=False),
    must_be("a number from 0 up to, not including, 1"),
]


@dataclass(frozen=True)
class Shorthand:
    """`name` is short for `{key: name}`, wherever a name may carry settings."""

    key: str

    def expand(self, value: Any) -> Any:
        return {self.key: value} if isinstance(value, str) else value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The long form, or any of the names that stand for it."""
        long = handler(schema)
        models = [handler.resolve_ref_schema(one) for one in long.get("oneOf", [long])]
        names = [name for model in models for name in _names(model["properties"][self.key])]
        return {"anyOf": [{"type": "string", "enum": names}, long]}


def _names(schema: JsonSchemaValue) -> list[str]:
    return schema["enum"] if "enum" in schema else [schema["const"]]


def _rows(value: Any) -> Any:
    if not is_whole(value, 0) and not (type(value) is float and 0 <= value < 1):
        raise wanted("a number of rows (0, 1000) or a fraction between 0 and 1 (0.2)")
    return value


Rows = Annotated[int | float, BeforeValidator(_rows)]
"""A number of rows, or a fraction of them."""


_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")


class UnsetError(ValueError):
    """The environment lacks a variable."""


def _with_variables(text: str) -> str:
    """$NAME and ${NAME} replaced by the environment's values. Raises UnsetError where one is not set."""
    whole = os.path.expandvars(text)
    if left := _VARIABLE.search(whole):
        raise UnsetError(f"the environment has no {left[0]}")
    return whole


def unset_in(path: str) -> str:
    """What a message adds where a path has a variable in it that the environment lacks; "" where none is."""
    try:
        _with_variables(path)
    except UnsetError as err:
        return f": {err}"
    return ""


class NamedPath(str):
    """A path as it is used. `written` is what a spec, a report and messages call it: with the environment's variables
    by their names, since their values are nobody else's business."""

    written: str

    def __new__(cls, path: str, written: str) -> NamedPath:
        named = super().__new__(cls, path)
        named.written = written
        return named

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.written


_WRITTEN: dict[str, str] = {}
"""Paths that specs have named with variables -> how."""


def as_written(path: str) -> str:
    """A path, or one below it, by the name that a spec has for it."""
    for used, written in _WRITTEN.items():
        if path == used or path.startswith(used + os.sep):
            return written + path[len(used) :]
    return path


def _named(path: Path, value: str, base: Path) -> str:
    """The path; where variables stand in it, by their names too. One that is relative starts from the spec's folder."""
    if not _VARIABLE.search(value):
        return str(path)
    is_whole = Path(_with_variables(value)).expanduser().is_absolute()
    written = value if is_whole else str(base.resolve() / value)
    _WRITTEN[str(path)] = written
    return NamedPath(str(path), written)


def _resolve(value: str, info: ValidationInfo) -> str:
    context = info.context or {}
    base: Path = context.get("base", Path())
    try:
        path = (base / Path(_with_variables(value)).expanduser()).resolve()
        _check_length(path)
        _check_text(path)
    except UnsetError as err:
        if context.get("unset"):
            return NamedPath(value, value)
        raise wanted(f"a path that leads somewhere: {err}") from err
    # a home that is not there, a loop of links, a NUL, a name that no file can have
    except (RuntimeError, OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or err
        raise wanted(f"a path that leads somewhere: {reason}") from err
    return _named(path, value, base)


def _check_length(path: Path) -> None:
    """Raise OSError where the path or a name in it is too long; whether anything is there, readers say."""
    try:
        path.lstat()
    except OSError as err:
        if err.errno == errno.ENAMETOOLONG:
            raise


def _check_text(path: Path) -> None:
    """Raise ValueError where the path is no text: run.json and spec.yaml could not be read again."""
    if not is_text(str(path)):
        raise ValueError(f"{as_text(str(path))}, whose name is not UTF-8")


def _spec_path(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> str:
    try:
        text: str = validate(value)
    except ValidationError as err:
        raise wanted("a path, as text") from err
    return _resolve(text, info)


SpecPath = Annotated[str, Field(min_length=1), WrapValidator(_spec_path)]
"""A path on disk, relative to the spec file; absolute once the spec is read."""


def _rows_or_path(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    if isinstance(value, str) and value:
        return _resolve(value, info)
    if not is_whole(value, 0) and not (type(value) is float and 0 <= value < 1):
        raise wanted("a number of rows (0, 1000), a fraction between 0 and 1 (0.2), or a path")
    return validate(value)


RowsOrPath = Annotated[int | float | str, WrapValidator(_rows_or_path)]
"""A number of rows, a fraction of them, or where further rows are."""


UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "kB": 10**3, "MB": 10**6, "GB": 10**9}


def _bytes(value: Any) -> Any:
    """A number of bytes, or text such as 500 MiB."""
    if isinstance(value, str):
        number, _, unit = value.partition(" ")
        if unit in UNITS and number.isascii() and number.isdigit() and len(number) < 10:
            return int(number) * UNITS[unit]
    if type(value) is not int or not 0 <= value <= 2**60:
        raise wanted("a number of bytes, or for example 500 MiB or 2 GiB")
    return value


Bytes = Annotated[
    int,
    BeforeValidator(_bytes),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
]
"""An amount of memory."""
