"""What users name to be written: every command with --out, each case. Only what was named is replaced, never a run."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from planted_links import PRECIOUS, look, not_waiting, victim_in
from support import SPEC
from trials import command, commands

from nncli.errors import UsageError
from nncli.runs import outputs, rundir


class Case(NamedTuple):
    """A command that writes what a user names."""

    words: list[str]
    name: str
    """A file that it would write."""
    replaces: bool = True
    """Whether it ever replaces a file."""
    streams: bool = False
    """Whether it writes to any name, and so to a device."""


CASES = {
    "report": Case(["report", "run"], "page.html", streams=True),
    "export": Case(["export", "run", "--to", "python"], "net.py"),
    "predict": Case(["predict", "run", "rows.csv"], "answers.csv", streams=True),
    "init": Case(["init", "moons"], "new.yaml", replaces=False),
    "data show": Case(["data", "show", "pictures.yaml"], "grid.png"),
    "plot": Case(["plot", "run", "--only", "curves"], "curves.png"),
}
PICTURES = """\
data: {source: npz, path: pictures.npz}
architecture: [{input_dim: 9, output_dim: 2, activation: softmax}]
epochs: 1
batch_size: 2
eta: 0.1
"""


def test_every_command_that_writes_what_a_user_names_is_tried():
    names = {
        name
        for name, each in commands().items()
        if any(parameter.name == "out" for parameter in each.params)
    }
    assert names == set(CASES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    (folder / "spec.yaml").write_text(SPEC)
    (folder / "pictures.yaml").write_text(PICTURES)
    (folder / "rows.csv").write_text("x,y\n1,2\n")
    np.savez(folder / "pictures.npz", x=np.zeros((4, 3, 3)), y=np.array([0, 1, 0, 1]))
    assert command("train", folder / "spec.yaml", "--run-dir", folder / "run", "-q").exit_code == 0
    return folder


@pytest.fixture
def here(whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    with not_waiting():
        yield tmp_path


def write(case: Case, out: Path) -> tuple[int, str]:
    """Give the command such an --out; plot is given its folder."""
    result = command(*case.words, "--out", out.parent if case.name == "curves.png" else out)
    assert result.exit_code == 0 or result.stderr.count("\n") == 1, result.stderr
    return result.exit_code, result.stderr


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_was_named_is_replaced(here, name):
    out = here / CASES[name].name
    code, said = write(CASES[name], out)
    assert code == 0, said
    written = out.read_bytes()
    out.write_bytes(PRECIOUS)
    assert write(CASES[name], out)[0] == (0 if CASES[name].replaces else 2)
    assert out.read_bytes() == (written if CASES[name].replaces else PRECIOUS)


@pytest.mark.parametrize("name", CASES)
def test_of_a_link_that_was_named_the_file_is_replaced_that_it_leads_to(here, name):
    case, out = CASES[name], here / CASES[name].name
    (here / "elsewhere").mkdir()
    target = here / "elsewhere/file"
    target.write_bytes(PRECIOUS)
    out.symlink_to(target)
    code, said = write(case, out)
    if name == "plot":  # the user has named the folder, not the link in it
        assert (code, said) == (6, f"error: {out}: is a link, not a file\n")
    assert (code == 0) == (target.read_bytes() != PRECIOUS) == (name not in ("plot", "init"))
    assert out.is_symlink()
    assert [path.name for path in target.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("part", [*rundir.FILES, ".lock"])
@pytest.mark.parametrize("name", [name for name in CASES if name != "plot"])
def test_no_file_of_a_run_is_written(here, name, part):
    place = here / "run" / part
    place.touch()
    before = place.read_bytes()
    for out in (place, here / "run/../run" / part):
        assert write(CASES[name], out)[0] == 2
        assert place.read_bytes() == before
    if name == "report":  # the others say first that such a file has another ending
        assert "is a file of" in write(CASES[name], place)[1]
        (here / "link").symlink_to(place)
        assert write(CASES[name], here / "link")[0] == 2
    assert place.read_bytes() == before


@pytest.mark.parametrize("head", outputs.OWN)
def test_what_a_run_or_a_sweep_consists_of_is_told_from_what_lies_beside_it(tmp_path, head):
    (tmp_path / head).touch()
    for part in outputs.OWN[head]:
        for name in (part, part.upper()):
            with pytest.raises(UsageError, match=rf"is a file of {tmp_path} itself"):
                outputs.check(tmp_path / name)
    outputs.check(tmp_path / "report.html")
    (tmp_path / head).unlink()
    for part in outputs.OWN[head]:
        outputs.check(tmp_path / part)


@pytest.mark.parametrize("name", [name for name in CASES if name != "plot"])
def test_a_link_in_a_run_is_not_followed(here, name):
    with victim_in(here) as victim:
        out = here / "run" / CASES[name].name
        out.symlink_to(victim / "file")
        code, said = write(CASES[name], out)
        assert code == 2
        assert "is a link in" in said or name == "init"


@pytest.mark.parametrize("name", CASES)
def test_a_device_stays_what_it_is(here, name):
    out = here / CASES[name].name
    try:
        os.mknod(out, stat.S_IFCHR | 0o666, os.makedev(1, 3))  # /dev/null
    except PermissionError:
        pytest.skip("only an administrator makes devices")
    before = look(out)
    code, _ = write(CASES[name], out)
    assert code == {"init": 2, "plot": 6}.get(name, 0)
    assert look(out) == before
    assert [path for path in here.iterdir() if path.suffix == ".tmp"] == []


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_a_file_is_refused(here, name):
    out = here / CASES[name].name
    out.mkdir()
    assert write(CASES[name], out)[0] == (6 if name == "plot" else 2)
    assert not [*out.iterdir()]


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].streams])
def test_a_pipe_and_stdout_are_written_into(here, name):
    """What stands in the file that stdout goes to stays there."""
    case = CASES[name]
    out = here / case.name
    assert write(case, out)[0] == 0
    log = here / "log"
    log.write_bytes(b"before\n")
    words = [sys.executable, "-m", "nncli", *case.words, "--out", "/dev/stdout", "-q"]
    with log.open("ab") as file:
        subprocess.run(words, stdout=file, check=True)
    told = log.read_bytes()
    assert told.startswith(b"before\n")
    if name == "predict":
        assert told == b"before\n" + out.read_bytes()
    else:
        assert told.rstrip().endswith(b"</html>")
    os.mkfifo(here / "pipe")
    with subprocess.Popen(["cat", here / "pipe"], stdout=subprocess.PIPE) as reader:
        assert write(case, here / "pipe")[0] == 0
        through, _ = reader.communicate()
    assert len(through) == len(out.read_bytes())
    assert stat.S_ISFIFO((here / "pipe").lstat().st_mode)
