"""``python -m design_core export``: files that other programs run."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from design_core.__main__ import main
from design_core.engine import load_packed
from design_core.kernels.files import load_kernel
from design_core.kernels.published import PUBLISHED
from design_core.zoo.entry import open_entry

DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"


def test_a_packed_file_gives_the_networks_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "network.packed"
    assert main(["export", f"{DESIGN}@2", "--to", "packed", "--out", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"{path.stat().st_size:,} bytes" in said
    assert f"{DESIGN}@2" in said
    assert list(tmp_path.iterdir()) == [path]
    x = torch.randn(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = open_entry(f"{DESIGN}@2").checkpoint.model(x).numpy()
    np.testing.assert_allclose(load_packed(path)(x.numpy()), expected, rtol=0, atol=1e-4)


def test_an_onnx_file_gives_the_networks_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    path = tmp_path / "network.onnx"
    assert main(["export", DESIGN, "--to", "onnx", "--out", str(path)]) == 0
    assert "as float32" in capsys.readouterr().out
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), settings)
    x = torch.randn(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = open_entry(DESIGN).checkpoint.model(x).numpy()
    (scores,) = session.run(None, {"pictures": x.numpy()})
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)


def test_onnx_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "design_core.engine.onnx_export", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["export", DESIGN, "--to", "onnx", "--out", str(tmp_path / "x.onnx")]) == 1
    assert "design-core[onnx]" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_html_file_holds_the_networks_and_loads_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it shows, the browser's tests look at."""
    path = tmp_path / "live.html"
    assert main(["export", DESIGN, f"{DESIGN}@1", "--to", "html", "--out", str(path)]) == 0
    assert f"{path.stat().st_size:,} bytes" in capsys.readouterr().out
    page = path.read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert re.findall(r"(?:src|href)=.{6}", page) == ['href="data:']
    assert page.count("seed 0") + page.count("seed 1") >= 2
    assert "CC BY 4.0" in page  # the digits' licence
    other = "cifar10-vgg_small-w32-sign-affine_on-demonstration"
    assert main(["export", DESIGN, other, "--to", "html", "--out", str(path)]) == 1
    assert "trained on CIFAR-10 and digits" in capsys.readouterr().err
    assert main(["export", *[DESIGN] * 5, "--to", "html", "--out", str(path)]) == 1
    assert "holds 1 to 4 networks; got 5" in capsys.readouterr().err
    assert main(["export", DESIGN, DESIGN, "--to", "packed", "--out", str(path)]) == 1
    assert "takes one network; got 2" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == page


def test_bad_places_and_names_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = tmp_path / "no" / "file"
    assert main(["export", DESIGN, "--to", "packed", "--out", str(nowhere)]) == 1
    assert "No such file" in capsys.readouterr().err
    assert main(["export", "nothing", "--to", "packed", "--out", str(tmp_path / "x")]) == 1
    assert "The zoo has no 'nothing'" in capsys.readouterr().err


KILLED = """
import sys
from pathlib import Path
from design_core.atomic import write_atomically
print("begun", flush=True)
while True:
    write_atomically(Path(sys.argv[1]), bytes([1]) * 20_000_000)
    write_atomically(Path(sys.argv[1]), bytes([2]) * 20_000_000)
"""


def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(20_000_000))
    for delay in (0.01, 0.03, 0.08):
        command = [sys.executable, "-c", KILLED, str(path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        process.wait()
        process.stdout.close()
        content = path.read_bytes()
        assert len(content) == 20_000_000
        assert len(set(content)) == 1


def test_a_layers_thresholds_become_a_kernel_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "kernel.json"
    asked = ["export", DESIGN, "--to", "kernel", "--layer", "block2", "--out", str(path)]
    assert main(asked) == 0
    assert "Block2 thresholds, as trained" in capsys.readouterr().out
    thresholds = PUBLISHED["2x2-v2"].thresholds
    np.testing.assert_allclose(load_kernel(path).thresholds, thresholds, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "layer", "said"),
    [
        ("kernel.json", "picture", "Layer 'picture' of this network has no threshold kernel"),
        ("kernel.gif", "block2", "Unknown format 'gif'"),
    ],
)
def test_a_kernel_file_that_cannot_be_written_is_one_sentence(
    name: str, layer: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    assert main(["export", DESIGN, "--to", "kernel", "--layer", layer, "--out", str(path)]) == 1
    assert said in capsys.readouterr().err
    assert not path.exists()
