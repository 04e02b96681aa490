"""`nncli predict`: what eval has reported, whatever the order, the number and the form of the rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from processes import start

from nncli.predict import open_network, predict, predict_rows
from nncli.predictions import FORMULA

TABLE = """\
data: {source: csv, path: flowers.csv, target: kind, key: id, test: 0.25}
architecture:
  - {input_dim: auto, output_dim: 6, activation: tanh}
  - {input_dim: 6, output_dim: auto, activation: softmax}
epochs: 20
batch_size: 10
eta: 0.3
"""
HEADER = ("id", "kind", "long", "wide", "color", "note")


def flowers(rows: int = 160, seed: int = 0) -> list[dict[str, str]]:
    """Three kinds, told apart by two numbers and a color; some numbers are missing."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(rows):
        kind = int(rng.integers(3))
        long, wide = rng.normal([[2, 5], [5, 2], [5, 5]][kind], 0.7)
        color = ["red", "blue", "red"][kind] if rng.random() < 0.9 else "white"
        gap = rng.random() < 0.05
        cells = (f"f{number}", "abc"[kind], "" if gap else f"{long:.3f}", f"{wide:.3f}", color, "x")
        made.append(dict(zip(HEADER, cells, strict=True)))
    return made


def write_csv(path, rows, names=HEADER) -> None:
    with Path(path).open("w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def answers_in(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def flower_run(nncli) -> Path:
    """A network for the table `flowers.csv`, whose column `note` is constant and dropped."""
    write_csv("flowers.csv", flowers())
    Path("flowers.yaml").write_text(TABLE)
    result = nncli("train", "flowers.yaml", "-q")
    assert result.exit_code == 0, result.output
    return Path(result.stdout.strip())


@pytest.fixture
def answer(nncli):
    """Predicts, and returns the rows of answers; a refusal fails."""

    def run(*words) -> list[dict[str, str]]:
        result = nncli("predict", *words)
        assert result.exit_code == 0, result.output
        return answers_in(result.stdout)

    return run


def refused(nncli, *words, code=2) -> str:
    result = nncli("predict", *words)
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_predicting_the_training_table_gives_what_eval_reported(nncli, flower_run, answer):
    rows = {row["id"]: row for row in answer(flower_run, "flowers.csv")}
    truth = {row["id"]: row["kind"] for row in flowers()}
    right = sum(rows[name]["label"] == kind for name, kind in truth.items())
    judged = [
        json.loads(nncli("eval", flower_run, "--split", split, "--json").stdout)
        for split in ("train", "test")
    ]
    assert sum(one["rows"] for one in judged) == len(truth) == len(rows)
    assert right == round(sum(one["accuracy"] * one["rows"] for one in judged))
    assert right > 0.8 * len(truth)
    loss = -sum(np.log(float(rows[name][f"p_{kind}"])) for name, kind in truth.items())
    assert loss == pytest.approx(sum(one["loss"] * one["rows"] for one in judged), rel=1e-4)


def test_neither_order_nor_number_of_rows_nor_other_columns_matter(flower_run, answer):
    rows = flowers(2500, seed=1)
    write_csv("many.csv", rows)
    many = {row["id"]: row for row in answer(flower_run, "many.csv")}
    order = np.random.default_rng(2).permutation(len(rows))
    write_csv("mixed.csv", [rows[place] for place in order], HEADER[::-1])
    mixed = answer(flower_run, "mixed.csv")
    assert [row["id"] for row in mixed] == [f"f{place}" for place in order]
    write_csv("few.csv", rows[7:10], ("color", "wide", "id", "long"))
    few = answer(flower_run, "few.csv")
    for row in (*mixed, *few):
        other = many[row["id"]]
        assert row["label"] == other["label"]
        for name in ("p_a", "p_b", "p_c"):
            assert float(row[name]) == pytest.approx(float(other[name]), abs=1e-5)
    assert len(few) == 3


def test_the_form_of_the_file_does_not_matter(nncli, flower_run, answer, monkeypatch):
    plain = answer(flower_run, "flowers.csv")
    Path("packed").write_bytes(gzip.compress(Path("flowers.csv").read_bytes()))
    assert answer(flower_run, "packed") == plain
    assert answer(flower_run / "weights.npz", "flowers.csv") == plain
    piped = start(
        Path(), "predict", flower_run, "-", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    out, _ = piped.communicate(Path("flowers.csv").read_text(), timeout=60)
    assert answers_in(out) == plain


def test_neither_spec_nor_data_are_needed(flower_run, answer, tmp_path):
    before = answer(flower_run, "flowers.csv")
    Path("flowers.csv").rename("elsewhere.csv")
    (flower_run / "spec.yaml").unlink()
    (flower_run / "weights.npz").rename(tmp_path / "bare.npz")
    assert answer("bare.npz", "elsewhere.csv") == before


def test_json_lines_hold_the_same(nncli, flower_run, answer):
    rows = flowers(3)
    rows[0]["id"] = 'a "b"\n,é 100%'
    write_csv("some.csv", rows)
    lines = nncli("predict", flower_run, "some.csv", "--format", "jsonl", "-q").stdout.splitlines()
    told = [json.loads(line) for line in lines]
    plain = answer(flower_run, "some.csv")
    assert told[0]["id"] == plain[0]["id"] == rows[0]["id"]
    assert [{name: str(value) for name, value in row.items()} for row in plain] == [
        {name: value if isinstance(value, str) else f"{value:g}" for name, value in row.items()}
        for row in told
    ]
    assert nncli("predict", flower_run, "some.csv", "--out", "o.jsonl").exit_code == 0
    assert Path("o.jsonl").read_text().splitlines() == lines


def test_out_holds_what_stdout_would_and_says_how_much(nncli, flower_run):
    result = nncli("predict", flower_run, "flowers.csv", "--out", "answers.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "160 rows -> answers.csv\n"
    printed = nncli("predict", flower_run, "flowers.csv")
    assert printed.stderr == "160 rows\n"
    assert Path("answers.csv").read_text() == printed.stdout
    assert nncli("predict", flower_run, "flowers.csv", "-q").stderr == ""


def test_keys_come_first_and_names_never_twice(nncli, flower_run, answer):
    rows = [row | {"label": "l", "p_a": "p", "file": "f"} for row in flowers(2)]
    write_csv("some.csv", rows, (*HEADER, "label", "p_a", "file"))
    keys = [word for name in ("label", "p_a", "file", "id") for word in ("--key", name)]
    head = nncli("predict", flower_run, "some.csv", "some.csv", *keys).stdout.splitlines()[0]
    assert head == "input_file,id,label,p_a,file,predicted_label,predicted_p_a,p_b,p_c"
    two = answer(flower_run, "some.csv", *keys)
    assert [row["p_a"] for row in two] == ["p", "p"]


def test_no_rows_are_a_header_alone(nncli, flower_run):
    Path("none.csv").write_text("id,long,wide,color\n")
    result = nncli("predict", flower_run, "none.csv")
    assert (result.exit_code, result.stdout) == (0, "id,label,p_a,p_b,p_c\n")
    result = nncli("predict", flower_run, "none.csv", "--format", "jsonl")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_category_that_training_never_saw_is_answered(flower_run, answer):
    Path("new.csv").write_text("id,long,wide,color\n1,2,5,turquoise\n2,,5,\n")
    assert [row["label"] for row in answer(flower_run, "new.csv")] == ["a", "a"]


def test_refusals(nncli, flower_run):
    assert "no.csv: no such file" in refused(nncli, flower_run, "no.csv")
    assert "nowhere: no such run or weights file" in refused(nncli, "nowhere", "flowers.csv")
    Path("less.csv").write_text("id,longg,color\n")
    said = refused(nncli, flower_run, "less.csv")
    assert "less.csv: lacks 2 columns that the network was trained on: long (did you mean" in said
    Path("text.csv").write_text("long,wide,color\n1,2,red\n1,much,red\n")
    said = refused(nncli, flower_run, "text.csv")
    assert "text.csv:3: column `wide` holds `much` where numbers are expected" in said
    Path("ragged.csv").write_text("long,wide,color\n1,2\n")
    assert "ragged.csv:2: expected 3 fields, found 2" in refused(nncli, flower_run, "ragged.csv")
    Path("far.csv").write_text("long,wide,color\n1e300,2,red\n")
    assert "far.csv:2: column `long`" in refused(nncli, flower_run, "far.csv")
    np.save("x.npy", np.zeros((2, 4)))
    assert "was trained on a table" in refused(nncli, flower_run, "x.npy")
    assert "--show: the network was trained on no pictures" in refused(
        nncli, flower_run, "flowers.csv", "--show"
    )
    assert "--weights average" in refused(nncli, flower_run, "flowers.csv", "--weights", "average")


def test_what_is_refused_on_the_way_leaves_no_file(nncli, flower_run):
    Path("bad.csv").write_text("id,long,wide,color\n" + "a,1,2,red\n" * 3000 + "a,1,x,red\n")
    Path("out.csv").write_text("as before\n")
    before = sorted(Path().iterdir())
    assert "bad.csv:3002: column `wide`" in refused(
        nncli, flower_run, "bad.csv", "--out", "out.csv"
    )
    assert sorted(Path().iterdir()) == before
    assert Path("out.csv").read_text() == "as before\n"


def test_out_never_replaces_what_it_should_not(nncli, flower_run):
    text = Path("flowers.csv").read_text()
    said = refused(nncli, flower_run, "flowers.csv", "--out", "./flowers.csv")
    assert "flowers.csv: is one of the inputs. Choose another --out" in said
    assert Path("flowers.csv").read_text() == text
    Path("folder").mkdir()
    said = refused(nncli, flower_run, "flowers.csv", "--out", "folder")
    assert "folder: is a folder, not a file that can be replaced" in said
    for name in ("a.csv.gz", "a.json"):
        assert f"{name}: answers are written as CSV or JSON lines" in refused(
            nncli, flower_run, "flowers.csv", "--out", name
        )
    assert "no/such: no such folder" in refused(
        nncli, flower_run, "flowers.csv", "--out", "no/such/out.csv"
    )


def test_several_targets_come_back_in_their_own_units(nncli, answer):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 2))
    y = np.column_stack([1e6 + 3 * x[:, 0], x[:, 0] - 2 * x[:, 1]])
    lines = [",".join(f"{value:.9g}" for value in row) for row in np.column_stack([x, y])]
    Path("t.csv").write_text("\n".join(["u,v,far,near", *lines]) + "\n")
    Path("t.yaml").write_text(
        "data: {source: csv, path: t.csv, target: [far, near], test: 0.2}\n"
        "architecture: [{input_dim: auto, output_dim: auto, activation: identity}]\n"
        "epochs: 60\nbatch_size: 10\neta: 0.05\n"
    )
    run = Path(nncli("train", "t.yaml", "-q").stdout.strip())
    got = answer(run, "t.csv")
    assert list(got[0]) == ["far", "near"]
    assert np.allclose([float(row["near"]) for row in got], y[:, 1], atol=1e-3)
    # 0.01 of a million: more digits than float32 has
    assert np.allclose([float(row["far"]) for row in got], y[:, 0], rtol=0, atol=1e-2)


def test_several_labels_have_a_column_and_a_probability_each(nncli, answer):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 2))
    rows = [f"{a:.4f},{b:.4f},{int(a > 0)},{int(b > 0)}" for a, b in x]
    Path("l.csv").write_text("\n".join(["u,v,right,up", *rows]) + "\n")
    Path("l.yaml").write_text(
        "data: {source: csv, path: l.csv, target: [right, up], test: 0.2}\n"
        "architecture: [{input_dim: auto, output_dim: auto, activation: sigmoid}]\n"
        "epochs: 60\nbatch_size: 10\neta: 1\n"
    )
    run = Path(nncli("train", "l.yaml", "-q").stdout.strip())
    got = answer(run, "l.csv")
    assert list(got[0]) == ["right", "up", "p_right", "p_up"]
    for row in got:
        assert row["right"] == str(int(float(row["p_right"]) > 0.5))
    assert sum(row["right"] == line[-3] for row, line in zip(got, rows, strict=True)) > 190


