"""Pages in headless Chromium, driven by Playwright; whatever a page complains of or asks for is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Opened:
    """A page that is open."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    """Messages on the console, and errors of scripts."""
    requests: list[str] = field(default_factory=list)
    """What was asked for, the page itself aside."""


class Browser:
    """One Chromium."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        self._windows: list[Any] = []

    def open(self, path: Path, width: int = 1200, height: int = 900, **context: Any) -> Opened:
        """A file in a window of its own; `context` is Playwright's: color_scheme="dark"."""
        size: Any = {"width": width, "height": height}
        self._windows.append(self._chromium.new_context(viewport=size, **context))
        page = self._windows[-1].new_page()
        opened, own = Opened(page), path.absolute().as_uri()
        page.on("console", lambda message: opened.complaints.append(message.text))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on("request", lambda asked: opened.requests.append(asked.url))
        page.goto(own)
        opened.requests[:] = [
            url for url in opened.requests if url.partition("#")[0] != own and url[:5] != "data:"
        ]
        return opened

    def close_windows(self) -> None:
        """All that were opened."""
        while self._windows:
            self._windows.pop().close()


@contextmanager
def running() -> Iterator[Browser]:
    """A browser; without one the test is skipped, but never under CI."""
    absent = pytest.fail if os.environ.get("CI") else pytest.skip
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        absent("there is no Chromium: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("there is no Playwright: pip install playwright")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield Browser(chromium)
        finally:
            chromium.close()
