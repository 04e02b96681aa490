"""The house: a room imports only from lower floors, and no file or function is a monster."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "nncli"
FLOORS = [
    ["errors", "streams", "words"],
    ["limits"],
    ["filetypes", "machine", "blas", "interrupts"],
    ["files"],
    ["spec"],
    ["network"],
    ["data"],
    ["training"],
    ["runs"],
    ["fit"],
    ["preparation"],
    ["resuming"],
    ["session"],
    ["experiment", "lockstep", "saved"],
    ["judge", "gradients", "repetition", "predictions", "overview", "events"],
    ["predict"],
    ["sweep"],
    ["report", "ledger"],
    ["pages"],
    ["export"],
    ["packaged", "draft", "api", "estimators"],
    ["cli"],
    ["__main__"],
]
HEIGHT = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(tree: ast.AST) -> set[str]:
    """Rooms that a module imports at its top or inside a function."""
    rooms = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("nncli"):
            parts = node.module.split(".")
            rooms |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            rooms |= {a.name.split(".")[1] for a in node.names if a.name.startswith("nncli.")}
    return rooms - {"__version__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_lower_floors(path):
    room = room_of(path)
    if room == "__init__":
        return
    for other in imported_rooms(ast.parse(path.read_text())):
        assert other in HEIGHT, f"{path}: {other} has no floor: add it to FLOORS"
        lower = other == room or HEIGHT[other] < HEIGHT[room]
        assert lower, f"{path}: {room} imports {other}, which is not below it"


def test_the_mathematics_knows_nothing_but_itself():
    for path in (PACKAGE / "network").glob("*.py"):
        assert imported_rooms(ast.parse(path.read_text())) <= {"network"}, path


def test_every_disk_effect_is_in_files():
    """What writes, renames or removes stands in one place, so that a test can fail it at any moment."""
    effects = {"write_bytes", "write_text", "unlink", "rename", "rmdir", "mkdir", "touch", "fsync"}
    for path in FILES:
        if path == PACKAGE / "files.py":
            continue
        calls = (n.func for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))
        names = {
            f.attr
            for f in calls
            if isinstance(f, ast.Attribute) and ast.unparse(f.value) != "files"
        }
        assert not names & effects, f"{path}: {names & effects}"


def test_the_layout_test_sees_imports():
    tree = ast.parse(
        "from nncli import judge\ndef f():\n    import nncli.sweep.grid\n    from nncli.cli.app import x"
    )
    assert imported_rooms(tree) == {"judge", "sweep", "cli"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path):
    text = path.read_text()
    assert text.count("\n") <= 350, f"{path}: split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            documented = ast.get_docstring(node) is not None
            first = node.body[1] if documented and len(node.body) > 1 else node.body[0]
            lines = node.end_lineno - first.lineno + 1
            assert lines <= 40, f"{path}:{node.lineno}: {node.name} has {lines} lines"