MOONS = "seed: 2\ndata: {source: moons, samples: 120, noise: 0.2, test: 0.25}\n"


def moons_run(nncli, outputs: int, activation: str, **keys) -> Path:
    text = MOONS + (
        f"architecture: [{{input_dim: 2, output_dim: 8, activation: tanh}}, "
        f"{{input_dim: 8, output_dim: {outputs}, activation: {activation}}}]\n"
        "epochs: 3\nbatch_size: 10\neta: 0.5\n"
    )
    text += "".join(f"{key}: {value}\n" for key, value in keys.items())
    Path("m.yaml").write_text(text)
    result = nncli("train", "m.yaml", "-q")
    assert result.exit_code == 0, result.output
    return Path(result.stdout.strip())


POINTS = np.random.default_rng(0).normal(size=(50, 2))


def test_two_classes_with_one_output_have_both_probabilities(nncli, answer):
    run = moons_run(nncli, 1, "sigmoid")
    np.save("x.npy", POINTS)
    for row in answer(run, "x.npy"):
        assert float(row["p_0"]) + float(row["p_1"]) == pytest.approx(1, abs=1e-6)
        assert row["label"] == str(int(float(row["p_1"]) > 0.5))


def test_outputs_that_are_no_probabilities_are_called_scores(nncli, answer):
    run = moons_run(nncli, 1, "identity", loss="mse")
    np.save("x.npy", POINTS)
    rows = answer(run, "x.npy")
    assert list(rows[0]) == ["label", "score_1"]
    assert all(row["label"] == str(int(float(row["score_1"]) > 0.5)) for row in rows)


