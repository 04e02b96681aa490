"""Pydantic's errors in our words: which key, what was got, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from pydantic import ValidationError

from nncli.errors import KeyPath, Problem
from nncli.spec.model import Spec
from nncli.spec.scalars import AmbiguousError, read_scalar
from nncli.spec.shape import child, fields_at, keys_of, models_at, models_in, names_in, shorthand_at
from nncli.spec.suggest import did_you_mean
from nncli.spec.sweeps import SETTINGS, SweepSpec

SHOWN_CHARACTERS = 60

Context = Mapping[str, Any]
Words = Callable[[KeyPath, Any, Context], str]
"""(key path, the whole value that was read, pydantic's context of the error) -> message, "" for none."""


def problems_of(err: ValidationError, value: Any) -> list[Problem]:
    """Every error of reading `value` as a spec, one for each key."""
    found: dict[KeyPath, Problem] = {}
    for error in err.errors(include_url=False):
        context: dict[str, Any] = {"message": error["msg"], **error.get("ctx", {})}
        tag = [context["discriminator"].strip("'")] if "discriminator" in context else []
        loc = (*error["loc"], *tag)
        path = _path(loc, value)
        if error["type"] == "missing" and path[-1:] != loc[-1:]:
            path += loc[-1:]  # of a mapping that a shorthand stands for: it is missing all the same
        if message := _WORDS.get(error["type"], _any_other)(path, value, context):
            found.setdefault(path, Problem(path, message))
    return list(found.values())


def shown(value: Any) -> str:
    """A value as a message names it: short, and on one line."""
    if value is None:
        return "empty (null)"
    # to YAML these are words, but whoever writes them means the number
    if isinstance(value, bool) or value in ("nan", "inf", "-inf"):
        return str(value).lower()
    if isinstance(value, dict | list | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value)
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 1] + "…"
    return f"{text} (text)" if _reads_as_number(value) else text


def _path(loc: tuple[str | int, ...], value: Any) -> KeyPath:
    """`loc` without what pydantic puts into it: the tag of a union, and the key that a shorthand stands for."""
    path: list[str | int] = []
    for i, part in enumerate(loc):
        if not isinstance(value, dict | list):
            break
        is_tag = isinstance(value, dict) and part not in value and i < len(loc) - 1
        if not is_tag:
            path.append(part)
            value = child(value, part)
    return tuple(path)


def _got(path: KeyPath, value: Any) -> Any:
    return reduce(child, path, value)


def _reads_as_number(value: Any) -> bool:
    """Whether this is text that would be a number without its quotes."""
    try:
        return isinstance(value, str) and isinstance(read_scalar(value), int | float)
    except AmbiguousError:
        return False


# One function for each thing that can be wrong -----------------------------------------------


def _must(phrase: str, path: KeyPath, value: Any) -> str:
    got = _got(path, value)
    return f"is {shown(got)}, must be {phrase}{_cure(phrase, got)}"


def _cure(phrase: str, got: Any) -> str:
    """What to do, where the mistake is plain."""
    if "number" in phrase:
        if _reads_as_number(got):
            return ". Remove the quotes."
        if isinstance(got, bool):
            return ". true and false are not numbers."
        if isinstance(got, float) and got.is_integer() and "whole" in phrase:
            return f". Write {int(got)}." if abs(got) < 1e15 else ""
    if "text" in phrase and isinstance(got, bool | int | float):
        return ". Put it in quotes."
    return ""


def must(phrase: str) -> Words:
    return lambda path, value, context: _must(phrase, path, value)


def _wanted(path: KeyPath, value: Any, context: Context) -> str:
    return _must(context["phrase"], path, value)


def _missing(path: KeyPath, value: Any, context: Context) -> str:
    fields = fields_at(path, value)
    about = " ".join((fields[0].description or "").split())
    known = [name for field in fields for name in names_in(field.annotation)]
    names = ("one of " if len(known) > 1 else "") + ", ".join(known)
    if examples := fields[0].examples:
        names = f"`{path[-1]}: {_flow(examples[0])}`"
    return " ".join(
        ["is missing.", *([about] if about else []), *([f"Write {names}."] if names else [])]
    )


def _unknown_key(path: KeyPath, value: Any, context: Context) -> str:
    key, keys = str(path[-1]), keys_of(models_at(path[:-1], value))
    owner = next(
        (
            name
            for name, field in Spec.model_fields.items()
            if len(path) == 1 and key in keys_of(models_in(field.annotation))
        ),
        None,
    )
    cure = f" It belongs into `{owner}`." if owner else did_you_mean(key, keys)
    return f"unknown key.{cure} The keys here are {', '.join(keys)}."


def _unknown_name(path: KeyPath, value: Any, context: Context) -> str:
    names = re.findall(r"'([^']*)'", context.get("expected_tags") or context["expected"])
    got = _got(path, value)
    cure = did_you_mean(got, names) if isinstance(got, str) else ""
    only = names[0] if len(names) == 1 else f"one of {', '.join(names)}"
    return f"is {shown(got)}, must be {only}{'.' if cure else ''}{cure}"


def _not_mapping(path: KeyPath, value: Any, context: Context) -> str:
    models = models_at(path, value)
    if models == [SweepSpec]:
        return _must("a mapping such as {eta: [0.1, 1, 3]}", path, value)
    keys = [key for key in keys_of(models) if all(key in model.model_fields for model in models)]
    name = "a name, or " if shorthand_at(path) else ""
    return _must(f"{name}a mapping with {', '.join(keys)}", path, value)


def _not_list(path: KeyPath, value: Any, context: Context) -> str:
    examples = [_flow(example) for field in fields_at(path) for example in field.examples or ()]
    return _must(f"a list, such as {examples[0]}" if examples else "a list", path, value)


def _not_values(path: KeyPath, value: Any, context: Context) -> str:
    """Neither a list nor a range; or a setting of the sweep under a name that nobody knows."""
    got, meant = _got(path, value), did_you_mean(str(path[-1]), SETTINGS)
    one = f" Write [{shown(got)}]." if isinstance(got, str | int | float) and not meant else ""
    return f"is {shown(got)}, must be a list of values or a range.{one}{meant}"


def _too_short(path: KeyPath, value: Any, context: Context) -> str:
    """Pydantic counts the elements that are valid; the others are reported one by one."""
    return "" if _got(path, value) else "is empty, must hold at least one element"


def _any_other(path: KeyPath, value: Any, context: Context) -> str:
    message = context["message"].replace("Input should", "must")
    return f"is {shown(_got(path, value))}, {message}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value)


_WORDS: dict[str, Words] = {
    "wanted": _wanted,
    "missing": _missing,
    "union_tag_not_found": _missing,
    "union_tag_invalid": _unknown_name,
    "literal_error": _unknown_name,
    "extra_forbidden": _unknown_key,
    "model_type": _not_mapping,
    "model_attributes_type": _not_mapping,
    "dict_type": must("a mapping"),
    "values_type": _not_values,
    "tuple_type": _not_list,
    "string_type": must("text"),
    "bool_type": must("true or false"),
    "too_short": _too_short,
    # the default loss needs a valid architecture, whose own errors are reported
    "default_factory_not_called": lambda path, value, context: "",
}
