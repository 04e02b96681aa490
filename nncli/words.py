"""Numbers and commands as people read them."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

SHARES = ("accuracy", "exact_match", "top_3", "top_5")
"""Figures that are shares of rows."""
UNSAFE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What a terminal would obey, but for the end of a line: control characters, marks that turn the direction of text;
and halves of characters, which are no text."""


def escaped(text: str) -> str:
    """The text with that written as escapes, so that it only says something, whoever has written it."""
    return UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)


def size(count: float) -> str:
    """Bytes: 3145728 -> "3 MB"."""
    if count < 1024:
        return f"{count:.0f} bytes"
    power = min(int(math.log(count, 1024)), 6)
    return f"{count / 1024**power:.{0 if power < 3 else 1}f} {' KMGTPE'[power]}B"


def is_text(name: str) -> bool:
    """Whether UTF-8 can hold it: not half a character, as Python has it for a byte of a path that is not UTF-8."""
    return as_text(name) == name


def as_text(name: str) -> str:
    """A word of the command line, or the name of a file, as text: in UTF-8 whatever the locale, and bytes that are no
    UTF-8 as escapes, "caf\\xe9"."""
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character: Windows lets a name have it
        data = name.encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "backslashreplace")


def duration(seconds: float) -> str:
    """A time span: 0.0042 -> "4.20 ms", 75 -> "1 min 15 s"."""
    for unit, factor, limit in (("ms", 1000, 0.9995), ("s", 1, 59.95)):
        if seconds < limit:
            return f"{seconds * factor:#.3g}".rstrip(".") + f" {unit}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def about(seconds: float) -> str:
    """A time that is only roughly known: 47 -> "about 45 s", 200 -> "about 3 min"."""
    if seconds < 1:
        return "less than a second"
    if seconds < 115:
        return f"about {_to(seconds, 1 if seconds < 9.5 else 5)} s"
    minutes = seconds / 60
    if minutes < 115:
        return f"about {_to(minutes, 1 if minutes < 19.5 else 5)} min"
    hours = round(minutes / 60)
    return f"about {hours} h" if hours < 48 else f"about {round(hours / 24)} days"


def local_time(text: str, precision: str = "seconds") -> str:
    """A point in time, as files have it in UTC, in the time of this machine: "2026-11-21 00:35:42+01:00"; any other
    text as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.astimezone().isoformat(" ", precision) if moment.tzinfo else text


def units(figures: Iterable[str], targets: Sequence[str]) -> str:
    """In which units the figures of a regression are, where its targets are columns, which training standardizes.

    "" for anything else."""
    if not targets or not any(name.endswith("rmse") for name in figures):
        return ""
    return f"rmse and mae in the units of {short(', '.join(targets), 40)}; loss of standardized targets"


def _to(value: float, step: int) -> int:
    return step * round(value / step)


def figure(name: str, value: float | None) -> str:
    """A figure of merit: shares of rows in percent, everything else to four significant digits."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.2%}" if name.endswith(SHARES) else f"{value:.4g}"


def words(name: str) -> str:
    """The name of a figure as people write it: "exact_match" -> "exact match"."""
    return name.replace("_", " ")


def command(verb: str, path: Path) -> str:
    """What to type: "nncli resume 'my runs/one'", whatever characters the path has."""
    # as ./-x, since -x would be taken for an option
    return f"nncli {verb} {'./' if str(path).startswith('-') else ''}{shlex.quote(str(path))}"


def plural(count: int, noun: str) -> str:
    """1, "row" -> "1 row"; 2000, "row" -> "2,000 rows"; "batch" -> "batches"."""
    ending = "" if count == 1 else "es" if noun == "batch" else "s"
    return f"{count:,} {noun}{ending}"


def short(text: str, most: int) -> str:
    """At most so many characters of a name, on one line."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
