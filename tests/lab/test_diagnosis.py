"""Diagnoses of networks made to fail, and of the zoo's, against loops over every pixel."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import ndtr
from torch import Tensor

from design_core.engine import pack
from design_core.engine.layers import Block, Cut
from design_core.kernels.published import PUBLISHED
from design_core.lab.diagnosis import BlockDiagnosis, diagnose
from design_core.lab.subset import Subset
from design_core.lab.verdicts import LIMITS, STATES, Verdict
from design_core.networks import NetworkSpec, activation_maps
from design_core.training.data import load_data
from design_core.zoo.checkpoint import Checkpoint, PictureForm
from design_core.zoo.entry import open_entry

DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"
PICTURES = 40


def checkpoint(activation: str, **options: object) -> Checkpoint:
    """An untrained network whose batch norms hold the statistics of its own noise pictures."""
    spec = NetworkSpec("tiny", {"activation": activation, "affine": False, **options})
    torch.manual_seed(0)
    model = spec.build()
    side = int(spec.options["image_size"])
    form = PictureForm((1, side, side), (0.5,), (0.25,), tuple("0123456789"))
    model.train()
    with torch.no_grad():
        for block in model.blocks.values():
            block.norm.momentum = None  # the plain average: that of the one batch
        model(form.normalized(noise(side).pixels))
    return Checkpoint(spec, model.eval(), form)


def noise(side: int = 8, count: int = PICTURES) -> Subset:
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (count, side, side, 1), generator=generator, dtype=torch.uint8)
    return Subset("noise", pixels, torch.full((count,), -1))


def verdict(block: BlockDiagnosis, sign: str) -> Verdict:
    (found,) = [one for one in block.verdicts if one.sign == sign]
    return found


def taps(network: Checkpoint, subset: Subset) -> dict[str, tuple[Tensor, Tensor]]:
    x = network.pictures.normalized(subset.pixels)
    return {tap.name: (tap.x, tap.y) for tap in activation_maps(network.model, x)[1]}


@pytest.mark.parametrize("kernel", ["2x2-v2", "3x3-symmetric-v1", "2x2x4-shifted-v1"])
def test_densities_and_shares_by_loops(kernel: str) -> None:
    network, subset = checkpoint(f"design:{kernel}"), noise(count=5)
    kernel_shape = PUBLISHED[kernel].shape
    diagnosis = diagnose(network, subset)
    for block in diagnosis.blocks[:3]:
        x, y = taps(network, subset)[block.name]
        fired, met = np.zeros(kernel_shape), np.zeros(kernel_shape)
        for n, c, i, j in np.ndindex(*y.shape):
            cell = (c % kernel_shape[0], i % kernel_shape[1], j % kernel_shape[2])
            met[cell] += 1
            fired[cell] += y[n, c, i, j] > 0
        assert block.cells == pytest.approx(fired / met)
        assert block.channels == pytest.approx((y > 0).double().mean((0, 2, 3)).numpy())
        assert block.density == pytest.approx((y > 0).double().mean().item())
        assert block.levels == pytest.approx(np.unique(PUBLISHED[kernel].thresholds))
        expected = [(x >= t).double().mean().item() for t in torch.tensor(block.levels).float()]
        assert block.shares == pytest.approx(expected)
        assert block.designed == pytest.approx(1 - ndtr(block.levels))
        assert block.histogram.mean == pytest.approx(x.mean().item(), abs=1e-5)
        assert block.histogram.deviation == pytest.approx(x.std(correction=0).item(), rel=1e-4)
        assert block.histogram.density.sum() * 0.1 == pytest.approx(1)
        assert (block.thresholds == PUBLISHED[kernel].thresholds.astype(np.float32)).all()


def test_batches_do_not_show() -> None:
    """More pictures than go into one forward pass."""
    network = checkpoint("design:2x2-v2")
    whole = diagnose(network, noise(count=150))
    _, y = taps(network, noise(count=150))["block2"]
    assert whole.blocks[1].channels == pytest.approx((y > 0).double().mean((0, 2, 3)).numpy())
    assert (whole.pictures, whole.blocks[1].pixels) == (150, 150 * 4 * 4)


def test_a_healthy_network_is_fine() -> None:
    diagnosis = diagnose(checkpoint("design:2x2-v2", image_size=16), noise(16))
    found = {(name, v.sign): v.state for name, v in diagnosis.verdicts() if name}
    # Maxima of four sums lean to the right: behind a max-pool x is no half-normal, health or not.
    assert found.pop(("block2", "half-normal")) == "look"
    assert set(found.values()) == {"fine"}
    assert diagnosis.count("wrong") == 0


@pytest.mark.parametrize(("factor", "state"), [(1.0, "fine"), (0.2, "wrong")])
def test_x_of_another_scale_is_told(factor: float, state: str) -> None:
    """x of deviation 0.2: hardly anything reaches thresholds made for deviation 1."""
    network = checkpoint("design:2x2-v2", image_size=16)
    network.model.blocks["block2"].norm.running_var /= factor**2
    block = diagnose(network, noise(16)).blocks[1]
    found = verdict(block, "scaling")
    assert found.state == state
    assert found.number == pytest.approx(np.abs(block.shares - block.designed).max())
    if state == "wrong":
        assert "γ and β are not learned" in found.text
        assert verdict(block, "cells").state == "wrong"  # the upper threshold is out of reach


def test_learned_gamma_and_beta_ask_for_a_look_at_most() -> None:
    network = checkpoint("sign", affine=True)
    torch.nn.init.constant_(network.model.blocks["block1"].norm.bias, 1.0)
    found = verdict(diagnose(network, noise()).blocks[0], "scaling")
    assert found.number > LIMITS["scaling"].wrong
    assert found.state == "look"
    assert "training put x there itself" in found.text


def test_x_that_is_not_half_normal_is_told() -> None:
    """The same x, stretched: nothing is learned, and the thresholds stand elsewhere."""
    network = checkpoint("design:2x2-v2", image_size=16)
    before = verdict(diagnose(network, noise(16)).blocks[0], "half-normal")
    network.model.blocks["block1"].norm.running_var /= 4
    block = diagnose(network, noise(16)).blocks[0]
    after = verdict(block, "half-normal")
    assert (before.state, after.state) == ("fine", "wrong")
    assert after.number == block.fit.distance
    x = taps(network, noise(16))["block1"][0].flatten()
    assert block.fit.distance == pytest.approx(
        stats.kstest(x[x > 0].double().numpy(), "halfnorm").statistic, abs=1e-3
    )
    assert block.fit.kurtosis == pytest.approx(stats.kurtosis(x.double().numpy()), abs=1e-6)
    assert "nothing is learned that could make up for it" in after.text


@pytest.mark.parametrize("activation", ["sign", "design:symmetric-2", "centred:2x2-v2"])
def test_thresholds_that_are_not_all_above_0_assume_no_half_normal(activation: str) -> None:
    blocks = diagnose(checkpoint(activation), noise()).blocks
    signs = {found.sign for block in blocks for found in block.verdicts}
    assert signs == {"scaling", "channels", "cells", "tiling"}


def test_dead_and_saturated_channels_are_counted() -> None:
    network = checkpoint("design:2x2-v2", affine=True)
    bias = network.model.blocks["block1"].norm.bias
    with torch.no_grad():
        bias[:2], bias[5] = -100, 100
    block = diagnose(network, noise()).blocks[0]
    assert (block.dead, block.saturated) == (2, 1)
    found = verdict(block, "channels")
    assert (found.state, found.number) == ("wrong", 3 / 16)
    assert found.text.startswith("2 of 16 channels never fire, 1 always")


def test_the_finding_names_what_is_not_fine() -> None:
    network = checkpoint("design:2x2-v2", image_size=16, affine=True)
    subset = noise(16)
    assert diagnose(network, subset).finding("It") == (
        "It on noise: 20 of 21 checks are fine; 1 worth a look (half-normal of block2)."
    )
    with torch.no_grad():
        for name in ("block2", "block3"):
            network.model.blocks[name].norm.bias[:8] = -100
    found = diagnose(network, subset)
    assert found.worst_block() == "block2"
    assert found.finding("It").startswith("It on noise: ")
    assert "2 wrong (channels of 2 blocks)" in found.finding("It")
    tiny = diagnose(open_entry(DESIGN).checkpoint, noise(count=200))
    assert "worth a look (" in tiny.finding("It")
    assert tiny.finding("It").endswith("tiling of block4, cost against sign).")


def test_few_pixels_are_no_proof() -> None:
    network = checkpoint("design:2x2-v2", affine=True)
    with torch.no_grad():
        network.model.blocks["block2"].norm.bias[:8] = -100
    block = diagnose(network, noise(count=2)).blocks[1]
    assert block.pixels == 2 * 4 * 4
    found = verdict(block, "channels")
    assert found.state == "look"
    assert f"{100 * 0.99**32:.0f} % of cases" in found.text


@pytest.mark.parametrize(
    ("kernel", "sides", "ratios"),
    [
        ("2x2-v2", (16, 8), (1, 1)),
        ("3x3-symmetric-v1", (16, 8), (36 / 25, 9 / 4)),
        ("bayer-8", (16, 8), (1, 1)),
        ("random-5", (8, 4), (4, math.inf)),
    ],
)
def test_cut_tiles(kernel: str, sides: tuple[int, int], ratios: tuple[float, float]) -> None:
    network = checkpoint(f"design:{kernel}", image_size=sides[0])
    first, second = diagnose(network, noise(sides[0])).blocks[:2]
    assert (first.shape[1], second.shape[1]) == sides
    for block, ratio in ((first, ratios[0]), (second, ratios[1])):
        found = verdict(block, "tiling")
        assert found.number == pytest.approx(ratio)
        assert ("are cut" in found.text) == (ratio > 1)
    if kernel == "2x2-v2":
        assert "8×8 whole 2×2 tiles cover the 16×16 map. A period is 2 px" in (
            verdict(first, "tiling").text
        )
        assert "A period is 4 px" in verdict(second, "tiling").text
    if kernel == "bayer-8":  # one tile on the 8×8 map: nothing is cut, but nothing repeats
        assert verdict(first, "tiling").state == "fine"
        assert verdict(second, "tiling").state == "look"
        assert "offset by place" in verdict(second, "tiling").text
    if math.isinf(ratios[1]):
        assert verdict(second, "tiling").state == "wrong"
        assert np.isnan(second.cells).sum() == 9
        assert "9 of 25 cells decide no pixel" in verdict(second, "tiling").text
        json.dumps(diagnose(network, noise(sides[0])).to_dict(), allow_nan=False)


def test_slices_that_the_channels_do_not_share_evenly() -> None:
    found = verdict(
        diagnose(checkpoint("design:1;3;5|3;5;7|5;7;9", width=16), noise()).blocks[0], "tiling"
    )
    assert found.number == pytest.approx(3 * 6 / (2 * 5))  # rows 3, 3, 2 of 8; channels 6, 5, 5
    assert "16 channels do not share 3 slices evenly" in found.text


@pytest.mark.parametrize("activation", ["sign", "design:2x2-v2", "design:2x2x4-shifted-v1"])
def test_the_cost_is_what_the_engine_stores(activation: str) -> None:
    network = checkpoint(activation)
    cuts = [
        layer.cut.cuts
        for layer in pack(network.model, network.pictures.shape, backend="numpy").layers
        if isinstance(layer, Block) and isinstance(layer.cut, Cut)
    ]
    assert len(cuts) == 4
    further = sum(cut.size - cut.shape[2] for cut in cuts)
    cost = diagnose(network, noise(count=2)).cost
    assert f"{further:,} integers of 4 bytes" in cost.text
    assert cost.state == LIMITS["cost"].judge(cost.number)
    assert (cost.number == 0) == (activation == "sign")


def test_real_activations_have_no_thresholds() -> None:
    diagnosis = diagnose(checkpoint("hardtanh"), noise())
    for block in diagnosis.blocks:
        assert block.thresholds is None
        assert [v.sign for v in block.verdicts] == ["channels"]
        assert 0 < block.density < 1
    assert diagnosis.cost.text == "Real-valued activations have no thresholds."


def test_residual_networks() -> None:
    spec = NetworkSpec("resnet20", {"width": 4, "activation": "design:2x2-v2"})
    form = PictureForm((3, 32, 32), (0.5,) * 3, (0.25,) * 3, tuple("0123456789"))
    pixels = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    network = Checkpoint(spec, spec.build().eval(), form)
    diagnosis = diagnose(network, Subset("noise", pixels, torch.tensor([-1, -1])))
    assert [block.name for block in diagnosis.blocks] == [f"unit{k}" for k in range(1, 19)]


@pytest.mark.parametrize("sign", LIMITS)
def test_limits_part_three_states(sign: str) -> None:
    limit = LIMITS[sign]
    middle = (limit.look + limit.wrong) / 2
    best, worst = (0, 1e9) if limit.wrong > limit.look else (0.5, 0)
    assert [limit.judge(n) for n in (best, limit.look, middle, limit.wrong, worst)] == [
        *("fine", "fine", "look", "look", "wrong")
    ]


def test_the_zoos_densities_are_those_of_its_card() -> None:
    """Which were measured on every tenth test picture."""
    entry, data = open_entry(DESIGN), load_data("digits")
    diagnosis = diagnose(
        entry.checkpoint, Subset("every tenth", data.test_x[::10], data.test_y[::10])
    )
    assert {b.name: b.density for b in diagnosis.blocks} == pytest.approx(
        entry.card.result(0).density
    )
    plain = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    assert plain["blocks"][0]["channel_density"] == diagnosis.blocks[0].channels.tolist()
    assert sum(diagnosis.count(state) for state in STATES) == 4 * 5 + 1
