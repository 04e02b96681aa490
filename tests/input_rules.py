"""What a network may be asked, and what is right: one table for all ways of predicting (see ways.py).

Right is a row in its own terms (a number, a text, None for a hole), or a refusal. A way that cannot see a sort of rule
says so in ways.py.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

OTHER = "a text that training never saw"


class Refusal(NamedTuple):
    """No answer; `word` is part of what `nncli predict` says of it."""

    word: str


class Rule(NamedTuple):
    """Something that is given, and what is right."""

    name: str
    given: Any
    right: Any
    """A cell, a row or rows; or a Refusal."""
    refused_by: Sequence[str] = ()
    """Ways that may refuse what has an answer."""


NO_NUMBER = Refusal("where numbers are expected")
FAR = Refusal("far beyond")
NOT_FINITE = Refusal("not finite")
MISSING = ("", "NA", "-999")
"""Cells of the table that hold nothing: not all of the usual ones, and one that is a number."""
COLORS = ("red", "blue", "007", "7", "true", "constructor", "__proto__", "new york", "größe", "")
CLASSES = ("a,b", 'he said "hi"', "größe")


def cells(right: Any, *given: str) -> list[Rule]:
    """Rules for cells that all mean the same."""
    return [Rule(repr(cell[:20]), cell, right) for cell in given]


NUMBER_CELLS = [
    *cells(40.5, "40.5", "+40.5", "4.05e1", "4.05E+01", "405e-1", "00040.50"),
    *cells(40.5, " 40.5 ", "\t40.5", "40.5\v", "40.5\f", "\x8540.5", "\xa040.5\xa0"),
    *cells(40.5, "\u168040.5", "\u200340.5", "\u202f40.5", "40.5\u205f", "\u300040.5"),
    *cells(7.0, "7", "7.", "007", "+7.0"),
    *cells(0.5, ".5", "0.5", "5e-1"),
    *cells(-3.0, "-3", "-3.0", "-0003"),
    *cells(0.0, "0", "-0", "0.0e9", "1e-400", "-1e-400"),
    *cells(-999.0, "-999.0", "-9.99e2"),
    *cells(None, *MISSING, " ", "\xa0", " NA", "-999\u3000"),
    *cells(NO_NUMBER, "1e400", "-1e400", "9" * 400, "nan", "NaN", "inf", "-Infinity"),
    *cells(
        NO_NUMBER, "0x10", "0b1", "0o7", "1_000", "1,5", "1,000", "1.000,5", "1 000", "1\xa0000"
    ),
    *cells(NO_NUMBER, "\u0664\u0660", "\uff14\uff10", "\u22125", "\xbd", "\xb2", "\u2460"),
    *cells(NO_NUMBER, "\ufeff40.5", "\u200b40.5", "\x1c40.5", "40.5\x1f", "4\u0301"),
    *cells(NO_NUMBER, ".", "+", "-", "e5", "4e", "--5", "+-5", "1e5.0", "1 e5", "40.5.1"),
    *cells(NO_NUMBER, "40.5x", "5%", "$5", "(5)", "1/2", "12:30", "2020-01-01", "7f", "7n", "7L"),
    *cells(NO_NUMBER, "true", "None", "undefined", "__proto__", "constructor", "x" * 100_000),
    *cells(FAR, "1e41", "-1e41", "1e300"),
]
"""Cells of a column of numbers."""

TEXT_CELLS = [
    *(Rule(repr(color), color, color or None) for color in COLORS),
    *cells("red", " red", "red\xa0", "\tred\u2003", "\x85red"),
    *cells("new york", " new york "),
    *cells(None, *MISSING, " ", " NA", "-999\u3000"),
    *cells(
        OTHER, "green", "RED", "True", "7.0", "07", "gro\u0308ße", "red\u200b", "re\nd", "re\u2028d"
    ),
    *cells(OTHER, "toString", "hasOwnProperty", "prototype", "1e400", "nan", "null", "None"),
    *cells(OTHER, "-999.0", 'a "q", b;\tc', "<b>red</b>", "${red}", "%s", "🦊", "x" * 100_000),
]
"""Cells of a column of texts."""

FLOAT_VALUES = [
    Rule("a float", 40.5, 40.5),
    Rule("a float32", np.float32(40.5), 40.5),
    Rule("minus zero", -0.0, 0.0),
    Rule("a denormal number", 5e-324, 0.0),
    Rule("NaN", float("nan"), None),
    Rule("a number that stands for a hole", -999.0, None),
    Rule("infinity", float("inf"), FAR),
    Rule("minus infinity", float("-inf"), FAR),
    Rule("beyond float32", 1e41, FAR),
    Rule("far beyond float32", 1.7e308, FAR),
]
"""Numbers, as programs hold them, for a column of numbers."""

OBJECT_VALUES = [
    Rule("None", None, None),
    Rule("an int", 7, 7.0),
    Rule("an int that stands for a hole", -999, None),
    Rule("true", True, 1.0),
    Rule("NumPy's true", np.True_, 1.0),
    Rule("NumPy's int", np.int64(7), 7.0),
    Rule("a decimal", Decimal("40.5"), 40.5),
    Rule("an endless int", 10**400, NO_NUMBER),
    Rule("a complex number", 1 + 2j, NO_NUMBER),
    Rule("bytes", b"7", NO_NUMBER),
    Rule("a tuple", ("7", "8"), NO_NUMBER),
    Rule("a text", "x", NO_NUMBER),
]
"""What else programs hold."""

HEAD, ROW = b"size,mass,color\n", b"40.5,2,red\n"
RED = {"size": 40.5, "mass": 2.0, "color": "red"}
BLUE = {"size": 7.0, "mass": 3.0, "color": "blue"}
HOLES = {"size": None, "mass": None, "color": None}
LACKS, RAGGED, SAME = Refusal("lacks"), Refusal("fields, found"), Refusal("the same name")
EMPTY, UTF8, QUOTES = Refusal("is empty"), Refusal("UTF-8"), Refusal("quote")
HEADERLESS, KIND = Refusal("names of the columns"), Refusal("expected numbers")
PACKED = gzip.compress(HEAD + ROW, mtime=0)


def npy(values: Any) -> bytes:
    """An `.npy` file."""
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


TABLE_FILES = [
    Rule("one row", HEAD + ROW, [RED]),
    Rule("two rows", HEAD + ROW + b"7,3,blue\n", [RED, BLUE]),
    Rule("no row", HEAD, []),
    Rule("no row and no line end", HEAD.strip(), []),
    Rule("no line end", HEAD + ROW.strip(), [RED]),
    Rule("holes", HEAD + b",,\n", [HOLES]),
    Rule("another order", b"color,size,mass\nred,40.5,2\n", [RED]),
    Rule("another column", b"size,id,mass,color\n40.5,\xc3\xbc,2,red\n", [RED]),
    Rule("a byte order mark", b"\xef\xbb\xbf" + HEAD + ROW, [RED]),
    Rule("CRLF", (HEAD + ROW).replace(b"\n", b"\r\n"), [RED]),
    Rule("CR", (HEAD + ROW).replace(b"\n", b"\r"), [RED]),
    Rule("CR and semicolons", (HEAD + ROW).translate(bytes.maketrans(b"\n,", b"\r;")), [RED]),
    Rule("blank lines", b"\n" + HEAD + b"\n\n" + ROW + b"\n", [RED]),
    Rule("semicolons", (HEAD + ROW).replace(b",", b";"), [RED]),
    Rule("tabs", (HEAD + ROW).replace(b",", b"\t"), [RED]),
    Rule("blanks after separators", (HEAD + ROW).replace(b",", b", "), [RED]),
    Rule("quotes", b'"size","mass","color"\n"40.5","2","red"\n', [RED]),
    Rule("commas in a quoted name", b'"a,b,c";size;mass;color\nx;40.5;2;red\n', [RED]),
    Rule("a line end in quotes", b'size,mass,color,note\n40.5,2,red,"a\nb"\n', [RED]),
    Rule(
        "no line end but LF and CR", HEAD + "40.5,2,re\u2028d\n".encode(), [RED | {"color": OTHER}]
    ),
    Rule("gzip", PACKED, [RED]),
    Rule("nothing", b"", EMPTY),
    Rule("only line ends", b"\n\r\n\n", EMPTY),
    Rule("only a byte order mark", b"\xef\xbb\xbf", EMPTY),
    Rule("a column twice", b"size,mass,color,size\n40.5,2,red,1\n", SAME),
    Rule("another column twice", b"size,id,mass,id,color\n40.5,1,2,1,red\n", SAME),
    Rule("a column without a name", b"size,,mass,color\n40.5,1,2,red\n", Refusal("without a name")),
    Rule("no header", ROW + ROW, HEADERLESS),
    Rule("numbers for a header", b"1,2,3\n4,5,6\n", HEADERLESS),
    Rule("a column less", b"size,color\n40.5,red\n", LACKS),
    Rule("a column less and no row", b"size,color\n", LACKS),
    Rule("a name in capitals", b"size,Mass,color\n40.5,2,red\n", LACKS),
    Rule("a name with a quoted blank", b'size," mass",color\n40.5,2,red\n', LACKS),
    Rule("a cell less", HEAD + b"40.5,2\n", RAGGED),
    Rule("a cell more", HEAD + ROW + b"40.5,2,red,\n", RAGGED),
    Rule("a line of blanks", HEAD + b"  \n", RAGGED),
    Rule("decimal commas", HEAD + b"40,5,2,red\n", RAGGED),
    Rule("decimal commas, semicolons", b"size;mass;color\n40,5;2;red\n", NO_NUMBER),
    Rule("an open quote", HEAD + b'40.5,2,"red\n', QUOTES),
    Rule("text after a quote", HEAD + b'40.5,2,"re"d\n', QUOTES),
    Rule("a field without an end", HEAD + b"40.5,2," + b"x" * 200_000, Refusal("131,072")),
    Rule("NUL", HEAD + b"40.5,2,re\0d\n", Refusal("NUL")),
    Rule("NUL in another column", b"size,mass,color,id\n40.5,2,red,\0\n", Refusal("NUL")),
    Rule("Latin-1", HEAD + b"40.5,2,gr\xf6\xdfe\n", UTF8),
    Rule("a surrogate", HEAD + b"40.5,2,\xed\xa0\x80\n", UTF8),
    Rule("UTF-16", (HEAD + ROW).decode().encode("utf-16"), UTF8),
    Rule("a spreadsheet", b"PK\x03\x04\x14\0\0\0", Refusal("table")),
    Rule("a picture", b"\x89PNG\r\n\x1a\n\0\0", Refusal("table")),
    Rule("an array", npy(np.zeros((1, 3))), Refusal("table")),
    Rule("cut gzip", PACKED[:-9], Refusal("gzip")),
    Rule("damaged gzip", PACKED[:-8] + b"\0" * 8, Refusal("gzip")),
]
"""Files for a network that was trained on a table."""

ROWS = [
    Rule("three numbers", [1.5, -2.0, 3.25], [1.5, -2.0, 3.25]),
    Rule("zeros", [0.0, -0.0, 5e-324], [0.0, 0.0, 0.0]),
    Rule("NaN", [1.0, float("nan"), 2.0], NOT_FINITE),
    Rule("infinity", [1.0, 2.0, float("inf")], NOT_FINITE),
    Rule("minus infinity", [float("-inf"), 2.0, 3.0], NOT_FINITE),
    Rule("beyond float32", [1e39, 2.0, 3.0], FAR),
    Rule("minus as much", [1.0, -1e39, 3.0], FAR),
    Rule("a number less", [1.0, 2.0], Refusal("takes")),
    Rule("a number more", [1.0, 2.0, 3.0, 4.0], Refusal("takes")),
]
"""Rows for a network that was trained on arrays of three numbers. FAR holds where its numbers are float32."""

ONES = [[1.0, 1.0, 1.0]]
ARRAYS = [
    Rule("float32", np.ones((1, 3), "float32"), ONES, ["onnx"]),
    Rule("float16", np.ones((1, 3), "float16"), ONES, ["onnx"]),
    Rule("big-endian", np.ones((1, 3), ">f8"), ONES, ["onnx"]),
    Rule("integers", np.ones((1, 3), "int16"), ONES, ["onnx"]),
    Rule("booleans", np.ones((1, 3), bool), ONES, ["onnx"]),
    Rule("columns that lie together", np.ones((2, 3), order="F"), ONES * 2, ["onnx"]),
    Rule("three axes", np.ones((2, 3, 1)), ONES * 2, ["onnx"]),
    Rule("no row", np.ones((0, 3)), [], ["onnx"]),
    Rule("one row without an axis", np.ones(3), ONES, ["python api", "python", "onnx"]),
    Rule("too narrow", np.ones((1, 2)), Refusal("takes 3")),
    Rule("too wide", np.ones((1, 4)), Refusal("takes 3")),
    Rule("a number", np.ones(()), Refusal("takes 3")),
    Rule("texts", np.array([["1", "1", "1"]]), KIND),
    Rule("complex numbers", np.ones((1, 3), complex), KIND),
    Rule("dates", np.ones((1, 3), "datetime64[s]"), KIND),
    Rule("objects", np.array([[1, None, 1]], object), KIND),
    Rule("NaN", np.full((1, 3), np.nan), NOT_FINITE),
    Rule("infinity in float16", np.full((1, 3), np.inf, "float16"), NOT_FINITE),
]
"""Arrays for the same."""

NAMES = b"a,b,c\n"
ARRAY_FILES = [
    Rule("a table", NAMES + b"1,1,1\n", ONES),
    Rule("blanks around numbers", NAMES + "\xa01, 1 ,\u20031\n".encode(), ONES),
    Rule("semicolons", b"a;b;c\n1;1;1\n", ONES),
    Rule("no row", NAMES, []),
    Rule("an array", npy(np.ones((1, 3))), ONES),
    Rule("a packed array", gzip.compress(npy(np.ones((1, 3)))), ONES),
    Rule("nothing", b"", EMPTY),
    Rule("a column less", b"a,b\n1,1\n", Refusal("takes 3")),
    Rule("a column less and no row", b"a,b\n", Refusal("takes 3")),
    Rule("a column more", b"a,b,c,d\n1,1,1,1\n", Refusal("takes 3")),
    Rule("a column twice", b"a,b,a\n1,1,1\n", SAME),
    Rule("an empty cell", NAMES + b"1,,1\n", NO_NUMBER),
    Rule("a text", NAMES + b"1,NA,1\n", NO_NUMBER),
    Rule("beyond all numbers", NAMES + b"1,1e400,1\n", NO_NUMBER),
    Rule("beyond float32", NAMES + b"1,1e39,1\n", FAR),
    Rule("NUL", NAMES + b"1,1,1\0\n", Refusal("NUL")),
    Rule("bytes behind an array", npy(np.ones((1, 3))) + b"\0", Refusal("found 153")),
    Rule("a cut array", npy(np.ones((1, 3)))[:-1], Refusal("found 151")),
    Rule("pickled objects", npy(np.array([[1, None]], object)), KIND),
]
"""Files for the same."""

RULES: dict[str, list[Rule]] = {
    "number cell": NUMBER_CELLS,
    "text cell": TEXT_CELLS,
    "float value": FLOAT_VALUES,
    "object value": OBJECT_VALUES,
    "table file": TABLE_FILES,
    "row": ROWS,
    "array": ARRAYS,
    "array file": ARRAY_FILES,
}
"""All of it, by what is given."""
