"""The parameters of an estimator: what the spec does not know of them, and their names in what it says of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from nncli.errors import KeyPath, SpecError, dotted
from nncli.spec.wording import shown

SEEDS = 2**31 - 1
KEYS = {"regularizer.l2": "l2", "early_stopping.patience": "patience", "seed": "random_state"}
"""Key of the spec -> parameter, where they are not called the same."""


def _is_fraction(value: Any) -> bool:
    return isinstance(value, float | np.floating) and bool(0 < value < 1)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "validation_fraction": (_is_fraction, "a number above 0 and below 1, such as 0.1"),
    "early_stopping": (_is_flag, "True or False"),
}
"""Parameters that are no keys of a spec: name -> whether a value is allowed, and which are."""


def check(parameters: Mapping[str, Any]) -> None:
    """ValueError naming the first parameter with a value that is not allowed."""
    for name, (is_allowed, words) in CHECKS.items():
        value = parameters[name]
        if not is_allowed(value):
            raise ValueError(f"{name}: is {shown(value)}, must be {words}")


def layer_sizes(hidden_layers: Any) -> list[int]:
    """Units of each hidden layer; one number is one layer, as for scikit-learn. ValueError for what is neither."""
    one = isinstance(hidden_layers, Integral)
    if not one and (not isinstance(hidden_layers, Iterable) or isinstance(hidden_layers, str)):
        said = (
            f"is {shown(hidden_layers)}, must be a number of units, or one for each layer: (64, 32)"
        )
        raise ValueError(f"hidden_layers: {said}")
    sizes = [hidden_layers] if one else list(hidden_layers)
    for number, size in enumerate(sizes):
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            place = "hidden_layers" if one else f"hidden_layers[{number}]"
            raise ValueError(f"{place}: is {shown(size)}, must be a whole number of 1 or more")
    return [int(size) for size in sizes]


def seed(random_state: Any) -> int:
    """The number itself, or one that is drawn. ValueError for what is no random_state of scikit-learn's."""
    if isinstance(random_state, int | np.integer) and random_state >= 0:
        return int(random_state)
    try:
        return int(check_random_state(random_state).randint(SEEDS))
    except ValueError as err:
        raise ValueError(f"random_state: {err}") from err


def refusal(err: SpecError) -> ValueError:
    """What a spec says of its keys, said of the parameters."""
    return ValueError("\n".join(f"{_parameter(one.path)}: {one.message}" for one in err.problems))


def _parameter(path: KeyPath) -> str:
    """("architecture", 0, "activation") -> "activation"."""
    if path[:1] == ("architecture",):
        return str(path[-1])
    return KEYS.get(dotted(path), dotted(path))
