"""Where MNIST comes from: a folder, the environment, the cache, a mirror. Small files stand in for the real ones."""

from __future__ import annotations

import gzip
import hashlib
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from nncli.data import download, mnist
from nncli.data.sources import load
from nncli.errors import DataError, MachineError, SpecError
from nncli.spec.sources import Mnist

NAMES = tuple(mnist.DIGESTS)


def idx_bytes(*shape: int, seed: int = 0) -> bytes:
    values = np.random.default_rng(seed).integers(0, 10, shape, dtype=np.uint8)
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + values.tobytes()


FILES = dict(
    zip(NAMES, [idx_bytes(6, 2, 2), idx_bytes(6), idx_bytes(3, 2, 2), idx_bytes(3)], strict=True)
)


def put(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(data, mtime=0))
    return folder


def read(on_progress=None, **keys: object):
    return load(Mnist.model_validate({"source": "mnist", **keys}), on_progress=on_progress)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no $NNCLI_DATA, no mirrors, and the digests of the small files."""
    folder = tmp_path / "cache" / "mnist"
    monkeypatch.setattr(mnist, "cache_folder", lambda: folder)
    monkeypatch.setattr(mnist, "MIRRORS", ())
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    monkeypatch.setattr(mnist, "DIGESTS", digests)
    monkeypatch.delenv("NNCLI_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return folder


@dataclass
class Server:
    """A mirror on this machine: what it serves, and what it was asked for."""

    address: str
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def mirror(self, name: str, files: dict[str, bytes], status: int = 200) -> str:
        for file, data in files.items():
            self.answers[f"/{name}/{file}.gz"] = (status, data)
        return f"{self.address}/{name}/"


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mirrors.asked.append(self.path)
            status, data = mirrors.answers.get(self.path, (404, b"not here"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """The tests look at what was asked."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        mirrors = Server(f"http://127.0.0.1:{http.server_address[1]}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield mirrors
        http.shutdown()
        thread.join()


GOOD = {name: gzip.compress(data, mtime=0) for name, data in FILES.items()}
HTML = dict.fromkeys(GOOD, b"<!DOCTYPE html><p>Log in first</p>")
OTHER = {name: gzip.compress(idx_bytes(6, 2, 2, seed=1)) for name in GOOD}


def test_a_folder_that_is_named(cache, tmp_path):
    folder = put(tmp_path / "mine", FILES)
    dataset = read(path=str(folder), validation=2)
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 4,
        "validation": 2,
        "test": 3,
    }
    assert (dataset.image_shape, dataset.scale, dataset.origin) == ((2, 2), 255.0, str(folder))


def test_the_fingerprint_is_over_the_four_digests(cache, tmp_path):
    digests = b"".join(hashlib.sha256(data).digest() for data in FILES.values())
    dataset = read(path=str(put(tmp_path / "mine", FILES)))
    assert dataset.fingerprint.sha256 == hashlib.sha256(digests).hexdigest()


def test_another_file_in_the_named_folder_is_refused(cache, tmp_path):
    folder = put(tmp_path / "mine", FILES | {NAMES[1]: idx_bytes(6, seed=1)})
    expected = mnist.DIGESTS[NAMES[1]]
    with pytest.raises(
        DataError,
        match=rf"{NAMES[1]}.gz: is not MNIST's .*expected SHA-256 {expected}, found .*`source: idx`",
    ):
        read(path=str(folder))


def test_a_missing_file_in_the_named_folder(cache, tmp_path):
    folder = put(tmp_path / "mine", FILES)
    (folder / f"{NAMES[2]}.gz").unlink()
    with pytest.raises(DataError, match=f"mine: there is no {NAMES[2]}, with or without .gz"):
        read(path=str(folder))


def test_a_named_path_that_is_not_there(cache, tmp_path):
    with pytest.raises(SpecError, match=f"data.path: there is no file or folder {tmp_path}/none"):
        read(path=str(tmp_path / "none"))


def test_the_environment_comes_before_the_cache(cache, tmp_path, monkeypatch):
    put(cache, FILES)
    monkeypatch.setenv("NNCLI_DATA", str(tmp_path / "shared"))
    assert read().origin == str(cache), "nothing there yet"
    shared = put(tmp_path / "shared" / "mnist", FILES)
    assert read().origin == str(shared)


