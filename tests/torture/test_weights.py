"""Weights files: each damaged one is refused with exit code 6, and each hostile one that is not is read as NumPy
reads it."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import damage
import numpy as np
import pytest
from damage import Member
from support import SPEC, spec_of
from typer.testing import CliRunner

from nncli import files
from nncli.cli.app import app
from nncli.data.encoding import Preprocessing
from nncli.errors import DamagedError
from nncli.network.params import count, shapes, views
from nncli.runs import archive, weights
from nncli.runs.weights import Meta, Weights
from nncli.spec.load import parse_spec

EXPERIMENT = spec_of("2-8-2 tanh softmax")
"""The network of `SPEC`."""
LIMIT = 48 << 20
"""What a reader may take for 2 KB: NumPy and Python ask for more in pieces of 32 MiB and less."""


def example(dtype: str = "float32") -> Weights:
    vector = np.random.default_rng(0).standard_normal(count(EXPERIMENT.architecture), dtype)
    meta = Meta(
        format=1,
        architecture=EXPERIMENT.architecture,
        loss=EXPERIMENT.loss,
        preprocessing=Preprocessing(scale=1.0),
        classes=("0", "1"),
        epoch=3,
        batch=0,
    )
    return Weights(views(vector, EXPERIMENT.architecture), meta)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A weights file of some 2 KB, which the spec beside it describes."""
    (tmp_path / "spec.yaml").write_text(SPEC)
    weights.write(tmp_path / "weights.npz", example())
    return tmp_path / "weights.npz"


def outcome(path: Path, read: Callable[[Path], Any] = weights.read) -> Any:
    """What reading gives; None where it is refused in one line with exit code 6."""
    try:
        return read(path)
    except DamagedError as err:
        refusal = err
    assert refusal.exit_code == 6
    assert str(refusal).isprintable(), refusal
    assert len(str(refusal)) < len(str(path)) + 500
    return None


# Bits and lengths ------------------------------------------------------------------------------


def damages(data: bytes) -> list[bytes]:
    """Every bit of a file flipped and every truncation."""
    flipped = []
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        flipped.append(bytes(changed))
    return flipped + [data[:length] for length in range(len(data))]


