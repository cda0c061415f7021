"""Packages that are not installed: a sentence, unless the project itself is broken."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from design_core.__main__ import main
from design_core.extras import EXTRAS, missing_extra

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize(("module", "extra"), EXTRAS.items())
def test_the_extra_brings_the_module(module: str, extra: str) -> None:
    brought = PROJECT["project"]["optional-dependencies"][extra]
    assert any(line.startswith(f"{module}>") for line in brought)
    assert f"design-core[{extra}]" in missing_extra(ModuleNotFoundError(name=f"{module}.nn"))


def test_a_broken_project_is_no_missing_extra() -> None:
    with pytest.raises(ModuleNotFoundError):
        missing_extra(ModuleNotFoundError(name="design_core.gone"))


def test_the_command_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def without_torch(_: object) -> int:
        raise ModuleNotFoundError(name="torch")

    monkeypatch.setattr("design_core.commands.kernels.run", without_torch)
    assert main(["kernels"]) == 1
    assert capsys.readouterr().err == (
        "design kernels: This needs PyTorch, which is not installed: "
        'pip install "design-core[torch]".\n'
    )
