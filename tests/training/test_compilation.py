"""Compiled steps: damaged code is made again; the trial before the first step leaves no trace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from torch import nn

from design_core.paths import ROOT
from design_core.training.compilation import CompiledStep


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(72, 3)).train()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """torch.compile that only counts."""
    calls: list[int] = []

    def compile_nothing(model: nn.Module, **_: object) -> nn.Module:
        calls.append(1)
        return model

    monkeypatch.setattr(torch, "compile", compile_nothing)
    return calls


def test_the_trial_leaves_no_trace(eager: list[int]) -> None:
    x = torch.randn(4, 1, 8, 8)
    plain, tried = network(), network()
    step = CompiledStep(tried)
    torch.manual_seed(1)
    expected = plain(x)
    torch.manual_seed(1)
    torch.testing.assert_close(step(x), expected, rtol=0, atol=0)
    for (name, one), other in zip(
        plain.state_dict().items(), tried.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name
    assert all(parameter.grad is None for parameter in tried.parameters())
    step(x)
    assert len(eager) == 1


def test_what_cannot_be_compiled_is_trained_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> nn.Module:
        raise RuntimeError("no compiler\nand many lines more")

    monkeypatch.setattr(torch, "compile", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    model, x = network().eval(), torch.ones(1, 1, 8, 8)
    with pytest.warns(
        UserWarning, match=r"cannot compile \(no compiler\); training goes on"
    ) as told:
        found = CompiledStep(model)(x)
    assert len(told) == 1
    assert torch.equal(found, model(x))


STEP = """
import sys, torch
from torch import nn
from design_core.training.compilation import CompiledStep
torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 3))
CompiledStep(model)(torch.ones(2, 1, 8, 8)).sum().backward()
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_damaged_code_is_made_anew(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    environment = {
        **os.environ,
        "TORCHINDUCTOR_CACHE_DIR": str(shared),
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", STEP]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    for path in shared.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            path.write_bytes(content[: len(content) // 2])
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert f"Compiled code in {shared} cannot be used" in done.stderr
    assert done.stderr.count("UserWarning") == 1
