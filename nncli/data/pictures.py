"""PNG and JPEG files as arrays (extra `images`): sizes checked from the header, before anything is decoded.

A PNG is walked chunk by chunk, and every checksum compared; only what makes the picture is handed to Pillow. A JPEG has
no checksums, so a damaged one may still be a picture.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nncli.data.encoding import ImageLook
from nncli.data.files import DEFLATE_RATIO, shown, size_of_file
from nncli.errors import DataError, UsageError
from nncli.network.params import Array

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 64_000_000
"""Of a picture as it lies in the file: 8,000 x 8,000, 256 MB when decoded."""
MOST_BYTES = 256 << 20
"""Of a file: more than so many pixels take in any honest one."""
SHEET = 1024
"""The longer side of a sheet of paper, in pixels: more says nothing of a drawing."""
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf")
"""The chunks that make the picture. What else there is: texts, color profiles, the later frames of an animation."""
PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Color type -> numbers per pixel."""
JPEG_RATIO = 512
"""A byte of a JPEG holds no more pixels than this: a block of 64 takes a bit or more of some component."""
ORIENTATION = 0x0112
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for bytes that make no sense."""


def read_picture(source: Path | bytes, look: ImageLook, name: str = "standard input") -> Array:
    """A picture scaled to the look's size: uint8 (height, width, channels).

    Bytes are called `name` in messages. The first frame of an animation is read, a picture turned as its camera was
    held, and what is transparent shows white paper. DataError naming the file for what is no picture, damaged, or too
    large; UsageError where Pillow is not installed; OSError where the file cannot be read.
    """
    data, where = _bytes(source, name)
    mode = "L" if look.channels == 1 else "RGB"
    with _decoding(where):
        return _array(_opaque(_scaled(_opened(data, where, mode, look), look), mode), look.channels)


def read_sheet(source: Path | bytes, name: str = "standard input") -> Array:
    """The whole picture in gray, at most `SHEET` pixels wide and high: uint8 (height, width). Raises as above."""
    data, where = _bytes(source, name)
    with _decoding(where):
        picture = _opened(data, where, "L", None)
        shrink = min(1.0, SHEET / max(picture.size))
        width, height = (max(1, round(side * shrink)) for side in picture.size)
        sheet = _opaque(_scaled(picture, ImageLook(height=height, width=width)), "L")
        return _array(sheet, 1)[:, :, 0]


def require_pillow() -> None:
    """Raises UsageError where Pillow is not installed."""
    try:
        import PIL  # noqa: F401 - an extra: only here and below
    except ModuleNotFoundError as error:
        raise UsageError("pictures need Pillow: pip install 'nncli[images]'") from error


def _bytes(source: Path | bytes, name: str) -> tuple[bytes, str]:
    """The bytes of a file, and what it is called."""
    require_pillow()
    if isinstance(source, bytes):
        return source, shown(name)
    where = shown(source)
    size = size_of_file(source)
    if size > MOST_BYTES:
        raise DataError(f"{where}: has {size} bytes; the limit for a picture is {MOST_BYTES}")
    return source.read_bytes(), where


@contextmanager
def _decoding(where: str) -> Iterator[None]:
    """What is wrong with a picture's bytes becomes a DataError; Pillow's warnings of them are not for users."""
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except DAMAGE as error:
        reason = shown(str(error) or type(error).__name__, 80)
        raise DataError(f"{where}: is a damaged picture ({reason})") from error


def _opened(data: bytes, where: str, mode: str, look: ImageLook | None) -> Image:
    """The picture, decoded, upright, as L, RGB or RGBA."""
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile

    # not Image.open: it has limits of its own, and would try other formats
    if data.startswith(PNG):
        picture: Image = PngImageFile(BytesIO(_checked_png(data, where)))
    elif data.startswith(JPEG):
        picture = JpegImageFile(BytesIO(data))
        check_pixels(*picture.size, where)
        _check_holds(picture.size[0] * picture.size[1], len(data) * JPEG_RATIO, where)
        if look is not None:  # decoded at 1/2, 1/4 or 1/8, where that is more than is wanted
            picture.draft(mode, (2 * look.width, 2 * look.height))
    else:
        beginning = shown(data[:9].decode("latin-1"))
        said = f"it starts with `{beginning}`" if data else "it is empty"
        raise DataError(f"{where}: is not a PNG or JPEG picture: {said}")
    orientation = _orientation(picture)
    return _turned(_plain(picture, mode), orientation)


def check_pixels(width: int, height: int, where: str) -> None:
    """Raise DataError for a picture that is too large to be decoded, or has no pixels."""
    if not 0 < width * height <= MOST_PIXELS:
        raise DataError(
            f"{where}: has {width} x {height} pixels; the limit is {MOST_PIXELS:,} pixels. Make it smaller"
        )


def _check_holds(declared: int, most: int, where: str) -> None:
    if declared > most:
        raise DataError(
            f"{where}: truncated or damaged: it is too short for the pixels that its header declares"
        )


def _checked_png(data: bytes, where: str) -> bytes:
    """The chunks that make the picture, every checksum compared (PNG specification, 5.3)."""
    kept, packed, header = [PNG], b"", b""
    for kind, body in _chunks(data, where):
        if not header:
            header = _png_header(kind, body, where)
        if kind in PNG_KEPT:
            kept.append(
                struct.pack(">I", len(body))
                + kind
                + body
                + struct.pack(">I", zlib.crc32(kind + body))
            )
        packed += body if kind == b"IDAT" else b""
    width, height, depth, color = struct.unpack(">IIBB", header[:10])
    row = 1 + (width * depth * PNG_SAMPLES.get(color, 4) + 7) // 8
    # an interlaced picture has a few bytes more
    _check_holds(row * height, len(packed) * DEFLATE_RATIO, where)
    _check_holds(row * height, _unpacked(packed, 2 * row * height), where)
    return b"".join(kept)


def _unpacked(packed: bytes, most: int) -> int:
    """How many bytes a zlib stream holds, counted up to `most`, and 0 where it has no end: Pillow would take what is
    missing for black. Raises zlib.error where it is damaged."""
    stream, count = zlib.decompressobj(), 0
    while not stream.eof and count <= most:
        piece = stream.decompress(packed, 1 << 20)
        packed, count = stream.unconsumed_tail, count + len(piece)
        if not piece and not packed and not stream.eof:
            return 0
    return count


def _png_header(kind: bytes, body: bytes, where: str) -> bytes:
    """The first chunk, with a size that can be decoded."""
    if kind != b"IHDR" or len(body) != 13:
        raise DataError(f"{where}: is a damaged picture (a PNG without a header)")
    width, height = struct.unpack(">II", body[:8])
    check_pixels(width, height, where)
    return body


def _chunks(data: bytes, where: str) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk, to the last: length, kind, content, CRC-32 of kind and content."""
    start = len(PNG)
    kind = b""
    while kind != b"IEND":
        head = data[start : start + 8]
        length = struct.unpack(">I", head[:4])[0] if len(head) == 8 else 0
        end = start + 12 + length
        if len(head) < 8 or end > len(data):
            raise DataError(f"{where}: truncated: a PNG of {len(data)} bytes without its end")
        kind, body = head[4:], data[start + 8 : end - 4]
        if zlib.crc32(data[start + 4 : end - 4]) != struct.unpack(">I", data[end - 4 : end])[0]:
            raise DataError(
                f"{where}: is a damaged picture (wrong checksum in {shown(kind.decode('latin-1'))})"
            )
        yield kind, body
        start = end


