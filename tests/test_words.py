"""Numbers and commands as people read them."""

from pathlib import Path

import pytest

from nncli import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 ms"),
        (0.0042, "4.20 ms"),
        (0.459, "459 ms"),
        (0.9996, "1.00 s"),
        (4.9, "4.90 s"),
        (13.84, "13.8 s"),
        (59.99, "1 min 0 s"),
        (75, "1 min 15 s"),
        (7322, "2 h 2 min"),
    ],
)
def test_duration(seconds, text):
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "less than a second"),
        (1.4, "about 1 s"),
        (9.6, "about 10 s"),
        (47, "about 45 s"),
        (114, "about 115 s"),
        (116, "about 2 min"),
        (200, "about 3 min"),
        (33 * 60, "about 35 min"),
        (114 * 60, "about 115 min"),
        (7322, "about 2 h"),
        (47 * 3600, "about 47 h"),
        (100 * 3600, "about 4 days"),
    ],
)
def test_about(seconds, text):
    assert words.about(seconds) == text


def test_size_figure_and_plural():
    assert [words.size(n) for n in (0, 1023, 1536, 3 * 2**20, 5.5e9)] == [
        "0 bytes", "1023 bytes", "2 KB", "3 MB", "5.1 GB"
    ]  # fmt: skip
    assert words.figure("test_accuracy", 0.95123) == "95.12%"
    assert words.figure("loss", 0.0123456) == "0.01235"
    assert words.figure("loss", None) == "-"
    assert words.plural(1, "epoch") == "1 epoch"
    assert words.plural(5000, "batch") == "5,000 batches"
    assert words.plural(0, "row") == "0 rows"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("runs/one", "nncli resume runs/one"),
        ("my runs", "nncli resume 'my runs'"),
        ("-x", "nncli resume ./-x"),
        ("- x", "nncli resume ./'- x'"),
    ],
)
def test_a_command_can_be_typed_as_it_stands(path, text):
    assert words.command("resume", Path(path)) == text
