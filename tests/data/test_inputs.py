"""What is to be predicted: told by content, read in pieces, the same rows whatever holds them."""

from __future__ import annotations

import gzip
import io
import struct
import sys
import zipfile

import numpy as np
import pytest
from damage import damaged, reproducible

from nncli.data import blocks, inputs
from nncli.data.encoding import NumberColumn, TableEncoding
from nncli.data.inputs import FILE, Takes, find, needs_names, read, regrouped
from nncli.data.table_rows import Piece
from nncli.errors import DataError, NncliError, UsageError

X = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
FLAT = X.reshape(4, 6)
TAKES = Takes(6)


def idx(values) -> bytes:
    values = np.asarray(values, np.uint8)
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def npy(values) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def rows_of(*paths, takes=TAKES):
    return [piece.x for piece in read(find([str(path) for path in paths]), takes)]


def refusal(*paths, takes=TAKES, kind=DataError) -> str:
    with pytest.raises(kind) as caught:
        rows_of(*paths, takes=takes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def small_blocks(monkeypatch):
    """So small that these arrays come in several pieces."""
    monkeypatch.setattr(blocks, "ROWS", 3)
    monkeypatch.setattr(blocks, "COLUMN_ROWS", 3)


FORTRAN = np.asfortranarray(X)
FILES = {
    "c order": npy(X),
    "fortran": npy(FORTRAN),
    "flat": npy(FLAT),
    "flat fortran": npy(np.asfortranarray(FLAT)),
    "big-endian": npy(X.astype(">f8")),
    "int64": npy(X.astype(np.int64)),
    "bytes": npy(X.astype(np.uint8)),
    "idx": idx(X),
    "csv": b"a,b,c,d,e,f\n"
    + b"".join(b"%g,%g,%g,%g,%g,%g\n" % tuple(row) for row in FLAT.tolist()),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("what", FILES)
@pytest.mark.usefixtures("small_blocks")
def test_the_same_rows_whatever_holds_them(tmp_path, what, packed):
    path = tmp_path / "no ending"
    path.write_bytes(gzip.compress(FILES[what]) if packed else FILES[what])
    pieces = rows_of(path)
    assert what == "csv" or packed or len(pieces) == 2
    assert (np.concatenate(pieces) == FLAT).all()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("what", FILES)
@pytest.mark.usefixtures("small_blocks")
def test_the_same_rows_from_standard_input(monkeypatch, what, packed):
    data = gzip.compress(FILES[what]) if packed else FILES[what]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    assert (np.concatenate(rows_of("-")) == FLAT).all()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("values", [X, FORTRAN], ids=["C", "Fortran"])
@pytest.mark.usefixtures("small_blocks")
def test_npz_has_x_or_a_single_array(tmp_path, save, values):
    save(tmp_path / "a.npz", y=np.zeros(4), x=values)
    save(tmp_path / "b.npz", only=values)
    for name in ("a.npz", "b.npz"):
        pieces = rows_of(tmp_path / name)
        assert len(pieces) == 2
        assert (np.concatenate(pieces) == FLAT).all()
    save(tmp_path / "c.npz", images=values, y=np.zeros(4))
    assert "holds no array `x`, only images, y" in refusal(tmp_path / "c.npz")


def test_a_single_row_may_be_an_array_of_its_own(tmp_path):
    np.save(tmp_path / "a.npy", X[1])
    np.save(tmp_path / "b.npy", FLAT[1])
    (tmp_path / "c").write_bytes(idx(X[1]))
    np.save(tmp_path / "d.npy", np.asfortranarray(X[1]))
    pieces = rows_of(*(tmp_path / name for name in ("a.npy", "b.npy", "c", "d.npy")))
    assert [piece.tolist() for piece in pieces] == [FLAT[1:2].tolist()] * 4


def test_no_rows_are_no_pieces(tmp_path):
    np.save(tmp_path / "a.npy", X[:0])
    (tmp_path / "b").write_bytes(idx(X[:0]))
    (tmp_path / "c.csv").write_bytes(b"a,b,c,d,e,f\n")
    assert rows_of(tmp_path / "a.npy", tmp_path / "b", tmp_path / "c.csv") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy(X[:, 0]), "has rows of 3 numbers (shape (4, 3)), but the network takes 6"),
        (idx(range(10)), "has rows of 1 numbers (shape (10,)), but the network takes 6"),
        (npy(X)[:-3], "expected 224 bytes, found 221"),
        (npy(X) + b"!", "expected 224 bytes, found 225"),
        (gzip.compress(npy(X)[:-3]), "truncated: it ends in row 3"),
        (gzip.compress(npy(X) + b"!"), "more bytes follow than its header declares"),
        (gzip.compress(npy(X))[:-9], "truncated: "),
        (npy(X)[:50], "is not an array file, or a damaged one"),
        (npy(X.astype(object)), "holds object; expected numbers"),
        (npy(X.astype(complex)), "holds complex128; expected numbers"),
        (npy(np.float64(3)), "has rows of 1 numbers (shape ()), but the network takes 6"),
        (idx(X)[:-1], "expected 40 bytes, found 39"),
        (b"\0\0\x0d\1" + bytes(8), "holds float32 values; only uint8 is read"),
        (b"PK\x03\x04 and no more", "is not an array file, or a damaged one"),
        (b"", "is empty. A line with the names of the columns is expected"),
        (b"a,b,c,d,e,f\n1,2,3,4,5,x\n", ":2: column `f` holds `x` where numbers are expected"),
        (b"a,b,c,d,e,f\n1,2,3,4,5,\n", ":2: column `f` holds `` where numbers are expected"),
        (b"a,b,c,d,e,f\n1,2,3,4,5,\x1c6\n", ":2: column `f` holds `\\x1c6` where numbers are"),
        (b"a,b,c,d,e,f\n1,2,3,4,5\n", ":2: expected 6 fields, found 5"),
        (b"a,b,c\n1,2,3\n", "has 3 columns, but the network takes 6 numbers. Name columns"),
    ],
)
def test_refusals_name_the_file_and_the_place(tmp_path, data, message):
    path = tmp_path / "given"
    path.write_bytes(data)
    text = refusal(path)
    assert text.startswith(str(path))
    assert message in text


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.usefixtures("small_blocks")
def test_what_is_not_finite_is_named_by_its_row_in_the_whole_file(tmp_path, bad):
    x = FLAT.copy()
    x[3, 5] = bad
    for order in (np.ascontiguousarray, np.asfortranarray):
        np.save(tmp_path / "x.npy", order(x))
        assert f"first {bad} in row 3, column 5" in refusal(tmp_path / "x.npy")


