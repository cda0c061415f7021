"""No number of a packed network overflows: bounds hold, and what may break them is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from design_core.engine import pack
from design_core.engine.layers import Cut, GlobalMean, RealConv, Residual, ScaleShift
from design_core.engine.network import PackedNetwork
from design_core.engine.reach import LARGEST_PICTURE, prove_finite, reach
from design_core.networks import build_network

NETWORKS: dict[str, dict[str, Any]] = {
    "tiny": {},
    "vgg_small": {"width": 4, "image_size": 8},
    "resnet20": {"width": 4},
}


def packed_and_shape(name: str) -> tuple[PackedNetwork, tuple[int, int, int]]:
    shape = (1, 8, 8) if name == "tiny" else (3, 8, 8)
    torch.manual_seed(0)
    return pack(build_network(name, **NETWORKS[name]).eval(), shape), shape


@pytest.mark.parametrize("name", NETWORKS)
def test_real_maps_stay_within_their_bounds(name: str) -> None:
    packed, shape = packed_and_shape(name)
    x = np.random.default_rng(0).uniform(-3, 3, (8, *shape)).astype(np.float32)
    most = 3.0
    for layer, maps in zip(packed.layers, packed.maps(x), strict=True):
        most = reach(layer, most)
        if maps.dtype != np.uint32:
            assert np.abs(maps).max() <= most * (1 + 1e-5)


@pytest.mark.parametrize("value", [math.nan, math.inf, -2 * LARGEST_PICTURE])
@pytest.mark.parametrize("name", NETWORKS)
def test_pictures_that_are_no_numbers_are_refused(name: str, value: float) -> None:
    packed, shape = packed_and_shape(name)
    x = np.zeros((2, *shape), np.float32)
    packed(x)
    x[1, 0, 3, 4] = value
    for ask in (packed, packed.maps):
        with pytest.raises(ValueError, match="Pictures hold NaN, or values beyond ±1,000,000"):
            ask(x)
    assert packed(x[:0]).shape == (0, packed.classes)


def test_sums_that_may_overflow_are_refused() -> None:
    large = np.full((3, 3, 1, 1), 1e33, np.float32)
    with pytest.raises(ValueError, match="RealConv holds numbers so large"):
        prove_finite([RealConv(large)])
    one = np.ones(1, np.float32)
    ends = np.full((1, 1, 1), math.inf, np.float32)
    bits = Cut(ends, np.zeros(1, np.uint32))
    assert reach(bits, LARGEST_PICTURE) == 1  # no sum is made of a cut
    with pytest.raises(ValueError, match="ScaleShift holds numbers so large"):
        prove_finite([ScaleShift(1e35 * one, 1e-20 * one, one)])
    prove_finite([RealConv(large / 1e10), bits, GlobalMean()])


def test_a_residual_unit_adds_its_shortcut() -> None:
    packed, _ = packed_and_shape("resnet20")
    unit = next(layer for layer in packed.layers if isinstance(layer, Residual))
    branch = reach(unit.norm, unit.conv.fan_in)
    assert reach(unit, 100.0) == branch + 100
