"""What tells runs apart: the keys of their specs that differ, else their directories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.report.subject import Subject
from nncli.sweep.values import in_words
from nncli.words import short

_SAY_NOTHING = {"name", "sweep", "threads"}
MOST_KEYS, MOST_LETTERS = 3, 48
"""A label with more keys than this says less than the run's name."""


def labels(subjects: Sequence[Subject]) -> list[str]:
    """One label each, no two alike."""
    flat = [_flat(subject.spec) for subject in subjects]
    keys = [
        key for key in dict.fromkeys(key for spec in flat for key in spec) if _differs(key, flat)
    ]
    names = [short(subject.path.name, MOST_LETTERS) for subject in subjects]
    if not 0 < len(keys) <= MOST_KEYS:
        return names
    texts = [" ".join(f"{key}={spec.get(key, '-')}" for key in keys) for spec in flat]
    if max(map(len, texts)) > MOST_LETTERS:
        return names
    seen = Counter(texts)
    return [
        text if seen[text] == 1 else f"{text} ({name})"
        for text, name in zip(texts, names, strict=True)
    ]


def _differs(key: str, flat: Sequence[Mapping[str, str]]) -> bool:
    return len({spec.get(key) for spec in flat}) > 1


def _flat(spec: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Key path -> text; the architecture as 784-30-10 and its activations as sigmoid/softmax."""
    flat: dict[str, str] = {}
    for key, value in spec.items():
        if not prefix and key in _SAY_NOTHING:
            continue
        if not prefix and key == "architecture":
            flat |= _layers(value)
        elif isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = in_words(value)
    return flat


def _layers(layers: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    known = {"input_dim", "output_dim", "activation"}
    sizes = [layers[0]["input_dim"], *(layer["output_dim"] for layer in layers)]
    flat = {
        "layers": "-".join(map(str, sizes)),
        "activations": "/".join(layer["activation"] for layer in layers),
    }
    for key in dict.fromkeys(key for layer in layers for key in layer if key not in known):
        flat[key] = "/".join(in_words(layer.get(key)) for layer in layers)
    return flat
