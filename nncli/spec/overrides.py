"""`--set key=value`: any key of a spec, set from the command line under the rules of the file."""

from __future__ import annotations

from typing import Any

from nncli.errors import KeyPath, Problem, SpecError, dotted
from nncli.spec.base import LARGEST
from nncli.spec.page import Mark, first_unprintable
from nncli.spec.paths import key_path
from nncli.spec.shape import child, shorthand_at
from nncli.spec.source import BadYamlError, Tree, parse
from nncli.spec.wording import shown

PLACE = "--set"
COMMAND_LINE = Mark(LARGEST, 1)
"""Where a value stands that no line of the file holds; sorts behind all of them."""


def override(tree: Tree, assignment: str) -> None:
    """Sets one `key=value` in the tree, in place."""
    path, text = _split(assignment)
    try:
        new = parse(text, path)
    except BadYamlError as err:
        raise _refusal(path, err.message) from err
    _container(tree, path)[path[-1]] = new.value
    tree.problems += [(COMMAND_LINE, problem) for _, problem in new.problems]
    # what the file said at this key and below it is gone, and so are the places
    for known in [known for known in tree.marks if known[: len(path)] == path]:
        del tree.marks[known]
    tree.marks[path] = COMMAND_LINE


def _refusal(path: KeyPath, message: str) -> SpecError:
    return SpecError([Problem(path, message, PLACE)])


def _split(assignment: str) -> tuple[KeyPath, str]:
    if found := first_unprintable(assignment):
        raise _refusal((), found[1])
    key, equals, text = assignment.partition("=")
    if not equals:
        raise _refusal(
            (), f"{assignment[:60]!r} has no `=`. Write it as key=value, such as eta=0.1."
        )
    path = key_path(key.strip())
    if path is None:
        what = f"{key.strip()[:60]!r} is not a key" if key.strip() else "the key is missing"
        raise _refusal(
            (), f"{what}. Write it as in optimizer.name=sgd or architecture[0].output_dim=30."
        )
    return path, text


def _container(tree: Tree, path: KeyPath) -> Any:
    """The mapping or list that holds the last part of the path; made, or expanded from a name, where need be."""
    holder = tree.value
    for i, part in enumerate(path[:-1], 1):
        _check(holder, path[:i])
        here = path[:i]
        inner = child(holder, part)
        if isinstance(inner, str) and (name := shorthand_at(here)):
            inner = {name: inner}
        if inner is None:
            inner = [] if isinstance(path[i], int) else {}
            tree.marks[here] = COMMAND_LINE
        holder[part] = inner
        holder = inner
    _check(holder, path)
    return holder


def _check(holder: Any, path: KeyPath) -> None:
    """Whether the last part of the path can be a key of its holder."""
    part, above = path[-1], dotted(path[:-1]) or "the spec"
    if isinstance(holder, list):
        if not isinstance(part, int):
            raise _refusal(path, f"{above} is a list. Name an element, such as {above}[0].")
        if part >= len(holder):
            raise _refusal(
                path, f"there is no such element: {above} has {len(holder)}, counted from 0"
            )
    elif not isinstance(holder, dict):
        raise _refusal(path, f"cannot be set: {above} is {shown(holder)}, not a mapping")
    elif isinstance(part, int):
        raise _refusal(path, f"cannot be set: {above} is a mapping, not a list")
