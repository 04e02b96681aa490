"""CSV files as text: what is read, and how everything else is refused."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import tracemalloc
import zlib
from pathlib import Path

import pytest

from nncli.data import csv_file
from nncli.data.cells import is_number
from nncli.data.csv_file import csv_stream, open_csv
from nncli.errors import DataError

TABLE = b"name,n\nada,1\nbob,2\n"
READ = [(2, "ada", "1"), (3, "bob", "2")]


def rows_of(data: bytes, size: int = 10_000) -> list[tuple]:
    """(line, cells...) of every row."""
    table = csv_stream(io.BytesIO(data), "t.csv")
    return [
        row
        for rows in table.chunks(size)
        for row in zip(rows.lines, *rows.cells.values(), strict=True)
    ]


@pytest.mark.parametrize(
    "data",
    [
        TABLE,
        TABLE.rstrip(b"\n"),
        b"\xef\xbb\xbf" + TABLE,
        TABLE.replace(b"\n", b"\r\n"),
        TABLE.replace(b"\n", b"\r"),
        TABLE.replace(b",", b";"),
        TABLE.replace(b",", b"\t"),
        TABLE.replace(b",", b", "),
        b'"name","n"\n"ada","1"\n"bob","2"\n',
        gzip.compress(TABLE, mtime=0),  # the same name for a test in every process
        gzip.compress(b"\xef\xbb\xbf" + TABLE, mtime=0),
    ],
)
def test_the_same_table_however_it_is_written(data):
    assert rows_of(data) == READ


def test_lines_are_those_of_the_file():
    data = b'a,b\n\n1,"x\r\ny, ""z"""\n\r\n2,w\n'
    assert rows_of(data) == [(3, "1", 'x\r\ny, "z"'), (6, "2", "w")]


def test_only_line_ends_end_lines():
    """Python's splitlines would break these."""
    odd = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    assert rows_of(f"a,b\n{odd},1\n".encode()) == [(2, odd, "1")]


def test_chunks_are_the_rows_in_order(monkeypatch):
    data = "a,b\n" + "".join(f"{i},é{i}\n" for i in range(1000))
    whole = rows_of(data.encode())
    for piece in (1, 2, 3, 7, 4096):
        monkeypatch.setattr(csv_file, "CHUNK", piece)
        assert rows_of(data.encode(), size=17) == whole
    table = csv_stream(io.BytesIO(data.encode()), "t.csv")
    assert [len(rows.lines) for rows in table.chunks(300)] == [300, 300, 300, 100]


def test_it_reads_what_the_csv_module_writes(tmp_path):
    cells = [["a", 'b"c'], [" x", "1\n2"], ['"', ";,\t"], ["", "é\u3000"]]
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["p", "q"], *cells])
    with open_csv(path) as table:
        (rows,) = table.chunks()
    assert [list(row) for row in zip(*rows.cells.values(), strict=True)] == cells


def test_the_fingerprint_is_that_of_the_uncompressed_bytes():
    for data in (TABLE, gzip.compress(TABLE)):
        table = csv_stream(io.BytesIO(data), "t.csv")
        list(table.chunks())
        assert table.sha256 == hashlib.sha256(TABLE).hexdigest()


