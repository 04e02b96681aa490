"""Damaged pictures: the same pixels, or a refusal in one line with exit code 2, in little memory."""

from __future__ import annotations

import io
import random
from typing import Any

import damage
import numpy as np
import pytest

from nncli.data.encoding import ImageLook
from nncli.data.pictures import PNG, read_picture
from nncli.errors import NncliError

Image = pytest.importorskip("PIL.Image")
LOOK = ImageLook(height=12, width=16, channels=3)
LIMIT = 96 << 20


def samples() -> dict[str, bytes]:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
    colors = Image.fromarray(pixels)
    kinds: dict[str, tuple[Any, str, dict[str, Any]]] = {
        "rgb.png": (colors, "PNG", {}),
        "gray.png": (colors.convert("L"), "PNG", {}),
        "palette.png": (colors.convert("P"), "PNG", {"transparency": 3}),
        "deep.png": (Image.fromarray(pixels[..., 0].astype(np.uint16) * 200), "PNG", {}),
        "rgb.jpg": (colors, "JPEG", {"quality": 90}),
        "progressive.jpg": (colors, "JPEG", {"progressive": True}),
        "cmyk.jpg": (colors.convert("CMYK"), "JPEG", {}),
    }
    found = {}
    for name, (picture, kind, options) in kinds.items():
        buffer = io.BytesIO()
        picture.save(buffer, kind, **options)
        found[name] = buffer.getvalue()
    return found


SAMPLES = samples()


def seen(data: bytes) -> np.ndarray | None:
    """The pixels; None where they are refused as they should be."""
    try:
        with damage.little_memory(LIMIT):
            return read_picture(data, LOOK, "a.png")
    except NncliError as error:
        refusal = (error.exit_code, str(error))
    assert refusal[0] == 2, refusal
    assert "\n" not in refusal[1]
    assert refusal[1].startswith("a.png: ")
    return None


def mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        match rng.randrange(4):
            case 0:
                changed[rng.randrange(len(changed))] = rng.randrange(256)
            case 1:
                changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            case 2:
                start, length = rng.randrange(len(changed)), rng.randint(1, 8)
                changed[start : start + length] = rng.randbytes(length)
            case _:
                del changed[rng.randrange(max(1, len(changed) - 20)) + 10 :]
        if len(changed) < 12:
            break
    return bytes(changed)


@pytest.mark.campaign(short=300, long=1000, torture=2000)
def test_mutated_pictures(campaign):
    """A PNG has checksums: its pixels are those that were written, or it is refused. A JPEG has none: what is left of
    it may be another picture, of the same size."""
    refused = 0
    for trial in campaign.numbers:
        name = list(SAMPLES)[trial % len(SAMPLES)]
        whole = SAMPLES[name]
        data = mutated(whole, campaign.rng)
        found = seen(data)
        refused += found is None
        if found is None:
            continue
        assert found.shape == (12, 16, 3)
        if data.startswith(PNG):
            assert (found == seen(whole)).all(), name
    assert refused > campaign.trials / 3
