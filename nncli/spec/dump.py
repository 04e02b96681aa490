"""A spec as plain values and as YAML, with every default written out; what is written here, load.py reads back."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel

from nncli.spec.base import NamedPath
from nncli.spec.model import AUTO, InitializerSpec, LayerSpec, Spec
from nncli.spec.scalars import AmbiguousError, read_scalar
from nncli.spec.sweeps import SweepSpec

HEADER = "# A whole experiment, every default written out: `nncli train` on this file repeats it.\n"


def plain_spec(spec: Spec, *, expanded: bool = False) -> dict[str, Any]:
    """The spec in plain values that JSON can hold and `parse_spec` reads back as the same spec. Variables of the
    environment stand in its paths by their names, unless they are to be `expanded`."""
    plain: dict[str, Any] = _plain(spec, expanded)
    if spec.init_from is not None:
        del plain["initializer"]
    if spec.early_stopping is not None:
        del plain["keep"]
    return plain


def dump_spec(spec: Spec) -> str:
    """The spec as YAML."""
    text = yaml.dump(
        plain_spec(spec), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return HEADER + str(text)


def in_line(value: Any) -> str:
    """A plain value as it may stand on one line of a spec: quoted where YAML would misread it."""
    text = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=float("inf")
    )
    return str(text).removesuffix("\n").removesuffix("\n...")


def _plain(value: Any, expanded: bool) -> Any:
    if isinstance(value, BaseModel):
        return {key: _plain(inner, expanded) for key, inner in _fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(inner, expanded) for inner in value]
    if isinstance(value, dict):
        return {key: _plain(inner, expanded) for key, inner in value.items()}
    if isinstance(value, NamedPath):
        return str(value) if expanded else value.written
    return value


def _fields(model: BaseModel) -> list[tuple[str, Any]]:
    """Less what says nothing: a null that is the default anyway, a dropout of nothing, and a `std` of nothing, which a
    rule refuses."""
    pairs: list[tuple[str, Any, Any]] = [
        (key, getattr(model, key), field.default) for key, field in type(model).model_fields.items()
    ]
    if isinstance(model, SweepSpec):  # its keys first
        pairs = [*((key, values, ...) for key, values in model.keys.items()), *pairs]
    kept = [
        (key, value) for key, value, default in pairs if value is not None or default is not None
    ]
    if isinstance(model, InitializerSpec) and "normal" not in (model.weights, model.biases):
        kept.remove(("std", model.std))
    if isinstance(model, LayerSpec):
        return [(key, _width(key, value)) for key, value in kept if key != "dropout" or value]
    return kept


def _width(key: str, value: Any) -> Any:
    return "auto" if key.endswith("_dim") and value == AUTO else value


class _Dumper(yaml.SafeDumper):
    """Mappings in block style, but what stands in a list on one line; text quoted by our rules for scalars."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


class _Row(dict[str, Any]):
    """A mapping that is written on one line: a layer."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None if _reads_as_itself(text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _reads_as_itself(text: str) -> bool:
    try:
        return text.isprintable() and read_scalar(text) == text
    except AmbiguousError:
        return False


def _list(dumper: yaml.SafeDumper, values: list[Any]) -> yaml.Node:
    rows = [_Row(value) if isinstance(value, dict) else value for value in values]
    in_a_line = not any(isinstance(value, dict) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", rows, flow_style=in_a_line)


def _row(dumper: yaml.SafeDumper, row: _Row) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", row.items(), flow_style=True)


def _mapping(dumper: yaml.SafeDumper, mapping: dict[str, Any]) -> yaml.Node:
    # PyYAML sorts a mapping, and leaves pairs as they are
    return dumper.represent_mapping("tag:yaml.org,2002:map", mapping.items(), flow_style=False)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(_Row, _row)