def test_arrays_and_tables_without_names_give_the_same(nncli, run_path, answer):
    np.save("x.npy", POINTS)
    np.savez("x.npz", x=POINTS, y=np.zeros(50))
    rows = "\n".join(",".join(map(repr, row)) for row in POINTS.tolist())
    Path("x.csv").write_text(f"u,v\n{rows}\n")
    Path("named.csv").write_text("name,u,v\n" + rows.replace("\n", "\nn,").join(["n,", "\n"]))
    plain = answer(run_path, "x.npy")
    assert plain == answer(run_path, "x.npz") == answer(run_path, "x.csv")
    named = answer(run_path, "named.csv", "--key", "name")
    assert [row.pop("name") for row in named] == ["n"] * 50
    assert named == plain
    assert "named.csv: has 3 columns, but the network takes 2" in refused(
        nncli, run_path, "named.csv"
    )
    both = answer(run_path, "x.npy", "x.npz")
    assert [row.pop("file") for row in both] == ["x.npy"] * 50 + ["x.npz"] * 50
    assert both == plain * 2


def test_the_python_api_gives_what_the_command_writes(nncli, run_path, answer):
    np.save("x.npy", POINTS)
    network = open_network(run_path)
    given = predict_rows(network.weights, POINTS)
    rows = answer(run_path, "x.npy")
    assert [row["label"] for row in rows] == [str(number) for number in given.chosen]
    assert [row["p_1"] for row in rows] == [f"{value:.6g}" for value in given.outputs[:, 1]]
    chunks = list(predict(run_path, ["x.npy"]).chunks())
    assert np.concatenate([chunk.answers.outputs for chunk in chunks]).tolist() == (
        given.outputs.tolist()
    )
    assert predict_rows(network.weights, POINTS[:0]).outputs.shape == (0, 2)


