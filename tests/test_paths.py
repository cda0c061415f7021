"""Where files are looked for: the documented rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from design_core.paths import CHECKPOINTS, DATA, RESOURCES, ROOT, user_folder


def test_the_variable_comes_first(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    named = {"DESIGN_CHECKPOINTS": "/some/where"}
    found = user_folder("checkpoints", "assets/checkpoints", root=tmp_path, environment=named)
    assert found == Path("/some/where")
    empty = {"DESIGN_CHECKPOINTS": ""}
    found = user_folder("checkpoints", "assets/checkpoints", root=tmp_path, environment=empty)
    assert found == tmp_path / "assets/checkpoints"


def test_installed_it_is_the_folder_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = user_folder("data", "data", root=tmp_path / "site-packages", environment={})
    assert found == tmp_path / "data"


def test_a_tilde_is_the_home() -> None:
    found = user_folder("data", "data", environment={"DESIGN_DATA": "~/sets"})
    assert found == Path.home() / "sets"


def test_here_they_are_the_checkouts() -> None:
    assert CHECKPOINTS == ROOT / "assets" / "checkpoints"
    assert DATA == ROOT / "data"
    assert RESOURCES == ROOT / "design_core" / "resources"
