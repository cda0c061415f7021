"""Two networks side by side, layer by layer."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from design_core.activations import LearnedDeSign
from design_core.kernels.kernel import binarize
from design_core.kernels.published import PUBLISHED
from design_core.lab.walkthrough import ORDERS, LayerWalk, Walker, walk
from design_core.networks import NetworkSpec, activation_maps
from design_core.pictures.samples import sample
from design_core.scores import total_variation
from design_core.zoo.checkpoint import Checkpoint
from design_core.zoo.entry import layer_maps, open_entry

SIGN = "digits-tiny-w16-sign-affine_on"
DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"
PICTURE = sample("digit-3")


def trained(reference: str) -> Walker:
    return Walker.trained(open_entry(reference).checkpoint)


def test_maps_and_answers_are_those_of_each_network() -> None:
    walked = walk(PICTURE, trained(SIGN), trained(DESIGN))
    for side, reference in enumerate((SIGN, DESIGN)):
        entry = open_entry(reference)
        assert [layer.name for layer in walked.layers] == entry.card.blocks
        for layer in walked.layers:
            assert np.array_equal(layer.x[side], layer_maps(PICTURE, reference, layer.name))
        expected = entry.predict(PICTURE).probabilities
        assert list(walked.probabilities[side]) == list(expected)
        assert walked.probabilities[side] == pytest.approx(expected, abs=1e-5)


def test_bits_are_the_kernels() -> None:
    walked = walk(PICTURE, trained(SIGN), trained(DESIGN))
    kernel = PUBLISHED["2x2-v2"]
    assert [layer.kernels for layer in walked.layers] == [(None, kernel)] * len(walked.layers)
    assert walked.is_binary == (True, True)
    for layer in walked.layers:
        assert np.array_equal(layer.bits[0], layer.x[0] >= 0)
        assert np.array_equal(layer.bits[1], binarize(layer.x[1], kernel))


def brute_share(one: np.ndarray, other: np.ndarray) -> list[float]:
    return [
        sum(a != b for a, b in zip(p.ravel(), q.ravel(), strict=True)) / p.size
        for p, q in zip(one, other, strict=True)
    ]


def test_each_layer_of_a_chain_has_its_own_kernel() -> None:
    known = open_entry(DESIGN).checkpoint
    chain = "design:2x2-v1 then sign then uniform:2x2-v2"
    spec = NetworkSpec("tiny", {**known.spec.options, "activation": chain})
    checkpoint = Checkpoint(spec, spec.build().eval(), known.pictures)
    walked = walk(PICTURE, trained(SIGN), Walker.trained(checkpoint))
    for layer in walked.layers:
        none, kernel = layer.kernels
        assert none is None
        cut = layer.x[1] >= 0 if kernel is None else binarize(layer.x[1], kernel)
        assert np.array_equal(layer.bits[1], cut)
    assert [layer.kernels[1] is None for layer in walked.layers] == [*(False, True, False, False)]


def test_shares_against_counting() -> None:
    walked = walk(PICTURE, trained(SIGN), trained(DESIGN))
    layer = walked.layers[1]
    assert layer.differing.tolist() == pytest.approx(brute_share(*layer.bits))
    assert walked.differing[1] == pytest.approx(np.mean(brute_share(*layer.bits)))
    assert layer.density[0].tolist() == pytest.approx([m.mean() for m in layer.bits[0]])
    assert np.array_equal(layer.total_variation[1], total_variation(layer.bits[1]))


def test_chance_is_the_expectation_over_all_shuffles_of_one_map() -> None:
    first = np.array([[[True, False], [False, False]]])
    second = np.array([[[True, True], [True, False]]])
    shares = [
        np.mean(first.ravel() != np.array(order))
        for order in itertools.permutations(second.ravel())
    ]
    layer = LayerWalk("b", (first.astype(np.float32),) * 2, (first, second))
    assert layer.by_chance == pytest.approx(np.mean(shares))


@pytest.mark.parametrize("by", ORDERS)
def test_ranks_are_permutations_in_falling_order(by: str) -> None:
    layer = walk(PICTURE, trained(SIGN), trained(DESIGN)).layers[0]
    ranked = layer.ranked(by)
    assert sorted(ranked) == list(range(layer.shape[0]))
    pair = {"density": layer.density, "tv": layer.total_variation}.get(by)
    values = layer.differing if pair is None else np.max(pair, axis=0)
    assert (np.diff(values[ranked]) <= 0).all()


def test_unknown_orders_are_refused() -> None:
    layer = walk(PICTURE, trained(SIGN), trained(SIGN)).layers[0]
    with pytest.raises(ValueError, match="ranked by difference, density, tv; got 'size'"):
        layer.ranked("size")


def test_a_network_does_not_part_from_itself() -> None:
    own = Walker.swapped(open_entry(DESIGN).checkpoint, PUBLISHED["2x2-v2"])
    walked = walk(PICTURE, trained(DESIGN), own)
    assert walked.parting is None
    assert walked.differing == [0.0] * 4
    assert walked.finding() == "No bit differs in any layer."


def test_a_swap_parts_where_the_first_bits_fall() -> None:
    """The first layer meets the same values; what differs lies between the thresholds."""
    checkpoint = open_entry(SIGN).checkpoint
    kernel = PUBLISHED["2x2-v2"]
    walked = walk(PICTURE, trained(SIGN), Walker.swapped(checkpoint, kernel))
    first = walked.layers[0]
    assert np.array_equal(*first.x)
    assert np.array_equal(first.bits[0] ^ first.bits[1], (first.x[0] >= 0) & ~first.bits[1])
    assert walked.parting == 0
    assert walked.same_weights
    assert walked.finding().startswith("They differ in block1, where ")


def test_networks_trained_apart_share_no_channels() -> None:
    walked = walk(PICTURE, trained(SIGN), trained(DESIGN))
    assert not walked.same_weights
    shares = walked.differing
    least, most = int(np.argmin(shares)), int(np.argmax(shares))
    assert walked.finding() == (
        f"Bits differ least in block{least + 1}, {100 * min(shares):.1f} %, and most in "
        f"block{most + 1}, {100 * max(shares):.1f} %."
    )


def test_real_activations_show_what_is_above_zero() -> None:
    checkpoint = open_entry(SIGN).checkpoint
    spec = NetworkSpec("tiny", {**checkpoint.spec.options, "activation": "hardtanh"})
    torch.manual_seed(0)
    real = Checkpoint(spec, spec.build().eval(), checkpoint.pictures)
    walked = walk(PICTURE, trained(SIGN), Walker.trained(real))
    assert Walker.trained(real).kernels == (None,)
    assert walked.is_binary == (True, False)
    assert all(layer.kernels == (None, None) for layer in walked.layers)
    x = checkpoint.pictures.normalized(checkpoint.pictures.pixels(PICTURE))
    tap = activation_maps(real.model, x)[1][0]
    assert np.array_equal(walked.layers[0].bits[1], tap.y[0].numpy() > 0)
    with pytest.raises(ValueError, match="no binary activation"):
        Walker.swapped(replace(checkpoint, model=real.model), None)


def test_networks_of_other_shapes_are_refused() -> None:
    other = trained("cifar10-vgg_small-w32-sign-affine_on")
    with pytest.raises(ValueError, match=r"4 layers from 16×8×8 to 32×2×2 and 6 layers from 32×32"):
        walk(PICTURE, trained(SIGN), other)


def test_picture_cuts_and_learned_thresholds_are_what_the_bits_were_cut_by() -> None:
    known = open_entry(DESIGN).checkpoint

    def made(picture: str, activation: str) -> Walker:
        options = {**known.spec.options, "picture": picture, "activation": activation}
        model = NetworkSpec("tiny", options).build().eval()
        for module in model.modules():
            if isinstance(module, LearnedDeSign):
                module.thresholds.data += 0.3  # as training moves them
        return Walker.trained(Checkpoint(NetworkSpec("tiny", options), model, known.pictures))

    first = made("design:bayer-2@quantile", "learned:channel")
    walked = walk(PICTURE, first, made("learned:channel", "design:2x2-v1 then sign"))
    assert walked.layers[0].name == "picture"
    for layer in walked.layers:
        for side in (0, 1):
            kernel = layer.kernels[side]
            cut = layer.x[side] >= 0 if kernel is None else binarize(layer.x[side], kernel)
            assert np.array_equal(layer.bits[side], cut)
    assert [layer.kernels[1] is None for layer in walked.layers[1:]] == [False, True, True, True]
    assert all(layer.kernels[0] is not None for layer in walked.layers)
