"""Exported pages with forms, planes and pasted rows, in a real browser; and names that would rather be scripts."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import nncli
from webpages import exported, said_by, said_by_numpy, told

from nncli.data.inputs import Takes, find, read
from nncli.predict import open_network

pytestmark = pytest.mark.browser
NOTHING = "\N{EN DASH}"
HOSTILE = (
    '<script>alert("x")</script>',
    "</script><img src=x onerror=alert(1)>",
    "🦊 & \"quotes\" 'n' ${1} " + "long " * 40,
)
NETWORK = """\
architecture:
  - {input_dim: auto, output_dim: 5, activation: tanh}
  - {input_dim: 5, output_dim: auto, activation: LAST}
epochs: 3
batch_size: 10
eta: 0.1
"""


@pytest.fixture(scope="session")
def moons(train) -> Path:
    """Two inputs, two classes that share an output."""
    return train("moons", "epochs=300")


@pytest.fixture(scope="session")
def learn(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Trains a small network on a file of a folder of its own."""

    def run(data: str, last: str, folder: Path) -> Path:
        text = f"data: {{{data}}}\n{NETWORK.replace('LAST', last)}"
        (folder / "it.yaml").write_text(text)
        result = nncli("train", folder / "it.yaml", "-q", "--runs-dir", folder / "runs")
        assert result.exit_code == 0, result.output
        return Path(result.stdout.strip())

    return run


def encoded(run: Path, rows: Path) -> Any:
    """The rows of a table as `nncli predict` reads them."""
    network = open_network(run)
    table = network.weights.meta.preprocessing.table
    return next(read(find([str(rows)]), Takes(network.features, table))).x


def test_tables_are_answered_as_by_numpy(browser, penguins, mpg, tmp_path):
    for trained in (penguins, mpg):
        path = exported(trained.run, tmp_path)
        wanted = said_by_numpy(path, trained.run, encoded(trained.run, trained.rows))
        assert len(wanted) == 1000
        opened = browser.open(path)
        assert said_by(opened.page, trained.cells) == pytest.approx(wanted, rel=1e-5, abs=1e-5)
        assert (opened.complaints, opened.requests) == ([], [])


def test_planes_and_rows_are_answered_as_by_numpy(browser, moons, digits, tmp_path):
    points = np.random.default_rng(0).uniform(-2, 3, (1000, 2)).astype(np.float32)
    for run, x in ((moons, points), (digits.run, np.load(digits.rows))):
        path = exported(run, tmp_path)
        wanted = said_by_numpy(path, run, x)
        given = said_by(browser.open(path).page, x)
        assert len(given) == 1000
        assert given == pytest.approx(wanted, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_form_answers_live(browser, penguins, tmp_path, width):
    opened = browser.open(exported(penguins.run, tmp_path), width=width)
    page = opened.page
    page.get_by_label("island", exact=True).select_option("1")
    page.locator("#field1").fill("50")
    page.locator("#field3").fill("")
    page.get_by_label("sex").select_option(label="(other)")
    row = page.evaluate("given()")
    assert (row["island"], row["bill_length_mm"], row["flipper_length_mm"]) == ("Dream", "50", None)
    shares = said_by(page, [row])[0]
    classes = open_network(penguins.run).weights.meta.classes
    assert page.locator("#headline").inner_text() == classes[shares.argmax()]
    shown = page.locator("#bars b").all_inner_texts()
    assert shown == [f"{100 * share:.1f} %" for share in shares]
    page.locator("#field1").fill("900")
    assert page.locator("#field1-hint").inner_text() == "beyond training's 32.1 to 59.6"
    assert page.locator("#field3-hint").inner_text() == "missing"
    page.get_by_text("Start again").click()
    page.wait_for_function("given().flipper_length_mm !== null")
    assert page.evaluate("given().island") == "Biscoe"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (opened.complaints, opened.requests) == ([], [])


def test_a_slider_and_its_field_are_one(browser, mpg, tmp_path):
    page = browser.open(exported(mpg.run, tmp_path)).page
    before = page.locator("#headline").inner_text()
    slider = page.locator("input[type=range]").nth(3)
    slider.focus()
    page.keyboard.press("End")
    assert page.locator("#field3").input_value() == slider.input_value() == "5140"
    row = page.evaluate("given()")
    told = page.locator("#headline").inner_text()
    assert told != before
    assert float(told) == pytest.approx(said_by(page, [row])[0, 0], rel=1e-3)


def test_the_point_under_the_pointer(browser, moons, tmp_path):
    opened = browser.open(exported(moons, tmp_path))
    page = opened.page
    page.wait_for_selector("[data-painted]", state="attached")
    box = page.locator("#plane canvas").bounding_box()
    said = []
    for across, up in ((0.25, 0.3), (0.75, 0.8)):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + up * box["height"])
        said.append(page.locator("#headline").inner_text())
        wanted = said_by(page, [page.evaluate("asked")])[0]
        shown = page.locator("#bars b").all_inner_texts()
        assert shown == [f"{100 * share:.1f} %" for share in wanted]
    assert said == ["0", "1"]
    page.locator("#plane").focus()
    point = page.evaluate("asked")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("asked[1]") > point[1]
    colors = page.evaluate("[...pen.getImageData(0, 0, 150, 5).data]")
    assert len(set(colors)) > 5, "the surface is drawn"
    assert (opened.complaints, opened.requests) == ([], [])


