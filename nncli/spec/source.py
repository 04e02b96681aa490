"""From YAML text to plain values and the place of every key, without a constructor of PyYAML ever running.

`yaml.parse` gives a flat stream of events without calling itself: depth and size are counted over that first, and only
then does anything here call itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from nncli.errors import KeyPath, Problem
from nncli.spec.page import TOP, Mark, visible
from nncli.spec.scalars import AmbiguousError, read_scalar

EXPECTED = "expected a mapping with data, architecture, epochs, batch_size and eta"
MOST_LEVELS = 50
MOST_NODES = 20_000
MOST_KEY_CHARACTERS = 100


class BadYamlError(ValueError):
    """The text as a whole cannot be read."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark, self.message = mark, message


@dataclass
class Tree:
    """Plain values, the mark of each key path, and what was wrong with single nodes."""

    value: Any = None
    marks: dict[KeyPath, Mark] = field(default_factory=dict)
    problems: list[tuple[Mark, Problem]] = field(default_factory=list)


def parse(text: str, root: KeyPath = ()) -> Tree:
    """The one document in `text`; paths begin with `root`."""
    builder = _Builder(list(_limited_events(text)))
    if builder.events:
        builder.tree.marks[root] = _mark(builder.events[0].start_mark)
        builder.tree.value = builder.node(root)
    return builder.tree


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


# Events ----------------------------------------------------------------------------------------

_LEVELS = {
    yaml.MappingStartEvent: 1,
    yaml.SequenceStartEvent: 1,
    yaml.MappingEndEvent: -1,
    yaml.SequenceEndEvent: -1,
}


def _limited_events(text: str) -> Iterator[Any]:
    """The events of nodes; stops at the first that breaks a limit, before the text behind it is read."""
    levels = nodes = documents = 0
    for event in _events(text):
        documents += type(event) is yaml.DocumentStartEvent
        if documents > 1:
            raise BadYamlError(
                _mark(event.start_mark), f"{EXPECTED}, but a second document begins here"
            )
        if not isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
            continue
        levels += _LEVELS.get(type(event), 0)
        nodes += isinstance(event, yaml.NodeEvent)
        if levels > MOST_LEVELS:
            raise BadYamlError(
                _mark(event.start_mark), f"is nested more than {MOST_LEVELS} levels deep"
            )
        if nodes > MOST_NODES:
            raise BadYamlError(
                _mark(event.start_mark), f"has more than {MOST_NODES} keys and values"
            )
        yield event


def _events(text: str) -> Iterator[Any]:
    here = TOP
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            here = _mark(event.end_mark)
            yield event
    except yaml.MarkedYAMLError as err:
        mark = _mark(err.problem_mark or err.context_mark)
        raise BadYamlError(mark, _in_our_words(err)) from err
    # chr() of an escape such as "\UFFFFFFFF", and int() of a directive with 5,000 digits
    except (ValueError, OverflowError) as err:
        if isinstance(err, BadYamlError):
            raise
        raise BadYamlError(
            here, "is not valid YAML: a number behind this place is out of range"
        ) from err


# PyYAML's words, and ours; the first pattern that is found decides.
_SYNTAX: tuple[tuple[str, str], ...] = (
    (r"character '\\t'", "a tab is not allowed here. Indent with spaces."),
    (r"character '(.)' that cannot start", "a value cannot begin with `{0}`. Put it in quotes."),
    (
        r"mapping values are not allowed",
        "`:` is not allowed here. Check the indentation, or quote the text.",
    ),
    (r"expected ',' or '(.)'", "`,` or `{0}` is missing here"),
    (r"end of stream while scanning a quoted", "the closing quote is missing"),
    (r"could not find expected ':'", "`:` is missing after a key"),
    (r"expected '<document start>'", "nothing may follow here: the text before it is complete"),
    (r"expected <block end>", "does not line up with the lines above. Check the indentation."),
)


def _in_our_words(err: yaml.MarkedYAMLError) -> str:
    said = " ".join(f"{err.problem or ''} {err.context or ''}".split())
    opened = f"; opened on line {err.context_mark.line + 1}" if err.context_mark else ""
    for pattern, words in _SYNTAX:
        if found := re.search(pattern, said):
            return words.format(*found.groups()) + (opened if "missing" in words else "")
    return f"is not valid YAML: {visible(said[:200])}"


