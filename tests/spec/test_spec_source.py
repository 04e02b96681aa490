"""From bytes to plain values: limits, places, and what YAML has that a spec has not."""

from __future__ import annotations

from pathlib import Path

import pytest

from nncli.errors import MachineError, UsageError
from nncli.spec.load import load_spec
from nncli.spec.page import Mark
from nncli.spec.source import EXPECTED, MOST_LEVELS, BadYamlError, parse


def test_marks_are_those_of_the_keys():
    marks = parse("# head\na: 1\nb:\n  - {c: 2, d: [3]}\n  - 4\n").marks
    assert marks == {
        (): Mark(2, 1),
        ("a",): Mark(2, 1),
        ("b",): Mark(3, 1),
        ("b", 0): Mark(4, 5),
        ("b", 0, "c"): Mark(4, 6),
        ("b", 0, "d"): Mark(4, 12),
        ("b", 0, "d", 0): Mark(4, 16),
        ("b", 1): Mark(5, 5),
    }


def test_quoted_scalars_are_text():
    value = parse("""[1, '1', "1", 'no', "~", |-\n 1]""".replace("|-\n 1", "''")).value
    assert value == [1, "1", "1", "no", "~", ""]


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n"])
def test_empty(complaints, text):
    assert complaints(text) == [f"spec.yaml:1:1: {EXPECTED}, but the file is empty"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# head\n- 1\n", "2:1: {}, but this is a list"),
        ("3\n", "1:1: {}, but this is 3"),
        ("a: 1\n---\nb: 2\n", "2:1: {}, but a second document begins here"),
    ],
)
def test_not_one_mapping(complaints, text, said):
    assert complaints(text) == ["spec.yaml:" + said.format(EXPECTED)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a:\n\tb: 1\n", "2:1: a tab is not allowed here. Indent with spaces."),
        (b"a: \0\n", "1:4: the character U+0000 is not allowed in YAML. Save the file as UTF-8."),
        (b"a: \x1b[0m\n", "1:4: the character U+001B is not allowed in YAML"),
        (b"a: 1\nb: caf\xe9\n", "2:7: byte 11 (0xe9) is not UTF-8. Save the file as UTF-8."),
        (b"\xff\xfea\0b", "1:2: byte 4 (0x62) is not UTF-16-LE. Save the file as UTF-8."),
        (b"a: [1\n", "2:1: `,` or `]` is missing here; opened on line 1"),
        (b"a: 'x\n", "2:1: the closing quote is missing; opened on line 1"),
        (b"a: b: c\n", "1:5: `:` is not allowed here. Check the indentation, or quote the text."),
        (b"a: @x\n", "1:4: a value cannot begin with `@`. Put it in quotes."),
        (b"{a: 1}}\n", "1:7: nothing may follow here: the text before it is complete"),
        (b"- a\nb: 1\n", "2:1: does not line up with the lines above. Check the indentation."),
        (
            b'a: "\\UFFFFFFFF"\n',
            "1:2: is not valid YAML: a number behind this place is out of range",
        ),
        (
            b"%YAML " + b"9" * 5000 + b".1\n---\na: 1\n",
            "1:1: is not valid YAML: a number behind this place is out of range",
        ),
    ],
)
def test_not_yaml(complaints, text, said):
    assert complaints(text) == [f"spec.yaml:{said}"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(load, good, encoding):
    assert load(good.encode(encoding)).spec == load(good).spec


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("name: &a x", "9:1: name: anchors (&name) and aliases (*name) are not supported"),
        ("name: *a", "9:1: name: anchors (&name) and aliases (*name) are not supported"),
        ("name: &a [*a]", "9:1: name: anchors"),
        (
            "name: !!python/object/apply:os.system [ls]",
            "9:1: name: tags (`tag:yaml.org,2002:python/",
        ),
        (
            "name: !!int ''",
            "9:1: name: tags (`tag:yaml.org,2002:int`) are not supported. Remove it.",
        ),
        ("name: !a%0Ab x", "9:1: name: tags (`!a\\nb`) are not supported"),
        ("seed: !!timestamp x", "9:1: seed: tags"),
        ("<<: {seed: 1}", "9:1: merge keys are not supported. Write the keys out."),
        ("eta: 2", "9:1: eta: is there twice, on line 8 and on line 9. Keep one."),
        ("no: 1", "9:1: the key is no, which some readers take for true or false. Quote it"),
        ("on: 1", "9:1: the key is on, which some readers take for true or false. Quote it"),
        ("true: 1", "9:1: a key must be text, but true is not. Put it in quotes."),
        ("12: 1", "9:1: a key must be text, but 12 is not. Put it in quotes."),
        ("? [a, b]\n: 1", "9:3: a key must be plain text, not a list or a mapping"),
        ('"a\\nb": 1', "9:1: 'a\\nb' is not a key"),
        ("k" * 101 + ": 1", f"9:1: '{'k' * 60}' is not a key"),
        ('name: "\\0"', "9:1: name: holds the character U+0000, which no file can hold"),
        ('name: "\\ud800"', "9:1: name: holds the character U+D800"),
        ("date: 2024-13-45", "9:1: date: unknown key"),
    ],
)
def test_what_a_spec_has_not(complaints, good, line, said):
    # the self alias is reported at both places
    first = complaints(f"{good}{line}\n")[0]
    assert first.startswith(f"spec.yaml:{said}")