def test_points_of_peoples_own_are_not_in_the_page(moons, learn, tmp_path):
    assert len(told(exported(moons, tmp_path))["inputs"]["points"]) == 400
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 2))
    np.savez(tmp_path / "own.npz", x=x, y=(x[:, 0] > 0).astype(int))
    run = learn("source: npz, path: own.npz, test: 0.2", "softmax", tmp_path)
    inputs = told(exported(run, tmp_path))["inputs"]
    assert inputs["kind"] == "plane"
    assert "points" not in inputs


def test_a_pasted_row(browser, digits, tmp_path):
    opened = browser.open(exported(digits.run, tmp_path))
    page, field = opened.page, opened.page.locator("textarea")
    rows = np.load(digits.rows)
    field.fill(", ".join(map(str, rows[0])))
    assert page.locator("#headline").inner_text() == digits.labels[0]
    for text, why in (
        ("1 2 3", "3 numbers, but the network takes 64."),
        ("1 x", "x is no number."),
        ("0x10", "0x10 is no number."),
        ("1e400", "1e400 is no number."),
        ("1,,2", "There is nothing between two separators."),
        ("1,2,", "There is nothing between two separators."),
        ("1,5; 2,5", "1,5 is no number."),
        ("1,5\t2,5", "1,5 is no number."),
        ("1;2\n3", "3 numbers, but the network takes 64."),
        ("1,\n 2\n", "2 numbers, but the network takes 64."),
        ("1\t\t2", "There is nothing between two separators."),
    ):
        field.fill(text)
        assert page.locator("#problem").inner_text() == why
        assert page.locator("#headline").inner_text() == NOTHING
    assert opened.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_hostile_names_are_only_names(browser, learn, tmp_path, width):
    columns = (HOSTILE[1], "__proto__", "a<b>")
    with (tmp_path / "own.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*columns, "kind"))
        for n in range(60):
            writer.writerow((HOSTILE[n % 2], n % 7, n, HOSTILE[n % 3]))
    run = learn("source: csv, path: own.csv, target: kind, test: 0.2", "softmax", tmp_path)
    opened = browser.open(exported(run, tmp_path), width=width)
    page = opened.page
    assert page.locator("label").all_inner_texts() == list(columns)
    names = page.locator("#bars .row span:first-child").all_text_contents()
    assert sorted(names) == sorted(name.strip() for name in HOSTILE)
    assert page.locator("#headline").inner_text() in {name.strip() for name in HOSTILE}
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (opened.complaints, opened.requests) == ([], [])


def chosen(values: Any) -> str:
    """The headline for labels 0, 1 and 2."""
    return ", ".join(str(at) for at in np.flatnonzero(values > 0.5)) or "none of them"


@pytest.mark.parametrize(
    ("y", "last", "headline"),
    [
        (lambda x: (x > 0).astype(int), "sigmoid", chosen),
        (lambda x: x @ np.array([[1.0, 2], [3, -1], [0, 1]]), "identity", lambda _: "2 numbers"),
    ],
    ids=["labels", "numbers"],
)
def test_several_answers_at_once(browser, learn, tmp_path, y, last, headline):
    x = np.random.default_rng(0).standard_normal((100, 3)).astype(np.float32)
    np.savez(tmp_path / "own.npz", x=x, y=y(x))
    run = learn("source: npz, path: own.npz, test: 0.2", last, tmp_path)
    path = exported(run, tmp_path)
    wanted = said_by_numpy(path, run, x)
    opened = browser.open(path)
    for row, values in zip(x[:5].tolist(), wanted[:5], strict=True):
        opened.page.locator("textarea").fill(" ".join(map(str, row)))
        assert opened.page.locator("#headline").inner_text() == headline(values)
        assert opened.page.locator("#bars .row").count() == wanted.shape[1]
    assert said_by(opened.page, x) == pytest.approx(wanted, rel=1e-5, abs=1e-5)
    assert opened.complaints == []


def test_without_its_data_a_page_is_written_all_the_same(browser, penguins, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(penguins.run / "weights.npz", run / "weights.npz")
    result = nncli("export", run / "weights.npz", "--to", "html", "--out", tmp_path / "it.html")
    assert result.exit_code == 0
    assert "without a look at the data" in result.stderr
    assert "--spec" not in result.stderr, "which is no option of this command"
    assert "; its weights are float16\n" in result.stdout
    opened = browser.open(tmp_path / "it.html")
    assert opened.page.locator("#headline").inner_text() in {"Adelie", "Chinstrap", "Gentoo"}
    assert opened.page.locator("input[type=range]").count() == 0
    assert (opened.complaints, opened.requests) == ([], [])


def test_light_and_dark(browser, penguins, tmp_path):
    page = browser.open(exported(penguins.run, tmp_path), color_scheme="light").page
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert page.locator("#theme").inner_text() == "Theme: dark"
    assert page.evaluate(background) != light