def test_answers_beyond_all_numbers_are_refused(nncli, answer):
    run = moons_run(nncli, 2, "identity", loss="mse", initializer="{weights: he_normal}")
    np.save("x.npy", np.array([[1, 1], [1e300, -1e300]]))
    said = refused(nncli, run, "x.npy")
    assert "row 2 of all rows: the network's answer is not a finite number" in said


def test_a_run_that_has_not_ended_is_asked_by_its_checkpoint(nncli, run_path, answer):
    np.save("x.npy", POINTS)
    whole = answer(run_path, "x.npy")
    (run_path / "weights.npz").unlink()
    result = nncli("predict", run_path, "x.npy")
    assert answers_in(result.stdout) == whole
    assert "its last checkpoint is of epoch 3, batch 0" in result.stderr


def test_the_best_trial_of_a_sweep(nncli, answer):
    assert nncli("sweep", "spec.yaml", "-q").exit_code == 0
    (sweep,) = Path("runs").glob("*-sweep-*")
    np.save("x.npy", POINTS)
    result = nncli("predict", sweep, "x.npy")
    assert f"the best trial of {sweep}" in result.stderr
    best = max(
        json.loads((run / "summary.json").read_text())["final"]["test_accuracy"]
        for run in (sweep / "trials").iterdir()
    )
    trial = next(Path(word) for word in result.stderr.split() if "/trials/" in word)
    assert trial.is_dir()
    assert json.loads((trial / "summary.json").read_text())["final"]["test_accuracy"] == best
    assert answers_in(result.stdout) == answer(trial, "x.npy")


def test_the_parameters_that_are_asked_for(nncli, answer):
    run = moons_run(nncli, 2, "softmax", average="{decay: 0.5, every: 2}")
    np.save("x.npy", POINTS)
    average = answer(run, "x.npy", "--weights", "average")
    assert average != answer(run, "x.npy", "--weights", "last") == answer(run, "x.npy")


