"""`nncli predict` on pictures: files, folders and globs beside arrays, and what the network sees of them."""

from __future__ import annotations

import csv
import io
import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from processes import start

Image = pytest.importorskip("PIL.Image")

SPEC = """\
data: {source: idx, path: bars, x_test: null, y_test: null}
architecture:
  - {input_dim: 784, output_dim: 8, activation: sigmoid}
  - {input_dim: 8, output_dim: 3, activation: softmax}
epochs: 12
batch_size: 10
eta: 0.5
"""


def bar(kind: int, side: int = 28, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Light on dark: 0 stands, 1 lies, 2 is a square."""
    pixels = np.zeros((side, side), np.uint8)
    half = [(10, 2), (2, 10), (10, 10)][kind]
    down, right = (round(side * part / 28) for part in half)
    y, x = side // 2 + shift[0], side // 2 + shift[1]
    pixels[y - down : y + down, x - right : x + right] = 255
    return pixels


def idx(values) -> bytes:
    values = np.asarray(values, np.uint8)
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def bars_run(nncli) -> Path:
    """A network that tells three figures apart, trained on pictures as MNIST's are."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(3, size=300)
    shifts = rng.integers(-2, 3, size=(300, 2))
    images = [bar(kind, 28, tuple(shift)) for kind, shift in zip(kinds, shifts, strict=True)]
    Path("bars").mkdir()
    Path("bars/train-images-idx3-ubyte").write_bytes(idx(images))
    Path("bars/train-labels-idx1-ubyte").write_bytes(idx(kinds))
    Path("bars.yaml").write_text(SPEC)
    result = nncli("train", "bars.yaml", "-q")
    assert result.exit_code == 0, result.output
    return Path(result.stdout.strip())


def save(path: str, pixels) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


def answers(result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_pictures_are_answered_as_the_rows_that_they_are(nncli, bars_run):
    for kind in range(3):
        save(f"p/{kind}.png", bar(kind))
    Path("rows").write_bytes(idx([bar(kind) for kind in range(3)]))
    rows = answers(nncli("predict", bars_run, "rows"))
    assert [row["label"] for row in rows] == ["0", "1", "2"]
    for words in (["p"], ["p/*.png"], ["p/0.png", "p/1.png", "p/2.png"]):
        told = answers(nncli("predict", bars_run, *words))
        assert [row.pop("file") for row in told] == ["p/0.png", "p/1.png", "p/2.png"]
        assert told == rows
    both = answers(nncli("predict", bars_run, "p/2.png", "rows"))
    assert [row["file"] for row in both] == ["p/2.png", "rows", "rows", "rows"]
    assert [row["label"] for row in both] == ["2", "0", "1", "2"]


def test_drawings_of_any_size_on_white_paper_are_recognized(nncli, bars_run):
    for kind in range(3):
        paper = np.full((300, 400), 240, np.uint8)
        paper[20:220, 150:350] = np.where(bar(kind, 200) > 0, 20, 240)
        save(f"p/{kind}.png", paper)
        save(f"p/{kind}.jpg", np.repeat(paper[:, :, None], 3, axis=2))
    told = answers(nncli("predict", bars_run, "p"))
    assert [row["label"] for row in told] == ["0", "0", "1", "1", "2", "2"]


def test_a_single_picture_has_its_name_beside_it(nncli, bars_run):
    save("a.png", bar(1))
    result = nncli("predict", bars_run, "a.png", "--format", "jsonl")
    assert json.loads(result.stdout)["file"] == "a.png"
    child = start(Path(), "predict", bars_run, "-", "-q", stdin=subprocess.PIPE)
    child.stdin.buffer.write(Path("a.png").read_bytes())
    out, _ = child.communicate(timeout=60)
    row = next(csv.DictReader(io.StringIO(out)))
    assert (row["file"], row["label"]) == ("-", "1")


def test_show_prints_what_the_network_sees(nncli, bars_run):
    save("a.png", np.where(bar(0, 200) > 0, 0, 255))
    result = nncli("predict", bars_run, "a.png", "--show")
    lines = result.stdout.splitlines()
    assert lines[0].split()[-1] == "a.png"
    named = [line.split()[-2:] for line in lines if line.endswith("%")]
    assert len(named) == 3
    assert named[0][0] == "0"
    chances = [float(chance.rstrip("%")) for _, chance in named]
    assert chances == sorted(chances, reverse=True)
    assert "█" in result.stdout
    assert "label" not in result.stdout
    with_out = nncli("predict", bars_run, "a.png", "--show", "--out", "a.csv")
    assert with_out.stdout == result.stdout
    assert Path("a.csv").read_text().startswith("file,label,p_0,p_1,p_2\na.png,0,")


def test_pictures_that_cannot_be_read_are_named(nncli, bars_run):
    save("a.png", bar(0))
    Path("cut.png").write_bytes(Path("a.png").read_bytes()[:60])
    save("blank.png", np.full((40, 40), 255))
    Path("text.png").write_text("no picture\n")
    for name in ("cut.png", "blank.png", "text.png"):
        result = nncli("predict", bars_run, "a.png", name, "--out", "out.csv")
        assert result.exit_code == 2, result.output
        assert result.stderr.startswith(f"error: {name}: ")
        assert result.stderr.count("\n") == 1
        assert not Path("out.csv").exists()


def test_a_network_of_points_takes_no_pictures(nncli, run_path):
    save("a.png", bar(0))
    result = nncli("predict", run_path, "a.png")
    assert result.exit_code == 2
    assert "a.png: holds a picture, but the network was trained on rows of 2" in result.stderr
