"""The packaged specs: `configs/` of the project, which travels inside the wheel."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from nncli.errors import UsageError


def folder() -> Path:
    """Where the packaged specs are: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    packaged = package / "configs"
    return packaged if packaged.is_dir() else package.parent / "configs"


def names() -> list[str]:
    """Every packaged spec, by name."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def title(name: str) -> str:
    """The comment in a packaged spec's first line."""
    return read(name).partition("\n")[0].removeprefix("#").strip()


def read(name: str) -> str:
    """The text of a packaged spec. Raises UsageError where there is none of that name."""
    if name not in names():
        close = get_close_matches(name, names(), n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"{name}: no packaged spec of that name. {hint}There are {', '.join(names())}."
        )
    return (folder() / f"{name}.yaml").read_text(encoding="utf-8")
