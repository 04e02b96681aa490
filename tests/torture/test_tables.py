"""Tables, rewritten, damaged and hostile: the data that stand in them, or a refusal in one line with exit code 2.

A CSV file has no checksum: a flipped digit is another number. What can be told is that a table rewritten in another
dialect is the same data, damaged under a gzip's CRC-32 the same or refused, and damaged as text what a second, slow
reader finds in it.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import re
import statistics
import tracemalloc
from pathlib import Path
from typing import Any

import damage
import numpy as np
import pytest
from pydantic import TypeAdapter

from nncli.data import columns, encode
from nncli.data.cells import BLANKS
from nncli.data.dataset import Dataset
from nncli.data.encoding import NumberColumn
from nncli.data.sources import load
from nncli.errors import NncliError
from nncli.spec.sources import DataSpec

LIMIT = 96 << 20
"""What a reader may take for a few KB: Python and NumPy ask for more in pieces, and a row may be 4 MB long."""
MISSING = ("", "NA")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
COLUMNS = ("id", "size", "weight", "color", "fits", "kind")


def rows(rng: random.Random, count: int) -> list[list[str]]:
    """Numbers with holes, numbers, texts with everything that needs quotes, booleans, classes; the key is as varied."""
    colors = ["red", "blue, dark", 'so-called "green"', "two\nlines", "grün", "NA"]
    return [
        [
            f"k{number}",
            rng.choice(("", "NA", f"{rng.gauss(0, 10):.3f}")) if number > 3 else f"{number}.25",
            str(rng.randrange(1000)),
            rng.choice(colors),
            rng.choice(("yes", "no")),
            ("ash", "oak", "fir")[number % 3],
        ]
        for number in range(count)
    ]


def written(table: list[list[str]], header: tuple[str, ...] = COLUMNS, **dialect: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows([header, *table])
    return text.getvalue().encode()


TABLE = rows(random.Random(0), 30)
PLAIN = written(TABLE)


@pytest.fixture
def source(tmp_path: Path) -> dict[str, Any]:
    """Nothing is scaled, and no row is kept back: what is read stands there as it is."""
    return {
        "source": "csv", "path": str(tmp_path / "t.csv"), "target": "kind", "key": "id", "numbers": "none",
        "missing": list(MISSING), "test": 0,
    }  # fmt: skip


def outcome(data: bytes, source: dict[str, Any]) -> Dataset | None:
    """What the source makes of these bytes; None where it refuses them as it should."""
    Path(source["path"]).write_bytes(data)
    spec = TypeAdapter(DataSpec).validate_python(source)
    try:
        with damage.little_memory(LIMIT):
            return load(spec)
    except NncliError as err:
        refusal = err
    assert refusal.exit_code == 2, refusal
    # a spec may have several problems, each a line
    assert all(line.isprintable() for line in str(refusal).split("\n")), refusal
    assert len(str(refusal)) < 2 * len(source["path"]) + 1500, refusal
    return None


def same(one: Dataset, other: Dataset) -> bool:
    return (one.classes, one.table) == (other.classes, other.table) and all(
        one.splits[name].x.tobytes() == split.x.tobytes()
        and one.splits[name].y.tobytes() == split.y.tobytes()
        for name, split in other.splits.items()
    )


def as_it_stands(data: bytes, dataset: Dataset) -> bool:
    """Whether a slow and simple reader finds the same numbers, categories and classes."""
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    separator = max(",;\t", key=re.sub('"[^"]*"?', "", re.split("[\r\n]", text.lstrip("\r\n"))[0]).count)  # fmt: skip
    lines = io.StringIO(text, newline="")
    read = [row for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row]
    columns = zip(*read[1:], strict=True)
    cells = {
        name: [cell.strip(BLANKS) for cell in column]
        for name, column in zip(read[0], columns, strict=True)
    }
    split = dataset.splits["train"]
    assert dataset.classes
    assert dataset.table
    names = [dataset.classes[number] for number in split.y]
    inputs = list(split.x.T)
    right = names == cells["kind"] or [float(n) for n in names] == list(map(float, cells["kind"]))
    for column in dataset.table.columns:
        is_number = isinstance(column, NumberColumn)
        expected = numbers(cells[column.name]) if is_number else one_hot(cells[column.name])
        got, inputs = inputs[: len(expected)], inputs[len(expected) :]
        right = right and np.array_equal(np.float32(expected), got)
    left_out = set(cells) - {column.name for column in dataset.table.columns} - {"id", "kind"}
    left_flat = all(len(set(cells[name])) == 1 or flat(cells[name]) for name in left_out)
    return right and not inputs and left_flat


def numbers(cells: list[str]) -> list[list[float]]:
    found = [cell for cell in cells if cell not in MISSING]
    assert all(NUMBER.fullmatch(cell.strip()) for cell in found), "not numbers"
    median = statistics.median(map(float, found))
    values = [median if cell in MISSING else float(cell) for cell in cells]
    holes = [float(cell in MISSING) for cell in cells]
    return [values, holes] if any(holes) else [values]


def flat(cells: list[str]) -> bool:
    """Whether all hold the same, written differently."""
    if set(cells) <= set(MISSING):
        return True
    return all(map(NUMBER.fullmatch, cells)) and len(set(map(float, cells))) == 1


def one_hot(cells: list[str]) -> list[list[float]]:
    plain = ["" if cell in MISSING else cell for cell in cells]
    return [[float(cell == text) for cell in plain] for text in sorted(set(plain))]


def read_or_refused(campaign: Any, source: dict[str, Any], case: Any, right: Any) -> int:
    """How many of the campaign's cases were read; every one of them must be right."""
    count = 0
    for number in range(campaign.trials):
        data = case(campaign.rng)
        with damage.reproducible(Path(source["path"]).parent, data, "trial", number):
            read = outcome(data, source)
            assert read is None or right(data, read), "read, but wrong"
        count += read is not None
    return count


