"""Resolved specs of earlier versions, as this one reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nncli.spec.sources import drawn_splits


def updated(resolved: Mapping[str, Any]) -> dict[str, Any]:
    """The same experiment in the keys of this version, from a spec that a run keeps: every default is written out.

    Until format 3 the spec's `seed` drew the rows that are kept back, and there was no `data.seed`.
    """
    spec = dict(resolved)
    data = spec.get("data")
    if isinstance(data, Mapping) and "seed" not in data and drawn_splits(data):
        spec["data"] = {**data, "seed": spec.get("seed", 0)}
    return spec


def had_two_seeds(resolved: Mapping[str, Any]) -> bool:
    """Whether a spec of those versions drew points and the rows that are kept back from different seeds. `data.seed`
    draws both, so that no spec says so any more."""
    data = resolved.get("data")
    if not isinstance(data, Mapping) or "seed" not in data:
        return False
    return bool(drawn_splits(data)) and data["seed"] != resolved.get("seed")