# Nodes -----------------------------------------------------------------------------------------

_NO_ALIAS = "anchors (&name) and aliases (*name) are not supported. Write the value out."
_NO_TAG = "tags (`{}`) are not supported. Remove it."
_NO_MERGE = "merge keys are not supported. Write the keys out."


class _Builder:
    """Reads nodes from the front of the events; what is wrong with one is noted, and reading goes on."""

    def __init__(self, events: list[Any]) -> None:
        self.events = events
        self.next = 0
        self.tree = Tree()

    def take(self) -> Any:
        self.next += 1
        return self.events[self.next - 1]

    def note(self, path: KeyPath, mark: Mark, message: str) -> None:
        self.tree.problems.append((mark, Problem(path, message)))

    def node(self, path: KeyPath) -> Any:
        event = self.take()
        if event.anchor is not None:
            self.note(path, self.tree.marks[path], _NO_ALIAS)
        if getattr(event, "tag", None) is not None:
            self.note(path, self.tree.marks[path], _NO_TAG.format(visible(event.tag[:60])))
        return _READERS[type(event)](self, path, event)

    def skip(self) -> None:
        """Past a node that has no place in the tree."""
        levels = _LEVELS.get(type(self.take()), 0)
        while levels:
            levels += _LEVELS.get(type(self.take()), 0)

    def ends(self, end: type) -> bool:
        if isinstance(self.events[self.next], end):
            self.next += 1
            return True
        return False

    def scalar(self, path: KeyPath, event: Any) -> Any:
        try:
            return _value(event)
        except AmbiguousError as err:
            self.note(path, self.tree.marks[path], str(err))
            return event.value

    def alias(self, path: KeyPath, event: Any) -> None:
        """Its value is nowhere: the note above says so."""

    def sequence(self, path: KeyPath, event: Any) -> list[Any]:
        values: list[Any] = []
        while not self.ends(yaml.SequenceEndEvent):
            here = (*path, len(values))
            self.tree.marks[here] = _mark(self.events[self.next].start_mark)
            values.append(self.node(here))
        return values

    def mapping(self, path: KeyPath, event: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not self.ends(yaml.MappingEndEvent):
            mark = _mark(self.events[self.next].start_mark)
            key = self.key(path)
            here = path if key is None else (*path, key)
            if key is not None and key in values:
                first = self.tree.marks[here].line
                self.note(
                    here,
                    mark,
                    f"is there twice, on line {first} and on line {mark.line}. Keep one.",
                )
            if key is None or key in values:
                self.skip()
                continue
            self.tree.marks[here] = mark
            values[key] = self.node(here)
        return values

    def key(self, path: KeyPath) -> str | None:
        """The next key, or None where it cannot be one, which is noted."""
        event = self.events[self.next]
        self.skip()
        try:
            complaint = _key_complaint(event)
        except AmbiguousError as err:
            complaint = f"the key {err}"
        if complaint:
            self.note(path, _mark(event.start_mark), complaint)
            return None
        return str(event.value)


_READERS: dict[type, Callable[[_Builder, KeyPath, Any], Any]] = {
    yaml.ScalarEvent: _Builder.scalar,
    yaml.AliasEvent: _Builder.alias,
    yaml.SequenceStartEvent: _Builder.sequence,
    yaml.MappingStartEvent: _Builder.mapping,
}


def _value(event: Any) -> Any:
    if event.style is None:
        return read_scalar(event.value)
    if found := re.search("[\0\ud800-\udfff]", event.value):
        raise AmbiguousError(f"holds the character U+{ord(found[0]):04X}, which no file can hold")
    return event.value


def _key_complaint(event: Any) -> str:
    """What keeps a node from being a key; empty where nothing does."""
    if event.anchor is not None:
        return _NO_ALIAS
    if not isinstance(event, yaml.ScalarEvent):
        return "a key must be plain text, not a list or a mapping"
    if event.tag is not None:
        return _NO_TAG.format(visible(event.tag[:60]))
    if event.style is None and event.value == "<<":
        return _NO_MERGE
    value = _value(event)
    if not isinstance(value, str):
        return f"a key must be text, but {event.value[:60] or 'an empty key'} is not. Put it in quotes."
    if not value.isprintable() or len(value) > MOST_KEY_CHARACTERS:
        return f"{value[:60]!r} is not a key"
    return ""
