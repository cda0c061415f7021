"""What the handbook shows must run, and what it names must exist."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from design_core.commands import COMMANDS

ROOT = Path(__file__).parents[1]
HANDBOOK = (ROOT / "docs" / "handbook.md").read_text(encoding="utf-8")


def test_every_example_gives_what_it_shows() -> None:
    blocks = re.findall(r"```python\n(.*?)```", HANDBOOK, flags=re.DOTALL)
    assert len(blocks) >= 6
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    names: dict[str, Any] = {}  # later blocks build on earlier ones
    for number, block in enumerate(blocks):
        example = parser.get_doctest(block, names, f"block {number}", "handbook.md", 0)
        assert example.examples
        result = runner.run(example, clear_globs=False)
        names.update(example.globs)
        assert result.failed == 0, f"block {number}: see the output above"


def test_the_script_packs_a_network_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    scripts = re.findall(r"```py\n(.*?)```", HANDBOOK, flags=re.DOTALL)
    (script,) = (one for one in scripts if "make_binary" in one)
    assert len(script.splitlines()) <= 25
    monkeypatch.chdir(tmp_path)
    exec(compile(script, "handbook.md", "exec"), {})
    told = capsys.readouterr().out.splitlines()
    assert "  3: Conv2d → BinaryConv2d" in told
    assert told[-1] == "360 of 360 answers are PyTorch's"
    assert float(told[-2]) > 0.9


def test_pages_and_commands_are_those_that_there_are() -> None:
    pages = re.findall(r"^\| ([A-Z]\w+) \|", HANDBOOK, flags=re.MULTILINE)
    assert sorted(page.lower() for page in pages if page not in ("Home", "Escape", "Q")) == sorted(
        path.stem for path in (ROOT / "pages").glob("*.py")
    )
    table = HANDBOOK[HANDBOOK.index("## Command line") : HANDBOOK.index("## Recipes")]
    named = set(re.findall(r"`(\w+)`", table))
    assert named == {command.__name__.rpartition(".")[2] for command in COMMANDS}


def test_files_exist() -> None:
    places = re.findall(r"`((?:design_core|docs|assets)/[\w./]+)`", HANDBOOK)
    assert len(places) >= 3
    for place in places:
        assert (ROOT / place).exists(), place


def test_the_readme_leads_here() -> None:
    assert "(docs/handbook.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_script_turns_a_file_of_pytorch_into_one_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    from foreign_states import vgg_small

    from design_core.zoo.elsewhere import load_elsewhere

    scripts = re.findall(r"```py\n(.*?)```", HANDBOOK, flags=re.DOTALL)
    (script,) = (one for one in scripts if "weights_only" in one)
    monkeypatch.chdir(tmp_path)
    state = {f"module.{name}": tensor for name, tensor in vgg_small(True).items()}
    torch.save({"state_dict": state, "epoch": 7}, "model.pth")
    exec(compile(script, "handbook.md", "exec"), {})
    assert load_elsewhere(tmp_path / "theirs.safetensors").layout == "vgg-small"
