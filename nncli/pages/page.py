"""The file itself: head, contents, sections and script, in one piece that asks nobody for anything."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from nncli import __version__
from nncli.pages.markup import Markup, Piece, markup, tag, void
from nncli.pages.parts import Section, section

HERE = Path(__file__).parent
STYLE = HERE / "page.css"
THEME = HERE / "theme.js"


def page(title: str, lead: Piece, sections: Sequence[Section]) -> bytes:
    """A whole page: title, lead, contents and sections."""
    contents = tag(
        "nav",
        [tag("a", part.title, href=f"#{part.name}") for part in sections],
        aria_label="Contents",
    )
    header = tag("header", top(title), lead, contents)
    body = [header, tag("main", map(section, sections)), footer()]
    script = asset(THEME) + asset(HERE / "page.js")
    return document(title, body, script, asset(STYLE))


def document(title: str, body: Piece, script: str, style: str) -> bytes:
    """A file. Nothing but its own script may run in it, and it may fetch nothing: the browser sees to that."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    head = tag(
        "head",
        void("meta", charset="utf-8"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        void("link", rel="icon", href="data:,"),
        tag("title", title),
        markup(Markup(f"<style>{style}</style>")),
    )
    whole = tag("body", body, Markup(f"<script>{script}</script>"))
    html = tag("html", head, whole, lang="en")
    return f"<!doctype html>\n{html}\n".encode()


def top(title: str) -> Markup:
    """The title beside the button that switches the theme; theme.js is its script."""
    label = "Theme: light, dark or as the system"
    theme = tag("button", "Theme: auto", type="button", id="theme", aria_label=label)
    return tag("div", tag("h1", title), theme, class_="top")


def footer() -> Markup:
    """Who wrote the page."""
    return tag("footer", f"Written by nncli {__version__}. This file needs no network.")


def asset(path: Path) -> str:
    """A script or style that lies beside the code."""
    return path.read_text(encoding="utf-8")
