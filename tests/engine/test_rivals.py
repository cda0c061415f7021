"""What the engine is measured beside: the same network in every runtime, and int8 near float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from design_core.engine import rivals
from design_core.engine.report import RIVAL_KINDS, Rival, Turns, fastest
from design_core.engine.rivals import (
    measure_rivals,
    missing_rivals,
    onnx_runtime,
    openvino_run,
    quantize,
    write_real_onnx,
)
from design_core.networks.real_vgg import RealVgg, real_vgg

HERE = not missing_rivals()
needs_all = pytest.mark.skipif(not HERE, reason=f"not installed: {', '.join(missing_rivals())}")


def network() -> RealVgg:
    """Batch norms as after training: none of them does nothing."""
    torch.manual_seed(0)
    model = real_vgg(width=4, image_size=16).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.3, 1.5)
            torch.nn.init.uniform_(module.weight, -1.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    return model


@needs_all
def test_every_runtime_computes_the_same_network(tmp_path: Path) -> None:
    import openvino as ov

    model, x = network(), torch.randn(8, 3, 16, 16)
    with torch.inference_mode():
        expected = model(x).numpy()
    real, whole = tmp_path / "real.onnx", tmp_path / "int8.onnx"
    write_real_onnx(model, real)
    quantize(real, whole, x.numpy())
    reach = np.abs(expected).max()
    for path, tolerance in ((real, 1e-5), (whole, 0.1)):
        (found,) = onnx_runtime(path).run(None, {"pictures": x.numpy()})
        assert np.abs(found - expected).max() <= tolerance * reach
        read = ov.Core().read_model(path)
        read.reshape(list(x.shape))
        assert np.abs(openvino_run(read, x.numpy())() - expected).max() <= tolerance * reach
    # int8 it is: a quarter of the bytes, and other scores.
    (rounded,) = onnx_runtime(whole).run(None, {"pictures": x.numpy()})
    assert np.abs(rounded - expected).max() > 1e-4 * reach


@needs_all
def test_all_that_is_installed_competes() -> None:
    heard: list[Rival] = []
    found = measure_rivals((1, 2), compiled=False, seconds=0.01, widths=(4,), report=heard.append)
    assert list(found) == heard
    assert [(one.width, one.batch) for one in found] == 7 * [(4, 1)] + 7 * [(4, 2)]
    assert {one.kind for one in found} == set(RIVAL_KINDS)
    names = [f"{one.kind}: {one.name}" for one in found[:7]]
    assert names == [
        "float32: PyTorch, eager",
        "float32: ONNX Runtime",
        "float32: OpenVINO",
        "int8: ONNX Runtime",
        "int8: OpenVINO",
        "1 bit: this engine",
        "1 bit: OpenVINO, exported here",
    ]
    assert all(one.milliseconds.least > 0 for one in found)


def test_what_is_missing_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "find_spec", lambda _: None)
    assert missing_rivals() == ("ONNX", "ONNX Runtime", "OpenVINO")
    found = measure_rivals((1,), compiled=False, seconds=0.01, widths=(4,))
    assert [one.name for one in found] == ["PyTorch, eager", "this engine"]


def test_the_fastest_of_a_kind_has_the_least_median() -> None:
    def rival(kind: str, name: str, least: float, median: float) -> Rival:
        return Rival(kind, name, 32, 1, Turns(least, least, median, median))

    slow, quick, bits = (
        rival("int8", "a", 1, 3),
        rival("int8", "b", 2, 2),
        rival("1 bit", "c", 1, 1),
    )
    assert fastest([slow, quick, bits], "int8") == quick
    assert fastest([slow, quick, bits], "float32") is None


def test_the_real_network_has_the_shape_of_the_binary_one() -> None:
    from design_core.networks import activation_maps, build_network

    x = torch.randn(2, 3, 32, 32)
    binary = activation_maps(build_network("vgg_small", width=8).eval(), x)[1]
    real = activation_maps(real_vgg(width=8).eval(), x)[1]
    assert [maps.y.shape[1] for maps in real] == [maps.y.shape[1] for maps in binary]
    with pytest.raises(ValueError, match="a multiple of 8 pixels a side; got 12"):
        real_vgg(image_size=12)
