"""What the pages of the documentation show must run, and give the figures that they state."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from design_core.__main__ import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def shell_lines(page: Path) -> list[str]:
    """The lines of its shell examples that call `design`, without that word."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.removeprefix("design ") for line in lines if line.startswith("design ")]


@pytest.mark.slow
def test_shell_examples_of_the_results_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what they write stays here
    commands = shell_lines(DOCS / "results.md")
    assert len(commands) >= 4
    for command in commands:
        assert main(shlex.split(command)) == 0, command
    assert capsys.readouterr().out


OBJECTIVES = (DOCS / "objectives.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_scores_in_the_objectives_are_as_stated(capsys: pytest.CaptureFixture[str]) -> None:
    best, plain, larger, layer = shell_lines(DOCS / "objectives.md")
    found = [json.loads(output(capsys, command)) for command in (best, plain, layer)]
    assert [round(one["score"], 3) for one in found] == [0.603, 0.374, 0.882]
    assert found[2]["evaluated"] == 625
    assert found[2]["best"][0]["kernel"]["levels"] == [[[0, 0], [0, 0]]]
    # Larger kernels: the stated ones by the stated command, but for 5×5, which takes seconds.
    stated = dict(re.findall(r"^\| (\d)×\1 \|.*?\| (0\.\d+)", OBJECTIVES, re.MULTILINE))
    for side in "234":
        told = json.loads(output(capsys, larger.replace("--size 5", f"--size {side}")))
        assert f"{told['score']:.4f}" == stated[side]


def output(capsys: pytest.CaptureFixture[str], command: str) -> str:
    assert main([*shlex.split(command), "--json"]) == 0
    return capsys.readouterr().out


def test_every_page_is_on_the_site() -> None:
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert PAGES
    for page in PAGES:
        assert f": {page.name}\n" in site


def test_modules_of_the_reference_exist() -> None:
    named = re.findall(r"^::: (\S+)$", (DOCS / "reference.md").read_text("utf-8"), re.MULTILINE)
    assert len(named) > 10
    for name in named:
        assert (ROOT / name.replace(".", "/")).with_suffix(".py").is_file(), name
