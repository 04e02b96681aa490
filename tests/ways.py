"""The ways of predicting: each answers what it is given, as text, or refuses it; and what each cannot see."""

from __future__ import annotations

import csv
import io
import runpy
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from exported import nncli
from input_rules import npy

from nncli.api import load_run
from nncli.blas import blas_threads
from nncli.data.cells import stripped
from nncli.errors import NncliError
from nncli.export.browser import write
from nncli.export.browser.packing import packed_as
from nncli.predict import open_network, predict
from nncli.predictions import Writer
from nncli.runs.weights import Meta


class Refused(Exception):
    """What was given has no answer; the text says why."""


class Answer(NamedTuple):
    """For each row a label (labels of 0 and 1; none for a regression), and (rows, K) numbers."""

    chosen: list[Any]
    numbers: Any
    printed: str | None = None
    """The whole output, where it is text."""


@dataclass
class Asked:
    """A network, and what it was exported to."""

    run: Path
    folder: Path
    browser: Any = None

    @cached_property
    def meta(self) -> Meta:
        return open_network(self.run).weights.meta

    def exported(self, to: str, ending: str) -> Path:
        path = self.folder / f"it{ending}"
        result = nncli("export", self.run, "--to", to, "--out", path)
        assert result.exit_code == 0, result.output
        return path

    @cached_property
    def module(self) -> dict[str, Any]:
        return runpy.run_path(str(self.exported("python", ".py")))

    @cached_property
    def session(self) -> Any:
        import onnxruntime

        path = self.exported("onnx", ".onnx")
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    @cached_property
    def page(self) -> Any:
        """With weights as they are: how they are rounded is another question."""
        before, write.pack = write.pack, lambda weights, _: packed_as("float64", weights.params)
        try:
            path = self.exported("html", ".html")
        finally:
            write.pack = before
        return self.browser.open(path).page

    def close(self) -> None:
        """Its page, if there is one."""
        if "page" in self.__dict__:
            self.page.context.close()

    def written(self, data: bytes) -> Path:
        is_array = data.startswith(b"\x93NUMPY")
        path = self.folder / ("given.npy" if is_array else "given.csv")
        path.write_bytes(data)
        return path


Ask = Callable[[Asked, Any], Answer]


def table_of(row: dict[str, Any]) -> bytes:
    """A file of one row, every cell in quotes: as it is."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([list(row), list(row.values())])
    return text.getvalue().encode()


def read(asked: Asked, text: str) -> Answer:
    """Answers from the CSV that is printed."""
    _, *rows = csv.reader(io.StringIO(text))
    meta = asked.meta
    chosen = 1 if meta.classes else len(meta.labels or ())
    numbers = np.array([[float(cell) for cell in row[chosen:]] for row in rows])
    if meta.labels:
        return Answer([[int(cell) for cell in row[:chosen]] for row in rows], numbers, text)
    return Answer([row[0] for row in rows] if chosen else [], numbers, text)


def predict_file(asked: Asked, data: bytes) -> Answer:
    """What the command prints."""
    try:
        prediction = predict(asked.run, [str(asked.written(data))])
        writer = Writer(prediction.form)
        lines = [writer.lines(one.rows.keys, one.answers) for one in prediction.chunks()]
    except NncliError as error:
        raise Refused(str(error)) from error
    return read(asked, "".join([writer.head(), *lines]))


def api(asked: Asked, x: Any) -> Answer:
    run = load_run(asked.run)
    try:
        given, chosen = run._answers(x), run.predict(x)
    except NncliError as error:
        raise Refused(str(error)) from error
    return Answer([] if given.chosen is None else chosen.tolist(), given.outputs)


def module(asked: Asked, rows: Any) -> Answer:
    """The exported Python file as a module."""
    try:
        with blas_threads(1):
            chosen, numbers = asked.module["answer"](rows)
    except ValueError as error:
        raise Refused(str(error)) from error
    has_chosen = asked.meta.classes or asked.meta.labels
    return Answer(chosen if has_chosen else [], numbers)


class Bytes(io.TextIOWrapper):
    """What stands for standard output."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")

    @property
    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


def program(asked: Asked, data: bytes) -> Answer:
    """The same as a program, in this process: test_python.py runs it alone."""
    path = asked.written(data)
    with Bytes() as out, io.StringIO() as err:
        with redirect_stdout(out), redirect_stderr(err), blas_threads(1):
            code = asked.module["main"]([str(path)])
        if code:
            assert (code, out.text) == (2, "")
            raise Refused(err.getvalue())
        return read(asked, out.text)


def twice(asked: Asked, row: dict[str, str]) -> Answer:
    """Cells, to the exported Python file as a program and as a module, which have to agree."""
    try:
        ours = module(asked, [row])
    except Refused as error:
        refused(program, asked, table_of(row))
        raise error
    theirs = program(asked, table_of(row))
    assert (ours.chosen, ours.numbers) == (theirs.chosen, near(theirs.numbers, 1e-5))
    return theirs


def refused(way: Ask, asked: Asked, given: Any) -> str:
    """Why it refuses; an answer fails."""
    try:
        answer = way(asked, given)
    except Refused as error:
        return str(error)
    raise AssertionError(f"answers {answer.chosen} {answer.numbers}")


def near(numbers: Any, by: float) -> Any:
    return pytest.approx(numbers, rel=by, abs=by)


