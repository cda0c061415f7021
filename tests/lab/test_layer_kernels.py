"""The thresholds of layers as kernels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from design_core.kernels.files import read_kernel, write_kernel
from design_core.kernels.kernel import binarize
from design_core.lab.layer_kernels import layer_kernel
from design_core.networks import NetworkSpec, activation_maps
from design_core.zoo.checkpoint import Checkpoint
from design_core.zoo.entry import open_entry

DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"


def learned(activation: str, **options: object) -> Checkpoint:
    """A network whose thresholds have moved away from where they began."""
    form = open_entry(DESIGN).pictures
    asked = {"in_channels": form.shape[0], "width": 8, "activation": activation, **options}
    spec = NetworkSpec("tiny", asked)
    model = spec.build().eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, thresholds in model.named_parameters():
            if name.endswith("thresholds"):
                thresholds += torch.randn(thresholds.shape, generator=generator) / 4
    return Checkpoint(spec, model, form)


@pytest.mark.parametrize(
    ("activation", "picture", "layer"),
    [
        ("learned:channel", "real", "block1"),
        ("learned:2x2-v2", "real", "block1"),
        ("sign", "learned:bayer-2@quantile", "picture"),
        ("sign", "learned:channel", "picture"),
        ("design:2x2-v2", "real", "block1"),
    ],
)
def test_a_layers_kernel_cuts_as_the_layer_does_and_survives_its_file(
    activation: str, picture: str, layer: str
) -> None:
    checkpoint = learned(activation, picture=picture)
    x = torch.randn(3, *checkpoint.pictures.shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        taps = {tap.name: tap for tap in activation_maps(checkpoint.model, x)[1]}
    kernel = layer_kernel(checkpoint, layer)
    again = read_kernel(write_kernel(kernel, "json"), name="kernel.json")
    for one in (kernel, again):
        assert np.array_equal(binarize(taps[layer].x.numpy(), one), taps[layer].y.numpy() > 0)
    how = "learned" if "learned" in activation + picture else "as trained"
    assert kernel.name == f"{layer.capitalize()} thresholds, {how}"


def test_a_layer_without_thresholds_is_refused_with_those_that_have_some() -> None:
    with pytest.raises(ValueError, match=r"Layer 'picture' .* choose one of block1, block2"):
        layer_kernel(learned("learned:channel"), "picture")
    with pytest.raises(ValueError, match=r"none of its layers has one"):
        layer_kernel(learned("sign"), "block1")
