"""ONNX export, run by onnxruntime, against PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from design_core.networks import build_network
from tests.engine.randomized import randomized_network

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

NETWORKS: list[tuple[str, dict[str, Any], tuple[int, int, int]]] = [
    ("tiny", {"activation": "design:3x3x4-shifted-v1", "padding": "replicate"}, (1, 8, 8)),
    ("vgg_small", {"width": 8, "padding": "zero", "binarizer": "xnor"}, (3, 32, 32)),
    (
        "vgg_small",
        {"width": 8, "first": "binary", "last": "binary", "binarizer": "recu"},
        (3, 32, 32),
    ),
    ("resnet20", {"width": 8, "activation": "design:2x2-v2"}, (3, 14, 21)),
    ("resnet18", {"width": 8, "affine": False, "binarizer": "dorefa"}, (3, 16, 16)),
]


@pytest.mark.parametrize(("name", "options", "shape"), NETWORKS, ids=str)
def test_onnxruntime_agrees_with_torch(
    name: str, options: dict[str, Any], shape: tuple[int, int, int], tmp_path: Path
) -> None:
    from design_core.engine import export_onnx

    model = randomized_network(name, **options)
    path = tmp_path / "network.onnx"
    export_onnx(model, shape, path)
    nodes = [node.op_type for node in onnx.load(str(path)).graph.node]
    assert "Sign" not in nodes
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), settings)
    x = torch.randn(20, *shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = model(x).numpy()
    (scores,) = session.run(None, {"pictures": x.numpy()})
    (first,) = session.run(None, {"pictures": x[:1].numpy()})
    assert scores.shape == expected.shape
    assert first.shape == expected[:1].shape
    # The first layer's real sums may differ in the last bit and, once in many pictures, move one
    # value across its threshold; all else agrees.
    assert (np.abs(scores - expected).max(axis=1) <= 1e-4).mean() >= 0.9


def test_real_activations_are_refused(tmp_path: Path) -> None:
    from design_core.engine import export_onnx

    with pytest.raises(ValueError, match="Only Sign and DeSign activations can be exported"):
        export_onnx(build_network("tiny", activation="relu"), (1, 8, 8), tmp_path / "x.onnx")
    with pytest.raises(ValueError, match="in which Linear computes cannot be read"):
        export_onnx(torch.nn.Linear(2, 2), (1, 8, 8), tmp_path / "x.onnx")
