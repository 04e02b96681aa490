"""`nncli report` in Python: a run or a sweep as one HTML file."""

from __future__ import annotations

from pathlib import Path

from nncli import files
from nncli.errors import UsageError
from nncli.pages import of_run, of_sweep
from nncli.runs import outputs
from nncli.sweep.reading import is_sweep

REPORT = "report.html"
"""Where the page lies in its run or sweep."""


def write(
    target: Path, out: Path | None = None, split: str | None = None, *, every: bool = False
) -> tuple[Path, tuple[str, ...]]:
    """Write the page of a run or a sweep to `out`, by default into it; where it is, and what should be known of it.

    A run that has not ended is shown as it stands; without its data, without answers. Of a sweep the trials of its last
    command are shown, or `every` one. Raises UsageError where there is no such run, DamagedError where it cannot be
    read; nothing is written then.
    """
    if target.is_file():
        raise UsageError(f"{target}: is a file; a report is of a run or a sweep: name its folder")
    if out is not None and out.is_dir():
        raise UsageError(f"--out {out}: is a folder. Name a file in it: --out {out / REPORT}")
    if out is not None:
        outputs.check(out)
    if is_sweep(target):
        if split is not None:
            raise UsageError(f"--split {split}: {target} is a sweep; its report shows no answers")
        page, notes = of_sweep.draw(target, (out or target / REPORT).parent, every)
    else:
        page, notes = of_run.draw(target, split)
    if out is None:
        files.replace(target / REPORT, page)
        return target / REPORT, notes
    files.make_folders(out.parent)
    outputs.write(out, page)
    return out, notes
