"""No layer runs on maps that it does not fit: generated networks, every index checked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from design_core.engine import PackedNetwork, pack
from design_core.engine.demand import demand
from design_core.engine.layers import (
    LAYERS,
    BitConv,
    BitDense,
    Block,
    Cut,
    GlobalMean,
    Layer,
    Maps,
    RealConv,
    Residual,
    ScaleShift,
)
from tests.engine.generated import Generator
from tests.engine.randomized import randomized_network

ROOT = Path(__file__).parents[2]


def test_no_index_is_out_of_bounds_in_networks_of_all_sizes_windows_and_strides(
    tmp_path: Path,
) -> None:
    """In a process of its own: numba reads NUMBA_BOUNDSCHECK once, and caches code without it."""
    pytest.importorskip("numba")
    checked = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-m", "tests.engine.generated", "1000"],
        cwd=ROOT,
        env={**os.environ, **checked},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    ran, refused = map(int, run.stdout.split())
    assert ran > 500
    assert refused > 200


def test_all_kinds_of_layers_are_generated() -> None:
    kinds = set()
    for seed in range(200):
        try:
            layers, _ = Generator(seed).network()
        except ValueError:
            continue
        kinds |= {type(layer) for layer in layers}
    assert kinds == set(LAYERS.values())


def residual(size: int, *, stride: int = 1, padding: str = "one") -> Residual:
    """A residual unit of one channel."""
    one = np.ones(1, np.float32)
    return Residual(
        Cut(np.zeros((1, 1, 1), np.float32), np.zeros(1, np.uint32)),
        BitConv(np.ones((size, size, 1, 1), np.uint32), 1, stride, padding),
        ScaleShift(one, one, one),
    )


@pytest.mark.parametrize("size", [2, 4, 6])
@pytest.mark.parametrize("padding", ["one", "replicate", "zero", "none"])
def test_a_residual_unit_keeps_its_size(size: int, padding: str) -> None:
    with pytest.raises(ValueError, match="keeps its size"):
        PackedNetwork([residual(size, padding=padding), GlobalMean()], (1, 7, 7))


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("side", [1, 2, 6, 7])
def test_windows_of_odd_size_keep_it_but_for_the_stride(size: int, stride: int, side: int) -> None:
    given = residual(size, stride=stride).gives(Maps("real", 1, side, side + 1))
    assert (given.height, given.width) == (-(-side // stride), -(-(side + 1) // stride))


def test_maps_of_other_pictures_are_refused_everywhere() -> None:
    packed = pack(randomized_network("tiny"), (1, 8, 8))
    for run in (packed, packed.maps):
        for shape in ((2, 1, 7, 8), (2, 3, 8, 8), (1, 8, 8), (2, 1, 0, 8)):
            with pytest.raises(ValueError, match=r"takes|axes|at least|fit"):
                run(np.zeros(shape, np.float32))


def _block(**changes: object) -> Layer:
    words = np.ones((3, 3, 1, 16), np.uint32)
    cut = Cut(np.zeros((1, 1, 16), np.int32), np.zeros(1, np.uint32))
    return Block(BitConv(words, **{"channels": 1, **changes}), False, cut)  # type: ignore[arg-type]


@pytest.mark.parametrize("stride", [0, -1, 65, 2**70])
def test_strides_have_bounds(stride: int) -> None:
    with pytest.raises(ValueError, match="strides positive"):
        _block(stride=stride)


def test_numbers_that_are_none_are_refused() -> None:
    nan, flips = np.full((1, 1, 1), np.nan, np.float32), np.zeros(1, np.uint32)
    with pytest.raises(ValueError, match="not numbers"):
        Cut(nan, flips)
    beyond = Cut(np.zeros((1, 1, 1), np.float32), np.full(1, 2, np.uint32))
    with pytest.raises(ValueError, match="Flips have bits beyond their 1 channels"):
        beyond.gives(Maps("real", 1, 3, 3))
    one, endless = np.ones(1, np.float32), np.full(1, np.inf, np.float32)
    with pytest.raises(ValueError, match=r"ScaleShift\.slope holds values that are not finite"):
        ScaleShift(one, endless, one)
    for layer in (RealConv, BitDense):
        with pytest.raises(ValueError, match="not finite"):
            layer(nan[None])


def test_demand_by_hand() -> None:
    """A vgg_small of width 70 on 8×8: three words a pixel from its second layer on."""
    packed = pack(randomized_network("vgg_small", width=70, stages=1, image_size=8), (3, 8, 8))
    first = 64 * 70 * 9 * 3
    second = 64 * 70 * 9 * 3
    dense = 16 * 96 * 10
    passed = 64 * 3 + 64 * 70 + 16 * 70 + 10
    assert demand(packed.layers, (3, 8, 8)).steps == first + second + dense + passed
    assert demand(packed.layers, (3, 8, 8)).megabytes == 0
    # A residual unit of 64 channels on 2²⁰ pixels holds four maps of 256 MB: what it was given,
    # the shortcut, the sums, and what it gives; and small things besides.
    large = demand(pack(randomized_network("resnet20", width=64)).layers, (3, 1024, 1024))
    assert 4 * 256 < large.megabytes < 4.5 * 256