def rewritten(rng: random.Random) -> bytes:
    """The same table as another program may write it."""
    end = rng.choice(("\n", "\r\n", "\r", "\n\n", "\r\n\r\n"))
    # csv.writer quotes a line end in a cell only where its own lines end so
    styles = (csv.QUOTE_ALL,) if end == "\r" else (csv.QUOTE_ALL, csv.QUOTE_MINIMAL)
    data = written(
        TABLE, delimiter=rng.choice(",;\t"), quoting=rng.choice(styles), lineterminator=end
    )
    data = data if rng.random() < 0.5 else data.rstrip(b"\r\n")
    data = b"\xef\xbb\xbf" + data if rng.random() < 0.5 else data
    return gzip.compress(data, rng.randint(1, 9), mtime=0) if rng.random() < 0.5 else data


@pytest.mark.campaign(short=100, long=500, torture=1000)
def test_a_rewritten_table_is_the_same_data(source, campaign):
    plain = outcome(PLAIN, source)
    assert plain is not None
    assert as_it_stands(PLAIN, plain)
    read = read_or_refused(campaign, source, rewritten, lambda _, got: same(got, plain))
    assert read == campaign.trials


@pytest.mark.campaign(short=100, long=500, torture=1000)
def test_a_damaged_gzip_gives_the_same_data_or_is_refused(source, campaign):
    whole = gzip.compress(PLAIN, mtime=0)
    plain = outcome(whole, source)
    assert plain is not None

    def right(data: bytes, got: Dataset) -> bool:
        # without its first two bytes it is no gzip: text, which then may only be read as it stands
        is_gzip = data[:2] == b"\x1f\x8b"
        return same(got, plain) or (not is_gzip and as_it_stands(data, got))

    read_or_refused(campaign, source, lambda rng: damage.damaged(whole, rng), right)


PIECES = [
    b",", b'"', b"\n", b"\r", b"\r\n", b";", b"\t", b'""', b" ", b"\0", b"\xff", b"\xef\xbb\xbf", b"nan", b"inf",
    b"1_000", "\uff11".encode(), b"1e999", b"-", b"1e5", b"0x1F", "\u2028".encode(), b"NA", b",,", b"true", b"=1+1",
    b"size", b"kind,",
]  # fmt: skip


def mutated(rng: random.Random) -> bytes:
    """One to three things that people, programs and disks do to a table as text."""
    data = written(rows(rng, rng.choice((6, 12, 40))))
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(data) + 1)
        upto = min(len(data), place + rng.choice((0, 0, 0, 1, 2, 30)))
        lines = data.split(b"\n")
        line = rng.randrange(len(lines))
        data = rng.choice((
            lambda d, p=place, u=upto: d[:p] + rng.choice(PIECES) + d[u:],
            lambda d, p=place, u=upto: d[:p] + d[u:],
            lambda d: damage.damaged(d, rng),
            lambda d, n=lines, i=line: b"\n".join([*n[:i], *n[i + 1 :]]),
            lambda d, n=lines, i=line: b"\n".join([*n[:i], n[i], *n[i:]]),
            lambda d, n=lines, i=line: b"\n".join([*n[:i], n[i].replace(b",", b"", 1), *n[i + 1 :]]),
        ))(data)  # fmt: skip
    return data


@pytest.mark.campaign(short=300, long=1500, torture=3000)
def test_a_mutated_table_is_read_as_it_stands_or_refused(source, campaign):
    read = read_or_refused(campaign, source, mutated, as_it_stands)
    assert 0 < read < campaign.trials


# What a harness must catch ---------------------------------------------------------------------


def test_a_reader_that_takes_what_float_takes_is_caught(source, monkeypatch):
    """The harness can fail: with float() alone 1_000 is a number."""

    def lenient(cells):
        try:
            return np.array(list(map(float, cells)))
        except ValueError:
            return None

    monkeypatch.setattr(columns, "as_numbers", lenient)
    monkeypatch.setattr(encode, "as_numbers", lenient)
    data = written([[*row[:2], "1_000", *row[3:]] for row in TABLE[:-1]] + TABLE[-1:])
    read = outcome(data, source)
    assert read is not None
    with pytest.raises(AssertionError, match="not numbers"):
        as_it_stands(data, read)


def test_a_reader_that_mixes_rows_up_is_caught(source):
    """The harness can fail: one row too late."""
    read = outcome(PLAIN, source)
    assert read is not None
    split = read.splits["train"]
    split.x[:] = np.roll(split.x, 1, axis=0)
    assert not as_it_stands(PLAIN, read)


def test_many_rows_take_the_memory_of_their_numbers(source):
    """Measured: 200,000 rows are held as numbers, not as Python's texts, which would be 60 MB and more."""
    count = 200_000
    text = "a,b,kind\n" + "".join(f"{i},{'uvw'[i % 3]},{i % 2}\n" for i in range(count))
    Path(source["path"]).write_text(text)
    spec = TypeAdapter(DataSpec).validate_python(source | {"key": []})
    tracemalloc.start()
    dataset = load(spec)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert dataset.splits["train"].x.shape == (count, 4)
    assert peak < 90 * count + (24 << 20)