def test_numbers_that_look_divided_already_are_warned_of(nncli):
    np.savez(
        "d.npz", x=(np.arange(400).reshape(100, 4) % 256).astype(np.uint8), y=np.arange(100) % 2
    )
    Path("d.yaml").write_text(
        "data: {source: npz, path: d.npz, scale: 255}\n"
        "architecture: [{input_dim: 4, output_dim: 2, activation: softmax}]\n"
        "epochs: 1\nbatch_size: 10\neta: 0.1\n"
    )
    run = Path(nncli("train", "d.yaml", "-q").stdout.strip())
    np.save("ready.npy", np.full((3, 4), 0.5))
    np.save("raw.npy", np.full((3, 4), 128.0))
    result = nncli("predict", run, "ready.npy")
    assert result.exit_code == 0
    assert "warning: no number of the first rows is above 1, but the network" in result.stderr
    assert nncli("predict", run, "raw.npy").stderr == "3 rows\n"


def test_a_reader_that_has_seen_enough_ends_it_quietly(run_path):
    np.save("x.npy", np.zeros((200_000, 2), np.float32))
    child = start(Path(), "predict", run_path, "x.npy")
    assert child.stdout is not None
    assert child.stdout.readline() == "label,p_0,p_1\n"
    child.stdout.close()
    assert child.stderr is not None
    with child.stderr:
        assert child.stderr.read() == ""
    assert child.wait(timeout=60) == 0


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_leaves_nothing_half_made(run_path, tmp_path, number, code):
    """The input never ends; there is a temporary file by the time the signal comes, and none after it."""
    before = sorted(tmp_path.iterdir())
    words = ("predict", run_path, "-", "--out", "out.csv")
    child = start(tmp_path, *words, stdin=subprocess.PIPE)
    assert child.stdin is not None
    child.stdin.write("u,v\n" + "1,2\n" * 50_000)
    child.stdin.flush()
    for _ in range(600):
        if any(path.name.startswith(".out.csv") for path in tmp_path.iterdir()):
            break
        time.sleep(0.1)
    else:
        pytest.fail("no temporary file was made")
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert child.returncode == code
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


SPREADSHEET = {
    "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0",
    "+1+cmd": "'+1+cmd",
    "-2+3": "'-2+3",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t=1",
    "\r=1": "'\r=1",
    "-5": "-5",
    "+1.5e3": "+1.5e3",
    "-.5": "-.5",
    "plain": "plain",
    "": "",
    "a=b": "a=b",
    "-": "'-",
    '="x,y"': '\'="x,y"',
}
"""Cell -> what `--safe-csv` makes of it."""


def test_every_beginning_of_a_formula_has_a_case():
    assert {cell[:1] for cell in SPREADSHEET} >= set(FORMULA)


@pytest.mark.parametrize("way", ["stdout", "out"])
def test_safe_csv_writes_no_cell_that_a_spreadsheet_works_out(nncli, way):
    """The cells of keys, the names of columns and the names of classes, in every place that CSV goes to."""
    kinds = ("=a", "-b", "@c")
    rows = [
        row | {"kind": kinds["abc".index(row["kind"])], "=id": row["id"]} for row in flowers(90)
    ]
    write_csv("flowers.csv", rows, names=("=id", *HEADER[1:5]))
    Path("table.yaml").write_text(TABLE.replace("key: id", 'key: "=id"'))
    run = nncli("train", "table.yaml", "--quiet").stdout.strip()
    cells = list(SPREADSHEET)
    asked = [row | {"=id": cell} for row, cell in zip(rows, cells, strict=False)]
    write_csv("new.csv", asked, names=("=id", *HEADER[2:5]))
    words = ["predict", run, "new.csv", "--safe-csv"]
    if way == "out":
        assert nncli(*words, "--out", "safe.csv").exit_code == 0
        text = Path("safe.csv").read_bytes().decode()
    else:
        text = nncli(*words).stdout
    head, *table = csv.reader(io.StringIO(text, newline=""))
    assert head == ["'=id", "label", "p_-b", "p_=a", "p_@c"]
    assert [row[0] for row in table] == list(SPREADSHEET.values())
    assert {row[1] for row in table} <= {"'=a", "'-b", "'@c"}
    assert nncli(*words[:2], "new.csv").stdout.startswith("=id,label")


def test_safe_csv_changes_nothing_that_is_no_formula_and_does_not_go_with_json(nncli, flower_run):
    write_csv("new.csv", flowers(20, seed=1))
    plain = nncli("predict", flower_run, "new.csv", "--key", "id").stdout
    assert nncli("predict", flower_run, "new.csv", "--key", "id", "--safe-csv").stdout == plain
    result = nncli("predict", flower_run, "new.csv", "--safe-csv", "--format", "jsonl")
    assert result.exit_code == 2
    assert "--safe-csv goes with CSV" in result.output
