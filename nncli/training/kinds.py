"""Which trainings may be one stack, said once for each key of the spec.

A stack takes one step for all its members, by one list of calls: what decides the calls must be the same for all of
them. What is a number in those calls may differ, since each member has its own in an array (step.py); so may what only
the member itself reads, outside of the step. A key that is not listed here may not differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from nncli.spec.model import Spec

Agreed = Callable[[Any], bool]
"""What the members of a stack must agree in, of the value of a key."""


def nothing(value: Any) -> bool:
    """Any two values may be beside each other."""
    return False


def presence(value: Any) -> bool:
    """0 and null mean that there is no call for it. To add 0 is not the same: -0 + 0 is 0."""
    return bool(value)


AGREED: Mapping[str, Agreed] = {
    # read by the member itself
    "name": nothing,
    "seed": nothing,
    "initializer": nothing,
    "init_from": nothing,
    "schedule": nothing,
    "warmup": nothing,
    "early_stopping": nothing,
    "keep": nothing,
    "average": presence,  # with one, the first layer takes no short cut (sparse.py)
    # numbers of the step
    "eta": nothing,
    "optimizer.mu": nothing,
    "optimizer.initial_accumulator": nothing,
    "optimizer.rho": nothing,
    "optimizer.beta1": nothing,
    "optimizer.beta2": nothing,
    "optimizer.epsilon": nothing,
    "optimizer.weight_decay": presence,
    "regularizer.l1": presence,
    "regularizer.l2": presence,
    "regularizer.max_norm": presence,
}
"""The keys in which members may differ, and what they must agree in even so. The data must be the same rows too, which
the seed may decide: the planner of sweeps looks at that."""


def kind(spec: Spec, agreed: Mapping[str, Agreed] = AGREED) -> str:
    """The same text for specs whose trainings may be one stack."""
    return json.dumps(_shared(spec.model_dump(exclude={"sweep"}), "", agreed))


def _shared(section: Mapping[str, Any], above: str, agreed: Mapping[str, Agreed]) -> dict[str, Any]:
    """The section with what members must agree in, of the keys that are listed."""
    found: dict[str, Any] = {}
    for name, value in section.items():
        key = f"{above}{name}"
        if key in agreed:
            found[name] = agreed[key](value)
        else:
            found[name] = _shared(value, f"{key}.", agreed) if isinstance(value, dict) else value
    return found