def graph(asked: Asked, fed: dict[str, Any]) -> Answer:
    """A row that onnxruntime does not take is refused; so is one whose answer is NaN and no class."""
    try:
        *chosen, numbers = asked.session.run(None, fed)
    except Exception as error:  # of several kinds
        raise Refused(str(error)) from error
    if np.isnan(numbers).any():
        assert np.isnan(numbers).all()
        nothing = "" if asked.meta.classes else -1
        assert all((one == nothing).all() for one in chosen)
        raise Refused("NaN")
    return Answer(chosen[0].tolist() if chosen else [], numbers)


def graph_row(asked: Asked, row: dict[str, Any]) -> Answer:
    kinds = {
        one.name: float if one.type == "tensor(double)" else object
        for one in asked.session.get_inputs()
    }
    return graph(asked, {name: np.array([[row[name]]], kind) for name, kind in kinds.items()})


def graph_array(asked: Asked, x: Any) -> Answer:
    return graph(asked, {"x": x})


def graph_numbers(asked: Asked, row: list[float]) -> Answer:
    (x,) = asked.session.get_inputs()
    dtype = {"tensor(float)": "float32", "tensor(double)": "float64"}[x.type]
    with np.errstate(over="ignore"):
        return graph_array(asked, np.array([row], dtype))


ASK = """(row) => {
  const fill = (field, value) => {
    field.value = value;
    field.dispatchEvent(new InputEvent("input", {bubbles: true}));
  };
  FILL;
  const [headline, beside] = ["headline", "beside"].map((id) => place(id).textContent);
  return {headline, beside, ...(headline === "\N{EN DASH}" ? {} : answer(INPUTS))};
}"""
"""Fields are filled, and read is what then stands on the page; the numbers come from its own functions."""
FORM = """columns.forEach(({name, categories}, at) => {
  const value = categories ? categories.indexOf(row[name]) : row[name];
  fill(place("field" + at), value);
})"""


def on_page(fill: str, inputs: str) -> Ask:
    """All in one call: a test has hundreds of them."""
    script = ASK.replace("FILL", fill).replace("INPUTS", inputs)

    def ask(asked: Asked, row: Any) -> Answer:
        found = asked.page.evaluate(script, row)
        if "values" not in found:
            raise Refused(found["beside"])
        meta, chosen, numbers = asked.meta, found["chosen"], np.array([found["values"]])
        if meta.classes is None:
            return Answer([chosen] if meta.labels else [], numbers)
        assert found["headline"] == meta.classes[chosen]
        return Answer([found["headline"]], numbers)

    return ask


page_form = on_page(FORM, "encode(given())")
page_row = on_page("show(encode(row))", "encode(row)")
"""Cells of any text: a form offers the categories of training only."""
page_pasted = on_page('fill(place("row"), row.join(", "))', "divided(read().row)")


def columns(row: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: [cell] for name, cell in row.items()}


NO_VALUES = "a file holds texts"
NO_CELLS = "takes numbers: who feeds it reads the cells"
NO_FILES = "takes no files: who feeds it reads them"
FIELDS = "has fields for texts, and no files"


class Way(NamedTuple):
    """How it is asked, by what is given: by a function, or not at all, with the reason."""

    asks: dict[str, Ask | str]


WAYS: dict[str, Way] = {
    "predict": Way(
        {
            "number cell": lambda asked, row: predict_file(asked, table_of(row)),
            "text cell": lambda asked, row: predict_file(asked, table_of(row)),
            "float value": NO_VALUES,
            "object value": NO_VALUES,
            "table file": predict_file,
            "row": lambda asked, row: predict_file(asked, npy([row])),
            "array": lambda asked, x: predict_file(asked, npy(x)),
            "array file": predict_file,
        }
    ),
    "python api": Way(
        {
            "number cell": lambda asked, row: api(asked, columns(row)),
            "text cell": lambda asked, row: api(asked, columns(row)),
            "float value": lambda asked, row: api(asked, columns(row)),
            "object value": lambda asked, row: api(asked, columns(row)),
            "table file": lambda asked, data: api(asked, asked.written(data)),
            "row": lambda asked, row: api(asked, [row]),
            "array": api,
            "array file": lambda asked, data: api(asked, asked.written(data)),
        }
    ),
    "python": Way(
        {
            "number cell": twice,
            "text cell": twice,
            "float value": lambda asked, row: module(asked, [row]),
            "object value": lambda asked, row: module(asked, [row]),
            "table file": program,
            "row": lambda asked, row: module(asked, [row]),
            "array": module,
            "array file": program,
        }
    ),
    "onnx": Way(
        {
            "number cell": NO_CELLS,
            "text cell": lambda asked, row: graph_row(
                asked, {**row, "size": 40.5, "mass": 2.0, "color": stripped(row["color"])}
            ),
            "float value": graph_row,
            "object value": NO_CELLS,
            "table file": NO_FILES,
            "row": graph_numbers,
            "array": graph_array,
            "array file": NO_FILES,
        }
    ),
    "html": Way(
        {
            "number cell": page_form,
            "text cell": page_row,
            "float value": FIELDS,
            "object value": FIELDS,
            "table file": FIELDS,
            "row": lambda asked, row: page_pasted(asked, list(map(repr, row))),
            "array": FIELDS,
            "array file": FIELDS,
        }
    ),
}
NO_WAYS = {"safetensors": "holds arrays alone: who loads them writes what is around them"}
"""Formats that answer nothing by themselves."""