def test_headers_that_lie_allocate_nothing(tmp_path):
    lying = npy(X).replace(b"(4, 2, 3)", b"(9**9, 6)")
    (tmp_path / "a.npy").write_bytes(lying)
    refusal(tmp_path / "a.npy")
    for order in (b"False", b"True "):
        vast = npy(X).replace(b"(4, 2, 3), }         ", b"(999999999, 2, 3), } ")
        (tmp_path / "a.npy").write_bytes(gzip.compress(vast.replace(b"False", order)))
        assert "compressed bytes cannot hold that many" in refusal(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", vast)
    assert f"expected {999999999 * 24 + 128} bytes, found 224" in refusal(tmp_path / "a.npz")
    huge = struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2, 3)
    (tmp_path / "b").write_bytes(huge)
    assert f"expected {(2**32 - 1) * 6 + 16} bytes, found 16" in refusal(tmp_path / "b")


TABLE = TableEncoding(
    columns=(
        NumberColumn(name="height", fill=0, center=0, spread=1),
        NumberColumn(name="weight", fill=0, center=10, spread=2),
    ),
    target=("kind",),
    keys=("id",),
    missing=("",),
)


def table_of(text: str, tmp_path, *keys: str):
    (tmp_path / "t.csv").write_text(text)
    return list(read(find([str(tmp_path / "t.csv")]), Takes(2, TABLE, None, keys)))


def test_columns_are_found_by_name_and_keys_come_back(tmp_path):
    (piece,) = table_of("more,weight,id,height\nx,14,a,1\ny,,b,2\n", tmp_path, "more")
    assert piece.x.tolist() == [[1, 2], [2, -5]]
    assert piece.keys == {"id": ["a", "b"], "more": ["x", "y"]}
    (piece,) = table_of("weight,height\n14,1\n", tmp_path)
    assert piece.keys == {"id": [""]}


def test_every_missing_column_is_named_with_the_one_that_may_be_meant(tmp_path):
    with pytest.raises(DataError, match="lacks 2 columns") as caught:
        table_of("Height,id\n1,a\n", tmp_path)
    assert str(caught.value).endswith("trained on: height (did you mean Height?), weight")
    with pytest.raises(UsageError, match=r"--key idd \(did you mean id\?\): .*t.csv has no such"):
        table_of("height,weight,id\n", tmp_path, "idd")