def test_a_twice_given_key_is_read_once(complaints, good):
    """What stands under the second one is passed over, whatever it is."""
    assert len(complaints(good + "data: {source: [a, {b: 1}], x: 010}\n")) == 1


def test_nothing_runs(load, good, tmp_path):
    with pytest.raises(UsageError):
        load(good + "name: !!python/object/apply:os.mkdir [made]\n")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 20_000, f"1:{MOST_LEVELS + 1}: is nested more than 50 levels deep"),
        ("a: " + "{b: " * 20_000, "is nested more than 50 levels deep"),
        ("- " * 20_000, "is nested more than 50 levels deep"),
        ("a: [" + "1," * 50_000 + "]", "has more than 20000 keys and values"),
        ("a: " + "x" * 300_000, "spec.yaml: is larger than 256 KiB"),
    ],
)
def test_limits(complaints, text, said):
    (complaint,) = complaints(text)
    assert said in complaint


def test_fifty_levels_are_read():
    assert parse("[" * MOST_LEVELS + "]" * MOST_LEVELS).value
    with pytest.raises(BadYamlError):
        parse("[" * (MOST_LEVELS + 1) + "]" * (MOST_LEVELS + 1))


def test_alias_bomb(complaints):
    bomb = "a: &a [x]\n" + "".join(f"b{i}: [*a, *a, *a]\n" for i in range(2000))
    lines = complaints(bomb)
    assert "anchors" in lines[0]
    assert len(lines) == 51
    assert lines[-1].endswith("problems more")


def test_an_endless_file_is_read_to_the_limit(complaints):
    zero = Path("/dev/zero")
    if not zero.exists():
        pytest.skip("no /dev/zero")
    with pytest.raises(UsageError, match="larger than 256 KiB"):
        load_spec(zero)


def test_missing_file(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path / ("x" * 300), Path("/dev/null/x")):
        with pytest.raises(UsageError, match=r"there is no such file") as refused:
            load_spec(path)
        assert str(path) in str(refused.value)


def test_a_folder(tmp_path):
    with pytest.raises(UsageError, match=r"is a folder, not a spec file"):
        load_spec(tmp_path)


def test_no_permission(tmp_path, monkeypatch):
    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(MachineError, match=r"cannot be read: Permission denied"):
        load_spec(tmp_path / "spec.yaml")


def test_a_path_is_shown_on_one_line(tmp_path):
    path = tmp_path / "a\nb\x1b.yaml"
    path.write_text("x")
    with pytest.raises(UsageError, match=r"a\\nb\\x1b\.yaml:1:1") as refused:
        load_spec(path)
    assert str(refused.value).isprintable()
