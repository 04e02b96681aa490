"""A page to draw on, in a real browser: it sees and says what `nncli predict` does, offline, without a complaint."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from exported import nncli
from webpages import exported, said_by, said_by_numpy

from nncli.data.drawing import as_mnist
from nncli.judge import open_judged
from nncli.predict import open_network, predict_rows

pytestmark = pytest.mark.browser
NOTHING = "\N{EN DASH}"
DIGITS = {
    "0": [
        [(140, 60), (95, 90), (85, 150), (110, 205), (155, 210), (190, 160), (185, 95), (140, 60)]
    ],
    "1": [[(150, 55), (140, 220)]],
    "2": [[(95, 95), (130, 60), (175, 75), (175, 115), (100, 210), (195, 210)]],
    "3": [[(95, 70), (150, 55), (180, 85), (135, 130), (185, 170), (150, 215), (90, 200)]],
    "4": [[(115, 60), (95, 140), (190, 140)], [(180, 60), (165, 225)]],
    "7": [[(85, 70), (195, 70), (130, 220)]],
}
RENDER = """
(bytes) => {
  const raw = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0)), said = [];
  const small = new OffscreenCanvas(28, 28), dots = small.getContext("2d"), urls = [];
  for (let image = 0; image < raw.length / 784; image++) {
    const rgba = new ImageData(28, 28);
    for (let at = 0; at < 784; at++) {
      const shade = 255 - raw[784 * image + at];
      rgba.data.set([shade, shade, shade, 255], 4 * at);
    }
    dots.putImageData(rgba, 0, 0);
    pen.drawImage(small, 0, 0, 280, 280);
    look();
    said.push(document.getElementById("headline").textContent);
    if (image < 200) urls.push(sheet.toDataURL("image/png"));
  }
  return {said, urls};
}
"""
"""MNIST's pictures on the canvas, ten times as large and smoothed: what the page says, and what it saw."""


def draw(page: Any, strokes: list[list[tuple[int, int]]]) -> None:
    """With the mouse, as a hand does it."""
    page.locator("#sheet").scroll_into_view_if_needed()
    box = page.locator("#sheet").bounding_box()
    size = box["width"] / 280
    for stroke in strokes:
        points = [(box["x"] + x * size, box["y"] + y * size) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=6)
        page.mouse.up()
    page.wait_for_function("waiting === 0")


@pytest.mark.mnist
@pytest.mark.parametrize("width", [1280, 390])
def test_it_reads_what_is_drawn(browser, mnist_run, tmp_path, width):
    opened = browser.open(exported(mnist_run, tmp_path), width=width)
    page = opened.page
    said = page.locator("#headline")
    assert said.inner_text() == NOTHING
    for digit, strokes in DIGITS.items():
        draw(page, strokes)
        assert said.inner_text() == digit
        assert page.locator("#bars .on").inner_text().split()[0] == digit
        page.locator("#clear").click()
        assert said.inner_text() == NOTHING
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (opened.complaints, opened.requests) == ([], [])


@pytest.mark.mnist
def test_a_finger_draws_and_the_page_stays(browser, mnist_run, tmp_path):
    opened = browser.open(exported(mnist_run, tmp_path), width=390, height=600, has_touch=True)
    page = opened.page
    box = page.locator("#sheet").bounding_box()
    touch = page.context.new_cdp_session(page)

    def point(kind: str, *places: tuple[int, int]) -> None:
        size = box["width"] / 280
        points = [{"x": box["x"] + x * size, "y": box["y"] + y * size} for x, y in places]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    for stroke in DIGITS["7"]:
        point("touchStart", stroke[0])
        for start, end in pairwise(stroke):
            for part in range(1, 9):
                along = [a + (b - a) * part / 8 for a, b in zip(start, end, strict=True)]
                point("touchMove", along)
        point("touchEnd")
    page.wait_for_function("document.getElementById('headline').textContent === '7'")
    assert page.evaluate("scrollY") == 0
    assert opened.complaints == []


@pytest.mark.mnist
def test_keys_draw_too(browser, mnist_run, tmp_path):
    opened = browser.open(exported(mnist_run, tmp_path))
    page = opened.page
    page.locator("#sheet").focus()
    page.keyboard.press(" ")
    for _ in range(18):
        page.keyboard.press("ArrowDown")
    page.wait_for_function("waiting === 0")
    assert page.locator("#headline").inner_text() == "1"
    page.keyboard.press("Delete")
    assert page.locator("#headline").inner_text() == NOTHING
    assert opened.complaints == []


@pytest.mark.mnist
def test_it_agrees_with_predict_on_pictures_on_its_canvas(browser, mnist_run, tmp_path):
    image = pytest.importorskip("PIL.Image")
    rows = open_judged(mnist_run).rows
    x, y = rows.x[::10], rows.y[::10]
    page = browser.open(exported(mnist_run, tmp_path)).page
    given = page.evaluate(RENDER, base64.b64encode(x.tobytes()).decode())
    folder = tmp_path / "drawn"
    folder.mkdir()
    for number, url in enumerate(given["urls"]):
        (folder / f"{number:03}.png").write_bytes(base64.b64decode(url.partition(",")[2]))
    lines = nncli("predict", mnist_run, folder).stdout.splitlines()[1:]
    assert len(lines) == 200
    assert [line.split(",")[1] for line in lines] == given["said"][:200]
    sheet = np.asarray(image.open(folder / "199.png").convert("L"))
    picture = page.evaluate("(gray) => [...asMnist(gray, 280, 280)]", sheet.ravel().tolist())
    assert np.abs(np.array(picture) - as_mnist(sheet).ravel()).max() <= 1
    right = np.mean([int(said) == truth for said, truth in zip(given["said"], y, strict=True)])
    same = predict_rows(open_network(mnist_run).weights, x).chosen
    assert len(y) == 1000
    assert abs(right - np.mean(same == y)) <= 0.01
    accuracy = json.loads(nncli("eval", mnist_run, "--json").stdout)["accuracy"]
    assert abs(right - accuracy) <= 0.025, "a thousand of ten thousand rows differ by chance"


@pytest.mark.mnist
def test_it_computes_what_numpy_does(browser, mnist_run, tmp_path):
    path = exported(mnist_run, tmp_path)
    assert path.stat().st_size <= 300_000
    x = open_judged(mnist_run).rows.x[:1000]
    wanted = said_by_numpy(path, mnist_run, x)
    assert said_by(browser.open(path).page, x) == pytest.approx(wanted, rel=1e-5, abs=1e-5)


@pytest.mark.mnist
def test_a_unit_shows_what_it_looks_for(browser, mnist_run, tmp_path):
    page = browser.open(exported(mnist_run, tmp_path)).page
    draw(page, DIGITS["1"])
    shown = "document.getElementById('seen').toDataURL()"
    before = page.evaluate(shown)
    page.locator(".units i").nth(2).hover()
    assert page.locator("#seen-title").inner_text() == "What unit 3 looks for"
    assert page.evaluate(shown) != before
    page.mouse.move(0, 0)
    assert page.locator("#seen-title").inner_text() == "What the network sees"
    assert page.evaluate(shown) == before
