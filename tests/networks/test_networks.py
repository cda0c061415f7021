"""Every registered network, and what each family promises."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from design_core.activations import DeSign, Sign
from design_core.kernels.published import PUBLISHED
from design_core.networks import (
    NetworkSpec,
    activation_maps,
    build_network,
    network_names,
    network_options,
    portable_options,
)
from design_core.networks.activation import build_activation
from design_core.networks.facts import PIXEL_NETWORKS
from design_core.networks.layers import BinaryConv2d, BinaryLinear, binary_layers
from design_core.networks.pooling import MaxPool2x2
from design_core.networks.resnet import ResidualUnit, shortcut
from design_core.networks.vgg import ConvBlock

NARROW = {"tiny": 4, "vgg_small": 4, "resnet20": 4, "resnet18": 4, "encoder_decoder": 4}


def pictures(name: str, count: int = 4) -> Tensor:
    options = network_options(name)
    size = int(options.get("image_size", 16))
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, int(options["in_channels"]), size, size, generator=generator)


@pytest.mark.parametrize("name", network_names())
@pytest.mark.parametrize("activation", ["sign", "design:2x2x4-shifted-v1", "hardtanh", "relu"])
def test_forward_gives_one_finite_logit_per_class(name: str, activation: str) -> None:
    model = build_network(name, width=NARROW[name], activation=activation, num_classes=7)
    logits = model(pictures(name))
    of_pixels = (16, 16) if name in PIXEL_NETWORKS else ()
    assert logits.shape == (4, 7, *of_pixels)
    assert logits.isfinite().all()


@pytest.mark.parametrize("name", network_names())
@pytest.mark.parametrize("activation", ["sign", "design:2x2-v2"])
@pytest.mark.parametrize("affine", [True, False])
def test_gradient_reaches_every_latent_weight(name: str, activation: str, affine: bool) -> None:
    torch.manual_seed(0)
    model = build_network(name, width=NARROW[name], activation=activation, affine=affine)
    # A batch norm on few logits of few pictures passes next to nothing: many pictures.
    logits = model(pictures(name, 64))
    logits.mul(torch.randn(logits.shape)).sum().backward()
    layers = list(binary_layers(model))
    assert layers
    for layer_name, layer in layers:
        assert layer.weight.grad is not None
        assert layer.weight.grad.isfinite().all(), layer_name
        assert (layer.weight.grad != 0).double().mean() > 0.95, layer_name


@pytest.mark.parametrize("name", network_names())
def test_spec_round_trip_rebuilds_the_network(name: str) -> None:
    spec = NetworkSpec(name, {"width": NARROW[name], "activation": "design:3x3-symmetric-v1"})
    again = NetworkSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again == spec
    assert hash(again) == hash(spec)
    torch.manual_seed(0)
    model = spec.build().eval()
    copy = again.build().eval()
    copy.load_state_dict(model.state_dict())
    assert torch.equal(model(pictures(name)), copy(pictures(name)))


def test_a_spec_holds_every_option() -> None:
    assert NetworkSpec("tiny", {"width": 4}).options == {**network_options("tiny"), "width": 4}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vgg", {}, "Unknown network 'vgg'; choose one of .*resnet20, resnet18"),
        ("tiny", {"depth": 3}, "tiny has no option 'depth'; it has width"),
        ("tiny", {"width": "4"}, "Option 'width' of tiny is of type int; got '4'"),
        ("tiny", {"affine": 1}, "Option 'affine' of tiny is of type bool; got 1"),
        ("tiny", {"activation": "step"}, "Unknown activation 'step'; write sign"),
        ("vgg_small", {"first": "ternary"}, "first is 'real' or 'binary'; got 'ternary'"),
        ("vgg_small", {"image_size": 4}, "3 max-pools leave nothing of 4 pixels"),
    ],
)
def test_bad_networks_are_refused(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_network(name, **options)  # type: ignore[arg-type]


def test_a_spec_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="described by 'name' and options"):
        NetworkSpec.from_dict({"width": 4})


@pytest.mark.parametrize("name", network_names())
def test_intermediate_maps_are_all_there_and_no_hook_stays(name: str) -> None:
    model = build_network(name, width=NARROW[name], activation="design:2x2-v2").eval()
    logits, taps = activation_maps(model, pictures(name))
    activations = [module for module in model.modules() if isinstance(module, DeSign)]
    assert len(taps) == len(activations)
    for maps, activation in zip(taps, activations, strict=True):
        assert torch.equal(maps.y, activation(maps.x))
        assert maps.density() == pytest.approx((maps.y == 1).double().mean().item())
    assert torch.equal(logits, model(pictures(name)))
    assert not any(module._forward_hooks for module in model.modules())


def test_intermediate_maps_need_evaluation_mode() -> None:
    with pytest.raises(ValueError, match=r"Call model.eval\(\) first"):
        activation_maps(build_network("tiny"), pictures("tiny"))


def test_vgg_small_has_the_chain_of_the_paper() -> None:
    model = build_network("vgg_small")
    blocks = [module for module in model.modules() if isinstance(module, ConvBlock)]
    assert [tuple(block.conv.weight.shape[:2]) for block in blocks] == [
        *((128, 3), (128, 128), (256, 128), (256, 256), (512, 256), (512, 512))
    ]
    pools = [isinstance(block.pool, MaxPool2x2) for block in blocks]
    assert pools == [False, True] * 3


def test_blocks_convolve_then_pool_then_norm_then_activate() -> None:
    model = build_network("vgg_small", width=4, activation="design:2x2-v2")
    block = model.get_submodule("blocks.block2")
    x = Sign()(torch.randn(3, 4, 8, 8))
    pooled = nn.functional.max_pool2d(block.conv(x), 2)
    normed = nn.functional.batch_norm(pooled, None, None, training=True)
    assert torch.equal(block(x), build_activation("design:2x2-v2")(normed))


@pytest.mark.parametrize("affine", [True, False])
def test_affine_concerns_the_norms_before_activations_not_the_logits(affine: bool) -> None:
    model = build_network("vgg_small", width=4, affine=affine)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert [norm.affine for norm in norms] == [affine] * 6
    assert model.get_submodule("head.norm").affine


@pytest.mark.parametrize(
    ("first", "last"), [(a, b) for a in ("real", "binary") for b in ("real", "binary")]
)
def test_first_and_last_layer_are_real_or_binary(first: str, last: str) -> None:
    model = build_network("vgg_small", width=4, first=first, last=last)
    assert isinstance(model.get_submodule("blocks.block1.conv"), BinaryConv2d) == (
        first == "binary"
    )
    assert isinstance(model.get_submodule("head.linear"), BinaryLinear) == (last == "binary")


def test_uniform_activation_keeps_the_mean_and_drops_the_pattern() -> None:
    activation = build_activation("uniform:2x2-v2")
    assert isinstance(activation, DeSign)
    mean = PUBLISHED["2x2-v2"].thresholds.mean()
    assert activation.thresholds.shape == (1, 1, 1)
    assert activation.thresholds.item() == pytest.approx(mean)


def test_centred_activation_keeps_the_pattern_and_drops_the_mean() -> None:
    activation = build_activation("centred:2x2-v2")
    assert isinstance(activation, DeSign)
    published = PUBLISHED["2x2-v2"].thresholds
    assert activation.thresholds.mean().item() == pytest.approx(0, abs=1e-7)
    spread = activation.thresholds - activation.thresholds[0, 0, 0]
    assert spread.numpy() == pytest.approx(published - published[0, 0, 0], abs=1e-7)


@pytest.mark.parametrize("name", ["vgg_small", "tiny", "resnet20", "resnet18"])
def test_a_chain_gives_each_layer_its_activation_and_the_last_to_the_rest(name: str) -> None:
    model = build_network(name, width=4, activation="design:2x2-v1 then sign then uniform:2x2-v2")
    found = [module for module in model.modules() if isinstance(module, (Sign, DeSign))]
    first, second, *others = found
    assert isinstance(first, DeSign)
    assert first.thresholds.numpy() == pytest.approx(PUBLISHED["2x2-v1"].thresholds)
    assert isinstance(second, Sign)
    assert others
    for other in others:
        assert isinstance(other, DeSign)
        assert other.thresholds.shape == (1, 1, 1)


def test_a_chain_is_binary_throughout() -> None:
    with pytest.raises(ValueError, match="binary throughout; hardtanh in 'sign then hardtanh'"):
        NetworkSpec("tiny", {"activation": "sign then hardtanh"})


def test_files_in_a_chain_become_part_of_the_spec(tmp_path: Path) -> None:
    path = tmp_path / "kernel.json"
    path.write_text(json.dumps(PUBLISHED["2x2-v2"].to_dict()))
    options = portable_options({"activation": f"design:{path} then centred:{path}"})
    spec = NetworkSpec("tiny", options)
    path.unlink()
    model = spec.build()
    first, second = (model.get_buffer(f"blocks.block{k}.act.thresholds") for k in (1, 2))
    assert (first - first.mean()).numpy() == pytest.approx(second.numpy(), abs=1e-6)


def test_kernels_from_files_become_part_of_the_spec(tmp_path: Path) -> None:
    path = tmp_path / "kernel.json"
    path.write_text(json.dumps(PUBLISHED["2x2-v2"].to_dict()))
    spec = NetworkSpec("tiny", portable_options({"activation": f"design:{path}"}))
    path.unlink()
    thresholds = spec.build().get_buffer("blocks.block1.act.thresholds")
    assert thresholds.flatten().tolist() == pytest.approx(
        PUBLISHED["2x2-v2"].thresholds.ravel().tolist()
    )


@pytest.mark.parametrize(("channels", "stride"), [(4, 1), (6, 2)])
def test_shortcut_averages_and_appends_zero_channels(channels: int, stride: int) -> None:
    x = torch.randn(2, 4, 6, 6)
    y = shortcut(x, channels, stride)
    assert y.shape == (2, channels, 6 // stride, 6 // stride)
    for i, j in itertools.product(range(6 // stride), repeat=2):
        cell = x[:, :, i * stride : (i + 1) * stride, j * stride : (j + 1) * stride]
        torch.testing.assert_close(y[:, :4, i, j], cell.mean((2, 3)))
    assert (y[:, 4:] == 0).all()


def test_thresholds_never_enter_the_shortcut_sum() -> None:
    """With a silent branch a unit is the identity, whatever its thresholds."""
    conv = BinaryConv2d(4, 4)
    norm = nn.BatchNorm2d(4)
    nn.init.zeros_(norm.weight)
    unit = ResidualUnit(build_activation("design:7 9;9 7"), conv, norm)
    x = torch.randn(2, 4, 6, 6)
    assert torch.equal(unit(x), x)
    model = build_network("resnet20", width=4, activation="design:7 9;9 7").eval()
    for inner in model.modules():
        if isinstance(inner, ResidualUnit):
            nn.init.zeros_(inner.norm.weight)
    _, taps = activation_maps(model, pictures("resnet20"))
    stem = model.get_submodule("stem")(pictures("resnet20"))
    assert all(torch.equal(maps.x, stem) for maps in taps[:6])
    assert torch.equal(taps[-1].x, shortcut(shortcut(stem, 8, 2), 16, 2))
