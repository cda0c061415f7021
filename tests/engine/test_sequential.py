"""Plain chains on the engine and in ONNX, against PyTorch, to the bit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from design_core.engine import UnpackableError, load_packed, pack, save_packed
from design_core.engine.files import packed_bytes
from design_core.networks.conversion import make_binary
from design_core.networks.layers import BinaryConv2d
from design_core.pictures.form import PictureForm


def conv(inputs: int, outputs: int, **options: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, **{"padding": 1, **options})


#: Plain networks by what is peculiar to them, and the pictures that they take.
CHAINS: dict[str, tuple[nn.Sequential, tuple[int, int, int], dict[str, str]]] = {
    "pool before the norm, two convolutions, linear layers": (
        nn.Sequential(
            *(conv(3, 6), nn.BatchNorm2d(6), nn.ReLU()),
            *(conv(6, 9, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(9), nn.ReLU()),
            *(nn.Dropout(), nn.Flatten(), nn.Linear(9 * 16, 11), nn.BatchNorm1d(11), nn.Tanh()),
            nn.Linear(11, 4),
        ),
        (3, 8, 8),
        {"activation": "design:2x2-v2"},
    ),
    "pool between norm and activation": (
        nn.Sequential(
            *(conv(1, 5), nn.BatchNorm2d(5), nn.MaxPool2d(2), nn.ReLU()),
            *(conv(5, 7), nn.BatchNorm2d(7), nn.MaxPool2d(2), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(28, 3), nn.BatchNorm1d(3)),
        ),
        (1, 9, 8),
        {"activation": "design:2x2x4-shifted-v2"},
    ),
    "pool of bits, as PyTorch code has it": (
        nn.Sequential(
            nn.Sequential(conv(3, 33), nn.BatchNorm2d(33), nn.ReLU(), nn.MaxPool2d(2)),
            nn.Sequential(
                conv(33, 8), nn.BatchNorm2d(8), nn.Identity(), nn.ReLU(), nn.MaxPool2d(2)
            ),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)),
        ),
        (3, 8, 8),
        {"activation": "sign", "binarizer": "xnor"},
    ),
    "no batch norms, whole windows, strides": (
        nn.Sequential(
            *(conv(3, 8, stride=2), nn.Hardtanh(), conv(8, 12, padding=0), nn.Hardtanh()),
            *(conv(12, 6, stride=2), nn.Hardtanh(), nn.Flatten(), nn.Linear(6 * 4, 5)),
        ),
        (3, 12, 12),
        {"activation": "design:1 1;3 3", "padding": "replicate"},
    ),
    "linear layers only": (
        nn.Sequential(
            *(nn.Flatten(), nn.Linear(36, 20), nn.BatchNorm1d(20), nn.ReLU()),
            *(nn.Linear(20, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 4)),
        ),
        (1, 6, 6),
        {"activation": "sign"},
    ),
    "all binary": (
        nn.Sequential(
            *(conv(3, 8), nn.BatchNorm2d(8), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(8 * 36, 5), nn.BatchNorm1d(5)),
        ),
        (3, 6, 6),
        {"activation": "centred:2x2-v2", "first": "binary", "last": "binary"},
    ),
}


def made(name: str) -> tuple[nn.Module, tuple[int, int, int]]:
    """The binary network with statistics that put every bit in doubt, some slopes negative."""
    network, shape, options = CHAINS[name]
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()
    binary, _ = make_binary(network, **options)
    binary(torch.randn(64, *shape))
    for module in binary.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
            module.running_mean.normal_()
    return binary.eval(), shape


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_scores_are_those_of_torch(name: str, backend: str) -> None:
    binary, shape = made(name)
    x = torch.randn(100, *shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = binary(x).numpy()
    scores = pack(binary, shape, backend=backend)(x.numpy())
    close = np.abs(scores - expected).max(axis=1) <= 1e-3
    # Real sums of the first layer may differ in the last bit and move a bit, once in many pictures.
    assert close.mean() >= 0.98


@pytest.mark.parametrize("name", CHAINS)
def test_onnxruntime_agrees_with_torch(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from design_core.engine import export_onnx

    binary, shape = made(name)
    classes = tuple("abcdefghijk"[: pack(binary, shape).classes])
    form = PictureForm(shape, (0.5,) * shape[0], (0.25,) * shape[0], classes)
    export_onnx(binary, shape, tmp_path / "x.onnx", pictures=form)
    settings = runtime.SessionOptions()
    settings.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    settings.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(tmp_path / "x.onnx"), settings)
    x = torch.randn(50, *shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = binary(x).numpy()
    (scores,) = session.run(None, {"pictures": x.numpy()})
    assert (np.abs(scores - expected).max(axis=1) <= 1e-3).mean() >= 0.96
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["colour_order"] == ("grey" if shape[0] == 1 else "RGB")
    assert metadata["mean"] == str([0.5] * shape[0])
    assert metadata["class_names"] == str(list(classes)).replace("'", '"')
    assert metadata["feeding"].startswith("Feed float32 (N, ")


def test_a_file_says_how_it_is_fed_and_keeps_its_hash(tmp_path: Path) -> None:
    binary, shape = made("linear layers only")
    form = PictureForm(shape, (0.1,), (1.0,), ("ä", "b", "c", "d"))
    packed = pack(binary, shape, pictures=form)
    save_packed(packed, tmp_path / "x.safetensors")
    assert load_packed(tmp_path / "x.safetensors").pictures == form
    data = packed_bytes(packed)
    (tmp_path / "y.safetensors").write_bytes(data.replace(b"0.1]", b"0.2]"))
    with pytest.raises(ValueError, match="damaged"):
        load_packed(tmp_path / "y.safetensors")
    with pytest.raises(ValueError, match=re.escape("tells 4 classes apart; `pictures` has")):
        pack(binary, shape, pictures=PictureForm(shape, (0.1,), (1.0,), ("a", "b")))


HEAD = (nn.Flatten(), nn.Linear(4, 2))
REFUSED: dict[str, tuple[list[nn.Module], str]] = {
    "real activation": ([conv(1, 4), nn.ReLU(), *HEAD], "1, a ReLU, cannot be packed: it keeps"),
    "big pool": ([conv(1, 4), nn.MaxPool2d(3)], "1, a MaxPool2d, cannot be packed: only pools"),
    "unknown": ([conv(1, 4), nn.LayerNorm(4)], "1, a LayerNorm, cannot be packed: it is none of"),
    "valid first": ([conv(1, 4, padding=0)], "0, a Conv2d, .*: the first convolution pads 1 pixel"),
    "grouped": ([conv(2, 4, groups=2)], "0, a Conv2d, cannot be packed: windows are square"),
    "no activation": ([conv(1, 4), conv(4, 4)], "1, a Conv2d, .*no activation stands between"),
    "norm alone": ([nn.BatchNorm2d(1)], "0, a BatchNorm2d, .*belongs between a layer and its"),
    "activation alone": ([nn.Flatten(), nn.Sigmoid()], "1, a Sigmoid, cannot be packed"),
    "ends in bits": ([conv(1, 4)], "must end with a linear layer .* it ends with 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_packed_is_named_by_module(name: str) -> None:
    modules, message = REFUSED[name]
    with pytest.raises(UnpackableError, match=message):
        pack(nn.Sequential(*modules), (1, 4, 4))


def test_a_pattern_is_not_pooled_behind_its_cut() -> None:
    network = nn.Sequential(conv(1, 4), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), *HEAD)
    binary, _ = make_binary(network, "design:2x2-v2")
    with pytest.raises(UnpackableError, match="3 pools bits that a pattern of thresholds cut"):
        pack(binary, (1, 2, 2))
    real = nn.Sequential(conv(1, 4), make_binary(network)[0][2], conv(4, 4), *HEAD)
    with pytest.raises(UnpackableError, match=r"2, a Conv2d, .*only the first layer may have real"):
        pack(real, (1, 2, 2))
    wide = nn.Sequential(conv(1, 4), real[1], BinaryConv2d(4, 4, margin=2), real[1], *HEAD)
    with pytest.raises(UnpackableError, match=r"2, a BinaryConv2d, .*it pads 2 pixels"):
        pack(wide, (1, 2, 2))
