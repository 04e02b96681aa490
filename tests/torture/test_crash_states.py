"""The harness itself: operations are counted and refused as told, and the crash states are those that POSIX allows."""

from __future__ import annotations

import os
from errno import EIO
from pathlib import Path

import careless
import pytest
from children import run_doomed, was_killed
from faulty import Fails, Kills, Shortens, recording
from powerloss import Change, Content, Ground, Volume, crash_states, subsets

from nncli import files, packaged
from nncli.errors import MachineError


def left_by(folder: Path, replace) -> set[bytes | None]:
    """What a crash may leave of a file that a safe `old` was replaced in."""
    path = folder / "file"
    path.write_bytes(b"old")
    before = Volume.of(folder)
    with recording() as disk:
        replace(path, b"longer")
    return {state.layout.get(path) for state in crash_states(disk.trace, before)}


def test_a_replacement_leaves_the_old_file_or_the_new_one(tmp_path):
    assert left_by(tmp_path, files.replace) == {b"old", b"longer"}


def test_overwriting_leaves_everything(tmp_path):
    mixtures = {b"", b"lon", b"lon\0\0\0", b"\0\0\0ger", b"\0" * 6}
    assert left_by(tmp_path, careless.in_place) == {b"old", b"longer"} | mixtures


def test_what_was_added_is_torn_and_what_was_safe_is_not():
    content = Content(safe=b"one\n", seen=b"one\ntwo\n")
    assert set(content.variants()) == {
        b"one\n",
        b"one\ntwo\n",
        b"one\ntw",
        b"one\n\0\0\0\0",
        b"one\ntw\0\0",
        b"one\n\0\0o\n",
    }


def test_what_was_cut_may_come_back():
    assert set(Content(safe=b"one\ntwo\n", seen=b"one\n").variants()) == {b"one\n", b"one\ntwo\n"}


def test_names_come_and_go_on_their_own(tmp_path):
    with recording() as disk:
        for name in ("a", "b"):
            files.append(tmp_path / name, b"")
    empty = Volume(tmp_path, folders={tmp_path})
    names = {
        frozenset(path.name for path, data in state.layout.items() if data is not None)
        for state in crash_states(disk.trace, empty)
    }
    assert names == {frozenset(), frozenset("a"), frozenset("b"), frozenset("ab")}


def test_a_lost_folder_takes_with_it_what_is_in_it(tmp_path):
    with recording() as disk:
        files.SYSTEM.mkdir(tmp_path / "run")
        files.replace(tmp_path / "run/file", b"new")
    states = list(crash_states(disk.trace, Volume(tmp_path, folders={tmp_path})))
    assert set(states[-1].layout) == {tmp_path, tmp_path / "run", tmp_path / "run/file"}
    assert any(state.kept and set(state.layout) == {tmp_path} for state in states)


def test_with_many_names_in_the_air_a_few_are_lost(tmp_path):
    changes = [Change(tmp_path, None, tmp_path / str(number), number) for number in range(10)]
    assert len(set(subsets(changes))) == 1 + 10 + 45 + 10 + 1


def test_the_ground_shows_one_layout_after_the_other(tmp_path):
    recorded = tmp_path / "disk"
    ground = Ground(recorded, tmp_path / "ground")
    ground.lay({recorded: None, recorded / "run": None, recorded / "run/a": b"1"})
    ground.lay({recorded: None, recorded / "b": b"2"})
    assert [path.name for path in ground.root.rglob("*")] == ["b"]


@pytest.mark.parametrize("onward", [False, True])
def test_the_nth_operation_fails(tmp_path, onward):
    with (
        recording(Fails(2, EIO, onward)) as disk,
        pytest.raises(MachineError, match=r"/a: .* error"),
    ):
        files.replace(tmp_path / "a", b"data")
    assert [op.name for op in disk.calls] == ["open", "write", "close", "unlink"]
    assert disk.refused == ([1, 2, 3] if onward else [1])
    assert list(tmp_path.iterdir()) == ([tmp_path / f".a.{os.getpid()}.tmp"] if onward else [])


def test_a_short_write_is_made_up_for_or_refused(tmp_path):
    with recording(Shortens(2, onward=True)) as disk:
        files.replace(tmp_path / "a", b"four")
    assert [op.data for op in disk.calls if op.name == "write"] == [b"four", b"ur", b"r"]
    with recording(Shortens(2)), pytest.raises(MachineError, match="only 2 of 4 bytes"):
        files.append(tmp_path / "a", b"more")
    assert (tmp_path / "a").read_bytes() == b"fourmo"


@pytest.mark.parametrize("halfway", [False, True])
def test_a_child_is_killed_where_it_was_told(tmp_path, halfway):
    """The second operation of `nncli init` writes the page."""
    words = ["init", "moons", "--out", tmp_path / "spec.yaml"]
    assert was_killed(run_doomed(words, Kills(2, halfway)))
    (temporary,) = tmp_path.iterdir()
    assert temporary.suffix == ".tmp"
    page = packaged.read("moons").encode()
    assert temporary.read_bytes() == page[: len(page) // 2 if halfway else 0]
