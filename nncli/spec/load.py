"""A spec file in, a `Spec` out; or everything that is wrong with it, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nncli.errors import KeyPath, Problem, SpecError
from nncli.spec.dump import HEADER
from nncli.spec.earlier import updated
from nncli.spec.model import Spec
from nncli.spec.overrides import COMMAND_LINE, PLACE, override
from nncli.spec.page import TOP, Mark, Page, read_page
from nncli.spec.rules import broken_rules
from nncli.spec.source import EXPECTED, BadYamlError, Tree, parse
from nncli.spec.wording import problems_of, shown

MOST_PROBLEMS = 50


@dataclass(frozen=True)
class Document:
    """A spec, and where each of its keys was written."""

    spec: Spec
    path: Path
    page: Page
    marks: dict[KeyPath, Mark]

    @contextmanager
    def places(self) -> Iterator[None]:
        """Gives a place to every problem that comes out of this block without one."""
        try:
            yield
        except SpecError as err:
            marked = [(_mark_of(self.marks, one.path), one) for one in err.problems]
            raise _error(self.page, marked) from err


@dataclass(frozen=True)
class Source:
    """A spec file that has been read once, and what was set since."""

    path: Path
    page: Page
    tree: Tree

    def changed(self, overrides: Sequence[str]) -> Source:
        """With each `key=value` set, as `--set` takes it."""
        tree = Tree(deepcopy(self.tree.value), dict(self.tree.marks), list(self.tree.problems))
        for assignment in overrides:
            override(tree, assignment)
        return Source(self.path, self.page, tree)

    def document(self) -> Document:
        """The spec. Raises SpecError with all that is wrong."""
        tree = self.tree
        named = {"name": _default_name(self.path), **tree.value}
        try:
            spec = parse_spec(named, self.path.resolve().parent)
        except SpecError as err:
            raise _error(self.page, _all_problems(tree, err.problems)) from err
        if tree.problems:
            raise _error(self.page, tree.problems)
        return Document(spec, self.path, self.page, tree.marks)


def read_source(path: Path) -> Source:
    """Reads a spec file, and what its values are later."""
    page = read_page(path)
    tree = _read(page)
    if page.text.startswith(HEADER):  # a run's spec.yaml, perhaps an earlier version's
        tree.value = updated(tree.value)
    return Source(path, page, tree)


def load_spec(path: Path, overrides: Sequence[str] = ()) -> Document:
    """Reads a spec file; each override is a `key=value` as `--set` takes it."""
    return read_source(path).changed(overrides).document()


def parse_spec(value: dict[str, Any], base: Path, *, unset: bool = False) -> Spec:
    """A spec from plain values, as `plain_spec` gives them; `base` is the folder that its paths start from. The
    environment must have the variables in them, unless they may be `unset`: then such paths lead nowhere."""
    if not isinstance(value, dict):
        raise SpecError([Problem((), f"{EXPECTED}, but this is {shown(value)}")])
    problems: list[Problem] = []
    try:
        spec = Spec.model_validate(value, context={"base": base, "unset": unset})
    except ValidationError as err:
        problems = problems_of(err, value)
    refused = {problem.path for problem in problems}
    problems += [problem for problem in broken_rules(value) if problem.path not in refused]
    if problems:
        raise SpecError(problems)
    return spec


def _read(page: Page) -> Tree:
    try:
        tree = parse(page.text)
    except BadYamlError as err:
        raise SpecError([page.placed(Problem((), err.message), err.mark)]) from err
    if not isinstance(tree.value, dict):
        got = "the file is empty" if not tree.marks else f"this is {shown(tree.value)}"
        problem = Problem((), f"{EXPECTED}, but {got}")
        raise SpecError([page.placed(problem, tree.marks.get((), TOP))])
    return tree


def _all_problems(tree: Tree, problems: Sequence[Problem]) -> list[tuple[Mark, Problem]]:
    """What the source and the models say; of a node that could not be read only the source speaks."""
    unread = {problem.path for _, problem in tree.problems} - {()}
    marked = [(_mark_of(tree.marks, one.path), one) for one in problems if one.path not in unread]
    return tree.problems + marked


def _mark_of(marks: dict[KeyPath, Mark], path: KeyPath) -> Mark:
    while path and path not in marks:
        path = path[:-1]
    # a mapping begins at its first key, which is where the top of the file is for a reader
    return marks[path] if path else TOP


def _placed(page: Page, problem: Problem, mark: Mark) -> Problem:
    if problem.place:
        return problem
    if mark == COMMAND_LINE:
        return replace(problem, place=PLACE)
    return page.placed(problem, mark)


def _error(page: Page, marked: Sequence[tuple[Mark, Problem]]) -> SpecError:
    """In the order of the file, and no more of them than anybody reads."""
    in_order = sorted(marked, key=lambda one: one[0])
    problems = [_placed(page, problem, mark) for mark, problem in in_order[:MOST_PROBLEMS]]
    if more := len(in_order) - len(problems):
        problems.append(Problem((), f"and {more} problems more", page.name))
    return SpecError(problems)


def _default_name(path: Path) -> str:
    """The file's name without its ending, as far as a name may hold it."""
    stem = path.stem.encode(errors="replace").decode()
    return re.sub(r"[/\\\x00-\x1f\x7f-\x9f\u2028\u2029]", "_", stem)[:50] or "run"
