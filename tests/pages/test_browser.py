"""Reports in a real browser: they open, answer to pointer and keys, change their colors, ask nobody for anything."""

from __future__ import annotations

from typing import Any

import pytest

from nncli.pages.report import write

pytestmark = pytest.mark.browser


def background(page: Any) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.mark.parametrize("name", ["images", "line", "labels", "hostile"])
def test_a_report_opens_in_peace(browser, trained, name):
    path, _ = write(trained(name))
    for width in (1200, 360):
        opened = browser.open(path, width=width)
        page = opened.page
        page.wait_for_load_state("load")
        for chart in page.locator(".chart").all():
            chart.hover()
            assert page.locator(".tip").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (
            "no sideways scrolling"
        )
        assert (opened.complaints, opened.requests) == ([], [])


def test_hover_and_keys_say_the_values(browser, trained):
    path, _ = write(trained("images"))
    opened = browser.open(path)
    page = opened.page
    chart = page.locator(".chart").first
    chart.focus()
    page.keyboard.press("Home")
    assert page.locator(".tip").inner_text().startswith("epoch 1\n")
    page.keyboard.press("ArrowRight")
    tip = page.locator(".tip").inner_text().splitlines()
    assert tip[0] == "epoch 2"
    assert [line.split()[0] for line in tip[1:]] == ["train", "test"]
    page.keyboard.press("Escape")
    assert page.locator(".tip").count() == 0
    chart.hover()
    assert page.locator(".tip").inner_text().startswith("epoch 2")
    page.mouse.move(0, 0)
    assert page.locator(".tip").count() == 0
    assert opened.complaints == []


def test_light_and_dark(browser, trained):
    path, _ = write(trained("line"))
    light, dark = browser.open(path, color_scheme="light"), browser.open(path, color_scheme="dark")
    white, black = background(light.page), background(dark.page)
    assert white != black
    button = light.page.locator("#theme")
    button.focus()
    for expected, word in ((white, "light"), (black, "dark"), (white, "auto")):
        light.page.keyboard.press("Enter")
        assert background(light.page) == expected
        assert button.inner_text() == f"Theme: {word}"
    assert light.complaints == dark.complaints == []


def test_a_sweep(browser, nncli_sweep):
    path, _ = write(nncli_sweep)
    opened = browser.open(path, width=390)
    charts = opened.page.locator(".chart")
    charts.last.hover()
    assert opened.page.locator(".tip").inner_text().startswith("eta=")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert (opened.complaints, opened.requests) == ([], [])