def wrongly_read(path: Path, cases: list[bytes], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many of the damaged files are read, and not as what was written. They never touch the disk."""
    wrong = 0
    for data in cases:
        monkeypatch.setattr(files, "read", lambda *_, data=data, **__: data)
        with damage.reproducible(path.parent, data):
            read = outcome(path)
        wrong += read is not None and not same(read, example())
    return wrong


def same(one: Weights, other: Weights) -> bool:
    return one.meta == other.meta and all(
        one.params[name].tobytes() == value.tobytes() for name, value in other.params.items()
    )


def test_every_flipped_bit_and_every_truncation_is_refused_or_harmless(path, monkeypatch):
    assert same(weights.read(path), example())
    data = path.read_bytes()
    assert 1500 < len(data) < 2500
    assert wrongly_read(path, damages(data), monkeypatch) == 0


def test_without_checksums_the_same_damages_give_wrong_numbers(path, monkeypatch):
    """The harness can fail: it sees a reader that believes a file what it says of itself."""
    data = path.read_bytes()
    monkeypatch.setattr(archive.hashlib, "sha256", lambda body: Believed())
    monkeypatch.setattr(zipfile.ZipExtFile, "_update_crc", lambda self, data: None)
    assert wrongly_read(path, damages(data)[::50], monkeypatch) > 0


class Believed:
    """A digest that is always the one in the file."""

    def hexdigest(self) -> str:
        return files.read(Path())[-64:].decode()


# Hostile files ---------------------------------------------------------------------------------


class Forgery:
    """A weights file in pieces, to be changed and put together again with a valid digest."""

    def __init__(self, rng: random.Random) -> None:
        good = example(rng.choice(("float32", "float64")))
        self.rng = rng
        self.meta: dict[str, Any] = good.meta.model_dump(mode="json")
        self.text: bytes | None = None
        self.arrays = dict(good.params)
        self.headers: dict[str, str] = {}
        self.versions: dict[str, bytes] = {}
        self.members: list[Member] = []

    def data(self, *, sealed: bool) -> bytes:
        for change in self.rng.sample(ARRAY_CHANGES + META_CHANGES, self.rng.choice((0, 1, 1, 2))):
            if self.arrays and self.meta.get("architecture"):
                change(self)
        self._make_members(with_meta=sealed or self.rng.random() < 0.2)
        for change in self.rng.sample(MEMBER_CHANGES, self.rng.choice((0, 0, 1, 2))):
            if self.members:
                change(self)
        whole = damage.zipped(self.members, b"0" * 64 if sealed else b"")
        if self.rng.random() < 0.3:
            whole = damage.damaged(whole[:-64] if sealed else whole, self.rng)
            whole += b"0" * 64 if sealed else b""
        return whole[:-64] + hashlib.sha256(whole[:-64]).hexdigest().encode() if sealed else whole

    def _make_members(self, *, with_meta: bool) -> None:
        text = json.dumps(self.meta).encode() if self.text is None else self.text
        arrays = dict(self.arrays) | ({"meta": np.frombuffer(text, "u1")} if with_meta else {})
        for name, values in arrays.items():
            told = damage.npy(values, self.headers.get(name), self.versions.get(name, b"\1\0"))
            self.members.append(Member(f"{name}.npy".encode(), told))

    def any_name(self) -> str:
        return self.rng.choice(list(self.arrays))

    def any_member(self) -> int:
        return self.rng.randrange(len(self.members))


def other_type(forgery: Forgery) -> None:
    kinds = (">f4", ">f8", "<f2", "<f4", "<f8", "<f16", "<i8", "<i4", "|u1", "|b1", "<c8", "|S3")
    chosen = [forgery.any_name()] if forgery.rng.random() < 0.7 else list(forgery.arrays)
    kind = forgery.rng.choice(kinds)
    with np.errstate(invalid="ignore"):
        for name in chosen:
            forgery.arrays[name] = forgery.arrays[name].real.astype(kind)


def other_shape(forgery: Forgery) -> None:
    name = forgery.any_name()
    values = forgery.arrays[name]
    shapes = ((-1,), (1, -1), (-1, 1), (1, 1, -1), values.shape[::-1], (0, values.size))
    shape = forgery.rng.choice(shapes)
    forgery.arrays[name] = np.resize(values, shape if -1 not in shape else values.size)
    if -1 in shape:
        forgery.arrays[name] = forgery.arrays[name].reshape(shape)


def fortran(forgery: Forgery) -> None:
    name = forgery.any_name()
    forgery.arrays[name] = np.asfortranarray(forgery.arrays[name])


def not_finite(forgery: Forgery) -> None:
    values = forgery.arrays[forgery.any_name()]
    if values.dtype.kind == "f":
        values = values.copy()
        values.flat[forgery.rng.randrange(values.size)] = forgery.rng.choice((np.nan, np.inf))
        forgery.arrays[forgery.any_name()] = values


def renamed(forgery: Forgery) -> None:
    names = ("W1", "b1", "W3", "meta", "W01", "W1.npy", "", "../W1", "a\nb", "\u2028", "W" * 40_000)
    forgery.arrays[forgery.rng.choice(names)] = forgery.arrays.pop(forgery.any_name())


def missing(forgery: Forgery) -> None:
    forgery.arrays.pop(forgery.any_name())


def extra(forgery: Forgery) -> None:
    forgery.arrays[forgery.rng.choice(("W3", "x", "meta"))] = np.zeros((2, 2), "f4")


def shuffled(forgery: Forgery) -> None:
    items = list(forgery.arrays.items())
    forgery.rng.shuffle(items)
    forgery.arrays = dict(items)


def other_header(forgery: Forgery) -> None:
    name = forgery.any_name()
    forgery.headers[name] = damage.header(forgery.arrays[name].dtype.str, forgery.rng)


def other_version(forgery: Forgery) -> None:
    versions = (b"\2\0", b"\3\0", b"\0\0", b"\1\1", b"\xff\xff")
    forgery.versions[forgery.any_name()] = forgery.rng.choice(versions)


ARRAY_CHANGES = [
    other_type, other_shape, fortran, not_finite, renamed, missing, extra, shuffled, other_header, other_header,
    other_version,
]  # fmt: skip

# "architecture" is replaced by other_layers, and by a text that is no list in other_text
VALUES: tuple[Any, ...] = (
    None, True, 0, 1, 2, -1, 2**31, 2**64, 10**400, 1.5, 0.0, -1.0, float("nan"), float("inf"), "", "1", "tanh",
    "softmax", "mse", "\ud800", "\n", [], {}, [1], ["0", "1", "2"], {"scale": 255.0}, {"a": {"b": []}},
)  # fmt: skip


def other_value(forgery: Forgery) -> None:
    """Some value in the meta is replaced, or a key is taken away or added."""
    parts = [forgery.meta, *forgery.meta["architecture"], forgery.meta.get("preprocessing")]
    holder = forgery.rng.choice([part for part in parts if isinstance(part, dict)])
    key = forgery.rng.choice(sorted(holder.keys() - {"architecture"} | {"added"}))
    if forgery.rng.random() < 0.2:
        holder.pop(key, None)
    else:
        holder[key] = forgery.rng.choice(VALUES)


def other_layers(forgery: Forgery) -> None:
    layers = forgery.meta["architecture"]
    choices = (layers[::-1], layers[:1], layers[1:], layers * 2, [], layers * 500)
    forgery.meta["architecture"] = forgery.rng.choice(choices)


def layers_that_do_not_join(forgery: Forgery) -> None:
    """Arrays of exactly the shapes that the meta tells, and yet no network."""
    forgery.meta["architecture"][0]["output_dim"] = 3
    forgery.arrays |= {"W1": np.zeros((3, 2), "f4"), "b1": np.zeros(3, "f4")}


def no_layers(forgery: Forgery) -> None:
    forgery.meta["architecture"] = []
    forgery.arrays = {}


def other_text(forgery: Forgery) -> None:
    text = json.dumps(forgery.meta).encode()
    choices: tuple[bytes, ...] = (
        b"", b"null", b"[]", b"3", b"[" * 50_000, b'{"a":' * 20_000, b"\xff" + text, text + b"x",
        b"\xef\xbb\xbf" + text, text.decode().encode("utf-16"), text.replace(b"{", b'{"epoch": 7, ', 1),
        b"{" + b'"format": ' + b"9" * 5000 + b"}", text.replace(b"3", b"3.0"),
        text.replace(b"[{", b"{", 1), text.replace(b'"architecture": ', b'"architecture": 5, "x": '),
        damage.damaged(text, forgery.rng),
        text.replace(b'"0"', b'"\\ud800"'), text.replace(b"1.0", b"1e999"), text.replace(b"1.0", b"Infinity"),
    )  # fmt: skip
    forgery.text = forgery.rng.choice(choices)


META_CHANGES = [
    other_value, other_value, other_value, other_layers, layers_that_do_not_join, no_layers, other_text,
]  # fmt: skip


def twice(forgery: Forgery) -> None:
    forgery.members.append(forgery.members[forgery.any_member()])


def deflated(forgery: Forgery) -> None:
    forgery.members = [member._replace(method=8) for member in forgery.members]


def lies(forgery: Forgery) -> None:
    """The directory says of a member what is not so."""
    place, rng = forgery.any_member(), forgery.rng
    member = forgery.members[place]
    size = rng.choice((0, len(member.data) // 2, len(member.data) + 96, 2**31 - 1, 2**32 - 2))
    said: list[dict[str, Any]] = [
        {"claimed": size},
        {"packed_claim": size},
        {"claimed": size, "packed_claim": size},
        {"method": rng.choice((1, 8, 9, 12, 14, 93, 99))},
        {"flags": rng.choice((1, 0x20, 0x40, 0x800, 0xFFFF))},
        {"crc": rng.getrandbits(32)},
        {"name": b"\xff\xfe.npy", "flags": 0x800},
        {"name": member.name + b"\0hidden.npy"},
        {"name": b"/" + member.name},
        {"data": b""},
        {"data": member.data[:rng.randrange(len(member.data) + 1)]},
    ]  # fmt: skip
    forgery.members[place] = member._replace(**rng.choice(said))


def promised(forgery: Forgery) -> None:
    """Header and directory agree on more bytes than the file has; or the file ends where the CRC is right."""
    place, rng = forgery.any_member(), forgery.rng
    rows = rng.choice((100, 10_000, 200_000_000))
    told = damage.npy(
        np.zeros(0, "<f4"), f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows},)}}"
    )
    claim = len(told) + 4 * rows
    member = Member(forgery.members[place].name, told, rng.choice((0, 0, 8)), claim)
    forgery.members[place] = member


MEMBER_CHANGES = [twice, deflated, lies, lies, lies, promised]


def agrees_with_numpy(data: bytes, read: dict[str, np.ndarray]) -> bool:
    """Whether `numpy.load` finds the same arrays, beside meta."""
    with warnings.catch_warnings(action="ignore"), np.load(io.BytesIO(data)) as reference:
        arrays = {name: reference[name] for name in reference.files if name != "meta"}
    return arrays.keys() == read.keys() and all(
        (value.shape, value.dtype, value.tobytes())
        == (read[name].shape, read[name].dtype, read[name].tobytes())
        for name, value in arrays.items()
    )


def check_weights(data: bytes, read: Weights) -> None:
    """What was accepted is a network that a spec could describe, with the numbers and the meta that NumPy sees."""
    meta = read.meta
    assert agrees_with_numpy(data, read.params)
    assert {name: value.shape for name, value in read.params.items()} == shapes(meta.architecture)
    assert all(np.isfinite(value).all() for value in read.params.values())
    layers = [layer.model_dump() for layer in meta.architecture]
    spec = {"data": "moons", "architecture": layers, "loss": meta.loss}
    parse_spec(spec | {"epochs": 1, "batch_size": 1, "eta": 1.0}, Path())
    with np.load(io.BytesIO(data)) as reference:
        said = json.loads(reference["meta"].tobytes())
    assert {key: said[key] for key in ("format", "epoch", "batch")} == {
        "format": meta.format, "epoch": meta.epoch, "batch": meta.batch
    }  # fmt: skip


@pytest.mark.campaign(short=100, long=2000, torture=10_000)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_files_are_refused_or_read_as_numpy_reads_them(path, campaign):
    """Any change that keeps the digest right: within memory of the file's order, exit code 6 or the arrays that
    numpy.load sees, and never another exception."""
    accepted = 0
    for number in range(campaign.trials):
        data = Forgery(campaign.rng).data(sealed=True)
        path.write_bytes(data)
        with damage.reproducible(path.parent, data, "trial", number):
            with damage.little_memory(LIMIT):
                read = outcome(path)
            if read is not None:
                check_weights(data, read)
                accepted += 1
    assert 0 < accepted < campaign.trials


@pytest.mark.campaign(short=100, long=2000, torture=10_000)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_init_from_refuses_or_reads_as_numpy_reads(path, campaign):
    """Files of other programs have no digest: what is accepted is what numpy.load sees, of the right shapes."""
    accepted = 0
    wanted = shapes(EXPERIMENT.architecture)
    for number in range(campaign.trials):
        data = Forgery(campaign.rng).data(sealed=False)
        path.write_bytes(data)
        with damage.reproducible(path.parent, data, "trial", number):
            with damage.little_memory(LIMIT):
                read = outcome(
                    path, lambda path: weights.read_params(path, EXPERIMENT.architecture)
                )
            if read is not None:
                assert agrees_with_numpy(data, read)
                assert {name: value.shape for name, value in read.items()} == wanted
                accepted += 1
    assert 0 < accepted < campaign.trials


@pytest.mark.campaign(short=20, long=100, torture=500)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_eval_ends_with_6_or_judges(path, campaign):
    for number in range(campaign.trials):
        data = Forgery(campaign.rng).data(sealed=True)
        path.write_bytes(data)
        with damage.reproducible(path.parent, data, "trial", number):
            result = CliRunner().invoke(app, ["eval", str(path), "--json"])
            assert result.exit_code in (0, 6), result.output
            if result.exit_code:
                assert isinstance(result.exception, SystemExit)
                assert result.stderr.startswith(f"error: {path}: ")
                assert result.stderr.count("\n") == 1
            else:
                assert json.loads(result.stdout)["rows"] == 30


def test_a_promise_of_gigabytes_takes_no_memory(path):
    """Measured, for a few: less than a hundred times the file, which NumPy's parser of headers takes for itself."""
    for number in range(20):
        forgery = Forgery(random.Random(number))
        forgery._make_members(with_meta=True)
        promised(forgery)
        body = damage.zipped(forgery.members, b"0" * 64)[:-64]
        data = body + hashlib.sha256(body).hexdigest().encode()
        path.write_bytes(data)
        tracemalloc.start()
        assert outcome(path) is None
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100 * len(data)


def test_a_reader_that_believes_headers_is_caught(path, monkeypatch):
    """The harness can fail: it sees numpy.load in place of our reader."""

    def believing(data: bytes, path: Path) -> dict[str, np.ndarray]:
        with warnings.catch_warnings(action="ignore"), np.load(io.BytesIO(data)) as arrays:
            return {name: arrays[name] for name in arrays.files}

    monkeypatch.setattr(archive, "unpack", believing)
    rng = random.Random(0)
    assert any(misread(path, Forgery(rng).data(sealed=True)) for _ in range(50))


def misread(path: Path, data: bytes) -> bool:
    """Whether something else comes out than exit code 6 or what NumPy sees."""
    path.write_bytes(data)
    try:
        with damage.little_memory(LIMIT):
            read = outcome(path)
    except Exception:
        return True
    return read is not None and not agrees_with_numpy(data, read.params)
