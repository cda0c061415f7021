"""Networks that give each pixel a class, on bits: score for score what PyTorch gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from design_core.engine import (
    BACKENDS,
    PackedNetwork,
    UnpackableError,
    load_packed,
    pack,
    save_packed,
)
from design_core.engine.files import _digest
from design_core.engine.layers import Enlarge, EnlargeBilinear, Maps, RealConv, Signs
from design_core.networks import NetworkSpec, build_network
from design_core.networks.pooling import enlarged_bilinearly
from design_core.pictures.form import PictureForm
from design_core.zoo.checkpoint import CheckpointError, checkpoint_bytes, read_checkpoint
from design_core.zoo.network_file import NetworkFile
from design_core.zoo.uploaded import read_own
from tests.engine.randomized import randomized_network

Options = dict[str, Any]
NAME = "encoder_decoder"

#: Options and sizes (H, W): odd ones behind the max-pools, widths around the words of 32 bits.
CASES: list[tuple[Options, tuple[int, int]]] = [
    ({"width": 4, "activation": "sign"}, (24, 40)),
    ({"width": 8, "activation": "design:2x2-v2"}, (16, 24)),
    ({"width": 5, "activation": "design:3x3x4-shifted-v1", "padding": "zero"}, (40, 8)),
    ({"width": 8, "activation": "uniform:2x2-v2", "affine": False}, (8, 8)),
    ({"width": 12, "activation": "learned:2x2-v2", "padding": "replicate"}, (24, 24)),
    ({"width": 33, "activation": "centred:2x2-v2", "stages": 2, "middle": 1}, (12, 20)),
    ({"width": 4, "activation": "design:2x2-v1 then sign", "stages": 1}, (6, 10)),
    ({"width": 4, "picture": "thermometer:3", "binarizer": "xnor"}, (16, 8)),
    ({"width": 4, "picture": "design:bayer-2", "in_channels": 1, "num_classes": 3}, (16, 16)),
]


def scores(model: torch.nn.Module, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """In the memory order in which networks are evaluated."""
    model = model.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        given = torch.from_numpy(x).to(memory_format=torch.channels_last)
        found: NDArray[np.float32] = model(given).numpy()
    return found


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("options", "size"), CASES, ids=str)
def test_scores_are_those_of_pytorch(options: Options, size: tuple[int, int], backend: str) -> None:
    if backend == "numba":
        pytest.importorskip("numba")
    model = randomized_network(NAME, **options)
    shape = (int(options.get("in_channels", 3)), *size)
    packed = pack(model, shape, backend=backend)
    x = np.random.default_rng(0).standard_normal((3, *shape)).astype(np.float32)
    ours, theirs = packed(x), scores(model, x)
    assert ours.shape == theirs.shape == (3, int(options.get("num_classes", 11)), *size)
    assert np.array_equal(ours, theirs)
    assert (ours.std(axis=(2, 3)) > 0).any()  # pixels differ
    assert packed(x[:0]).shape == (0, *ours.shape[1:])
    assert np.array_equal(packed(x, threads=2), ours)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 3)])
def test_bilinear_is_torchs(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size)
    theirs = torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear")
    torch.testing.assert_close(enlarged_bilinearly(x), theirs)


def test_packed_files_bring_them_back(tmp_path: Path) -> None:
    shape = (3, 16, 24)
    packed = pack(randomized_network(NAME, width=6, activation="design:2x2-v2"), shape)
    save_packed(packed, tmp_path / "net.packed")
    loaded = load_packed(tmp_path / "net.packed")
    assert loaded.per_pixel
    x = np.random.default_rng(1).standard_normal((2, *shape)).astype(np.float32)
    assert np.array_equal(loaded(x), packed(x))
    # Other sizes that the max-pools divide will do as well.
    assert loaded(np.zeros((1, 3, 8, 8))).shape == (1, 11, 8, 8)
    with pytest.raises(
        ValueError, match=r"gives real of 8×16 pixels, not class scores of all 12×20"
    ):
        loaded(np.zeros((1, 3, 12, 20)))


def unmarked(network: Any) -> None:
    del network["per_pixel"]


def marked_otherwise(network: Any) -> None:
    network["per_pixel"] = 1


def too_few_enlargements(network: Any) -> None:
    network["layers"].pop()


def endless_enlargements(network: Any) -> None:
    network["layers"][1:1] = [{"kind": "Enlarge"}] * 40


def enlarged_sums(network: Any) -> None:
    network["layers"].append({"kind": "Enlarge"})


def more_channels(network: Any) -> None:
    (signs,) = (layer for layer in network["layers"] if layer["kind"] == "Signs")
    signs["channels"] += 1


def channels_in_words(network: Any) -> None:
    (signs,) = (layer for layer in network["layers"] if layer["kind"] == "Signs")
    signs["channels"] = "6"


@pytest.mark.parametrize(
    "change",
    [
        *(unmarked, marked_otherwise, too_few_enlargements, endless_enlargements),
        *(enlarged_sums, more_channels, channels_in_words),
    ],
)
def test_hostile_files_are_refused(change: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.packed"
    save_packed(pack(randomized_network(NAME, width=6), (3, 16, 24)), path)
    arrays, raw = load_file(path), path.read_bytes()
    entries = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])["__metadata__"]
    header = json.loads(entries["packed"])
    change(header["network"])
    header["sha256"] = _digest(header["network"], arrays)
    save_file(arrays, path, {"packed": json.dumps(header)})
    with pytest.raises(ValueError, match=r"net\.packed|gives|takes|would take"):
        load_packed(path)


def test_layers_say_what_they_take() -> None:
    bits, real = Maps("bits", 4, 3, 5), Maps("real", 4, 3, 5)
    assert Enlarge().gives(bits) == Maps("bits", 4, 6, 10)
    assert EnlargeBilinear().gives(real) == Maps("real", 4, 6, 10)
    assert Signs(4).gives(bits) == real
    for layer, maps in ((Enlarge(), real), (EnlargeBilinear(), bits), (Signs(3), bits)):
        with pytest.raises(ValueError, match="takes"):
            layer.gives(maps)
    conv = RealConv(np.zeros((1, 1, 3, 2), np.float32))
    assert PackedNetwork([conv], (3, 8, 8), per_pixel=True).classes == 2
    with pytest.raises(ValueError, match="not class scores"):
        PackedNetwork([conv], (3, 8, 8))


def form(height: int = 16, width: int = 24) -> PictureForm:
    names = tuple(f"class {k}" for k in range(11))
    return PictureForm((3, height, width), (0.4,) * 3, (0.2,) * 3, names)


def stored(options: Options, pictures: PictureForm) -> tuple[torch.nn.Module, bytes]:
    model = randomized_network(NAME, **options)
    return model, checkpoint_bytes(model, NetworkSpec(NAME, options), pictures)


@pytest.mark.parametrize("options", [options for options, _ in CASES[:7]], ids=str)
def test_a_checkpoint_goes_to_the_engine_without_pytorch(options: Options) -> None:
    model, data = stored(options, form())
    file = NetworkFile("net", data)
    assert file.pictures == form()
    assert file.packed is not None
    x = np.random.default_rng(2).standard_normal((2, 3, 16, 24)).astype(np.float32)
    theirs = scores(model, x)
    assert np.array_equal(file.packed(x), theirs)
    checkpoint = read_checkpoint(data)
    assert np.array_equal(scores(checkpoint.model, x), theirs)
    assert checkpoint.packed is not None


def test_real_activations_stay_in_pytorch() -> None:
    _, data = stored({"width": 4, "activation": "hardtanh"}, form())
    assert NetworkFile("net", data).packed is None
    with pytest.raises(UnpackableError, match="Hardtanh"):
        pack(randomized_network(NAME, width=4, activation="hardtanh"), (3, 16, 24))


def test_pictures_need_not_be_square_but_must_be_divided() -> None:
    model = build_network(NAME, width=4)
    with pytest.raises(ValueError, match="both sides must be multiples of 8"):
        model(torch.zeros(1, 3, 16, 20))
    _, data = stored({"width": 4}, form(16, 20))
    with pytest.raises(CheckpointError, match="does not describe a network"):
        read_checkpoint(data)


@pytest.mark.parametrize(("option", "value"), [("stages", 7), ("middle", 17)])
def test_depth_is_bounded(option: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{option} is 1 to"):
        build_network(NAME, **{option: value})


def test_pages_that_classify_pictures_refuse_such_a_file() -> None:
    _, data = stored({"width": 4}, form())
    with pytest.raises(CheckpointError, match="gives a class to every pixel"):
        read_own(data, name="mine.safetensors")
