"""What the README shows must run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from design_core import compare_activations, extract_maps, finding, published_kernel, sample
from design_core.__main__ import main
from design_core.pictures import fit

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
    for folder in ("assets", "design_core"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)  # what they write stays here
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    commands = [line.split("design_core ")[1] for line in lines if " -m design_core " in line]
    assert len(commands) >= 2
    for command in commands:
        assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out


def test_places_exist() -> None:
    table = README[README.index("## Where things live") :]
    for cell in re.findall(r"^\| (`[^|]*`) \|", table, flags=re.MULTILINE):
        folder = ""
        for place in re.findall(r"`([^`]+)`", cell):
            folder = place.rpartition("/")[0] or folder
            path = place if "/" in place else f"{folder}/{place}"
            assert (ROOT / path).exists() or (ROOT / place).exists(), place


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("astronaut", "random-conv", "3.0 × the edges of Sign"),
        ("chelsea", "random-conv", "as many edges as Sign"),
        ("chelsea", "picture", "0.8 × the edges of Sign"),
    ],
)
def test_gains_are_as_stated(name: str, source: str, expected: str) -> None:
    maps = extract_maps(fit(sample(name), 208), source)
    compared = compare_activations(maps.x, published_kernel("2x2-v2"))
    assert expected in finding(compared["sign"][0], compared["design"][0])


def test_scores_on_camera_are_as_stated(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = [block for block in blocks("sh") if "picture:sample:camera" in block]
    best, plain = block.splitlines()
    assert main([*shlex.split(best.split("design_core ")[1]), "--json"]) == 0
    assert round(json.loads(capsys.readouterr().out)["score"], 3) == 0.603
    assert main([*shlex.split(plain.split("design_core ")[1]), "--json"]) == 0
    assert round(json.loads(capsys.readouterr().out)["score"], 3) == 0.374


def test_the_best_cut_of_a_trained_layer_is_as_stated(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = [block for block in blocks("sh") if "layer:cifar10" in block]
    assert main([*shlex.split(block.split("design_core ")[1]), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert round(found["score"], 3) == 0.882
    assert found["evaluated"] == 625
    assert found["best"][0]["kernel"]["levels"] == [[[0, 0], [0, 0]]]
