"""`check`, `init`, `schema`, `runs`, `show`, and nncli itself."""

import json
import shutil
from pathlib import Path

from nncli import __version__, packaged


def test_version_and_help(nncli):
    assert nncli("--version").stdout == f"nncli {__version__}\n"
    text = nncli("--help").stdout
    for command in ("train", "eval", "sweep", "check", "runs", "show", "init", "schema"):
        assert command in text


def test_check_says_what_would_be_trained(nncli):
    result = nncli("check", "spec.yaml")
    assert result.exit_code == 0
    for word in ("2 -> 8", "tanh", "24", "42", "90 train", "30 test", "memory", "MB", "27 steps"):
        assert word in result.stdout, word
    assert not Path("runs").exists()
    assert nncli("check", "spec.yaml", "-q").output == ""


def test_check_refuses_what_cannot_be_trained(nncli):
    result = nncli("check", "spec.yaml", "--set", "architecture[1].output_dim=5")
    assert result.exit_code == 2
    assert (
        "--set: architecture[1].output_dim: is 5, but the data has 2 classes. Set it to 2."
        in result.stderr
    )
    Path("spec.yaml").write_text(
        Path("spec.yaml").read_text().replace("input_dim: 2", "input_dim: 3")
    )
    result = nncli("check", "spec.yaml")
    assert result.stderr == (
        "error: spec.yaml:4:6: architecture[0].input_dim: is 3, but each row of the data has 2 numbers. Set it to 2.\n"
    )


def test_check_refuses_what_no_memory_holds(nncli):
    result = nncli(
        "check", "spec.yaml", "--set", "architecture[0].output_dim=1000000000",
        "--set", "architecture[1].input_dim=1000000000",
    )  # fmt: skip
    assert result.exit_code == 2
    assert "architecture[0].output_dim: is 1000000000: training needs about" in result.stderr
    assert "Make the layer smaller." in result.stderr


def test_a_path_of_strange_characters_is_one_safe_line(nncli):
    result = nncli("check", "spec.yaml", "--set", "init_from='a\ufeff\u2028b'")
    assert result.exit_code == 2
    assert "init_from: there is no weights file" in result.stderr
    assert result.stderr.endswith("a\\ufeff\\u2028b.\n")
    result = nncli("eval", "a\x1b[2J\nb")
    assert result.stderr.startswith("error: a\\x1b[2J\\nb: no such run")


def test_check_refuses_parameters_that_training_would(nncli):
    result = nncli("check", "spec.yaml", "--set", "initializer={weights: normal, std: 1e300}")
    assert result.exit_code == 2
    assert "initializer.std: gives parameters that are too large for float32" in result.stderr


def test_init_writes_a_spec_that_checks(nncli):
    listed = nncli("init").stdout
    assert [line.split()[0] for line in listed.splitlines()] == packaged.names()
    result = nncli("init", "moons")
    assert result.exit_code == 0
    assert "nncli train moons.yaml" in result.stdout
    assert nncli("check", "moons.yaml").exit_code == 0
    result = nncli("init", "moons")
    assert (result.exit_code, "exists already" in result.stderr) == (2, True)
    assert nncli("init", "moons", "--out", "other.yaml").exit_code == 0
    result = nncli("init", "monos")
    assert result.exit_code == 2
    assert "Did you mean moons?" in result.stderr


def test_schema_is_json_that_knows_every_key(nncli):
    schema = json.loads(nncli("schema").stdout)
    assert {"data", "architecture", "eta", "epochs"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_runs_lists_and_show_shows(nncli, run_path):
    text = nncli("runs").stdout
    assert run_path.name in text
    assert "finished" in text
    listed = json.loads(nncli("runs", "--json").stdout)["runs"]
    assert [entry["run"] for entry in listed] == [str(run_path)]
    text = nncli("show", run_path).stdout
    for word in ("finished", "cross_entropy", "NumPy", "metrics.jsonl", "test accuracy", "2 -> 8"):
        assert word in text, word
    value = json.loads(nncli("show", run_path, "--json").stdout)
    assert len(value["records"]) == 3


def test_runs_where_there_are_none(nncli, tmp_path):
    result = nncli("runs")
    assert result.exit_code == 2
    assert "runs: no such folder" in result.stderr
    Path("runs").mkdir()
    result = nncli("runs")
    assert (result.exit_code, result.stdout) == (0, "")


def test_show_of_a_damaged_or_newer_run(nncli, run_path):
    shutil.copytree(run_path, "newer")
    value = json.loads((run_path / "run.json").read_text())
    Path("newer/run.json").write_text(json.dumps(value | {"format": 7}))
    result = nncli("show", "newer")
    assert (result.exit_code, "has format 7; this nncli reads up to 3" in result.stderr) == (
        6,
        True,
    )
    metrics = run_path / "metrics.jsonl"
    metrics.write_bytes(metrics.read_bytes().replace(b"{", b"<", 1))
    result = nncli("show", run_path)
    assert (result.exit_code, "metrics.jsonl:1: is damaged" in result.stderr) == (6, True)


def test_a_newer_run_does_not_hide_the_others(nncli, run_path):
    shutil.copytree(run_path, "runs/newer")
    Path("runs/newer/run.json").write_text('{"format": 7}')
    assert [e["run"] for e in json.loads(nncli("runs", "--json").stdout)["runs"]] == [str(run_path)]


def test_no_command_changes_the_working_folder(nncli, run_path, tmp_path):
    assert Path.cwd() == tmp_path