BAD = {
    "ragged": (b"a,b\n1,2\n3,4,5\n", "t.csv:3: expected 2 fields, found 3"),
    "short": (b"a,b,c\n1,2\n", "t.csv:2: expected 3 fields, found 2"),
    "ragged after a quoted end": (b'a,b\n"x\ny",2\n3\n', "t.csv:4: expected 2 fields, found 1"),
    "empty": (b"", "t.csv: is empty. A line with the names of the columns is expected"),
    "blank": (b"\n\r\n\n", "t.csv: is empty. A line with the names of the columns is expected"),
    "BOM only": (
        b"\xef\xbb\xbf",
        "t.csv: is empty. A line with the names of the columns is expected",
    ),
    "duplicate": (
        b"a,b,a\n1,2,3\n",
        "t.csv:1: columns 1 and 3 have the same name, a. Rename all but one",
    ),
    "nameless": (
        b"a,,b, \n1,2,3,4\n",
        "t.csv:1: columns 2 and 4 without a name. Name every column",
    ),
    "index": (
        b",a\n0,1\n",
        "t.csv:1: column 1 without a name (an index? pandas leaves it out with index=False). Name every column",
    ),
    "many nameless": (
        b"," * 9 + b"\n",
        "t.csv:1: columns 1, 2, 3, 4, 5 and 5 more without a name. Name every column",
    ),
    "numbers": (
        b"5,0,0\n1,2,3\n",
        "t.csv:1: holds numbers (5) where the names of the columns are expected. Put a line with names first",
    ),
    "mostly numbers": (
        b"5.1,3.5,setosa\n",
        "t.csv:1: holds numbers (5.1) where the names of the columns are expected. Put a line with names first",
    ),
    "Latin-1": (
        "a,b\nJosé,1\n".encode("latin-1"),
        "t.csv: byte 7 (0xe9) is not UTF-8. Is it Latin-1? Save the table as UTF-8",
    ),
    "cut letter": (
        b"a,b\n1,\xe2\x82",
        "t.csv: byte 6 (0xe2) is not UTF-8. Is it Latin-1? Save the table as UTF-8",
    ),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "t.csv: is UTF-16. Save the table as CSV in UTF-8"),
    "UTF-16 without a mark": (
        "a,b\n1,2\n".encode("utf-16-le"),
        "t.csv: byte 1 is NUL. Is it a text file? Save the table as UTF-8",
    ),
    "NUL": (b"a,b\n1,\0\n", "t.csv: byte 6 is NUL. Is it a text file? Save the table as UTF-8"),
    "spreadsheet": (
        b"PK\3\4 and more",
        "t.csv: is a zip archive or a spreadsheet. Save the table as CSV in UTF-8",
    ),
    "long field": (
        b"a,b\n1,2\n1," + b"x" * 131_073 + b"\n",
        "t.csv:3: a field has more than 131,072 characters. Is a quote not closed?",
    ),
    "open quote": (
        b'a,b\n1,2\n"3,4\n',
        "t.csv:3: the file ends inside a quoted field. Close its quote",
    ),
    "text after a quote": (
        b'a,b\n"1"x,2\n',
        "t.csv:2: a quoted field goes on after its closing quote. Write a quote inside it twice",
    ),
    "long row": (
        b"a,b\n" + b"1," * 2_200_000,
        "t.csv:2: a row has more than 4,194,304 characters. Is a quote not closed?",
    ),
    "cut gzip": (gzip.compress(TABLE)[:-9], "t.csv: truncated: the gzip stream has no end"),
    "garbage": (gzip.compress(TABLE) + b"more", "t.csv: garbage follows the gzip stream"),
}


@pytest.mark.parametrize("name", BAD)
def test_refused(name):
    data, said = BAD[name]
    with pytest.raises(DataError) as err:
        rows_of(data)
    assert str(err.value) == said


def test_a_header_of_years_and_a_text_is_a_header():
    assert rows_of(b"country,2019,2020\nChad,1,2\n") == [(2, "Chad", "1", "2")]


def test_a_table_without_rows_has_none():
    assert rows_of(b"a,b\n") == []


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="is a folder"), open_csv(tmp_path):
        pass


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch):
    """A gigabyte of one line, and of many, from a megabyte: what is held at once stays small."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    line = packer.compress(b"a,b\n")
    bomb = line + b"".join(packer.compress(b"1" * (1 << 20)) for _ in range(64)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(DataError, match="more than"):
        rows_of(bomb)
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()
    monkeypatch.setattr(csv_file, "LARGEST_INFLATED", 1000)
    with pytest.raises(DataError, match="unpacks to more than 1000 bytes"):
        rows_of(gzip.compress(b"a,b\n" + b"1,2\n" * 1000))


@pytest.mark.parametrize(
    "cell", ["0", "-1", "+2.5", ".5", "5.", "1e3", "1E-3", " 7 ", "007", "1e308"]
)
def test_numbers(cell):
    assert is_number(cell)


@pytest.mark.parametrize(
    "cell",
    ["", " ", "1_000", "1,000", "0x1F", "inf", "-inf", "nan", "Infinity", "\uff11\uff12", "\u0663", "1e400", "1e", ".",
     "1 2", "\u22121", "1d5", "True", "½", "1" * 400],
)  # fmt: skip
def test_no_numbers(cell):
    assert not is_number(cell)


def test_damaged_tables_are_refused_in_one_line(tmp_path: Path, survivors):
    path = tmp_path / "t.csv"
    path.write_bytes(TABLE * 3)

    def read():
        with open_csv(path) as table:
            return [rows.cells for rows in table.chunks()]

    assert survivors(path, read)
