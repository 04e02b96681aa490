"""Values of a point for people: any JSON value as a few words, and which ones are the same."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.spec.page import visible


def number(value: Any) -> float | None:
    """A value as a number; None where it is none, or not a finite one. True and false are words."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def same(value: Any) -> float | str:
    """What two values share where they are the same: 1 and 1.0 are."""
    as_number = number(value)
    return json.dumps(value, sort_keys=True) if as_number is None else as_number


def in_words(value: Any, digits: int | None = None) -> str:
    """A value for people: text as it is, layers as `784-30-10 sigmoid/softmax`, anything else as compact JSON; numbers
    to so many digits, where that is said."""
    if isinstance(value, str):
        return visible(value)
    if digits and number(value) is not None:
        return f"{value:.{digits}g}"
    if _are_layers(value):
        return _layers(value)
    return visible(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def all_in_words(values: Sequence[Any], digits: int | None = None) -> list[str]:
    """The values of a key for people, where they stand beside each other: of layers, the sizes if these tell them
    apart."""
    if all(map(_are_layers, values)):
        sizes = [_sizes(layers) for layers in values]
        if len(set(sizes)) == len(sizes):
            return sizes
    return [in_words(value, digits) for value in values]


def label(point: Mapping[str, Any], digits: int | None = None) -> str:
    """{"eta": 0.1, "seed": 1} -> "eta=0.1 seed=1"."""
    return " ".join(f"{visible(key)}={in_words(value, digits)}" for key, value in point.items())


_OF_A_LAYER = {"input_dim", "output_dim", "activation"}


def _are_layers(value: Any) -> bool:
    """Whether a value is a whole architecture."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(layer, Mapping) and layer.keys() >= _OF_A_LAYER for layer in value)
    )


def _sizes(layers: Sequence[Mapping[str, Any]]) -> str:
    sizes = [layers[0]["input_dim"], *(layer["output_dim"] for layer in layers)]
    return "-".join(map(in_words, sizes))


def _layers(layers: Sequence[Mapping[str, Any]]) -> str:
    """Sizes and activations, and what else layers have that is not the same for all."""
    words = [_sizes(layers), "/".join(in_words(layer["activation"]) for layer in layers)]
    for key in dict.fromkeys(key for layer in layers for key in layer if key not in _OF_A_LAYER):
        words.append(
            f"{visible(key)} " + "/".join(in_words(layer.get(key, "-")) for layer in layers)
        )
    return " ".join(words)
