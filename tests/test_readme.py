"""What the README shows must run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from design_core.__main__ import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_library_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks("python")
    exec(example, {})
    assert re.fullmatch(r"TV: Sign 0\.\d{3}, DeSign 0\.\d{3}\n", capsys.readouterr().out)


def test_shell_examples_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    commands = [line.split("design_core ")[1] for line in lines if " -m design_core " in line]
    assert len(commands) >= 2
    for command in commands:
        assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out


def test_places_exist() -> None:
    for cell in re.findall(r"^\| (`[^|]*`) \|", README, flags=re.MULTILINE):
        folder = ""
        for place in re.findall(r"`([^`]+)`", cell):
            folder = place.rpartition("/")[0] or folder
            path = place if "/" in place else f"{folder}/{place}"
            assert (ROOT / path).exists() or (ROOT / place).exists(), place
