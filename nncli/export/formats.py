"""The formats that a network can be exported to: name -> exporter and ending."""

from __future__ import annotations

import shlex
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from nncli.errors import UsageError
from nncli.export.subject import subject_of, word_of
from nncli.filetypes import kind
from nncli.runs import outputs


class Format(NamedTuple):
    """Where the exporter of a format is: a module with a function `write(Subject) -> Written`, and in `ACTIVATIONS` the
    names of the activations that it can write."""

    module: str
    ending: str


FORMATS: dict[str, Format] = {
    "python": Format("nncli.export.python", ".py"),
    "html": Format("nncli.export.browser.write", ".html"),
    "onnx": Format("nncli.export.onnx", ".onnx"),
    "safetensors": Format("nncli.export.safetensors", ".safetensors"),
}


class Exported(NamedTuple):
    """A file that was written."""

    path: Path
    size: int
    use: str
    notes: tuple[str, ...]


def exporter(to: str) -> Any:
    """The module that writes a format."""
    return import_module(FORMATS[to].module)


def export(target: Path, to: str, out: Path | None = None, which: str | None = None) -> Exported:
    """Write the network in a run or a weights file as a file of another kind; by default NAME.ending, here.

    Raises UsageError where there is no such network, an extra is missing or the file cannot stand there.
    """
    form = FORMATS[to]
    if out is not None:
        _check_out(out, form)
    subject = subject_of(target, which)
    path = out or Path(word_of(subject.name) + form.ending)
    _check_out(path, form)
    if out is None and kind(path):  # it may be no export at all
        raise UsageError(f"{path}: exists. Replace it with --out {path}, or name another file")
    writer = exporter(to)
    for number, layer in enumerate(subject.meta.architecture, 1):
        if layer.activation not in writer.ACTIVATIONS:
            raise UsageError(
                f"--to {to}: layer {number} is {layer.activation}, which this format cannot express. It has "
                f"{', '.join(sorted(writer.ACTIVATIONS))}. Choose another --to"
            )
    written = writer.write(subject)
    outputs.write(path, written.data)
    use = written.use.format(path=str(path), word=shlex.quote(str(path)))
    return Exported(path, len(written.data), use, (*subject.notes, *written.notes))


def _check_out(out: Path, form: Format) -> None:
    """Raise UsageError where nothing should be written, before any work."""
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder")
    outputs.check(out)
    if out.suffix != form.ending:
        raise UsageError(f"{out}: should end in {form.ending}, for who opens it")
