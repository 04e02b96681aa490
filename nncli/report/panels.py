"""What curves show: a panel for each kind of figure that records have, and what stands over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nncli.words import short

PANELS = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "exact_match": "All labels right",
    "rmse": "RMSE",
    "r2": "R²",
}


def panel_title(panel: str, targets: Sequence[str] = ()) -> str:
    """The title of a panel. `targets` are the columns that a regression predicts: RMSE is in their units, the loss is
    that of standardized ones."""
    added = {"rmse": short(", ".join(targets), 30), "loss": "standardized"} if targets else {}
    return f"{PANELS[panel]} ({added[panel]})" if panel in added else PANELS[panel]


def targets_of(spec: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    """The columns of a table that a regression predicts, from a spec in plain values and the figures of its records."""
    data = spec.get("data", {})
    is_regression = any(name.endswith("rmse") for name in names)
    return tuple(data["target"]) if is_regression and data.get("source") == "csv" else ()
