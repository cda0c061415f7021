"""Packed checkpoints: the same logits for every network and binarizer; bad files are refused."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from design_core.networks import NetworkSpec, network_names
from design_core.networks.binarizers import BINARIZERS
from design_core.networks.layers import binary_layers, set_training_progress
from design_core.pictures import Picture
from design_core.pictures.samples import sample
from design_core.training.data import load_data, square_pixels
from design_core.zoo.checkpoint import (
    CheckpointError,
    PictureForm,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
    save_latent_weights,
)
from tests.hostile_checkpoints import latent_file

NARROW = {"resnet18": 4, "resnet20": 4, "tiny": 4, "vgg_small": 4, "encoder_decoder": 4}


def trained(name: str, **options: str | int | bool) -> tuple[NetworkSpec, nn.Module, PictureForm]:
    """A network whose every number is as if trained: uneven latent weights, moved statistics."""
    spec = NetworkSpec(name, {"width": NARROW[name], **options})
    torch.manual_seed(0)
    model = spec.build()
    set_training_progress(model, 0.7)
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.add_(0.1 * torch.randn_like(tensor))
        for _, layer in binary_layers(model):
            layer.weight[0] = -layer.weight[0].abs()  # one output with bits of one sign
    channels = int(spec.options["in_channels"])
    side = int(spec.options.get("image_size", 16))
    names = tuple(f"class {k}" for k in range(int(spec.options["num_classes"])))
    pictures = PictureForm((channels, side, side), (0.4,) * channels, (0.2,) * channels, names)
    for _ in range(3):
        model(torch.randn(8, *pictures.shape) * 2 + 0.3)
    return spec, model.eval().to(memory_format=torch.channels_last), pictures


def logits(model: nn.Module, pictures: PictureForm) -> Tensor:
    x = torch.randn(6, *pictures.shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        result: Tensor = model(x)
    return result


@pytest.mark.parametrize("binarizer", BINARIZERS)
@pytest.mark.parametrize("name", network_names())
@pytest.mark.parametrize("activation", ["sign", "design:2x2x4-shifted-v1"])
def test_logits_are_the_same(name: str, binarizer: str, activation: str, tmp_path: Path) -> None:
    spec, model, pictures = trained(name, binarizer=binarizer, activation=activation)
    sha256 = save_checkpoint(tmp_path / "net.safetensors", model, spec, pictures)
    loaded = load_checkpoint(tmp_path / "net.safetensors", sha256=sha256)
    assert torch.equal(logits(loaded.model, pictures), logits(model, pictures))
    assert (loaded.spec, loaded.pictures) == (spec, pictures)


@pytest.mark.parametrize(
    "options",
    [
        {"first": "binary", "last": "binary", "binarizer": "xnor"},
        {"affine": False, "binarizer": "xnor"},
        {"binarizer": "dorefa", "weight_bits": 4, "activation_bits": 2, "last": "binary"},
        {"binarizer": "abc", "weight_bases": 3, "activation_bases": 2, "first": "binary"},
    ],
)
def test_logits_with_other_options(options: dict[str, str | bool | int], tmp_path: Path) -> None:
    spec, model, pictures = trained("vgg_small", **options)
    save_checkpoint(tmp_path / "net.safetensors", model, spec, pictures)
    loaded = load_checkpoint(tmp_path / "net.safetensors")
    assert torch.equal(logits(loaded.model, pictures), logits(model, pictures))


def test_binary_weights_take_one_bit_each(tmp_path: Path) -> None:
    spec, model, pictures = trained("vgg_small")
    save_checkpoint(tmp_path / "net.safetensors", model, spec, pictures)
    tensors = load((tmp_path / "net.safetensors").read_bytes())
    for name, layer in binary_layers(model):
        octets = tensors[f"{name}.weight"]
        assert octets.dtype == torch.uint8
        assert octets.numel() == -(-layer.weight.numel() // 8)
        bits = np.unpackbits(octets.numpy(), count=layer.weight.numel(), bitorder="little")
        assert np.array_equal(bits, (layer.weight.detach().flatten() >= 0).numpy())
    reals = [t for name, t in model.state_dict().items() if name not in _latents(model)]
    whole = sum(t.numel() * t.element_size() for t in reals)
    packed = sum(-(-layer.weight.numel() // 8) for _, layer in binary_layers(model))
    assert sum(t.numel() * t.element_size() for t in tensors.values()) == whole + packed


def _latents(model: nn.Module) -> set[str]:
    return {f"{name}.weight" for name, _ in binary_layers(model)}


def test_equal_networks_give_equal_files(tmp_path: Path) -> None:
    spec, model, pictures = trained("tiny", binarizer="recu")
    sums = {save_checkpoint(tmp_path / "net", model, spec, pictures) for _ in range(5)}
    assert len(sums) == 1


def test_saving_and_loading_leave_the_model_and_the_random_state_alone(tmp_path: Path) -> None:
    spec, model, pictures = trained("tiny", binarizer="recu")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    random = torch.get_rng_state()
    save_checkpoint(tmp_path / "net.safetensors", model, spec, pictures)
    load_checkpoint(tmp_path / "net.safetensors")
    assert torch.equal(torch.get_rng_state(), random)
    after = model.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


@pytest.mark.parametrize("binarizer", BINARIZERS)
def test_latent_weights_come_back_from_their_own_file(binarizer: str, tmp_path: Path) -> None:
    spec, model, pictures = trained("tiny", binarizer=binarizer)
    net, latent = tmp_path / "net.safetensors", tmp_path / "latent.safetensors"
    save_checkpoint(net, model, spec, pictures)
    save_latent_weights(latent, model)
    loaded = load_checkpoint(net, latent_weights=latent)
    state = loaded.model.state_dict()
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in loaded.model.parameters())


def test_latent_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    spec, model, pictures = trained("tiny")
    net, latent = tmp_path / "net.safetensors", tmp_path / "latent.safetensors"
    save_checkpoint(net, model, spec, pictures)
    with torch.no_grad():
        next(layer for _, layer in binary_layers(model)).weight.neg_()
    save_latent_weights(latent, model)
    with pytest.raises(CheckpointError, match="latent weights of another checkpoint"):
        load_checkpoint(net, latent_weights=latent)


def test_pictures_are_prepared_as_in_training() -> None:
    data = load_data("digits")
    form = PictureForm((1, 8, 8), (0.3,), (0.4,), data.class_names)
    # The first ten rows of the set are the samples.
    assert torch.equal(form.pixels(sample("digit-3")), data.train_x[3:4])
    colour = PictureForm((3, 32, 32), (0.5,) * 3, (0.2,) * 3, ("a", "b"))
    cat = sample("cifar10-00")
    assert np.array_equal(colour.pixels(cat)[0].numpy(), cat.pixels)
    wide = Picture.from_pixels(np.tile(cat.pixels, (1, 3, 1)), name="three cats")
    assert np.array_equal(colour.pixels(wide)[0].numpy(), square_pixels(wide, 3, 32))
    assert np.array_equal(colour.pixels(wide)[0].numpy(), cat.pixels)  # the middle one
    x = colour.normalized(colour.pixels(cat))
    assert x.numpy() == pytest.approx((cat.rgb()[None] - 0.5) / 0.2, abs=1e-6)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "net.safetensors"
    spec, model, pictures = trained("tiny")
    save_checkpoint(path, model, spec, pictures)
    return path.read_bytes()


def rewritten(data: bytes, change: Callable[[dict[str, Tensor], dict[str, object]], None]) -> bytes:
    """The file after a change of tensors and header."""
    tensors = load(data)
    length = int.from_bytes(data[:8], "little")
    header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["checkpoint"])
    change(tensors, header)
    return save(tensors, {"checkpoint": json.dumps(header)})


def with_network(data: bytes, **options: object) -> bytes:
    return rewritten(data, lambda _, header: header.update(network={**SPEC, **options}))


def with_tensor(data: bytes, name: str, tensor: Tensor) -> bytes:
    return rewritten(data, lambda tensors, _: tensors.update({name: tensor}))


SPEC = NetworkSpec("tiny", {"width": 4}).to_dict()
NORM, CONV = "blocks.block1.norm.weight", "blocks.block2.conv.weight"

BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "not a safetensors file"),
    "text": (lambda _: b"hello, I am a checkpoint", "not a safetensors file"),
    "pickle": (lambda _: pickle.dumps({"weight": [1.0] * 100}), "not a safetensors file"),
    "huge header": (lambda d: (2**40).to_bytes(8, "little") + d[8:], "not a safetensors file"),
    "deep header": (
        lambda _: (10**6).to_bytes(8, "little") + b"[" * 10**6,
        "its header says nothing",
    ),
    "cut off": (lambda d: d[:-1], "damaged"),
    "trailing junk": (lambda d: d + b"junk", "damaged"),
    "foreign": (lambda _: save({"w": torch.ones(3)}, {"a": "b"}), "its header says nothing"),
    "no metadata": (lambda _: save({"w": torch.ones(3)}), "its header says nothing"),
    "newer": (
        lambda d: rewritten(d, lambda _, h: h.update(format="design-checkpoint-9")),
        "Update this program",
    ),
    "unknown network": (lambda d: with_network(d, name="alexnet"), "Unknown network 'alexnet'"),
    "unknown option": (lambda d: with_network(d, depth=3), "has no option 'depth'"),
    "immense network": (lambda d: with_network(d, width=10**12), "width must be from 0 to"),
    "large network": (lambda d: with_network(d, width=65536), "is damaged"),
    "kernel in a file": (
        lambda d: with_network(d, activation="design:/etc/kernel.json"),
        "is the name of a file, and no file is opened here",
    ),
    "spec is no mapping": (lambda d: rewritten(d, lambda _, h: h.update(network=[1])), "network"),
    "classes": (
        lambda d: with_network(d, num_classes=7),
        "names 10 classes for a network of 7",
    ),
    "no classes": (lambda d: with_network(d, num_classes=0), "does not describe a network"),
    "picture form": (
        lambda d: rewritten(d, lambda _, h: h.update(pictures={})),
        "does not describe a network",
    ),
    "missing tensor": (
        lambda d: rewritten(d, lambda tensors, _: tensors.__delitem__(NORM)),
        "norm.weight is missing",
    ),
    "one tensor more": (
        lambda d: with_tensor(d, "extra", torch.ones(2)),
        "extra is one tensor too many",
    ),
    "wrong type": (
        lambda d: with_tensor(d, NORM, torch.ones(4, dtype=torch.int32)),
        "as int32, which is not read here; save the network",
    ),
    "wrong shape": (lambda d: with_tensor(d, NORM, torch.ones(5)), "shape .5., not float32"),
    "bits too few": (
        lambda d: with_tensor(d, CONV, torch.zeros(3, dtype=torch.uint8)),
        "conv.weight is uint8 of shape .3.",
    ),
    "not finite": (
        lambda d: with_tensor(d, NORM, torch.full((4,), float("nan"))),
        "values that are not finite",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_a_sentence(case: str, whole: bytes) -> None:
    make, message = BAD[case]
    with pytest.raises(CheckpointError, match=message) as refused:
        read_checkpoint(make(whole), name="net.safetensors")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_every_flipped_byte_is_noticed_through_the_hash(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    sha256 = hashlib.sha256(whole).hexdigest()
    for position in np.random.default_rng(0).integers(0, len(whole), 20):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="the SHA-256 differs"):
            load_checkpoint(path, sha256=sha256)


LATENT = latent_file({"name": "vgg_small", "width": 2, "activation": "design:2x2-v2"})


def probabilities(data: bytes) -> Tensor:
    checkpoint = read_checkpoint(data)
    return checkpoint.probabilities(checkpoint.pictures.pixels(sample("chelsea")))


def of_names(change: Callable[[str], str]) -> bytes:
    def rename(tensors: dict[str, Tensor], _: object) -> None:
        renamed = {change(key): tensors.pop(key) for key in list(tensors)}
        tensors.update(renamed)

    return rewritten(LATENT, rename)


@pytest.mark.parametrize(
    "change",
    [
        lambda key: f"_orig_mod.{key}",
        lambda key: f"module.{key}",
        lambda key: f"module._orig_mod.{key}",
        lambda key: f"_orig_mod.module.{key}",
        lambda key: f"model.{key}",
        lambda key: f"net.backbone.{key}",
        lambda key: key.replace("blocks.", "blocks._orig_mod.", 1),
        lambda key: f"_fsdp_wrapped_module.{key}",
    ],
)
def test_what_wraps_a_model_does_not_count(change: Callable[[str], str]) -> None:
    assert torch.equal(probabilities(of_names(change)), probabilities(LATENT))


@pytest.mark.parametrize("change", [lambda key: f"x{key}", lambda key: "a." * 5 + key])
def test_other_names_are_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(CheckpointError, match="is not of the network that it names"):
        read_checkpoint(of_names(change))


def test_two_tensors_of_one_name_are_refused() -> None:
    def double(tensors: dict[str, Tensor], _: object) -> None:
        key = next(iter(tensors))
        tensors[f"_orig_mod.{key}"] = tensors[key] + 1

    with pytest.raises(CheckpointError, match="one tensor too many"):
        read_checkpoint(rewritten(LATENT, double))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_real_numbers_of_other_types_are_opened(dtype: torch.dtype) -> None:
    def cast(tensors: dict[str, Tensor], _: object) -> None:
        for key, tensor in tensors.items():
            if tensor.is_floating_point():
                tensors[key] = tensor.to(dtype)

    def rounded(tensors: dict[str, Tensor], _: object) -> None:
        for key, tensor in tensors.items():
            if tensor.is_floating_point():
                tensors[key] = tensor.to(dtype).float()

    assert torch.equal(
        probabilities(rewritten(LATENT, cast)), probabilities(rewritten(LATENT, rounded))
    )


def test_types_that_are_not_opened_are_named() -> None:
    def cast(tensors: dict[str, Tensor], _: object) -> None:
        key = next(key for key, tensor in tensors.items() if tensor.is_floating_point())
        tensors[key] = tensors[key].to(torch.float8_e4m3fn)

    with pytest.raises(CheckpointError, match="as float8_e4m3fn, which is not read here; save"):
        read_checkpoint(rewritten(LATENT, cast))


def test_a_missing_and_an_oversized_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(tmp_path / "nowhere.safetensors")
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.truncate(49 * 2**20)
    with pytest.raises(CheckpointError, match="at most"):
        load_checkpoint(path)
