"""What is said where memory, open files or threads have come to an end: of errors of every kind, in one line."""

from __future__ import annotations

import errno
import os
import threading

import pytest
from processes import start_python

from nncli import blas, files, limits, machine
from nncli.errors import MachineError, SpecError
from nncli.training import memory

resource = pytest.importorskip("resource")  # Windows has none
GB = 2**30


def told(error):
    return limits.reached(error) or ""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (MemoryError(), "out of memory"),
        (MemoryError("Unable to allocate 8. GiB"), "out of memory: Unable to allocate 8. GiB"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
        (ImportError("it.so: failed to map segment from shared object"), "out of memory"),
        (OSError(errno.EMFILE, "Too many open files", "it"), "too many open files"),
        (OSError(errno.ENFILE, "Too many open files in system"), "too many open files"),
        (RuntimeError("can't start new thread"), "no further process or thread"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no further process"),
    ],
)
def test_a_limit_is_named_and_what_to_do(error, line):
    assert told(error).startswith(line)
    assert "Raise the limit" in told(error)
    assert "\n" not in told(error)
    later = ValueError("something else")
    later.__cause__ = error
    assert told(later) == told(error), "is not found behind another"
    with pytest.raises(MachineError, match=f"^{line}"), limits.refused():
        raise error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("something else"),
        ImportError("cannot import name 'x'"),
        ModuleNotFoundError("No module named 'x'"),
        BlockingIOError(errno.EAGAIN, "write could not complete without blocking", 3),
        SystemError("error return without exception set"),
    ],
)
def test_another_error_is_none_of_a_limit(error):
    assert limits.reached(error) is None
    with pytest.raises(type(error)), limits.refused():
        raise error


def test_a_limit_is_told_as_a_shell_sets_it(monkeypatch):
    own = {"RLIMIT_AS": 3 * GB, "RLIMIT_NOFILE": 20, "RLIMIT_NPROC": None}
    monkeypatch.setattr(limits, "soft", own.get)
    assert limits.told("memory", "files", "threads") == " (ulimit -v: 3.0 GB, ulimit -n: 20)"
    assert limits.told("threads") == ""


def test_a_file_is_not_to_blame_for_all_the_others(tmp_path, monkeypatch):
    def full(path, *rest):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

    (tmp_path / "it").write_text("")
    monkeypatch.setattr(files, "SYSTEM", files.System(open=full))
    with pytest.raises(MachineError, match=r"^too many open files \(ulimit -n: \d+\)\. Raise the"):
        files.read(tmp_path / "it")


def test_memory_is_what_is_free_within_every_limit(tmp_path, monkeypatch):
    (tmp_path / "self").mkdir()
    page = os.sysconf("SC_PAGE_SIZE")
    (tmp_path / "self" / "statm").write_text(f"{GB // page} {GB // 4 // page} 0 0 0 0 0\n")
    (tmp_path / "meminfo").write_text("MemAvailable: 2097152 kB\nSwapFree: 1048576 kB\n")
    monkeypatch.setattr(machine, "_PROC", tmp_path)
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(limits, "soft", lambda name: None)
    monkeypatch.setattr(machine.os, "sysconf", lambda name: page if "SIZE" in name else 64 * GB)
    assert machine.usable_memory() == 3 * GB + GB // 4, "what is free, and what it has"
    monkeypatch.setattr(limits, "soft", {"RLIMIT_AS": 2 * GB}.get)
    assert machine.usable_memory() == GB + GB // 4, "what is left of its limit, and what it has"
    (tmp_path / "memory.max").write_text(f"{GB}\n")
    assert machine.usable_memory() == GB, "the container's limit"


def test_too_much_for_now_is_of_the_machine_and_too_much_for_ever_of_the_spec(monkeypatch):
    from support import spec_of

    monkeypatch.setattr(memory, "usable_memory", lambda: GB)
    monkeypatch.setattr(memory, "total_memory", lambda: 4 * GB)
    memory.check(GB, spec_of("2-3 softmax"))
    with pytest.raises(MachineError, match=r"about 2\.0 GB of memory, 1\.0 GB can be had now"):
        memory.check(2 * GB, spec_of("2-3 softmax"))
    with pytest.raises(SpecError, match=r"about 5\.0 GB of memory, this machine has 4\.0 GB"):
        memory.check(5 * GB, spec_of("2-3 softmax"))


def test_a_blas_is_not_given_threads_that_cannot_start(monkeypatch):
    def refused(self):
        raise RuntimeError("can't start new thread")

    before = threading.active_count()
    assert limits.may_start(3)
    assert threading.active_count() == before
    monkeypatch.setattr(threading.Thread, "start", refused)
    with blas.blas_threads(1):
        pass
    with (
        pytest.raises(MachineError, match=r"^2 threads cannot be started"),
        blas.blas_threads(2),
    ):
        pass


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["train", "--help"], ["data"]])
def test_help_for_a_full_device_is_a_line(tmp_path, words):
    if not os.path.exists("/dev/full"):  # noqa: PTH110
        pytest.skip("there is no full device")
    with open("/dev/full", "w") as full:  # noqa: PTH123
        process = start_python(tmp_path, "-m", "nncli", *words, stdout=full)
    said = process.communicate()[1]
    assert (process.returncode, said) == (4, "error: standard output: No space left on device\n")


@pytest.mark.parametrize("columns", ["0", "-5", "abc", "", "1", "9" * 5000, "٣٣"])
def test_a_width_that_is_none_is_as_if_there_were_none(monkeypatch, columns):
    from typer.testing import CliRunner

    from nncli.cli.app import app

    monkeypatch.delenv("COLUMNS", raising=False)
    expected = [CliRunner().invoke(app, words).stdout for words in (["--help"], ["data", "list"])]
    assert all(expected)
    monkeypatch.setenv("COLUMNS", columns)
    for words, text in zip((["--help"], ["data", "list"]), expected, strict=True):
        monkeypatch.setenv("COLUMNS", columns)
        assert CliRunner().invoke(app, words).stdout == text


def test_no_missing_package_is_told_where_one_cannot_be_loaded():
    """ImportError is also a library for which there is no memory: only ModuleNotFoundError says that there is none."""
    from pathlib import Path

    for path in Path(limits.__file__).parent.rglob("*.py"):
        text = path.read_text()
        allowed = path.name in ("limits.py", "plain.py")
        assert allowed or "except ImportError" not in text, path
