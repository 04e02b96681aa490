"""Fixtures of the tests of data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.errors import NncliError


def mutations(data: bytes) -> Iterator[bytes]:
    """300 damaged copies, always the same: up to three bytes changed, and some cut short."""
    rng = np.random.default_rng(7)
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            changed[rng.integers(len(changed))] = rng.integers(256)
        cut = rng.integers(1, len(changed) + 1) if rng.random() < 0.3 else len(changed)
        yield bytes(changed[:cut])


@pytest.fixture
def survivors() -> Callable[[Path, Callable[[], Any]], list[Any]]:
    """What `read()` makes of damaged copies of the file at `path`; a refusal must be one line and exit with 2."""

    def read_all(path: Path, read: Callable[[], Any]) -> list[Any]:
        results, refusals = [], []
        for damaged in mutations(path.read_bytes()):
            path.write_bytes(damaged)
            try:
                results.append(read())
            except NncliError as error:
                refusals.append((error.exit_code, str(error)))
        assert {code for code, _ in refusals} == {2}, refusals
        assert not [message for _, message in refusals if "\n" in message]
        return results

    return read_all
