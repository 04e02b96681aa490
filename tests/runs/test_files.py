"""Disk effects on what a stranger has put in the place of a file: nothing is followed, and nothing waited for."""

import inspect
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from faulty import recording
from planted_links import FOLLOWED, PLANTED, PRECIOUS, kind_of, look, not_waiting, victim_in
from planted_links import test_every_kind_can_be_planted as test_every_kind_can_be_planted

from nncli import files
from nncli.errors import DamagedError, MachineError


def replacing(path: Path) -> None:
    with files.replacing(path) as write:
        write(b"new")


REFUSED: dict[str, Callable[[Path], object]] = {
    "read": files.read,
    "read_if_there": lambda path: files.read_if_there(str(path)),
    "lines": lambda path: list(files.lines(path, 100, 1000)),
    "replace": lambda path: files.replace(path, b"new"),
    "replacing": replacing,
    "write_scratch": lambda path: files.write_scratch(path, b"new"),
    "append": lambda path: files.append(path, b"new"),
    "sync": files.sync,
    "truncate": lambda path: files.truncate(path, 1),
}
"""Operations on a file."""
REMOVING: dict[str, Callable[[Path], object]] = {
    "remove": files.remove,
    "remove_folder": files.remove_folder,
    "remove_temporary": lambda path: files.remove_temporary(path.parent),
    "rename": lambda path: files.rename(path, path.with_name("aside")),
}
"""Operations that take a name away, and leave alone what it leads to."""
MAKING: dict[str, Callable[[Path], object]] = {
    "make_folders": files.make_folders,
    "make_new_folder": files.make_new_folder,
    "make_inner_folder": files.make_inner_folder,
}
NAMED = {"writing_through"}
"""Operations on what only a user names: see test_outputs.py."""


def test_every_operation_is_tried():
    public = {
        name
        for name, value in vars(files).items()
        if inspect.isfunction(value) and value.__module__ == files.__name__ and name[0] != "_"
    }
    assert public == {*REFUSED, *REMOVING, *MAKING, *NAMED}


@pytest.fixture
def victim(tmp_path):
    with victim_in(tmp_path) as folder, not_waiting():
        yield folder


@pytest.fixture
def place(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run/.a.tmp"


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("operation", REFUSED)
def test_nothing_but_a_file_is_opened(victim, place, operation, what):
    PLANTED[what](place, victim)
    before = look(place)
    with recording() as disk, pytest.raises(DamagedError) as caught:
        REFUSED[operation](place)
    assert str(caught.value) == f"{place}: is {kind_of(what)}, not a file"
    assert look(place) == before
    assert not disk.calls, "to open a device may do things"


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("operation", REMOVING)
def test_only_the_name_is_taken_away(victim, place, operation, what):
    PLANTED[what](place, victim)
    if what != "a folder":
        REMOVING[operation](place)
        assert not os.path.lexists(place)


@pytest.mark.parametrize("what", PLANTED)
def test_a_folder_of_ours_is_no_link(victim, place, what):
    PLANTED[what](place, victim)
    if what == "a folder":
        files.make_inner_folder(place)
    else:
        with pytest.raises(DamagedError, match=f"is {kind_of(what)}, not a folder"):
            files.make_inner_folder(place)
    assert not files.make_new_folder(place)
    if what in ("a folder", "a link to a folder"):
        files.make_folders(place)  # where users have their runs may be a link
    else:
        with pytest.raises(MachineError, match="cannot be made"):
            files.make_folders(place)


@pytest.mark.parametrize("what", PLANTED)
def test_a_folder_is_removed_with_the_links_in_it_alone(victim, place, what):
    place.mkdir()
    PLANTED[what](place / "inside", victim)
    if what == "a folder":
        with pytest.raises(MachineError, match="cannot be removed"):
            files.remove_folder(place)
    else:
        files.remove_folder(place)
        assert not place.exists()


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_temporary_file_is_left_alone(victim, place, what):
    target = place.with_name("report.html")
    temporary = place.with_name(f".report.html.{os.getpid()}.tmp")
    PLANTED[what](temporary, victim)
    before = look(temporary)
    files.replace(target, b"page")
    assert target.read_bytes() == b"page"
    assert look(temporary) == before
    files.remove_temporary(place.parent)
    assert os.path.lexists(temporary) == (what == "a folder")


@pytest.mark.parametrize("what", FOLLOWED)
@pytest.mark.parametrize("operation", REFUSED)
def test_the_system_refuses_a_link_that_was_not_there_when_we_looked(
    victim, place, monkeypatch, operation, what
):
    """Between a look and the opening somebody may put it there."""
    PLANTED[what](place, victim)
    monkeypatch.setattr(files, "check", lambda *_, **__: None)
    if operation in ("replace", "replacing"):  # a link is replaced itself
        REFUSED[operation](place)
        assert place.read_bytes() == b"new"
    else:
        with pytest.raises(MachineError, match="cannot be"):
            REFUSED[operation](place)


@pytest.mark.parametrize("what", ["a pipe", "a device"])
@pytest.mark.parametrize("operation", ["read", "read_if_there", "lines"])
def test_what_was_put_there_meanwhile_is_not_read(victim, place, monkeypatch, operation, what):
    PLANTED[what](place, victim)
    monkeypatch.setattr(files, "check", lambda *_, **__: None)
    with pytest.raises(DamagedError, match="is not a file"):
        REFUSED[operation](place)


def test_what_is_larger_than_it_can_be_is_not_read(tmp_path):
    path = tmp_path / "run.json"
    path.write_bytes(b"x" * 100)
    assert files.read(path, 100) == b"x" * 100
    for read in (files.read, lambda path, most: files.read_if_there(str(path), most)):
        with pytest.raises(DamagedError, match="has 100 bytes, more than the 99 bytes"):
            read(path, 99)
    os.truncate(path, 1 << 40)  # a file with a hole takes no room on the disk
    with pytest.raises(DamagedError, match=r"has 1\.0 TB, more than the 1 MB"):
        files.read(path)
    with not_waiting(), pytest.raises(DamagedError, match=r"has 1\.0 TB"):
        list(files.lines(path, 100, 1 << 30))


@pytest.mark.parametrize("longest", [0, 3, 100])
def test_lines_are_those_of_the_file(tmp_path, monkeypatch, longest):
    monkeypatch.setattr(files, "_CHUNK", 5)
    path = tmp_path / "lines"
    path.write_bytes(PRECIOUS + b"\n" + b"y" * 30 + b"\nno end")
    wanted = path.read_bytes().split(b"\n")[:-1]
    with closing(files.lines(path, longest, 1000)) as found:
        assert list(found) == [line[: longest + 1] for line in wanted]


def test_a_file_that_comes_in_pieces_is_read_whole(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(PRECIOUS)
    with recording() as disk:
        system = files.SYSTEM
        by_two = lambda file, size: system.read(file, min(size, 2))  # noqa: E731
        monkeypatch.setattr(
            files, "SYSTEM", files.System(open=system.open, read=by_two, close=system.close)
        )
        assert files.read(path) == PRECIOUS
    assert len(disk.calls) > 5


def test_a_link_that_a_user_names_is_followed(victim, place):
    place.symlink_to(victim / "file")
    assert files.read(place, named=True) == PRECIOUS
    for what in ("a folder", "a pipe"):
        PLANTED[what](place.with_name(what), victim)
        with pytest.raises(DamagedError, match=what):
            files.read(place.with_name(what), named=True)
