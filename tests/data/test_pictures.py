"""PNG and JPEG files as arrays: every kind of pixel, sizes from the header, one line for what is damaged."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from nncli.data.encoding import ImageLook
from nncli.data.pictures import read_picture, read_sheet
from nncli.errors import DataError, UsageError

Image = pytest.importorskip("PIL.Image")
GRAY, COLORS = ImageLook(height=6, width=8), ImageLook(height=6, width=8, channels=3)


def encoded(picture: Any, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def ramp() -> np.ndarray:
    return (np.arange(48, dtype=np.uint8) * 5).reshape(6, 8)


def colors() -> np.ndarray:
    return np.stack([ramp(), 255 - ramp(), np.full((6, 8), 40, np.uint8)], axis=2)


def test_a_gray_png_is_read_as_it_lies():
    assert (read_picture(encoded(Image.fromarray(ramp())), GRAY)[:, :, 0] == ramp()).all()


def test_colors_are_kept_or_made_gray():
    data = encoded(Image.fromarray(colors()))
    assert (read_picture(data, COLORS) == colors()).all()
    gray = (colors() @ [0.299, 0.587, 0.114]).round()
    assert np.abs(read_picture(data, GRAY)[:, :, 0] - gray).max() <= 1


def test_a_gray_picture_has_three_equal_colors():
    seen = read_picture(encoded(Image.fromarray(ramp())), COLORS)
    assert (seen == ramp()[:, :, None]).all()


def test_sixteen_bits_keep_the_upper_eight():
    deep = Image.fromarray(ramp().astype(np.uint16) * 256 + 77)
    assert (read_picture(encoded(deep), GRAY)[:, :, 0] == ramp()).all()


def test_a_palette_is_looked_up():
    picture = Image.fromarray(colors()).convert("P", palette=Image.Palette.ADAPTIVE, colors=64)
    wanted = np.asarray(picture.convert("RGB"))
    assert (read_picture(encoded(picture), COLORS) == wanted).all()


def test_what_is_transparent_shows_white_paper():
    alpha = np.zeros((6, 8), np.uint8)
    alpha[2:4, 2:6] = 255
    seen = read_picture(encoded(Image.fromarray(np.dstack([colors(), alpha]))), COLORS)
    assert (seen[alpha == 0] == 255).all()
    assert (seen[alpha == 255] == colors()[alpha == 255]).all()


def test_cmyk_jpegs_are_pictures_too():
    flat = Image.new("CMYK", (8, 6), (0, 255, 255, 0))  # red
    seen = read_picture(encoded(flat, "JPEG", quality=95), COLORS)
    assert seen[..., 0].min() > 200
    assert seen[..., 1:].max() < 60


def test_an_animation_shows_its_first_frame():
    frames = [Image.fromarray(np.full((6, 8), shade, np.uint8)) for shade in (10, 200)]
    data = encoded(frames[0], save_all=True, append_images=frames[1:])
    assert (read_picture(data, GRAY) == 10).all()


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [(3, lambda a: a[::-1, ::-1]), (6, lambda a: np.rot90(a, -1)), (8, lambda a: np.rot90(a, 1))],
)
def test_a_picture_is_turned_as_its_camera_was_held(orientation, turned):
    exif = Image.Exif()
    exif[0x0112] = orientation
    square = np.zeros((8, 8), np.uint8)
    square[:4, :4] = 200
    seen = read_picture(encoded(Image.fromarray(square), exif=exif), ImageLook(height=8, width=8))
    assert (seen[:, :, 0] == turned(square)).all()


def test_large_pictures_are_averaged_and_small_ones_interpolated():
    checks = np.kron(np.indices((6, 8)).sum(axis=0) % 2, np.ones((10, 10))).astype(np.uint8) * 200
    seen = read_picture(encoded(Image.fromarray(checks)), GRAY)[:, :, 0]
    assert (seen == checks[5::10, 5::10]).all()
    grown = read_picture(encoded(Image.fromarray(ramp())), ImageLook(height=60, width=80))
    assert grown.shape == (60, 80, 1)
    assert abs(float(grown.mean()) - ramp().mean()) < 1


def test_a_sheet_keeps_its_shape_up_to_1024_pixels():
    paper = Image.fromarray(np.full((600, 2048), 250, np.uint8))
    assert read_sheet(encoded(paper)).shape == (300, 1024)
    assert (read_sheet(encoded(Image.fromarray(ramp()))) == ramp()).all()


def bomb(width: int, height: int, body: bytes = zlib.compress(bytes(1000))) -> bytes:
    """A PNG of so many black pixels, in a few hundred bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cat.png: is not a PNG or JPEG picture: it is empty"),
        (b"GIF89a..", "cat.png: is not a PNG or JPEG picture: it starts with `GIF89a..`"),
        (encoded(Image.fromarray(ramp()))[:-20], "cat.png: truncated: a PNG of "),
        (encoded(Image.fromarray(ramp()), "JPEG")[:300], "cat.png: is a damaged picture ("),
        (bomb(20_000, 20_000), "cat.png: has 20000 x 20000 pixels; the limit is 64,000,000 pixels. Make it smaller"),
        (bomb(8_000, 8_000), "cat.png: truncated or damaged: it is too short for the pixels that its header declares"),
        (bomb(4, 6, b"no deflate, but long enough"), "cat.png: is a damaged picture (Error -3 "),
        (bomb(4, 6, zlib.compress(bytes(12))[:-4]), "cat.png: truncated or damaged: it is too short for the pixels"),
        (bomb(0, 5), "cat.png: has 0 x 5 pixels"),
    ],
)  # fmt: skip
def test_what_is_no_whole_picture_is_refused_in_one_line(data, message):
    with pytest.raises(DataError) as caught:
        read_picture(data, GRAY, "cat.png")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_flipped_bit_of_a_png_is_found_by_its_checksum():
    data = bytearray(encoded(Image.fromarray(ramp())))
    data[45] ^= 1
    with pytest.raises(DataError, match="wrong checksum"):
        read_picture(bytes(data), GRAY)


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(UsageError, match=r"pip install 'nncli\[images\]'"):
        read_picture(b"", GRAY)
