"""`nncli report`: what stands on the page, what never may, and how it refuses."""

from __future__ import annotations

import base64
import json
import re
import shutil
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nncli.cli.app import app
from nncli.judge import judge
from nncli.network.calibration import calibration
from nncli.pages import axes, png
from nncli.pages.markup import markup, tag
from nncli.pages.report import write


def report(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["report", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


class Seen(HTMLParser):
    """The elements of a page, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.tags.append((name, dict(attributes)))

    def handle_data(self, data):
        self.words += data

    @property
    def sections(self) -> list[str | None]:
        return [attributes["id"] for name, attributes in self.tags if name == "section"]


def page_of(run: Path, *words: object) -> Seen:
    code, stdout, _ = report(run, *words)
    assert code == 0
    path = Path(stdout.strip())
    assert path.stat().st_size < 3e6
    return Seen(path.read_text(encoding="utf-8"))


COMMON = ["data", "network", "machine", "repeat"]


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("images", ["confusion", "classes", "mistakes", "calibration", "weights"]),
        ("line", ["predicted", "weights"]),
        ("labels", ["classes", "calibration", "weights"]),
        ("hostile", ["confusion", "classes", "calibration", "weights"]),
    ],
)
def test_the_sections_that_apply(trained, name, own):
    assert page_of(trained(name)).sections == ["figures", "curves", *own, *COMMON]


@pytest.mark.parametrize(("name", "eta"), [("images", 1e38), ("line", 1e30), ("hostile", 1e38)])
def test_answers_that_are_not_finite_are_not_drawn(name, eta, folder, tmp_path):
    run, other = tmp_path / "run", tmp_path / "it.html"
    spec = folder / f"{name}.yaml"
    words = ["train", spec, "--run-dir", run, "--set", f"eta={eta}"]
    words += ["--set", "architecture.0.activation=relu"]
    assert CliRunner().invoke(app, [str(word) for word in words]).exit_code == 3
    code, _, stderr = report(run)
    assert code == 0
    assert "diverged" in stderr
    assert "Answers are not drawn: some are not finite numbers." in stderr
    seen = Seen((run / "report.html").read_text(encoding="utf-8"))
    assert seen.sections == ["figures", "curves", "weights", *COMMON]
    exported = CliRunner().invoke(app, ["export", str(run), "--to", "html", "--out", str(other)])
    assert (exported.exit_code, exported.stderr) == (0, "")


def test_it_says_what_eval_says(trained):
    run = trained("images")
    seen, judgment = page_of(run), judge(run)
    for figure in (f"{judgment.figures['accuracy']:.2%}", judgment.baseline.answer, "SHA-256"):
        assert figure in seen.words
    info = json.loads((run / "run.json").read_text())
    assert info["data"]["sha256"] in seen.words
    assert f"nncli repeat {run}" in seen.words
    assert (run / "spec.yaml").read_text() in seen.words
    wrong = judgment.rows - int(np.trace(judgment.confusion.counts))
    images = [a for name, a in seen.tags if name == "img" and "taken for" in (a["alt"] or "")]
    assert len(images) == min(wrong, 40) > 0


def test_it_names_another_engine_than_numpy(trained, tmp_path):
    run = shutil.copytree(trained("line"), tmp_path / "run")
    assert "numba" not in page_of(run).words
    info = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(info | {"engine": "numba 0.0"}))
    assert "numba 0.0" in page_of(run).words


def test_hostile_names_stay_names(trained):
    run = trained("hostile")
    text = write(run)[0].read_text(encoding="utf-8")
    seen = Seen(text)
    assert '<script>alert("x")</script>' in seen.words
    assert "🦊" in seen.words
    assert [name for name, _ in seen.tags].count("script") == 1
    assert not any(key.startswith("on") for _, attributes in seen.tags for key in attributes)
    assert all((a["src"] or "").startswith("data:") for _, a in seen.tags if "src" in a)
    assert not re.search(r"(?<!repeats )https?://(?!www\.w3\.org/2000/svg)", text)


def test_markup_escapes_all_that_is_not_markup():
    assert tag("b", "<i>", tag("i", 3), [None, '"'], title='"&') == (
        '<b title="&quot;&amp;">&lt;i&gt;<i>3</i>&quot;</b>'
    )
    assert markup("a\x00\ud800b") == "a��b"


def test_a_run_that_is_going_on(trained, folder):
    run = trained("images", stop=iter([False] * 12 + [True] * 1000).__next__)
    assert not (run / "summary.json").is_file()
    code, _, stderr = report(run)
    assert (code, "is interrupted; this page shows it after" in stderr) == (0, True)
    (run / "weights.npz").unlink()
    info = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(info | {"status": "running"}))
    seen = page_of(run)
    assert "The run is still running; this page shows it after" in seen.words
    assert "confusion" in seen.sections, "from its checkpoint"
    (run / "checkpoint.npz").unlink()
    seen = page_of(run)
    assert "there is no weights.npz yet" in seen.words
    assert seen.sections == ["curves", *COMMON]
    (run / "metrics.jsonl").unlink()
    assert "There are no records yet." in page_of(run).words


def test_without_its_data_it_shows_the_rest(trained, folder):
    run = trained("line")
    spec = run / "spec.yaml"
    spec.write_text(spec.read_text().replace("line.npz", "gone.npz"))
    code, stdout, stderr = report(run)
    assert code == 0
    assert "Answers are left out" in stderr
    assert Seen(Path(stdout.strip()).read_text()).sections == ["curves", *COMMON]


def test_the_same_run_gives_the_same_page(trained, tmp_path):
    run = trained("images")
    pages = [write(run, tmp_path / "in a" / name)[0].read_bytes() for name in ("a.html", "b.html")]
    assert pages[0] == pages[1]


def test_refusals(trained, folder, tmp_path):
    run = trained("line")

    def refused(exit_code: int, message: str, *words: object) -> None:
        code, stdout, stderr = report(*words)
        assert (code, stdout, stderr.count("\n")) == (exit_code, "", 1), stderr
        assert stderr.startswith("error: ")
        assert message in stderr

    refused(2, "no such run", tmp_path / "nowhere")
    refused(2, "is a file", run / "weights.npz")
    refused(2, "is a folder", run, "--out", tmp_path)
    refused(2, "the data has only train, test", run, "--split", "validation")
    refused(2, "has no finished run", "--runs-dir", tmp_path)
    (run / "weights.npz").write_bytes(b"")
    refused(6, "weights.npz", run)
    assert not (run / "report.html").exists()


def test_a_sweep(nncli_sweep, tmp_path):
    seen = page_of(nncli_sweep)
    assert seen.sections == ["ranking", "keys", "curves", "spec", "repeat"]
    trials = sorted(path.name for path in (nncli_sweep / "trials").iterdir())
    assert len(trials) == 6
    assert all(f"trials/{name}" in seen.words for name in trials)
    lines = [a for name, a in seen.tags if name == "g" and a.get("data-name")]
    assert len(lines) == 2 * len(trials), "accuracy and loss of each"
    write(nncli_sweep / "trials" / trials[0])
    elsewhere, _ = write(nncli_sweep, tmp_path / "all.html")
    links = [a["href"] or "" for name, a in Seen(elsewhere.read_text()).tags if name == "a"]
    (link,) = [link for link in links if not link.startswith("#")]
    assert (tmp_path / link).resolve() == (
        nncli_sweep / "trials" / trials[0] / "report.html"
    ).resolve()
    code, _, stderr = report(nncli_sweep, "--split", "test")
    assert (code, "shows no answers" in stderr) == (2, True)


def test_png_by_its_specification():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    data = png.encode(pixels)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (4, 2)
    start = data.index(b"IDAT")
    size = struct.unpack(">I", data[start - 4 : start])[0]
    rows = zlib.decompress(data[start + 4 : start + 4 + size])
    assert rows == b"\0" + bytes(range(12)) + b"\0" + bytes(range(12, 24))
    large = base64.b64decode(png.uri(np.zeros((640, 200), np.uint8)).partition(",")[2])
    assert struct.unpack(">II", large[16:24]) == (20, 64)


def test_png_as_pillow_reads_it():
    images = pytest.importorskip("PIL.Image")
    from io import BytesIO

    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    for each in (pixels, pixels[..., 0]):
        assert np.array_equal(np.asarray(images.open(BytesIO(png.encode(each)))), each)


def test_colors_of_weights():
    assert png.red_and_blue(np.array([[0.0, 2.0, -9.0]]), 2.0).tolist() == [
        [[255, 255, 255], [178, 24, 43], [33, 102, 172]]
    ]


def test_calibration_by_hand():
    found = calibration(np.array([0.95, 0.9, 1.0, 0.55]), np.array([1, 0, 1, 1]))
    assert found.counts.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 3]
    assert found.true[9] == pytest.approx(2 / 3)
    assert found.given[9] == pytest.approx(0.95)
    assert found.ece == pytest.approx((1 * (1 - 0.55) + 3 * (0.95 - 2 / 3)) / 4)


def test_ticks_stand_at_round_numbers():
    assert [tick for tick, _ in axes.linear([1, 6], whole=True).ticks] == [1, 2, 3, 4, 5, 6]
    assert [word for _, word in axes.of_figure("test_accuracy", [0.8, 0.95]).ticks] == [
        "80%",
        "85%",
        "90%",
        "95%",
    ]
    wide = axes.of_figure("loss", [0.001, 1.0])
    assert (wide.log, wide.share(wide.low), wide.share(wide.high)) == (True, 0.0, 1.0)
    assert axes.linear([3.0, 3.0]).share(3.0) == 0.5
