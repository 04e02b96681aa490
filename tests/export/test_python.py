"""`nncli export --to python`: a file that needs only NumPy and says what `nncli predict` says."""

from __future__ import annotations

import csv
import io
import runpy
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
from exported import nncli

from nncli.cli.export import export
from nncli.export.formats import FORMATS
from nncli.export.subject import word_of
from nncli.runs.weights import read


def test_every_format_can_be_asked_for():
    assert set(get_args(get_type_hints(export)["to"])) == set(FORMATS)


def exported(run: Path, folder: Path, name: str = "it.py") -> Path:
    result = nncli("export", run, "--to", "python", "--out", folder / name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    assert "python" in result.stdout
    return folder / name


ALONE = """
import runpy, sys
sys.modules["nncli"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def told(script: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """The file as a program, where `import nncli` fails, installed or not."""
    code = [sys.executable, "-I", "-c", ALONE, str(script), *map(str, words)]
    return subprocess.run(code, capture_output=True, text=True, cwd=script.parent)


def table_of(text: str) -> tuple[list[str], list[list[str]]]:
    head, *rows = csv.reader(io.StringIO(text))
    return head, rows


def test_it_gives_predicts_answers(trained, tmp_path):
    module = runpy.run_path(str(exported(trained.run, tmp_path)))
    rows = np.load(trained.rows) if trained.rows.suffix == ".npy" else trained.cells
    wanted = trained.predicted
    assert len(rows) == 1000
    assert module["outputs"](rows) == pytest.approx(wanted.outputs, rel=1e-5, abs=1e-6)
    said = module["predict"](rows)
    assert said == (pytest.approx(trained.labels) if wanted.chosen is None else trained.labels)
    assert len(set(said)) > 1, "one answer for all proves little"


def test_its_command_line_writes_what_predict_writes(trained, tmp_path):
    ours = nncli("predict", trained.run, trained.rows)
    theirs = told(exported(trained.run, tmp_path), trained.rows)
    assert (theirs.returncode, theirs.stderr) == (0, "")
    assert len(ours.stdout.splitlines()) == 1001
    assert theirs.stdout == ours.stdout


def test_a_reader_that_has_seen_enough_is_no_error(kind, tmp_path):
    script = exported(kind.run, tmp_path)
    command = f'"{sys.executable}" -I "{script}" "{kind.rows}" | head -1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    assert (done.stderr, done.stdout.count("\n")) == ("", 1)


def test_every_kind_of_network(kind, tmp_path):
    module = runpy.run_path(str(exported(kind.run, tmp_path)))
    wanted, classes = kind.predicted, read(kind.run / "weights.npz").meta.classes
    x = np.load(kind.rows)
    assert module["outputs"](x) == pytest.approx(wanted.outputs, rel=1e-5, abs=1e-6)
    if wanted.chosen is not None:
        chosen = wanted.chosen.tolist()
        assert module["predict"](x) == ([classes[one] for one in chosen] if classes else chosen)
    theirs, ours = told(tmp_path / "it.py", kind.rows), nncli("predict", kind.run, kind.rows)
    assert len(ours.stdout.splitlines()) == 61
    assert theirs.stdout == ours.stdout


def test_a_drawing_is_seen_as_predict_sees_it(mnist_run, tmp_path):
    image = pytest.importorskip("PIL.Image")
    paper = np.full((300, 400), 250, np.uint8)
    paper[60:240, 200:224] = 20
    paper[60:84, 140:224] = 20
    image.fromarray(paper).save(tmp_path / "drawn.png")
    script = exported(mnist_run, tmp_path)
    theirs, ours = told(script, "drawn.png"), nncli("predict", mnist_run, tmp_path / "drawn.png")
    assert theirs.stderr == ""
    assert table_of(theirs.stdout)[1][0][0] == table_of(ours.stdout)[1][0][1]
    numbers = [float(cell) for cell in table_of(ours.stdout)[1][0][2:]]
    given = [float(cell) for cell in table_of(theirs.stdout)[1][0][1:]]
    assert given == pytest.approx(numbers, rel=1e-4)


HEADER = "island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex\n"
FAULTS = [
    ("penguins", None, "No such file"),
    ("penguins", "species,island\nx,y\n", "rows.csv: lacks the column bill_length_mm"),
    ("penguins", HEADER + "Dream,1_0,1,1,1,MALE\n", "row 1: column bill_length_mm holds '1_0'"),
    ("penguins", HEADER + "Dream,1e999,1,1,1,MALE\n", "row 1: column bill_length_mm holds '1e999'"),
    ("penguins", HEADER + "Dream,1e200,1,1,1,MALE\n", "row 1: holds a number far beyond"),
    ("penguins", HEADER + "Dream\n", "row 1: has 1 cells, the header 6"),
    ("digits", "", "rows.csv: is empty"),
    ("digits", "a,b\n1,2\n", "the rows have 2 numbers, but the network takes 64"),
    ("digits", "a,b\n1\n", "row 1: has 1 cells, the header 2"),
    ("digits", "a,b\n1,x\n", "row 1: column b holds 'x'"),
]


@pytest.mark.parametrize(("name", "text", "said"), FAULTS)
def test_it_refuses_in_one_line(name, text, said, request, tmp_path):
    if text is not None:
        (tmp_path / "rows.csv").write_text(text)
    result = told(exported(request.getfixturevalue(name).run, tmp_path), "rows.csv")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert said in result.stderr


def test_what_it_reads(penguins, tmp_path):
    """No row at all, standard input, other separators, and holes as Python has them."""
    script = exported(penguins.run, tmp_path)
    (tmp_path / "none.csv").write_text(HEADER)
    assert told(script, "none.csv").stdout == "label,p_Adelie,p_Chinstrap,p_Gentoo\n"
    text = HEADER + "Dream,,1,1,1,\n"
    (tmp_path / "comma.csv").write_text(text)
    semicolons = text.replace(",", ";")
    (tmp_path / "semicolon.csv").write_text(semicolons)
    # commas within quotes separate nothing
    (tmp_path / "quoted.csv").write_text('"a,b,c,d,e,f,g,h";' + semicolons.replace("\nD", "\nx;D"))
    (tmp_path / "blanks.csv").write_text(text.replace(",", ", "))
    wanted = told(script, "comma.csv").stdout
    assert wanted.count("\n") == 2
    assert told(script, "semicolon.csv").stdout == wanted
    assert told(script, "blanks.csv").stdout == wanted, "as predict reads it"
    assert told(script, "quoted.csv").stdout == wanted
    module = runpy.run_path(str(script))
    names = HEADER.strip().split(",")
    (text_row, nan_row, none_row) = (
        dict(zip(names, ["Dream", hole, 1, 1, 1, hole], strict=True))
        for hole in ("", float("nan"), None)
    )
    outputs = module["outputs"]([text_row, nan_row, none_row])
    assert (outputs == outputs[0]).all()


def test_it_refuses_what_is_no_text(digits, tmp_path):
    (tmp_path / "drawn.png").write_bytes(b"\x89PNG")
    result = told(exported(digits.run, tmp_path), "drawn.png")
    said = "error: drawn.png: is no table of text in UTF-8, and no .npy file\n"
    assert (result.returncode, result.stderr) == (2, said)


def test_where_it_is_written(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = nncli("export", digits.run, "--to", "python")
    assert result.stdout.startswith("digits.py: ")
    assert (tmp_path / "digits.py").is_file()
    result = nncli("export", digits.run, "--to", "python")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "Replace it with --out digits.py" in result.stderr
    assert nncli("export", digits.run, "--to", "python", "--out", "digits.py").exit_code == 0
    for out, said in (("no/it.py", "no such folder"), ("it.txt", ".py"), (".", "not a file")):
        result = nncli("export", digits.run, "--to", "python", "--out", out)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert said in result.stderr


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("a b/c", "a_b_c"),
        ("9x", "network_9x"),
        ("\N{GREEK SMALL LETTER ALPHA}", "network"),
        ("csv", "network_csv"),
        ("numpy", "network_numpy"),
        ("class", "network_class"),
    ],
)
def test_a_name_that_hides_no_module(name, word):
    assert word_of(name) == word
