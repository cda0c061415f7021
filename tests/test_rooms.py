"""Rooms: what is built on a room is never imported by it."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
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
