"""`nncli data`: what data look like, as text, as JSON and as a picture."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rich.console import Console

from nncli.cli import blocks
from nncli.data.dataset import Dataset, Fingerprint, Split

TABLE = "size,weight,kind,name,y\n" + "".join(
    f"{'SML'[i % 3]},{'' if i == 3 else i * 0.5},always,thing {i},{'good' if i % 4 else 'bad'}\n"
    for i in range(80)
)
SPEC = (
    "data: {source: csv, path: t.csv, target: y, key: name, validation: 0.2}\n"
    "architecture: [{input_dim: auto, output_dim: auto, activation: softmax}]\n"
    "epochs: 1\nbatch_size: 8\neta: 0.1\n"
)


@pytest.fixture
def table(nncli, tmp_path):
    """A table, and a spec that reads it."""
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "t.yaml").write_text(SPEC)


def test_a_table_shows_its_columns_classes_and_rows(nncli, table):
    result = nncli("data", "show", "t.yaml")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "rows 51 train, 13 validation, 16 test" in lines
    assert "size text S 27, M 27, L 26 3 inputs" in lines
    assert "weight number 1 0 to 39.5, mean 19.98 2 inputs" in lines
    assert "kind text always 80 constant" in lines
    assert any(line.startswith("name text ") and line.endswith(" key") for line in lines)
    assert any(line.startswith("bad 13 3 4 25.5% █") for line in lines)
    assert "S 0.0 always thing 0 bad" in lines
    assert "column `kind` is left out" in result.stderr


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(nncli, table, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    result = nncli("data", "show", "t.yaml")
    assert max(map(len, result.stdout.splitlines()[6:])) <= width
    assert max(map(len, result.stdout.splitlines()[6:])) > width / 2


def test_data_without_a_spec_are_shown_as_init_would_read_them(nncli, table, tmp_path):
    before = sorted(tmp_path.iterdir())
    result = nncli("data", "show", "t.csv", "--target", "size")
    assert result.exit_code == 0, result.output
    assert "classification: 3 classes" in result.stdout
    guessed = nncli("data", "show", "t.csv")
    assert "y: 2 classes" in guessed.stderr
    assert "taken for its name" in guessed.stderr
    assert sorted(tmp_path.iterdir()) == before
    result = nncli("data", "show", "t.yaml", "--target", "size")
    assert result.exit_code == 2
    assert result.stderr == "error: --target is for data without a spec; a spec says data.target\n"
    result = nncli("data", "show", "t.csv", "--set", "eta=1")
    assert result.exit_code == 2


def test_json_holds_the_same(nncli, table):
    result = nncli("data", "show", "t.yaml", "--json")
    found = json.loads(result.stdout)
    assert found["splits"] == {"train": 51, "validation": 13, "test": 16}
    assert found["classes"]["bad"] == {"train": 13, "validation": 3, "test": 4}
    columns = {column["name"]: column for column in found["columns"]}
    assert columns["weight"]["inputs"] == ["weight", "weight missing"]
    assert columns["size"]["common"] == {"S": 27, "M": 27, "L": 26}
    assert [columns[name]["role"] for name in ("kind", "name", "y")] == ["constant", "key", "target"]  # fmt: skip
    assert found["inputs"] == sum(len(column["inputs"]) for column in found["columns"])
    assert list(found["head"][0].values()) == ["S", "0.0", "always", "thing 0", "bad"]


def test_a_number_to_predict_is_shown_in_its_own_units(nncli, tmp_path):
    (tmp_path / "t.csv").write_text("x,z\n" + "".join(f"{i},{1000 + 10 * i}\n" for i in range(50)))
    found = json.loads(nncli("data", "show", "t.csv", "--target", "z", "--json").stdout)
    (target,) = found["targets"]
    assert target["name"] == "z"
    assert 1000 <= target["low"] < 1200
    assert 1300 < target["high"] <= 1490
    assert "z" in nncli("data", "show", "t.csv", "--target", "z").stdout


def test_points_and_several_labels(nncli, tmp_path):
    result = nncli("data", "show", "spec.yaml")
    assert result.exit_code == 0, result.output
    assert "x1" in result.stdout
    rows = "".join(f"{i % 5},{i % 2},{int(i % 5 > 2)}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("x,odd,large\n" + rows)
    result = nncli("data", "show", "t.csv", "--target", "odd", "--target", "large", "--json")
    found = json.loads(result.stdout)
    assert found["task"] == "labels"
    assert sum(found["classes"]["large"].values()) == 24


def test_what_is_wrong_with_data_is_one_line(nncli, table, tmp_path):
    (tmp_path / "t.csv").write_text("size,y\n1,2,3\n")
    for path in ("t.csv", "t.yaml"):
        result = nncli("data", "show", path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.count("\n") == 1
    assert nncli("data", "show", "absent.yaml").exit_code == 2


def test_pictures_are_drawn_into_a_file(nncli, tmp_path):
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "p.npz", x=rng.integers(0, 255, (90, 8, 8), np.uint8), y=np.arange(90) % 3)
    result = nncli("data", "show", "p.npz", "--out", "grid.png")
    assert result.exit_code == 0, result.output
    assert "wrote grid.png" in result.stderr
    first = (tmp_path / "grid.png").read_bytes()
    assert first.startswith(b"\x89PNG")
    nncli("data", "show", "p.npz", "--out", "again.png")
    assert (tmp_path / "again.png").read_bytes() == first
    for words, message in {
        ("p.npz", "--out", "grid.gif"): "must end in .png or .svg",
        ("p.npz", "--out", "none/grid.png"): "no such folder",
        ("spec.yaml", "--out", "grid.svg"): "the rows of this data are none",
    }.items():
        result = nncli("data", "show", *words)
        assert result.exit_code == 2
        assert message in result.stderr


def pictures(channels: int = 1) -> Dataset:
    """Two classes of 20 x 12 pixels: the upper half bright, or the lower one."""
    x = np.zeros((10, 20, 12, channels), np.uint8)
    x[::2, :10] = x[1::2, 10:] = 200
    split = Split(x.reshape(10, -1), np.arange(10) % 2)
    names = ("up", "down")
    return Dataset(
        {"train": split}, names, Fingerprint("0" * 64), image_shape=(20, 12), channels=channels
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_the_preview_shows_one_picture_of_each_class(channels):
    page = Console(width=40, no_color=True)
    lines = [line.rstrip() for line in blocks.preview(page, pictures(channels)).plain.splitlines()]
    assert lines == ["@@@@@@@@@@"] * 4 + [" " * 12 + "@@@@@@@@@@"] * 4 + ["    up         down"]
    colored = Console(width=40, color_system="truecolor", force_terminal=True)
    text = blocks.preview(colored, pictures(channels))
    assert text.plain.splitlines()[0] == "▀" * 10 + "  " + "▀" * 10
    assert "#ffffff on #ffffff" in {str(span.style) for span in text.spans}


def test_the_preview_is_as_wide_as_the_terminal():
    lines = blocks.preview(Console(width=12, no_color=True), pictures()).plain.splitlines()
    assert max(map(len, lines)) <= 12


def test_every_source_is_listed_with_what_it_is(nncli):
    result = nncli("data", "list")
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    assert names == [
        "mnist",
        "idx",
        "digits",
        "moons",
        "circles",
        "spirals",
        "npz",
        "npy",
        "csv",
        "images",
    ]


def test_without_a_word_there_is_help(nncli):
    result = nncli("data")
    assert (result.exit_code, result.stderr) == (0, "")
    assert all(word in result.stdout for word in ("show", "list", "fetch"))
    result = nncli("data", "shwo")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_only_mnist_is_fetched(nncli):
    result = nncli("data", "fetch", "moons")
    assert result.exit_code == 2
    assert "only mnist can be fetched" in result.stderr
