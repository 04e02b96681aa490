"""What the models say of themselves: which keys there are at a path, and which model reads a mapping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from nncli.errors import KeyPath
from nncli.spec.base import Model, Shorthand
from nncli.spec.model import Spec
from nncli.spec.sweeps import RangeSpec, SweepSpec


def models_in(annotation: Any) -> list[type[Model]]:
    """Every model that a value of this type may be read by."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def models_at(path: KeyPath, value: Any = None) -> list[type[Model]]:
    """The models for the mapping at `path`: several where `value` (the whole spec) leaves open which source it is."""
    models: list[type[Model]] = [Spec]
    for part in path:
        value = child(value, part)
        if isinstance(part, str):
            inside = [m for field in fields_of(models, part) for m in models_in(field.annotation)]
            # what a sweep has no field for is a swept key, and its mapping a range
            models = inside or ([RangeSpec] if models == [SweepSpec] else [])
        models = [model for model in models if _is_named(model, value)] or models
    return models


def fields_of(models: Sequence[type[Model]], key: str) -> list[FieldInfo]:
    return [model.model_fields[key] for model in models if key in model.model_fields]


def fields_at(path: KeyPath, value: Any = None) -> list[FieldInfo]:
    """The fields of a key, one for each model that may read it; none for an unknown key."""
    return fields_of(models_at(path[:-1], value), str(path[-1])) if path else []


def is_key(path: KeyPath) -> bool:
    """Whether some spec has this key: every name is a field's, and every index belongs to a list."""
    for i, part in enumerate(path, 1):
        is_index = isinstance(part, int)
        fields = fields_at(path[: i - 1] if is_index else path[:i])
        if not any(_is_list(field.annotation) or not is_index for field in fields):
            return False
    return True


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(map(_is_list, get_args(annotation)))


def keys_of(models: Sequence[type[Model]]) -> list[str]:
    """The keys of these models, each once, in their order."""
    return list(dict.fromkeys(key for model in models for key in model.model_fields))


def names_in(annotation: Any) -> list[str]:
    """The names that a `Literal` allows, wherever it stands in a type."""
    if get_origin(annotation) is Literal:
        return [str(name) for name in get_args(annotation)]
    return [name for part in get_args(annotation) for name in names_in(part)]


def number_types(annotation: Any) -> set[type]:
    """Which of int and float a type allows."""
    if annotation in (int, float):
        return {annotation}
    return {one for part in get_args(annotation) for one in number_types(part)}


def shorthand_at(path: KeyPath) -> str | None:
    """The key that a bare name at `path` stands for: `data: mnist` is short for `{source: mnist}`."""
    notes = [note for field in fields_at(path) for note in field.metadata]
    return next((note.key for note in notes if isinstance(note, Shorthand)), None)


def child(value: Any, part: str | int) -> Any:
    """value[part], or None where there is no such thing."""
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def _is_named(model: type[Model], value: Any) -> bool:
    """Whether `value` is, or a key of it holds, the one name that only this model allows: `source: mnist`."""
    names = {key: names_in(field.annotation) for key, field in model.model_fields.items()}
    if isinstance(value, str):
        return [value] in names.values()
    return any(only and [child(value, key)] == only for key, only in names.items())
