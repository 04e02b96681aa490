"""A spec file as text: read up to a limit, decoded, and shown line by line in messages."""

from __future__ import annotations

import codecs
import errno
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from nncli import limits
from nncli.errors import Problem, SpecError, UsageError

MOST_BYTES = 256 * 1024
EXCERPT_WIDTH = 100

# What YAML calls a line break, so that our line numbers are PyYAML's.
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Longest first: the mark of UTF-32 begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Paths that lead nowhere, as against files that are there but cannot be read.
_NOWHERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}


class Mark(NamedTuple):
    """A place in a text, counted from 1."""

    line: int
    column: int


TOP = Mark(1, 1)


@dataclass(frozen=True)
class Page:
    """The text of a spec file and what the file is called in messages."""

    name: str
    text: str

    def placed(self, problem: Problem, mark: Mark) -> Problem:
        """The problem with its place and, where there is such a line, a caret under it."""
        place = f"{self.name}:{mark.line}:{mark.column}"
        return replace(problem, place=place, excerpt=self._excerpt(mark))

    def _excerpt(self, mark: Mark) -> str:
        lines = _BREAK.split(self.text)
        if mark.line > len(lines) or not lines[mark.line - 1].strip():
            return ""
        start = max(0, mark.column - 1 - EXCERPT_WIDTH // 2)
        shown = lines[mark.line - 1][start : start + EXCERPT_WIDTH].replace("\t", " ")
        return f"{shown.rstrip()}\n{' ' * (mark.column - 1 - start)}^"


def visible(text: str) -> str:
    """The text with line breaks, escape sequences and the like written as escapes: one safe line."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def read_page(path: Path) -> Page:
    """The file's text; what is no text at all is refused with the first byte or character that is wrong."""
    data = _read(path)
    name = visible(str(path))
    if len(data) > MOST_BYTES:
        raise SpecError([Problem((), f"is larger than {MOST_BYTES // 1024} KiB", name)])
    page = Page(name, _decoded(data, name))
    if found := first_unprintable(page.text):
        mark, message = found
        raise SpecError([page.placed(Problem((), message), mark)])
    return page


def first_unprintable(text: str) -> tuple[Mark, str] | None:
    """Where the first character is that YAML does not allow, and what to say of it."""
    if not (found := _UNPRINTABLE.search(text)):
        return None
    lines = _BREAK.split(text[: found.start()])
    hint = ". Save the file as UTF-8." if found[0] == "\0" else ""
    message = f"the character U+{ord(found[0]):04X} is not allowed in YAML{hint}"
    return Mark(len(lines), len(lines[-1]) + 1), message


def _read(path: Path) -> bytes:
    """At most one byte more than the limit: enough to know that there is more."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except IsADirectoryError as err:
        raise UsageError(f"{visible(str(path))}: is a folder, not a spec file") from err
    except OSError as err:
        if err.errno in _NOWHERE:
            raise UsageError(f"{visible(str(path))}: there is no such file") from err
        raise limits.refusal(err, f"{visible(str(path))}: cannot be read") from err


def _decoded(data: bytes, name: str) -> str:
    mark, encoding = next(
        (known for known in _BYTE_ORDER_MARKS if data.startswith(known[0])), (b"", "utf-8")
    )
    try:
        return data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as err:
        offset = len(mark) + err.start
        lines = _BREAK.split(err.object[: err.start].decode(encoding))
        message = f"byte {offset} (0x{data[offset]:02x}) is not {encoding.upper()}. Save the file as UTF-8."
        place = f"{name}:{len(lines)}:{len(lines[-1]) + 1}"
        raise SpecError([Problem((), message, place)]) from err
