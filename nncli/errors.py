"""Every refusal of nncli, and the exit code each one ends with.

    NncliError
    +-- UsageError        2  the command line, the spec or the data is wrong
    |   +-- SpecError        the spec: every problem at once, each with its place
    |   +-- DataError        the data: a file, a row, a label
    +-- DivergedError     3  a loss or a parameter stopped being a finite number
    +-- MachineError      4  disk full, or a file that is there but cannot be read or written
    +-- LockedError       5  another process is writing this run
    +-- DamagedError      6  a damaged or incompatible file
    +-- NotReachedError   7  a demanded result was not reached

Each message is one line: where, what was got, what to do. Anything else that escapes is a bug of ours: exit 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""Where a value stands in a spec: ("architecture", 1, "input_dim")."""


class NncliError(Exception):
    """What a user can mend; the command ends with `exit_code`."""

    exit_code = 1


class UsageError(NncliError):
    """The command line, the spec or the data is wrong, or a path is not there."""

    exit_code = 2


class DataError(UsageError):
    """The data cannot be used as it is."""


class DivergedError(NncliError):
    """Training produced a number that is not finite."""

    exit_code = 3


class MachineError(NncliError):
    """The machine refused: no space, no permission, no network."""

    exit_code = 4


class LockedError(NncliError):
    """Another process is writing this run."""

    exit_code = 5


class DamagedError(NncliError):
    """A file is damaged, or belongs to something else."""

    exit_code = 6


class NotReachedError(NncliError):
    """A demanded result was not reached."""

    exit_code = 7


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a spec."""

    path: KeyPath
    """The key it is about; () for the whole file."""
    message: str
    """What was got and what to do, without the place."""
    place: str = ""
    """`file:line:column`, or `--set`; empty until the spec's source has located it."""
    excerpt: str = ""
    """The line of the file and a caret under it, for a terminal."""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, dotted(self.path), self.message) if part)


class SpecError(UsageError):
    """Everything wrong with a spec, one line each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


IN_PYTHON = {"--set ": "", "--split ": "split ", "--run-dir": "run_dir"}
"""Option of the command line -> what stands for it in a call."""


def in_python(message: str) -> str:
    """What a refusal says, where there is no command line: `--set eta=0.1` -> `eta=0.1`."""
    for option, word in IN_PYTHON.items():
        message = message.replace(option, word)
    return message


def dotted(path: KeyPath) -> str:
    """("architecture", 1, "input_dim") -> "architecture[1].input_dim"."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
