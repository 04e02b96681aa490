"""What each column of a table is good for: to be predicted, to be seen, to name the rows, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nncli.data.columns import Look, Portrait
from nncli.data.encode import is_mixed, is_too_varied
from nncli.data.files import shown
from nncli.words import plural

TARGETS = (
    "target", "label", "labels", "y", "survived", "species", "outcome", "diagnosis", "churn",
    "response", "class", "classes", "category", "quality", "price",
)  # fmt: skip
"""Names of columns that are there to be predicted, the surest first."""
KEYS = ("id", "index", "key", "uuid", "rowid", "row_id", "nr", "no", "number", "name")
"""Names of columns that name the rows, also as their last part: passenger_id."""
FEW_PRESENT = 10
"""A column with fewer cells, where most are missing, may have none among the training rows."""
LARGEST = 1e30
"""Numbers beyond this cannot be standardized in float32."""
LONGEST_KEY = 60
"""Characters of a cell that predictions can repeat without drowning in it."""


@dataclass(frozen=True)
class Guess:
    """A target that was not named."""

    name: str
    why: str
    """How it was found, and what else it could be."""


@dataclass(frozen=True)
class Roles:
    """Which column does what."""

    features: tuple[Portrait, ...]
    keys: Mapping[str, str]
    """Column -> why it is no input."""
    drops: Mapping[str, str]


def guess_target(look: Look, table: str = "") -> Guess:
    """The column that the table is called by, else one whose name says that it is to be predicted, else the last one
    that can be."""
    usable = [column.name for column in look.columns if _can_be_predicted(column)]
    named = sorted((n for n in usable if n.lower() in TARGETS), key=_sureness)
    named = [name for name in usable if name.lower() == table.lower()] + named
    if named:
        others = "".join(f" (so might `{shown(name, 40)}`)" for name in named[1:2])
        return Guess(named[0], f"taken for its name{others}; --target NAME takes another")
    if usable:
        where = "the last column" if usable[-1] == look.columns[-1].name else "the last that can be"
        return Guess(
            usable[-1], f"taken as {where}: no name says which; --target NAME takes another"
        )
    said = sorted((c.name for c in look.columns if c.name.lower() in TARGETS), key=_sureness)
    return Guess(said[0] if said else look.columns[-1].name, "")


def _sureness(name: str) -> int:
    return TARGETS.index(name.lower())


def _can_be_predicted(column: Portrait) -> bool:
    """Every row has it, and there is something to tell apart."""
    if column.kind == "empty" or column.missing or is_constant(column) or is_key(column):
        return False
    if column.kind == "number":
        return _is_within_reach(column)
    return not (is_mixed(column) or is_too_varied(column))


def assign(look: Look, target: Sequence[str], leaks: Mapping[str, str]) -> Roles:
    """Every column that is no target gets its role. Where no input would be left, what was doubtful becomes one."""
    goals = set(target)
    others = [column for column in look.columns if column.name not in goals]
    drops = {column.name: why for column in others for why in useless(column)}
    keys = {c.name: why for c in others if c.name not in drops for why in naming(c, look)}
    doubtful = dict(leaks)
    doubtful |= {name: why for name, why in keys.items() if look.column(name).kind == "number"}
    aside = drops.keys() | keys.keys()
    seen = [column for column in others if column.name not in aside]
    if not [column for column in seen if column.name not in leaks]:
        seen = [c for c in others if c.name not in aside or c.name in doubtful]
        return Roles(tuple(seen), {n: w for n, w in keys.items() if n not in doubtful}, drops)
    drops |= {name: why for name, why in leaks.items() if name not in keys}
    return Roles(tuple(column for column in seen if column.name not in leaks), keys, drops)


def is_constant(column: Portrait) -> bool:
    """Whether all rows say the same."""
    same = column.distinct == 1 or (column.kind == "number" and column.low == column.high)
    return same and not column.missing


def useless(column: Portrait) -> Iterator[str]:
    """Why nothing can be learnt from a column; nothing where something can."""
    present = column.rows - column.missing
    if not present:
        yield "every cell is missing"
    elif is_constant(column):
        yield f"always {shown(next(iter(column.counts), 'the same'), 40)}"
    elif present < FEW_PRESENT and column.missing > column.rows / 2:
        yield f"only {present} of {plural(column.rows, 'row')} have one"
    elif column.kind == "number" and not _is_within_reach(column):
        yield f"numbers up to {max(abs(column.low or 0), abs(column.high or 0)):g} are too large"
    elif is_mixed(column) and column.odd:
        yield f"numbers, but for `{column.odd[1]}` in line {column.odd[0]}: correct it, or list it as missing"
    elif is_too_varied(column) and not is_key(column):
        few = "" if column.counted else "more than "
        yield f"{few}{column.distinct:,} different texts are too many to learn from"


def _is_within_reach(column: Portrait) -> bool:
    return max(abs(column.low or 0.0), abs(column.high or 0.0)) <= LARGEST


def naming(column: Portrait, look: Look) -> Iterator[str]:
    """Why a column only names the rows; nothing where it says more."""
    if is_too_varied(column) and is_key(column):
        few = "" if column.counted else "more than "
        yield f"names the rows: {few}{column.distinct:,} different texts in {column.rows:,}"
    elif column.kind == "number" and (is_key(column) or _counts_up(column, look)):
        yield "numbers the rows"


def is_key(column: Portrait) -> bool:
    """Whether the cells are different in (nearly) every row and look like names or numbers of rows."""
    present = column.rows - column.missing
    if column.kind == "number":
        is_own = column.counted and column.distinct == column.rows and column.whole
        return (is_own or not column.counted) and column.whole and _is_named_key(column.name)
    if column.kind != "text" or not is_too_varied(column):
        return False
    longest = max(map(len, column.counts), default=0)
    if not column.counted:
        return _is_named_key(column.name)
    return column.distinct > present / 2 and longest <= LONGEST_KEY


def _is_named_key(name: str) -> bool:
    lower = name.lower().strip()
    return lower.replace(" ", "_").rpartition("_")[2] in KEYS or name.endswith("Id")


def _counts_up(column: Portrait, look: Look) -> bool:
    """1, 2, 3, ... in the order of the rows."""
    if not column.whole or column.missing or column.rows < FEW_PRESENT:
        return False
    first = [float(row[column.name]) for row in look.head]
    steps = [after - before for before, after in pairwise(first)]
    span = (column.high or 0) - (column.low or 0)
    return span == column.rows - 1 and all(step == 1 for step in steps)
