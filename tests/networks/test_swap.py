"""Thresholds exchanged in a trained network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from design_core.activations import DeSign, Sign
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import bayer
from design_core.kernels.published import PUBLISHED
from design_core.networks import activation_maps, build_network, network_names, network_options
from design_core.networks.resnet import ResidualUnit
from design_core.networks.swap import with_kernel
from design_core.zoo.entry import open_entry

KERNELS = {
    "sign": None,
    "design:2x2-v2": PUBLISHED["2x2-v2"],
    "design:2x2x4-shifted-v1": PUBLISHED["2x2x4-shifted-v1"],
    "design:bayer-4": bayer(4),
}


def trained(name: str, activation: str) -> nn.Module:
    """A network whose batch norms are not those that it began with."""
    torch.manual_seed(0)
    model = build_network(name, width=4, activation=activation)
    for _ in range(2):
        model(pictures(name, 16))
    return model.eval()


def pictures(name: str, count: int = 3) -> Tensor:
    options = network_options(name)
    size = int(options.get("image_size", 16))
    return torch.randn(count, int(options["in_channels"]), size, size)


@pytest.mark.parametrize("name", network_names())
@pytest.mark.parametrize("old", ["sign", "design:3x3-symmetric-v1"])
@pytest.mark.parametrize("new", KERNELS)
def test_equals_a_network_built_with_the_kernel(name: str, old: str, new: str) -> None:
    model = trained(name, old)
    built = build_network(name, width=4, activation=new).eval()
    weights = {key: one for key, one in model.state_dict().items() if "thresholds" not in key}
    own = {key: one for key, one in built.state_dict().items() if "thresholds" in key}
    built.load_state_dict({**weights, **own})
    x = pictures(name)
    assert torch.equal(with_kernel(model, KERNELS[new])(x), built(x))


@pytest.mark.parametrize("name", network_names())
def test_a_chain_of_kernels_goes_from_the_input_on(name: str) -> None:
    model = trained(name, "sign")
    chain = "design:2x2-v1 then sign then design:bayer-4"
    built = build_network(name, width=4, activation=chain).eval()
    own = {key: one for key, one in built.state_dict().items() if "thresholds" in key}
    built.load_state_dict({**model.state_dict(), **own})
    x = pictures(name)
    swapped = with_kernel(model, PUBLISHED["2x2-v1"], None, bayer(4))
    assert torch.equal(swapped(x), built(x))


@pytest.mark.parametrize("name", network_names())
def test_the_original_stays_as_it_is_and_shares_its_tensors(name: str) -> None:
    model = trained(name, "design:2x2-v2")
    x = pictures(name)
    before = model(x)
    swapped = with_kernel(model, None)
    assert torch.equal(model(x), before)
    assert not any(isinstance(module, DeSign) for module in swapped.modules())
    assert not any(isinstance(module, Sign) for module in model.modules())
    pairs = dict(model.named_parameters())
    assert all(tensor is pairs[key] for key, tensor in swapped.named_parameters())
    assert not any(module.training for module in swapped.modules())


def test_its_own_kernel_changes_nothing_and_strength_zero_is_sign() -> None:
    model = open_entry("digits-tiny-w16-design_2x2-v2-affine_on").checkpoint.model
    x = torch.randn(2, 1, 8, 8)
    kernel = PUBLISHED["2x2-v2"]
    assert torch.equal(with_kernel(model, kernel)(x), model(x))
    off = with_kernel(model, kernel.scaled(strength=0))
    assert torch.equal(off(x), with_kernel(model, None)(x))


def test_residual_sums_carry_x_and_not_x_less_the_threshold() -> None:
    """With silent branches every unit hands on what the stem gave, whatever the kernel."""
    model = trained("resnet20", "sign")
    for unit in model.modules():
        if isinstance(unit, ResidualUnit):
            nn.init.zeros_(unit.norm.weight)
            nn.init.zeros_(unit.norm.bias)
    x = pictures("resnet20")
    swapped = with_kernel(model, ThresholdKernel([[7, 9], [9, 7]]))
    _, taps = activation_maps(swapped, x)
    first = taps[0].x.shape[1]
    assert all(torch.equal(tap.x[:, :first], taps[0].x) for tap in taps if tap.x.shape[1] == first)
    assert torch.equal(swapped(x), model(x))
    assert taps[0].density() < activation_maps(model, x)[1][0].density()


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"Call model.eval\(\) first"):
        with_kernel(build_network("tiny"), None)
    with pytest.raises(ValueError, match="no binary activation to exchange"):
        with_kernel(build_network("tiny", activation="hardtanh").eval(), None)
