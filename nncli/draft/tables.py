"""A spec for a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from nncli.data.answers import PAIRS, guess_task
from nncli.data.columns import Look, Portrait, look
from nncli.data.encode import is_mixed
from nncli.data.files import shown
from nncli.data.room import check_guess
from nncli.draft.columns import Guess, Roles, assign, guess_target
from nncli.draft.found import Found
from nncli.draft.leaks import leaks
from nncli.draft.page import Line, items, pair, remark
from nncli.draft.recipe import Answer, keep_back
from nncli.errors import DataError, UsageError
from nncli.spec.sources import Csv
from nncli.words import plural

MISSING: tuple[str, ...] = Csv.model_fields["missing"].default
HOLES = (
    *("?", "-", "--", ".", "..", "*", "na", "n/a", "N.A.", "n.a.", "#N/A"),
    *("none", "None", "NONE", "Null", "nil", "unknown", "missing"),
)
"""What else people write where a number is missing."""
MOST_LISTED = 30
"""Columns that are described one by one."""
FEW_TEXTS = 5


def found_in_table(path: Path, written: str, targets: Sequence[str]) -> Found:
    """What a table asks for; `written` is its path as the spec has it. DataError or UsageError where nothing can be."""
    check_guess(path)
    seen, missing = _look(path)
    if not seen.rows:
        raise DataError(f"{shown(path)}: has no rows below its header")
    for name in targets:
        _check_target(name, seen, path)
    guess = None if targets else guess_target(seen, path.name.partition(".")[0])
    target = tuple(targets) if guess is None else (guess.name,)
    roles = assign(seen, target, leaks(path, seen, target, missing))
    if not roles.features:
        raise DataError(
            f"{shown(path)}: beside the target `{shown(target[0], 60)}` no column is left to learn from"
        )
    answer, counts = _answer(seen, target)
    kept = keep_back(seen.rows, counts, test=True, implied=True)
    lines = [
        pair("source", "csv"),
        pair("path", written),
        pair("target", target[0] if len(target) == 1 else list(target), _wanted(seen, target)),
        *_task_line(seen, target, counts),
        *_missing_line(missing),
        *_seen(roles),
        *items("key", dict(roles.keys), "not seen by the network, but repeated in predictions"),
        *items("drop", dict(roles.drops), "what the network does not see"),
        *kept.lines,
    ]
    return Found(
        what=_title(seen),
        data=tuple(lines),
        kept=kept,
        inputs=sum(map(_width, roles.features)),
        answer=answer,
        counts=counts or {},
        classes=len(counts or {}),
        facts=_facts(seen, target, guess, roles),
    )


def _look(path: Path) -> tuple[Look, tuple[str, ...]]:
    """The columns, and which cells hold nothing: beside the usual ones what stands among numbers instead of one."""
    seen = look(path, MISSING)
    odd = {cell for column in seen.columns if is_mixed(column) for cell in _odd_cells(column)}
    if not odd & set(HOLES):
        return seen, MISSING
    missing = (*MISSING, *sorted(odd & set(HOLES)))
    return look(path, missing), missing


def _odd_cells(column: Portrait) -> set[str]:
    return {cell for cell in column.counts if cell in HOLES}


def _check_target(name: str, seen: Look, path: Path) -> None:
    names = [column.name for column in seen.columns]
    if name not in names:
        listed = ", ".join(shown(one, 40) for one in names[:MOST_LISTED])
        more = ", ..." if len(names) > MOST_LISTED else ""
        close = get_close_matches(name[:100], names, n=1)
        hint = f" Did you mean `{shown(close[0], 60)}`?" if close else ""
        raise UsageError(
            f"--target: {shown(path)} has no column `{shown(name, 60)}`.{hint} There are {listed}{more}"
        )


def _answer(seen: Look, target: Sequence[str]) -> tuple[Answer, dict[str, int] | None]:
    """What is wanted of a row, and of each class how many rows there are."""
    columns = [seen.column(name) for name in target]
    if len(columns) > 1:
        return ("labels" if all(map(_is_label, columns)) else "numbers"), None
    if guess_task(columns[0]) == "regression":
        return "numbers", None
    return "classes", columns[0].counts


def _is_label(column: Portrait) -> bool:
    """Whether its cells say yes or no, in one of the ways that are read so."""
    texts = {text.lower() for text in column.counts}
    return column.counted and any(texts <= pair for pair in PAIRS)


def _wanted(seen: Look, target: Sequence[str]) -> str:
    """What is predicted, in a few words."""
    if len(target) > 1:
        return "several at once"
    column = seen.column(target[0])
    answer, counts = _answer(seen, target)
    if answer == "numbers":
        return f"a number from {column.low:g} to {column.high:g}, {column.mean:.4g} on average"
    few = ", ".join(f"{shown(k, 20)} ({n:,})" for k, n in list((counts or {}).items())[:FEW_TEXTS])
    return f"{len(counts or {}):,} classes: {few}{', ...' * (len(counts or {}) > FEW_TEXTS)}"


def _task_line(
    seen: Look, target: Sequence[str], counts: Mapping[str, int] | None
) -> Iterator[Line]:
    """Of a few whole numbers, which may be classes or not, what they are taken for."""
    if counts and len(counts) > 2 and seen.column(target[0]).kind == "number":
        yield pair("task", "classification", "for amounts: regression, and below identity with mse")


def _missing_line(missing: tuple[str, ...]) -> Iterator[Line]:
    if missing != MISSING:
        odd = ", ".join(f"`{cell}`" for cell in missing[len(MISSING) :])
        yield pair("missing", list(missing), f"{odd} stands among numbers here")


def _seen(roles: Roles) -> Iterator[Line]:
    """A comment for each column that the network sees."""
    yield remark("the network sees:")
    listed = roles.features[:MOST_LISTED]
    width = min(30, max(len(shown(column.name, 28)) for column in listed))
    for column in listed:
        yield remark(f"  {shown(column.name, 28):<{width}}  {described(column)}")
    if more := len(roles.features) - len(listed):
        yield remark(f"  and {more} more")


def described(column: Portrait) -> str:
    """A column in a few words: "number from 32.1 to 59.6, 2 missing"."""
    if column.kind == "number":
        text = f"number from {column.low:g} to {column.high:g}"
    else:
        few = ", ".join(shown(cell, 20) for cell in list(column.counts)[:FEW_TEXTS])
        rest = column.distinct - FEW_TEXTS
        kind = f"{column.kind} (leading zeros)" if column.padded else column.kind
        text = f"{kind}: {few}{f' and {rest} more' if rest > 0 else ''}"
    return f"{text}; {column.missing:,} missing" if column.missing else text


def _width(column: Portrait) -> int:
    """Inputs that a column becomes."""
    flag = column.missing > 0
    return 1 + flag if column.kind == "number" else column.distinct + flag


def _title(seen: Look) -> str:
    kinds = [column.kind for column in seen.columns]
    counted = {"number": "number", "text": "text", "boolean": "boolean", "empty": "empty column"}
    listed = ", ".join(plural(kinds.count(k), n) for k, n in counted.items() if k in kinds)
    holes = sum(column.missing for column in seen.columns)
    return f"{plural(seen.rows, 'row')}; {listed}; {plural(holes, 'cell') if holes else 'no cell'} missing"


def _facts(seen: Look, target: Sequence[str], guess: Guess | None, roles: Roles) -> dict[str, str]:
    """What the command says."""
    said = f"; {guess.why}" if guess and guess.why else ""
    names = ", ".join(shown(name, 40) for name in target)
    facts = {"table": _title(seen), "target": f"{names}: {_wanted(seen, target)}{said}"}
    facts["inputs"] = _listed([column.name for column in roles.features])
    if roles.keys:
        facts["key"] = _listed(list(roles.keys))
    if roles.drops:
        facts["dropped"] = "; ".join(
            f"{shown(n, 40)} ({why})" for n, why in list(roles.drops.items())[:8]
        )
        facts["dropped"] += f"; and {len(roles.drops) - 8} more" if len(roles.drops) > 8 else ""
    return facts


def _listed(names: Sequence[str]) -> str:
    few = ", ".join(shown(name, 40) for name in names[:12])
    return f"{few} and {len(names) - 12} more" if len(names) > 12 else few
