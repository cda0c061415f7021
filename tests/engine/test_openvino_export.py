"""OpenVINO IR, run by OpenVINO's CPU plugin, against our engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from design_core.__main__ import main
from design_core.engine import PackedNetwork, pack
from design_core.pictures.digits import TEST_DIGITS, load_digits
from design_core.zoo.entry import open_entry
from tests.engine.generated import Generator
from tests.engine.randomized import randomized_network

ov = pytest.importorskip("openvino", reason="OpenVINO is not installed (the extra openvino)")

from design_core.engine.openvino_export import export_openvino, openvino_model  # noqa: E402
from design_core.engine.openvino_runtime import compiled_by_openvino  # noqa: E402

NETWORKS: list[tuple[str, dict[str, Any], tuple[int, int, int]]] = [
    ("tiny", {"activation": "design:3x3x4-shifted-v1", "padding": "replicate"}, (1, 8, 8)),
    ("vgg_small", {"width": 8, "padding": "zero", "binarizer": "xnor"}, (3, 32, 32)),
    ("vgg_small", {"width": 8, "first": "binary", "last": "binary"}, (3, 32, 32)),
    ("vgg_small", {"width": 16, "picture": "thermometer:4", "last": "binary"}, (3, 32, 32)),
    ("vgg_small", {"width": 16, "picture": "design:bayer-4"}, (3, 32, 32)),
    ("resnet20", {"width": 8, "activation": "design:2x2-v2"}, (3, 14, 21)),
]
DIGITS = ("digits-tiny-w16-sign-affine_on", "digits-tiny-w16-design_2x2-v2-affine_on")


def scores(model: Any, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """What OpenVINO makes of a batch of the model's size, in float32."""
    given: NDArray[np.float32] = compiled_by_openvino(model)(pictures)[0]
    return given


def kinds(model: Any) -> list[str]:
    return [node.get_type_name() for node in model.get_ops()]


@pytest.mark.parametrize(("name", "options", "shape"), NETWORKS, ids=str)
def test_openvino_agrees_with_the_engine(
    name: str, options: dict[str, Any], shape: tuple[int, int, int]
) -> None:
    packed = pack(randomized_network(name, **options), shape)
    x = np.random.default_rng(0).standard_normal((20, *shape)).astype(np.float32)
    model = openvino_model(packed, batch=20)
    assert "BinaryConvolution" in kinds(model)
    expected = packed(x)
    tolerance = 1e-5 * max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(scores(model, x), expected, rtol=0, atol=tolerance)


def test_layers_of_any_size_agree_with_their_definition() -> None:
    ran = 0
    for seed in range(40):
        generator = Generator(seed, pixels=False)
        try:
            layers, shape = generator.network()
            packed = PackedNetwork(layers, shape, backend="numpy")
        except ValueError:
            continue  # layers that do not fit each other, of which there are some
        x = generator.noise.standard_normal((2, *shape)).astype(np.float32)
        expected = packed(x)
        tolerance = 1e-4 * max(1.0, float(np.abs(expected).max()))
        found = scores(openvino_model(packed, batch=2), x)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=tolerance, err_msg=f"{seed}")
        ran += 1
    assert ran >= 20


def test_a_network_of_pixels_is_refused_in_words() -> None:
    packed = pack(randomized_network("encoder_decoder", width=4), (3, 16, 16))
    with pytest.raises(ValueError, match="is not exported to OpenVINO"):
        openvino_model(packed, batch=2)


@pytest.mark.parametrize("name", DIGITS)
def test_the_file_gives_our_class_for_every_test_picture(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "network.xml"
    assert main(["export", name, "--to", "openvino", "--out", str(path)]) == 0
    weights = path.with_suffix(".bin")
    size = path.stat().st_size + weights.stat().st_size
    assert f"{path} and {weights}: {name}@0, {size:,} bytes" in capsys.readouterr().out
    assert sorted(tmp_path.iterdir()) == [weights, path]
    entry = open_entry(name)
    squares = load_digits().pictures[-TEST_DIGITS:, :, :, None]
    x = entry.pictures.input(squares)
    model = ov.Core().read_model(path)
    assert model.input("pictures").shape == ov.Shape([1, 1, 8, 8])
    told = {key: model.get_rt_info([key]).astype(str) for key in ("feeding", "mean")}
    assert told["feeding"] == entry.pictures.words()
    assert json.loads(told["mean"]) == list(entry.pictures.mean)
    model.reshape([len(x), 1, 8, 8])
    found = scores(model, x)
    expected = entry.scores(squares)
    assert found.argmax(axis=1).tolist() == expected.argmax(axis=1).tolist()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_bad_names_and_batches_are_told(tmp_path: Path) -> None:
    packed = open_entry(DIGITS[0]).packed
    assert packed is not None
    with pytest.raises(ValueError, match=r"NAME\.xml and NAME\.bin; got 'network\.onnx'"):
        export_openvino(packed, tmp_path / "network.onnx")
    with pytest.raises(ValueError, match="1 picture or more; got 0"):
        export_openvino(packed, tmp_path / "network.xml", batch=0)
    assert not list(tmp_path.iterdir())
