"""What takes long says what it is doing, and how far it is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from nncli.cli import fetching
from nncli.data.sources import load
from nncli.spec.sources import Csv


@pytest.fixture
def source(tmp_path) -> Csv:
    lines = [f"{n % 7},{n % 5},{'yes' if n % 2 else 'no'}\n" for n in range(25_000)]
    (tmp_path / "t.csv").write_text("a,b,answer\n" + "".join(lines))
    return Csv(source="csv", path=str(tmp_path / "t.csv"), target=("answer",))


def test_reading_a_table_says_how_far_it_is(source):
    told: list[tuple[str, int, int]] = []
    load(source, on_progress=lambda *progress: told.append(progress))
    doings = [f"{doing} {source.path}" for doing in ("looking at", "reading")]
    assert [doing for doing, _, _ in told] == [doings[0]] * 3 + [doings[1]] * 3
    total = told[0][2]
    assert all(0 < done <= total for _, done, total in told)
    assert told[2][1] == told[5][1] == total


@pytest.mark.parametrize(("patience", "shown"), [(0, True), (3600, False)])
def test_only_what_takes_long_is_shown(source, monkeypatch, patience, shown):
    monkeypatch.setattr(fetching, "PATIENCE", patience)
    page = io.StringIO()
    with fetching.fetching(Console(file=page, width=200)) as on_progress:
        load(source, on_progress=on_progress)
    lines = [f"looking at {source.path}", f"reading {source.path}"]
    assert page.getvalue().splitlines() == (lines if shown else [])
