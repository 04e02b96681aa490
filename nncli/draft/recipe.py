"""A training that suits data of a size: a network that can learn them, and one that is ready in a minute or so."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nncli.data.files import shown
from nncli.data.splits import row_count
from nncli.draft.page import Line, pair, remark

Answer = Literal["classes", "labels", "numbers"]

FEW_ROWS = 10
"""With fewer, none can be kept back."""
ENOUGH_ROWS = 60
"""With fewer, those kept back for validation would say nothing."""
SHARE = 0.2
MANY_ROWS = 50_000
"""From here on half that share is enough."""
UNEVEN = 4
"""Times as many rows in the largest class as in an even one: balancing is worth a thought."""


@dataclass(frozen=True)
class Kept:
    """What is kept back from training."""

    train: int
    """Rows that are left."""
    validated: bool
    """Whether some rows say when to stop."""
    lines: tuple[Line, ...]


def keep_back(
    total: int,
    counts: Mapping[str, int] | None,
    *,
    test: bool,
    validation: bool = True,
    implied: bool,
) -> Kept:
    """Shares for the test and for validation, where they are asked for; `counts` are the rows of each class.

    `implied`: whether the source takes classes in proportion, or random rows, without being told.
    """
    if total < FEW_ROWS:
        few = f"{total} rows are too few to keep any back: the figures are of training alone"
        return Kept(total, not validation, (pair("test", 0, few),) if test else (remark(few),))
    shares = {"test": SHARE} if test else {}
    if total >= ENOUGH_ROWS and validation:
        shares["validation"] = SHARE if total < MANY_ROWS else SHARE / 2
    lines, left, rows = [], total, {"test": 0, "validation": 0}
    proportional = counts is not None and _stratifies(total, counts, shares)
    for key, share in shares.items():
        rows[key] = row_count(share, left)
        left -= rows[key]
        lines.append(pair(key, share, _PURPOSES[key].format(rows=f"{rows[key]:,}")))
        lines += _choice(key, counts, proportional, implied)
    return Kept(left, rows["validation"] > 0 or not validation, tuple(lines))


_PURPOSES = {
    "test": "{rows} rows that training never sees: for `nncli eval`",
    "validation": "{rows} rows that say when to stop",
}


def _choice(
    key: str, counts: Mapping[str, int] | None, proportional: bool, implied: bool
) -> Iterator[Line]:
    if counts is not None and not proportional:
        yield pair(f"{key}_from", "random", "some classes have too few rows for their share of it")
    elif not implied:
        how = "stratified" if proportional else "random"
        yield pair(f"{key}_from", how, "each class by its share" if proportional else "")


def _stratifies(total: int, counts: Mapping[str, int], shares: Mapping[str, float]) -> bool:
    """Whether each class can have rows on every side; three rows of a class leave two for the second split."""
    left = total
    for share in shares.values():
        kept = row_count(share, left)
        if min(kept, left - kept) < len(counts):
            return False
        left -= kept
    return min(counts.values(), default=0) >= 1 + len(shares)


def network(
    rows: int, inputs: int, answer: Answer, classes: int, names: Sequence[str]
) -> Iterator[Line]:
    """`architecture` and `loss` for so many training rows, inputs and classes, whose names are in their order."""
    widths = _widths(rows, inputs)
    yield Line(
        "architecture:", f"{inputs:,} inputs, {len(widths)} hidden layer{'s'[: len(widths) > 1]}"
    )
    for below, width in zip(["auto", *map(str, widths)], widths, strict=False):
        yield Line(f"  - {{input_dim: {below}, output_dim: {width}, activation: relu}}")
    activation, loss, meaning = _ends(answer, classes, names)
    yield Line(
        f"  - {{input_dim: {widths[-1]}, output_dim: auto, activation: {activation}}}", meaning
    )
    yield pair("loss", loss, indent=0)


def _ends(answer: Answer, classes: int, names: Sequence[str]) -> tuple[str, str, str]:
    if answer == "numbers":
        return "identity", "mse", "the number itself"
    if answer == "labels":
        return "sigmoid", "binary_cross_entropy", "the probability of each label"
    if classes == 2:
        return "sigmoid", "binary_cross_entropy", f"the probability of {shown(names[-1], 40)}"
    return "softmax", "cross_entropy", "a probability for each class"


def _widths(rows: int, inputs: int) -> list[int]:
    """The more rows, the more units they can teach; wide inputs need a wide first layer."""
    steps = ((100, [8]), (400, [16]), (3_000, [32]), (20_000, [64, 32]))
    if inputs >= 200:
        return [64] if rows < 3_000 else [128]
    return next((widths for most, widths in steps if rows < most), [128, 64])


def training(rows: int, inputs: int, *, validated: bool) -> Iterator[Line]:
    """`optimizer` and all that says how long and how fast."""
    batch = _batch_size(rows)
    slow = inputs >= 200
    yield pair("optimizer", "adam", indent=0)
    yield pair("eta", 0.001 if slow or rows >= 20_000 else 0.003, "the learning rate", indent=0)
    yield pair("batch_size", batch, "rows per step", indent=0)
    steps = math.ceil(rows / batch) if isinstance(batch, int) else 1
    if validated:
        epochs, patience = (200, 20) if rows < 5_000 else (30, 5)
        yield pair("epochs", epochs, "at most", indent=0)
        yield Line(
            f"early_stopping: {{monitor: validation_loss, patience: {patience}}}",
            f"after {patience} epochs without a better one; the best is kept",
        )
    else:
        yield pair("epochs", min(500, max(20, round(2_000 / steps))), indent=0)


def _batch_size(rows: int) -> int | str:
    steps = ((8, "full"), (400, 8), (3_000, 16), (20_000, 32))
    return next((size for most, size in steps if rows < most), 64)


def uneven(counts: Mapping[str, int]) -> Iterator[Line]:
    """Where one class has most of the rows, a line that would balance them, to be switched on."""
    if counts and max(counts.values()) > UNEVEN * min(counts.values()):
        yield Line(
            "# class_weight: balanced",
            "take the # away for rare classes to count as much as common ones",
        )
