"""Keys as people write them: `optimizer.rho`, `architecture[1].output_dim`."""

from __future__ import annotations

import re

from nncli.errors import KeyPath

MOST_CHARACTERS = 100
_PART = re.compile(r"\.?([^.\[\]]+)|\[([0-9]{1,9})\]")
_INDEX = re.compile("[0-9]{1,9}")


def key_path(text: str) -> KeyPath | None:
    """`architecture[1].output_dim` or `architecture.1.output_dim` as a path; None where it is neither.
    What follows `sweep.` is one key: its dots belong to it, but for those of its `halving`."""
    if len(text) > MOST_CHARACTERS or not text.isprintable():
        return None
    swept = text.startswith("sweep.") and text != "sweep."
    if swept and not text.startswith("sweep.halving."):
        return ("sweep", text.removeprefix("sweep."))
    parts = list(_PART.finditer(text))
    whole = "".join(part[0] for part in parts) == text and text[:1] not in (".", "[", "")
    if not whole:
        return None
    return tuple(
        int(part[2] or part[1]) if part[2] or _INDEX.fullmatch(part[1]) else part[1]
        for part in parts
    )
