"""The page: what Python writes of it. All that moves is in the scripts beside this file."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

from nncli.errors import NncliError
from nncli.export.browser.facts import facts, kind_of
from nncli.export.browser.packing import Packed, pack
from nncli.export.subject import Subject, Written
from nncli.judge import Opened, judged
from nncli.pages import page
from nncli.pages.markup import Markup, Piece, tag
from nncli.words import plural

HERE = Path(__file__).parent
ACTIVATIONS = frozenset(
    re.findall(
        r"^  (\w+)",
        page.asset(HERE / "network.js").split("const ACTIVATIONS = {")[1].split("};")[0],
        re.M,
    )
)
"""Those of the script."""
MEANING = "Each square is a unit: the stronger its color, the more it says."
SIGNS = "Blue is above zero, orange below."
TITLES = {"drawing": "Draw", "table": "Ask", "plane": "Point", "row": "Ask"}


def write(subject: Subject) -> Written:
    """The page, and how to use it. Without the data it knows no ranges and cannot tell how rounding changes answers."""
    opened, notes = _data(subject)
    packed = pack(subject.weights, opened.rows.x if opened else None)
    told = facts(subject, packed, opened.dataset if opened else None)
    kind = kind_of(subject)
    scripts = (page.THEME, *(HERE / f"{name}.js" for name in ("network", "answer", kind)))
    script = "\n".join(map(page.asset, scripts))
    style = page.asset(page.STYLE) + page.asset(HERE / "browser.css")
    # no text in it can end the element
    data = json.dumps(told, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    block = Markup(f'<script type="application/json" id="network">{data}</script>')
    body = [_header(subject, packed, opened), _main(kind), page.footer(), block]
    html = page.document(subject.name, body, script, style)
    return Written(html, f"open it in a browser; {_rounding(packed, opened)}", notes)


def _data(subject: Subject) -> tuple[Opened | None, tuple[str, ...]]:
    """The rows that the network is judged on, where they are still there."""
    try:
        return subject.judged(), ()
    except NncliError as error:
        first = str(error).partition("\n")[0]
        note = f"the page is written without a look at the data: {first}"
        return None, (note,)


def _rounding(packed: Packed, opened: Opened | None) -> str:
    """How the weights are written, and what that does."""
    weights = f"its weights are {packed.kind}"
    if packed.change is None or opened is None:
        return weights
    bound = _percent(packed.change)
    return f"{weights}, which changes no {opened.split} answer by more than {bound}"


def _percent(part: float) -> str:
    """In two digits, rounded up, since it is a bound."""
    if part == 0:
        return "0 %"
    step = 10.0 ** (math.floor(math.log10(part)) - 1)
    return f"{100 * step * math.ceil(part / step):.3g} %"


def _header(subject: Subject, packed: Packed, opened: Opened | None) -> Markup:
    epochs = plural(subject.meta.epoch, "epoch")
    lead = f"{subject.layers.replace('->', '→')}, after {epochs} of training"
    if opened:
        weights = replace(subject.weights, params=packed.params)
        figures = judged(replace(opened, weights=weights)).figures
        rows = plural(len(opened.rows), f"{opened.split} row")
        if "accuracy" in figures:
            lead += f": {100 * figures['accuracy']:.1f} % right on {rows}"
        elif "rmse" in figures:
            lead += f": off by {figures['rmse']:.4g} (RMSE) on {rows}"
    return tag("header", page.top(subject.name), tag("p", f"{lead}.", class_="quiet lead"))


def _main(kind: str) -> Markup:
    asked = tag("section", PARTS[kind], id="inputs", aria_label=TITLES[kind])
    headline = [
        tag("p", id="what", class_="quiet"),
        tag("p", id="headline"),
        tag("p", id="beside", class_="quiet"),
    ]
    said = tag(
        "section",
        tag("div", headline, id="said", role="status"),
        tag("div", id="bars"),
        id="answer",
        aria_label="Answer",
    )
    inside = tag(
        "section",
        tag("h2", "Inside the network"),
        tag("p", MEANING, " ", tag("span", SIGNS, id="signs"), class_="quiet"),
        tag("div", id="layers"),
        id="inside",
    )
    return tag(
        "main", tag("div", asked, tag("div", said, inside, id="right"), class_=f"two {kind}")
    )


def _canvas(name: str, side: int, **attributes: str) -> Markup:
    return tag("canvas", id=name, width=side, height=side, **attributes)


KEYS = "By keys: arrows move the pen, the space bar puts it down and lifts it, Delete clears."
PARTS: dict[str, Piece] = {
    "drawing": [
        tag(
            "div",
            _canvas("sheet", 280, tabindex="0", role="application", aria_label=f"Paper. {KEYS}"),
            tag("span", id="hint", aria_hidden="true"),
            tag("i", id="pen", hidden=""),
            class_="paper",
        ),
        tag(
            "div",
            tag(
                "figure",
                _canvas("seen", 28, role="img", aria_label="What the network sees"),
                tag("figcaption", "What the network sees", id="seen-title"),
            ),
            tag(
                "div",
                tag("button", "Clear", type="button", id="clear"),
                tag("p", KEYS, class_="quiet keys"),
                tag("p", id="short", aria_hidden="true"),
            ),
            class_="below",
        ),
    ],
    "table": tag("form", tag("div", id="fields"), tag("button", "Start again", type="reset")),
    "plane": [
        tag("div", id="plane", tabindex="0", role="application"),
        tag("p", id="where", class_="quiet"),
    ],
    "row": [
        tag("label", id="ask", for_="row"),
        tag("textarea", id="row", rows="6", spellcheck="false", autocomplete="off"),
        tag("p", id="problem", class_="quiet", role="status"),
    ],
}
"""What stands where rows are given; the scripts fill it."""
