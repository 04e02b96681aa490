"""Fixtures of every test."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import browser as browsers
import pytest
from hypothesis import settings
from processes import leaving_nothing
from typer import testing

settings.register_profile("any machine", deadline=None)  # a busy one takes its time
settings.load_profile("any machine")
testing._get_command = cache(testing._get_command)  # type: ignore[attr-defined]
"""The commands are made once for all calls in this process: that takes longer than most of them."""


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    with leaving_nothing():
        yield


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder of the real MNIST files; without it tests are skipped, but never under CI."""
    return _shared("mnist/*.gz") / "mnist"


@pytest.fixture(scope="session")
def tables_folder() -> Path:
    """The folder of the real tables; without it tests are skipped, but never under CI."""
    return _shared("tables/*.csv") / "tables"


@pytest.fixture(scope="module")
def _chromium() -> Iterator[browsers.Browser]:
    """One for the tests of a file: it takes a second to start."""
    with browsers.running() as found:
        yield found


@pytest.fixture
def browser(_chromium: browsers.Browser) -> Iterator[browsers.Browser]:
    """Headless Chromium, for a test marked `browser`."""
    yield _chromium
    _chromium.close_windows()


def _shared(what: str) -> Path:
    shared = os.environ.get("NNCLI_DATA")
    if not shared:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent(f"NNCLI_DATA is not set: it names the folder that holds {what}")
    assert shared
    return Path(shared)


CAMPAIGNS = {"short": 2, "long": 4, "torture": 16}
"""How long the tests with random trials go on, and in how many parts, which xdist shares out."""


class Campaign(NamedTuple):
    """One part of the random trials of a test."""

    trials: int
    rng: random.Random
    numbers: range
    """The numbers of its trials among those of all parts."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--campaign", choices=CAMPAIGNS, default="short", help="how many random trials"
    )
    parser.addoption("--campaign-seed", type=int, default=0, help="what they are drawn from")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked `campaign(short=15, long=60, torture=1000)` gets its trials in parts, as `campaign`."""
    marker = metafunc.definition.get_closest_marker("campaign")
    if marker:
        length = metafunc.config.getoption("campaign")
        total, seed = marker.kwargs[length], metafunc.config.getoption("campaign_seed")
        parts = min(total, CAMPAIGNS[length])
        shares = [range(part, total, parts) for part in range(parts)]
        names = [f"seed{seed}.{part}-{len(share)}trials" for part, share in enumerate(shares)]
        pairs = list(zip(names, shares, strict=True))
        metafunc.parametrize("campaign", pairs, ids=names, indirect=True)


@pytest.fixture
def campaign(request: pytest.FixtureRequest) -> Campaign:
    """The trials of this part; the same seed draws the same ones."""
    name, share = request.param
    rng = random.Random(f"{request.node.originalname} {name}")
    return Campaign(len(share), rng, share)
