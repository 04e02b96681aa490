"""The pictures of a sweep."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

from nncli.report import against, heatmap, trials
from nncli.report.swept import Swept


def draw(swept: Swept) -> Figure:
    """What came out, over what was swept: as a table or a plane for two keys, else against each key."""
    swept.values()
    return heatmap.draw(swept) if heatmap.applies(swept) else against.draw(swept)


PICTURES: dict[str, Callable[[Swept], Figure]] = {"sweep": draw, "curves": trials.draw}
"""Name -> the picture of a sweep."""
