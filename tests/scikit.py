"""What is known of scikit-learn's own checks."""

from __future__ import annotations

from typing import Any

STOPPED_BY_FIVE_ROWS = (
    "of 50 noisy rows 5 are kept back; if those of a class that weighs ten million times as much as another are right "
    "after the first epoch, by their loss nothing is gained from going on"
)


def known_to_fail(estimator: Any) -> dict[str, str]:
    """Check of scikit-learn -> why it may fail."""
    if not estimator.early_stopping:
        return {}
    return {"check_class_weight_classifiers": STOPPED_BY_FIVE_ROWS}