def test_downloads_once_from_the_first_mirror_that_works(cache, server, monkeypatch):
    mirrors = (
        server.mirror("down", GOOD, status=503),
        server.mirror("html", HTML),
        server.mirror("other", OTHER),
        server.mirror("good", GOOD),
        server.mirror("unasked", GOOD),
    )
    monkeypatch.setattr(mnist, "MIRRORS", mirrors)
    progress: list[tuple[str, int, int]] = []
    dataset = read(lambda *numbers: progress.append(numbers))
    assert len(dataset.splits["train"]) == 6
    assert server.asked == [f"/{name}/{NAMES[0]}.gz" for name in ("down", "html", "other")] + [
        f"/good/{name}.gz" for name in NAMES
    ]
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{name}.gz" for name in NAMES)
    sizes = {name: len(data) for name, data in GOOD.items()}
    assert progress[-1] == (f"downloading {NAMES[3]}.gz", sizes[NAMES[3]], sizes[NAMES[3]])
    assert all(done <= total for _, done, total in progress)
    read()
    assert len(server.asked) == 7, "the second time it is in the cache"


def test_a_mirror_that_fails_half_way_leaves_its_files(cache, server, monkeypatch):
    half = {name: GOOD[name] for name in NAMES[:2]}
    mirrors = server.mirror("half", half), server.mirror("good", GOOD)
    monkeypatch.setattr(mnist, "MIRRORS", mirrors)
    read()
    assert server.asked[2:] == [
        f"/half/{NAMES[2]}.gz",
        f"/good/{NAMES[2]}.gz",
        f"/good/{NAMES[3]}.gz",
    ]


@pytest.mark.parametrize("packed", [True, False])
def test_a_damaged_file_in_the_cache_is_fetched_again(cache, server, monkeypatch, packed):
    put(cache, FILES)
    damaged = cache / (f"{NAMES[0]}.gz" if packed else NAMES[0])
    damaged.write_bytes(b"damaged")
    monkeypatch.setattr(mnist, "MIRRORS", (server.mirror("good", GOOD),))
    assert len(read().splits["train"]) == 6
    assert server.asked == [f"/good/{NAMES[0]}.gz"]


def test_when_all_mirrors_fail_nothing_is_left_and_the_way_out_is_named(cache, server, monkeypatch):
    dead = "http://127.0.0.1:9/"  # discard: nobody listens
    monkeypatch.setattr(mnist, "MIRRORS", (dead, server.mirror("html", HTML), f"{server.address}/"))
    with pytest.raises(MachineError) as caught:
        read()
    message = str(caught.value)
    assert caught.value.exit_code == 4
    assert "\n" not in message
    for part in (
        f"{dead}{NAMES[0]}.gz: ConnectionError",
        "is not a gzip file: it starts with `<!DOCTYPE`",
        "HTTP 404",
        ", ".join(f"{name}.gz" for name in NAMES),
        f"into {cache}",
        "`nncli init moons`, which needs no download",
    ):
        assert part in message
    assert list(cache.iterdir()) == []


def test_a_download_without_end_is_stopped(cache, server, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 10)
    monkeypatch.setattr(mnist, "MIRRORS", (server.mirror("good", GOOD),))
    with pytest.raises(MachineError, match="more than 10 bytes"):
        read()


def test_a_cache_that_cannot_be_written(cache, server, monkeypatch):
    cache.parent.write_bytes(b"a file where the folder should be")
    monkeypatch.setattr(mnist, "MIRRORS", (server.mirror("good", GOOD),))
    with pytest.raises(MachineError, match="cannot be made"):
        read()


def test_the_cache_is_poochs(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert mnist.cache_folder().parts[-2:] == ("nncli", "mnist")


@pytest.mark.mnist
def test_the_real_ones(mnist_folder):
    dataset = read(path=str(mnist_folder), validation=10_000)
    shapes = {name: (split.x.shape, split.y.shape) for name, split in dataset.splits.items()}
    assert shapes == {
        "train": ((50_000, 784), (50_000,)),
        "validation": ((10_000, 784), (10_000,)),
        "test": ((10_000, 784), (10_000,)),
    }
    train, validation = dataset.splits["train"], dataset.splits["validation"]
    assert train.x.base is validation.x.base, "views of one array"
    assert train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert np.bincount(dataset.splits["test"].y)[[0, 1]].tolist() == [980, 1135]
    assert dataset.classes == tuple("0123456789")


@pytest.mark.mnist
def test_idx_reads_the_real_ones_too(mnist_folder):
    from nncli.spec.sources import Idx

    source = Idx.model_validate({"source": "idx", "path": str(mnist_folder)})
    assert load(source).fingerprint == read(path=str(mnist_folder)).fingerprint