def _orientation(picture: Image) -> int:
    """How the camera was held, from 1 to 8; 1 where nothing readable says so."""
    try:
        return int(picture.getexif().get(ORIENTATION, 1))
    except DAMAGE:
        return 1


def _turned(picture: Image, orientation: int) -> Image:
    """Upright, as EXIF's orientation asks."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return picture.transpose(turns[orientation]) if orientation in turns else picture


def _plain(picture: Image, mode: str) -> Image:
    """As `mode`, or as RGBA where something is transparent."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits of gray: the upper 8, as Pillow does with colors
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    picture.load()
    return picture.convert("RGBA" if picture.has_transparency_data else mode)


def _scaled(picture: Image, look: ImageLook) -> Image:
    """Of the look's size: by area averages where it shrinks, by bilinear interpolation where it grows."""
    from PIL.Image import Resampling

    size = look.width, look.height
    shrinks = picture.size[0] >= size[0] and picture.size[1] >= size[1]
    return picture.resize(size, Resampling.BOX if shrinks else Resampling.BILINEAR)


def _opaque(picture: Image, mode: str) -> Image:
    """Over white paper."""
    if picture.mode != "RGBA":
        return picture
    from PIL import Image

    paper = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(paper, picture).convert(mode)


def _array(picture: Image, channels: int) -> Array:
    return np.array(picture, np.uint8).reshape(picture.height, picture.width, channels)
