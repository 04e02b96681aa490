"""What `nncli sweep` goes over: `sweep`. Rules that look at several of its keys are in sweep_rules.py."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from nncli.spec.base import LARGEST, Count, Model, must_be, wanted
from nncli.spec.schedules import Share


def _two(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise wanted("the first and the last value, such as [0.001, 10]")
    return value


def _number(value: Any) -> Any:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise wanted("a finite number")
    return value


End = Annotated[int | float, BeforeValidator(_number)]
Ends = Annotated[tuple[End, ...], Field(strict=False), BeforeValidator(_two)]
Steps = Annotated[int, Field(ge=2, le=LARGEST), must_be(f"a whole number between 2 and {LARGEST}")]


class RangeSpec(Model):
    """Numbers from one end to the other: by equal factors or by equal distances, exactly one of them."""

    log: Ends | None = Field(default=None, examples=[[0.001, 10]])
    """First and last value, with equal factors between neighbours."""
    linear: Ends | None = Field(default=None, examples=[[0.1, 0.9]])
    """First and last value, with equal distances between neighbours."""
    steps: Steps | None = Field(default=None, examples=[9])
    """How many values, both ends among them; none under `samples`, which draws them."""

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """First and last value."""
        first, last = self.log or self.linear or ()
        return first, last


class HalvingSpec(Model):
    """Successive halving: every trial begins, and only the best settings go on, each with all of its seeds."""

    rungs: Annotated[tuple[Count, ...], Field(min_length=1, strict=False)] = Field(
        examples=[[1, 3, 9, 30]]
    )
    """Epochs at which settings are compared, rising."""
    keep: Share = 0.33
    """The share of settings that goes on from each rung."""


@dataclass(frozen=True)
class _ListOrRange:
    """A list is kept as it is, for its values are checked trial by trial; a mapping is a `RangeSpec`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            self.read, handler.generate_schema(RangeSpec)
        )

    @staticmethod
    def read(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        if isinstance(value, list):
            if not value:
                raise PydanticCustomError("too_short", "is empty")
            return value
        if isinstance(value, dict | RangeSpec):
            return validate(value)
        raise PydanticCustomError("values_type", "is no list and no range")

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "array", "minItems": 1}, handler(schema)]}


Values = list[Any] | RangeSpec
"""What a swept key goes over."""


class SweepSpec(Model):
    """Keys of the spec, written as in eta or optimizer.name, each with a list of values or a range. Every combination
    is a trial."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[Values, _ListOrRange()]]

    samples: Count | None = Field(default=None, examples=[40])
    """Draw so many points at random from the lists and ranges, instead of taking every combination; a list of seeds is
    not drawn from: each point is trained with all of them."""
    halving: HalvingSpec | None = None
    """Stop the worse trials early."""

    @property
    def keys(self) -> dict[str, Values]:
        """The swept keys and what each goes over."""
        return dict(self.__pydantic_extra__)


SETTINGS = tuple(SweepSpec.model_fields)
"""What in `sweep` is not a key of the spec."""