def test_a_network_of_a_table_takes_tables_only(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    text = refusal(tmp_path / "x.npy", takes=Takes(2, TABLE))
    assert "holds an array, but the network was trained on a table" in text
    assert text.endswith("with the columns height, weight")


def test_keys_are_columns(tmp_path):
    np.save(tmp_path / "x.npy", X)
    text = refusal(tmp_path / "x.npy", takes=Takes(6, keys=("id",)), kind=UsageError)
    assert text == f"--key id: {tmp_path / 'x.npy'} has no columns"


def test_a_picture_is_refused_where_the_network_takes_none(tmp_path):
    (tmp_path / "a").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "holds a picture, but the network was trained on rows of 6" in refusal(tmp_path / "a")


def test_inputs_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", "[x].csv", "p/1.png", "p/q/2.JPG", "p/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"a\n")

    def found(*words):
        return [source.name for source in find(words)]

    assert found("b.csv", "a.csv") == ["b.csv", "a.csv"]
    assert found("?.csv") == ["a.csv", "b.csv"]
    assert found("[x].csv") == ["[x].csv"]
    assert found("p") == found("p/**/*.[pJ]*") == ["p/1.png", "p/q/2.JPG"]
    (tmp_path / "empty").mkdir()
    for words, message in [
        (("no.csv",), "no.csv: no such file"),
        (("no*.csv",), r"no\*.csv: no file matches"),
        (("empty",), "empty: is a folder without PNG or JPEG pictures"),
        (("-", "-"), "can be read once only"),
        (("/dev/null",), "/dev/null: is not a regular file"),
    ]:
        with pytest.raises(UsageError, match=message):
            find(words)


def test_rows_of_several_files_say_which_one_they_are_from(tmp_path):
    np.save(tmp_path / "a.npy", X[:1])
    np.save(tmp_path / "b.npy", X[1:])
    names = [str(tmp_path / name) for name in ("a.npy", "b.npy")]
    assert not needs_names(find(names[:1]))
    pieces = list(read(find(names), TAKES))
    assert [piece.keys[FILE] for piece in pieces] == [names[:1], names[1:] * 3]


@pytest.mark.parametrize("sizes", [[], [5], [1] * 9, [7, 0, 2], [3, 3, 3], [2, 8, 1]])
def test_regrouping_keeps_every_row_in_order(sizes):
    starts = np.cumsum([0, *sizes])
    pieces = [
        Piece(np.arange(start, start + size)[:, None], {"k": [str(start + i) for i in range(size)]})
        for start, size in zip(starts, sizes, strict=False)
    ]
    total = sum(sizes)
    out = list(regrouped(iter(pieces), 3))
    assert [len(piece.x) for piece in out] == [3] * (total // 3) + [total % 3] * (total % 3 > 0)
    assert [int(row[0]) for piece in out for row in piece.x] == list(range(total))
    assert [cell for piece in out for cell in piece.keys["k"]] == list(map(str, range(total)))


def test_a_pipe_of_a_zip_archive_is_refused(monkeypatch):
    data = io.BytesIO()
    np.savez(data, x=X)
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(data.getvalue())))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "cannot be read from a pipe. Name the .npz file" in refusal("-")


def test_every_kind_has_a_reader_and_a_word():
    assert set(inputs.READERS) == set(inputs.WORDS) == {*inputs.MAGICS.values(), "csv"}


@pytest.mark.campaign(short=300, long=3000, torture=30_000)
def test_damaged_files_are_read_or_refused(tmp_path, campaign):
    """Rows of six finite numbers, or one line that says what is wrong."""
    path, refused = tmp_path / "given", 0
    for _ in range(campaign.trials):
        data = campaign.rng.choice(list(FILES.values()))
        if campaign.rng.random() < 0.2:
            data = gzip.compress(data)
        data = damaged(data, campaign.rng)
        path.write_bytes(data)
        with reproducible(tmp_path, data):
            try:
                pieces = rows_of(path)
            except NncliError as err:
                pieces, said = [], str(err)
                refused += 1
            else:
                said = ""
            assert "\n" not in said
            assert all(x.shape[1] == 6 and np.isfinite(x).all() for x in pieces)
    assert refused > 0
