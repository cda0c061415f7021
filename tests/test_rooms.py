"""Rooms: what is built on a room is never imported by it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def imported(file: Path) -> set[str]:
    """Dotted names of the modules that a file imports anywhere, also in functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def room(parts: tuple[str, ...]) -> str:
    """The folder or the module at the top of a package that something lies in."""
    return parts[1].removesuffix(".py") if len(parts) > 1 else ""


@pytest.mark.parametrize("package", ["design_core", "ui"])
def test_no_two_rooms_are_built_on_each_other(package: str) -> None:
    rooms: dict[str, set[str]] = {}
    for file in (ROOT / package).rglob("*.py"):
        own = room(file.relative_to(ROOT).parts)
        others = {
            room(tuple(name.split(".")))
            for name in imported(file)
            if name.split(".")[0] == package and (ROOT / Path(*name.split(".")[:2])).parent.exists()
        }
        rooms.setdefault(own, set()).update(others - {own, "", "__init__"})
    rooms.pop("__init__", None)
    order = list(TopologicalSorter(rooms).static_order())  # CycleError names a circle
    assert len(order) >= 10


def test_pages_are_imported_by_nobody_and_share_by_pages_alone() -> None:
    for file in (ROOT / "ui").rglob("*.py"):
        names = imported(file)
        assert not any(name.split(".")[0] == "pages" for name in names), file
        if file.parent.name != "share":
            assert not any(name.startswith("ui.share") for name in names), file


@pytest.mark.parametrize("page", [path.stem for path in (ROOT / "pages").glob("*.py")])
def test_every_page_has_a_room_with_its_address(page: str) -> None:
    assert (ROOT / "ui" / page / "address.py").is_file()
    source = (ROOT / "pages" / f"{page}.py").read_text(encoding="utf-8")
    assert f"from ui.{page}.address import" in source


def test_the_core_knows_nothing_of_the_app() -> None:
    for file in (ROOT / "design_core").rglob("*.py"):
        assert not {name.split(".")[0] for name in imported(file)} & {"streamlit", "ui"}, file


_STATES = {"st.session_state", "session", "state", "entries", "self.state"}
_FIELDS = {"choice", "number", "several", "switch", "text", "whole"}  # of ui.links.fields


def session_keys(file: Path) -> Iterator[str]:
    """What a module writes out where a key of the session stands, f-strings as in its source."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        places: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            places += [keyword.value for keyword in node.keywords if keyword.arg == "key"]
            function = ast.unparse(node.func)
            if function in _FIELDS or function.rpartition(".")[0] in _STATES:
                places += node.args[:1]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) in _STATES:
            places.append(node.slice)
        elif isinstance(node, ast.Dict) and file.name.endswith("address.py"):
            places += node.keys
        for place in places:
            if isinstance(place, ast.JoinedStr) and isinstance(place.values[0], ast.Constant):
                yield ast.unparse(place)
            elif isinstance(place, ast.Constant) and isinstance(place.value, str):
                yield place.value


def test_no_two_modules_write_out_the_same_session_key() -> None:
    """What others read too is a constant of the room that sets it, in its ``keys.py``."""
    files = [*(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    places: dict[str, set[str]] = {}
    for file in files:
        for key in session_keys(file):
            places.setdefault(key, set()).add(file.relative_to(ROOT).as_posix())
    assert len(places) >= 50
    assert {key: found for key, found in places.items() if len(found) > 1} == {}
    shared = {
        value: file.relative_to(ROOT).as_posix()
        for file in (ROOT / "ui").glob("*/keys.py")
        for value in vars(import_module(f"ui.{file.parent.name}.keys")).values()
        if isinstance(value, str) and re.fullmatch(r"[a-z_]+", value)
    }
    assert {key: places[key] for key in shared if key in places} == {}


def test_rooms_have_different_session_keys() -> None:
    rooms = [file.parent.name for file in (ROOT / "ui").glob("*/keys.py")]
    values = [
        value
        for room_name in rooms
        for name, value in vars(import_module(f"ui.{room_name}.keys")).items()
        if name.isupper()
    ]
    assert len(rooms) >= 8
    assert len(values) == len(set(values))
