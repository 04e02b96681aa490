"""Which runs are meant, and in which order: `--where optimizer=adam --sort test_accuracy`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nncli.errors import UsageError
from nncli.ledger.facts import ALIASES, MISSING, MOMENTS, fact, names
from nncli.runs.listing import Listed, list_runs
from nncli.spec.page import visible
from nncli.spec.paths import key_path
from nncli.spec.suggest import did_you_mean
from nncli.sweep.values import in_words, number

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONDITION = re.compile(r"\s*([^=!<>]+?)\s*(<=|>=|!=|=|<|>)\s*(.*?)\s*", re.DOTALL)
HIGHER_IS_BETTER = ("accuracy", "exact_match", "r2")
"""Ends of the names of figures that records have."""


class Condition(NamedTuple):
    """What a run has to be like."""

    text: str
    """As it was written."""
    name: str
    operator: str
    value: str
    as_number: float | None

    def holds(self, found: Any) -> bool:
        """Whether a value is as it should be; numbers are compared as numbers, everything else as text.

        UsageError for an order of numbers and words.
        """
        if found is MISSING:
            return False
        mine, wanted = number(found), self.as_number
        if mine is not None and wanted is not None:
            return OPERATORS[self.operator](mine, wanted)
        if self.operator in ("=", "!="):
            return OPERATORS[self.operator](self.value in _texts(found), True)
        if mine is not None:
            raise UsageError(
                f"--where {visible(self.text)[:80]}: {visible(self.name)[:80]} is a number, {mine:g} for one, "
                f"but `{visible(self.value)[:80]}` is none"
            )
        return isinstance(found, str) and OPERATORS[self.operator](found, self.value)


class Selection(NamedTuple):
    """The runs that were asked for, in the order that was asked for."""

    found: list[Listed]
    strange: list[Path]
    """What cannot be read as a run."""
    total: int
    """Of all runs."""


def parse(text: str) -> Condition:
    """`eta>=0.1` as a condition. UsageError where it is none."""
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise UsageError(
            f"--where {visible(text)[:80]}: has no comparison. Write it as optimizer=adam or 'test_accuracy>0.95'"
        )
    name, operator, value = match.groups()
    if name in MOMENTS:
        value = value.replace("T", " ", 1)  # as ISO 8601 has it
    return Condition(text, name, operator, value, _number(value))


def select(
    runs_dir: Path,
    conditions: Sequence[Condition] = (),
    sort: str | None = None,
    *,
    reverse: bool = False,
) -> Selection:
    """The runs in a folder for which all conditions hold; a run that has not what is asked for is not among them.

    Newest last; with `sort`, by that: the best first where it is a figure of merit, otherwise from small to large, and
    runs without it at the end. UsageError for a name that no run has and no spec could have.
    """
    asked = [*(condition.name for condition in conditions), *([sort] if sort else [])]
    unseen, last, total = set(asked), None, 0

    def wanted(listed: Listed) -> bool:
        nonlocal last, total
        last, total = listed, total + 1
        values = {name: fact(listed, name) for name in asked}
        unseen.difference_update(
            name for name in unseen & values.keys() if values[name] is not MISSING
        )
        return all(condition.holds(values[condition.name]) for condition in conditions)

    found, strange = list_runs(runs_dir, wanted)
    if last:
        _check_known([name for name in asked if name in unseen], names(last))
    if sort:
        found = _sorted(found, sort, reverse)
    elif reverse:
        found.reverse()
    return Selection(found, strange, total)


def _check_known(unseen: Sequence[str], known: Sequence[str]) -> None:
    from nncli.spec.shape import (
        is_key,  # which makes all models of a spec, for what is hardly ever wrong
    )

    for name in unseen:
        path = key_path(ALIASES.get(name, name))
        if path is None or not is_key(path):
            raise UsageError(
                f"{visible(name)[:80]}: no run here has that.{did_you_mean(name, known)} "
                "Any key of a spec, a figure such as test_accuracy, or status can be asked for."
            )


def _sorted(found: Sequence[Listed], name: str, reverse: bool) -> list[Listed]:
    """Numbers, then texts, each in order; then what has neither."""
    falling = is_better_higher(name) != reverse
    numbers, texts, rest = [], [], []
    for listed in found:
        value = fact(listed, name)
        if (as_number := number(value)) is not None:
            numbers.append((as_number, listed))
        elif value is MISSING or value is None:
            rest.append(listed)
        else:
            texts.append((in_words(value), listed))
    numbers.sort(key=lambda pair: pair[0], reverse=falling)
    texts.sort(key=lambda pair: pair[0], reverse=falling)
    return [*(listed for _, listed in [*numbers, *texts]), *rest]


def is_better_higher(name: str) -> bool:
    """Whether a name is that of a figure of which more is better."""
    return name.endswith(HIGHER_IS_BETTER)


def _number(text: str) -> float | None:
    """0.95, also where it is written as tables show it: 95%."""
    try:
        return number(float(text.removesuffix("%")) / (100 if text.endswith("%") else 1))
    except ValueError:
        return None


def _texts(value: Any) -> tuple[str, ...]:
    """How a value may be written; an architecture also by its sizes alone."""
    whole = in_words(value)
    return (whole, whole.partition(" ")[0]) if isinstance(value, list) else (whole,)
