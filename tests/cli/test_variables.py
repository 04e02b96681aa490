"""A variable of the environment in a spec's path: nothing that is kept or sent says its value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SPEC = """\
data: {source: csv, path: $SECRET/t.csv, target: kind, test: 0.2}
architecture: [{input_dim: auto, output_dim: auto, activation: softmax}]
epochs: 2
batch_size: 10
eta: 0.1
"""


@pytest.fixture
def secret(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "s3cr3t"
    folder.mkdir()
    rows = (f"{number},{number % 7},{'ab'[number % 2]}\n" for number in range(40))
    (folder / "t.csv").write_text("long,wide,kind\n" + "".join(rows))
    monkeypatch.setenv("SECRET", str(folder))
    return folder


@pytest.fixture
def run(nncli, secret) -> Path:
    Path("v.yaml").write_text(SPEC)
    result = nncli("train", "v.yaml", "--run-dir", "r", "--quiet")
    assert result.exit_code == 0, result.output
    return Path("r")


def test_no_file_of_a_run_or_a_page_of_it_says_the_value(nncli, run):
    assert nncli("report", run, "--out", "r.html").exit_code == 0
    files = [*run.iterdir(), Path("r.html")]
    assert [file.name for file in files if b"s3cr3t" in file.read_bytes()] == []
    assert json.loads((run / "run.json").read_text())["spec"]["data"]["path"] == "$SECRET/t.csv"
    assert "path: $SECRET/t.csv" in (run / "spec.yaml").read_text()
    for command in ("show", "eval", "runs"):
        assert "s3cr3t" not in nncli(command, *([run] if command != "runs" else [])).output


def test_check_and_errors_name_the_path_as_written(nncli, run, secret):
    assert "$SECRET/t.csv" in nncli("check", "v.yaml").output
    (secret / "t.csv").write_text("long,wide,kind\n1,2\n")
    for words in (("check", "v.yaml"), ("repeat", "r"), ("eval", "r")):
        result = nncli(*words)
        assert result.exit_code > 1, words
        assert "$SECRET/t.csv" in result.output, words
        assert "s3cr3t" not in result.output
    (secret / "t.csv").unlink()
    for words in (("check", "v.yaml"), ("repeat", "r"), ("eval", "r")):
        result = nncli(*words)
        assert result.exit_code > 1, words
        assert "s3cr3t" not in result.output, words


def test_a_run_goes_on_and_is_repeated_where_the_variable_now_leads(
    nncli, run, secret, tmp_path, monkeypatch
):
    secret.rename(tmp_path / "moved")
    monkeypatch.setenv("SECRET", str(tmp_path / "moved"))
    assert nncli("resume", run, "--epochs", "3").exit_code == 0
    assert nncli("repeat", run).exit_code == 0


def test_without_the_variable_a_run_is_shown_and_what_needs_its_data_says_so(
    nncli, run, monkeypatch
):
    monkeypatch.delenv("SECRET")
    for words in (("show", run), ("report", run, "--out", "r.html"), ("compare", run, run)):
        result = nncli(*words)
        assert result.exit_code in (0, 2), words
    assert nncli("show", run).exit_code == 0
    for words in (("repeat", run), ("eval", run)):
        result = nncli(*words)
        assert result.exit_code > 1, words
        assert "the environment has no $SECRET" in result.output, words
